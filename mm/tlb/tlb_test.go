package tlb

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// naive is a buffer that writes down when each page was used.
type naive struct {
	sets, ways int
	used       map[uint64]int
	now        int
}

func (m *naive) access(asid int, page uint64) bool {
	m.now++
	e := entryOf(asid, page)
	_, hit := m.used[e]
	m.used[e] = m.now
	oldest, n := uint64(0), 0
	for o, at := range m.used {
		if int(o>>3)%m.sets != int(page)%m.sets {
			continue
		}
		if n++; oldest == 0 || at < m.used[oldest] {
			oldest = o
		}
	}
	if n > m.ways {
		delete(m.used, oldest)
	}
	return hit
}

func (m *naive) flush(match func(asid int, page uint64) bool) {
	for e := range m.used {
		if match(asidOf(e), e>>3) {
			delete(m.used, e)
		}
	}
}

func TestAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets, ways := 1<<rapid.IntRange(0, 3).Draw(t, "sets"), rapid.IntRange(1, 5).Draw(t, "ways")
		var b TLB
		b.init(sets*ways, ways)
		m := &naive{sets: sets, ways: ways, used: map[uint64]int{}}
		var asid int
		var page, first uint64
		hits, misses := uint64(0), uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				asid = rapid.IntRange(0, NrASIDs-1).Draw(t, "asid")
			case 1:
				page = rapid.Uint64Range(0, 60).Draw(t, "page")
				first = page
			case 2:
				page = first // round again
			case 3, 4, 5, 6:
				n := rapid.Uint64Range(0, 25).Draw(t, "n")
				want := uint64(0)
				for i := range n {
					if !m.access(asid, page+i) {
						want++
					}
				}
				if got := b.Run(asid, page, n); got != want {
					t.Fatalf("run of %d from %d: %d misses, want %d", n, page, got, want)
				}
				hits, misses = hits+n-want, misses+want
				page += n
			case 7:
				want := m.access(asid, page)
				if got := b.Access(asid, page); got != want {
					t.Fatalf("access of %d: %v, want %v", page, got, want)
				}
				if want {
					hits++
				} else {
					misses++
				}
			case 8:
				p := rapid.Uint64Range(0, 80).Draw(t, "flushed")
				_, want := m.used[entryOf(asid, p)]
				if got := b.FlushPage(asid, p); got != want {
					t.Fatalf("flush of %d: %v, want %v", p, got, want)
				}
				m.flush(func(a int, q uint64) bool { return a == asid && q == p })
			case 9:
				b.FlushASID(asid)
				m.flush(func(a int, _ uint64) bool { return a == asid })
			}
			if b.Hits != hits || b.Misses != misses {
				t.Fatalf("%d hits and %d misses, want %d and %d", b.Hits, b.Misses, hits, misses)
			}
			if b.valid() != len(m.used) {
				t.Fatalf("%d entries, want %d", b.valid(), len(m.used))
			}
			if !rapid.Bool().Draw(t, "look") {
				continue
			}
			seen := 0
			var counts [NrASIDs]int
			b.Each(func(a int, p uint64) bool {
				if _, ok := m.used[entryOf(a, p)]; !ok {
					t.Fatalf("it has page %d of %d", p, a)
				}
				counts[a]++
				seen++
				return true
			})
			if seen != len(m.used) || counts != b.count {
				t.Fatalf("%d entries, want %d; counted %v, kept %v", seen, len(m.used), counts, b.count)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		entries, ways int
		want          string
	}{
		{1536, 12, ""},
		{2048, 16, ""},
		{16, 16, ""},
		{64, 64, "64 ways: expected a number from 1 to 16"},
		{1, 1, ""},
		{1536, 8, "192 sets, which is no power of two; the nearest number that works is 1024"},
		{1500, 12, "the nearest number that works is 1536"},
		{1537, 12, "no multiple of 12 ways; the nearest number that works is 1536"},
		{10, 11, "11 ways: expected a number from 1 to 10"},
		{0, 1, "0 entries: expected a number from 1 to 65536"},
	} {
		err := Check(c.entries, c.ways)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%d entries, %d ways: %v", c.entries, c.ways, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%d entries, %d ways: %v, want %q", c.entries, c.ways, err, c.want)
		}
	}
}

// Six identifiers go round: the seventh address space takes the first one's, and coming back costs it a flush; the kernel's own tables take a turn as well.
func TestIdentifiers(t *testing.T) {
	kernel := &Context{ID: 1}
	c := &NewCPUs(1, 16, 4, true, kernel)[0]
	space := make([]Context, 7)
	for i := range space {
		space[i].ID = uint64(i + 2)
	}
	for i := range 5 {
		c.Switch(&space[i])
		if c.ASID != i+1 {
			t.Fatalf("space %d has identifier %d", i, c.ASID)
		}
		c.Access(c.ASID, uint64(i))
	}
	c.Switch(&space[0])
	if !c.Access(c.ASID, 0) {
		t.Fatal("the entry is lost though nothing changed")
	}
	c.Switch(&space[5])
	if c.ASID != 0 {
		t.Fatalf("the sixth has identifier %d, want the kernel's", c.ASID)
	}
	c.Switch(&space[6])
	if c.ASID != 1 || c.Access(c.ASID, 0) {
		t.Fatalf("the seventh has identifier %d, want the first one's, flushed", c.ASID)
	}
	c.Switch(&space[1])
	space[2].Gen++
	if !c.Access(c.ASID, 1) {
		t.Fatal("the second lost its entry")
	}
	c.Switch(&space[2])
	if c.Access(c.ASID, 2) {
		t.Fatal("the third kept an entry from before it changed")
	}
}

// A CPU in lazy mode that was left alone flushes when it comes back to an address space that has changed, and one that was asked to flush lets it go.
func TestLazy(t *testing.T) {
	kernel, s := &Context{ID: 1}, &Context{ID: 2}
	c := &NewCPUs(1, 16, 4, true, kernel)[0]
	c.Switch(s)
	c.Access(c.ASID, 7)
	c.EnterLazy(kernel)
	c.Switch(s)
	if !c.Access(c.ASID, 7) {
		t.Fatal("lazy mode lost an entry")
	}
	c.EnterLazy(kernel)
	s.Gen++
	c.Switch(s)
	if c.Access(c.ASID, 7) {
		t.Fatal("the entry outlived a change")
	}
	c.EnterLazy(kernel)
	s.Gen++
	c.Invalidate(7, 8, false, kernel)
	if c.Loaded != kernel || c.Lazy {
		t.Fatal("it kept the page tables")
	}
}

// One change is handled page by page, two at once by dropping all.
func TestInvalidate(t *testing.T) {
	kernel, s := &Context{ID: 1}, &Context{ID: 2}
	c := &NewCPUs(1, 16, 4, true, kernel)[0]
	c.Switch(s)
	c.Run(c.ASID, 0, 8)
	s.Gen++
	if one, all := c.Invalidate(2, 4, false, kernel); one != 2 || all || c.valid() != 6 {
		t.Fatalf("dropped %d, %v; %d are left", one, all, c.valid())
	}
	if one, all := c.Invalidate(4, 6, false, kernel); one != 0 || all || c.valid() != 6 {
		t.Fatalf("dropped %d, %v without a change; %d are left", one, all, c.valid())
	}
	s.Gen += 2
	if one, all := c.Invalidate(4, 6, false, kernel); one != 0 || !all || c.valid() != 0 {
		t.Fatalf("dropped %d, %v after two changes; %d are left", one, all, c.valid())
	}
}

func newServer() *TLB {
	t := &TLB{}
	t.init(1536, 12)
	return t
}

func BenchmarkAccessRandom(b *testing.B) {
	for _, c := range []struct {
		name  string
		pages uint64
	}{{"within", 1000}, {"beyond", 1 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			t := newServer()
			r := rand.New(rand.NewPCG(1, 2))
			pages := make([]uint64, 1<<14)
			for i := range pages {
				pages[i] = r.Uint64N(c.pages)
			}
			for i := range b.N {
				t.Access(1, pages[i&(1<<14-1)])
			}
		})
	}
}

func BenchmarkRun(b *testing.B) {
	for _, c := range []struct {
		name  string
		pages uint64
	}{{"within", 1024}, {"beyond", 1 << 16}} {
		b.Run(c.name, func(b *testing.B) {
			t := newServer()
			for i := range b.N {
				t.Run(1, uint64(i)*512%c.pages, 512)
			}
		})
	}
}
