package swap

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func area(tb testing.TB, s *Swap, c Config) *Area {
	tb.Helper()
	a, err := s.On(c)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// check recomputes what is kept from the slots themselves.
func (s *Swap) check(tb interface{ Fatalf(string, ...any) }) {
	total, free := 0, 0
	for _, a := range s.Areas {
		used := 0
		for o := 1; o <= a.Slots; o++ {
			if a.usage[o] != 0 {
				used++
			}
		}
		if used != a.Used {
			tb.Fatalf("area %s: %d slots are used, Used is %d", a.Name, used, a.Used)
		}
		for c := range a.clusterUsed {
			n := 0
			for o := c * clusterSlots; o < (c+1)*clusterSlots; o++ {
				if o >= len(a.usage) || a.usage[o] != 0 {
					n++
				}
			}
			if n != int(a.clusterUsed[c]) {
				tb.Fatalf("area %s: cluster %d has %d slots in use and says %d", a.Name, c, n, a.clusterUsed[c])
			}
		}
		total += a.Slots
		free += a.Slots - a.Used
	}
	if total != s.Total || free != s.NrFree {
		tb.Fatalf("%d slots, %d free; Total is %d, NrFree %d", total, free, s.Total, s.NrFree)
	}
}

func TestEntryBits(t *testing.T) {
	for _, c := range []struct{ area, offset int }{{0, 1}, {31, MaxSlots - 1}, {7, 4711}} {
		e := entry(c.area, c.offset)
		for _, x := range []bool{false, true} {
			m := e.WithExclusive(x)
			if m.Area() != c.area || m.Offset() != c.offset || m.Exclusive() != x || m.Slot() != e {
				t.Errorf("entry(%d, %d), exclusive %t, reads back as %d, %d, %t", c.area, c.offset, x, m.Area(), m.Offset(), m.Exclusive())
			}
		}
	}
}

// TestPriorities takes slots from areas of three priorities: the highest first, equal ones in turns, the kernel's own choices last.
func TestPriorities(t *testing.T) {
	s := New(1)
	low := area(t, s, Config{Name: "low", Bytes: 101 * 4096, Priority: -1})
	a := area(t, s, Config{Name: "a", Bytes: 101 * 4096, Priority: 5})
	b := area(t, s, Config{Name: "b", Bytes: 101 * 4096, Priority: 5})
	last := area(t, s, Config{Name: "last", Bytes: 101 * 4096, Priority: -1})
	if low.Priority != -2 || last.Priority != -3 {
		t.Errorf("the kernel's priorities are %d and %d, want -2 and -3", low.Priority, last.Priority)
	}
	var order []string
	for range 400 {
		e := s.Alloc(0)
		if e == 0 {
			t.Fatal("swap is full too early")
		}
		order = append(order, s.Areas[e.Area()].Name)
	}
	s.check(t)
	if s.Alloc(0) != 0 {
		t.Error("there was a slot more than there are")
	}
	count := func(part []string) string {
		return strings.Join(slices.Compact(slices.Sorted(slices.Values(part))), " ")
	}
	if got := count(order[:200]); got != "a b" {
		t.Errorf("the first 200 slots come from %s, want a and b", got)
	}
	if first, second := count(order[200:300]), count(order[300:]); first != "low" || second != "last" {
		t.Errorf("then come %s and %s, want low and last", first, second)
	}
	if a.Used != 100 || b.Used != 100 {
		t.Errorf("a and b have %d and %d slots in use", a.Used, b.Used)
	}
}

// TestSequence looks at the order in which slots are handed out: a cluster upwards on an SSD, the whole area upwards on a disk.
func TestSequence(t *testing.T) {
	for _, rotational := range []bool{false, true} {
		s := New(2)
		area(t, s, Config{Bytes: 4096 * 4096, Rotational: rotational, Priority: -1})
		var got [2][]int
		for range 700 {
			for cpu := range got {
				got[cpu] = append(got[cpu], s.Alloc(cpu).Offset())
			}
		}
		s.check(t)
		for cpu := range got {
			jumps := 0
			for i := 1; i < len(got[cpu]); i++ {
				if got[cpu][i] != got[cpu][i-1]+1 {
					jumps++
				}
			}
			// An SSD's CPUs fill clusters of their own; on a disk they take batches of 64 in turns.
			if most := map[bool]int{false: 2, true: 700/slotsCache + 2}[rotational]; jumps > most {
				t.Errorf("rotational %t: CPU %d jumps %d times in 700 slots, want at most %d", rotational, cpu, jumps, most)
			}
		}
	}
}

func TestOnRefuses(t *testing.T) {
	s := New(1)
	for _, c := range []struct {
		bytes uint64
		want  string
	}{{9 * 4096, "too small"}, {(MaxSlots + 1) * 4096, "256GiB"}} {
		if _, err := s.On(Config{Bytes: c.bytes}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("an area of %d bytes: %v, want an error with %q", c.bytes, err, c.want)
		}
	}
	for range MaxAreas {
		area(t, s, Config{Bytes: 10 * 4096, Priority: -1})
	}
	if _, err := s.On(Config{Bytes: 10 * 4096}); err == nil || !strings.Contains(err.Error(), "32") {
		t.Errorf("one area too many: %v", err)
	}
}

// TestRandomUse compares random use of slots with a plain model: references, the swap cache, shadows.
func TestRandomUse(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cpus := rapid.IntRange(1, 3).Draw(rt, "cpus")
		s := New(cpus)
		for i := range rapid.IntRange(1, 3).Draw(rt, "areas") {
			area(t, s, Config{
				Bytes: uint64(rapid.IntRange(10, 3000).Draw(rt, "pages")) * 4096, Priority: i / 2,
				Rotational: rapid.Bool().Draw(rt, "rotational"),
			})
		}
		type slot struct {
			refs   int
			frame  uint32
			shadow uint64
		}
		model := map[Entry]*slot{}
		var live []Entry
		next := uint32(1)
		for range rapid.IntRange(1, 300).Draw(rt, "steps") {
			cpu := rapid.IntRange(0, cpus-1).Draw(rt, "cpu")
			op := rapid.IntRange(0, 5).Draw(rt, "op")
			if op <= 1 || len(live) == 0 {
				e := s.Alloc(cpu)
				if e == 0 {
					if s.NrFree != 0 {
						rt.Fatalf("Alloc found nothing, and %d slots are free", s.NrFree)
					}
					continue
				}
				if model[e] != nil {
					rt.Fatalf("slot %x is handed out twice", e)
				}
				s.CacheAdd(e, next)
				model[e] = &slot{frame: next}
				live = append(live, e)
				next++
				continue
			}
			i := rapid.IntRange(0, len(live)-1).Draw(rt, "slot")
			e := live[i]
			m := model[e]
			switch {
			case op == 2:
				s.Dup(e)
				m.refs++
			case op == 3 && m.refs > 0:
				if m.refs--; s.Put(cpu, e) != m.refs {
					rt.Fatalf("Put leaves %d references, want %d", s.Count(e), m.refs)
				}
			case op == 4 && m.frame != 0:
				m.frame, m.shadow = 0, uint64(next)
				s.CacheDelete(cpu, e, m.shadow)
			case op == 5 && m.frame == 0 && m.refs > 0:
				if got := s.CacheAdd(e, next); got != m.shadow {
					rt.Fatalf("slot %x had shadow %d, want %d", e, got, m.shadow)
				}
				m.frame, m.shadow = next, 0
				next++
			}
			if m.refs == 0 && m.frame == 0 {
				delete(model, e)
				live = slices.Delete(live, i, i+1)
				continue
			}
			if s.Count(e) != m.refs || s.Cached(e) != m.frame || m.frame == 0 && s.Shadow(e) != m.shadow {
				rt.Fatalf("slot %x: count %d, frame %d, shadow %d; want %+v", e, s.Count(e), s.Cached(e), s.Shadow(e), *m)
			}
		}
		s.check(rt)
		for _, e := range live {
			for m := model[e]; m.refs > 0; m.refs-- {
				s.Put(0, e)
			}
			if model[e].frame != 0 {
				s.CacheDelete(0, e, 0)
			}
		}
		if s.NrFree+s.Pending() != s.Total {
			rt.Fatalf("everything is given back, and %d of %d slots are free (%d in the CPUs' caches)", s.NrFree, s.Total, s.Pending())
		}
		s.check(rt)
	})
}
