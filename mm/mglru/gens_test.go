package mglru

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/phys"
	"mmsim/mm/phys/phystest"
	"mmsim/mm/vmstat"
)

// fixture is a machine of which some pages are allocated, with empty generations of its node.
func fixture(tb testing.TB, n int) (*phys.Memory, *Gens, []phys.PFN) {
	tb.Helper()
	m, pages := phystest.Pages(tb, n)
	return m, New(m, m.Nodes[0], new(Sizes), new(Column), 0), pages
}

// contents is the pages of a list, tail first.
func contents(m *phys.Memory, l *phys.List) (out []phys.PFN) {
	for pfn := l.Tail; pfn != 0; pfn = m.Page(pfn).Prev {
		out = append(out, pfn)
	}
	return out
}

// TestBirthplace puts pages with various flags on lists and looks where they are.
func TestBirthplace(t *testing.T) {
	const anon = phys.FlagSwapbacked
	for name, c := range map[string]struct {
		flags      phys.Flag
		reclaiming bool
		gens       int // generations of the kind
		want       int // behind the youngest
	}{
		"just faulted in":          {anon | phys.FlagActive, false, 4, 0},
		"anonymous, no slot":       {anon, false, 4, 1},
		"anonymous, few":           {anon, false, 2, 1},
		"in the swap cache":        {anon | phys.FlagSwapCache, false, 4, 2},
		"in the swap cache, few":   {anon | phys.FlagSwapCache, false, 3, 2},
		"in the swap cache, two":   {anon | phys.FlagSwapCache, false, 2, 1},
		"written, clean":           {anon | phys.FlagSwapCache, true, 4, 3},
		"under writeback":          {anon | phys.FlagSwapCache | phys.FlagReclaim | phys.FlagWriteback, false, 4, 1},
		"writeback of others":      {anon | phys.FlagSwapCache | phys.FlagWriteback, false, 4, 2},
		"page cache":               {0, false, 4, 2},
		"page cache, three":        {0, false, 3, 2},
		"page cache, mapped":       {phys.FlagActive, false, 4, 0},
		"page cache, to be dirty":  {phys.FlagDirty | phys.FlagReclaim, false, 4, 1},
		"page cache, to be rotted": {0, true, 4, 3},
	} {
		m, g, pages := fixture(t, 1)
		g.MinSeq = [NrKinds]uint64{g.MaxSeq + 1 - uint64(c.gens), g.MaxSeq + 1 - uint64(c.gens)}
		p := m.Page(pages[0])
		p.SetFlags(c.flags)
		g.Add(pages[0], p, c.reclaiming)
		if got := g.MaxSeq - uint64(c.want); g.col.Gen(pages[0]) != Slot(got) {
			t.Errorf("%s: page is in slot %d, want that of generation %d", name, g.col.Gen(pages[0]), got)
		}
		if err := g.CheckInvariants(func(phys.PFN) error { return nil }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		active := int64(0)
		if c.want < 2 {
			active = 1
		}
		if n := m.Nodes[0].Stat; n[vmstat.NRActiveAnon]+n[vmstat.NRActiveFile] != active || n[vmstat.NRInactiveAnon]+n[vmstat.NRInactiveFile] != 1-active {
			t.Errorf("%s: counters say %v", name, n[vmstat.NRInactiveAnon:vmstat.NRUnevictable])
		}
		if g.Del(pages[0], p, true); p.Test(phys.FlagActive | phys.FlagLRU) {
			t.Errorf("%s: isolated, the page has flags %x", name, p.Flags())
		}
	}
}

// TestMerge lets a page wait on the oldest list until its generation is merged into the next, ahead of which it is taken then.
func TestMerge(t *testing.T) {
	m, g, pages := fixture(t, 4)
	for i, pfn := range pages {
		m.Page(pfn).SetFlags(phys.FlagSwapbacked | phys.FlagActive)
		g.Add(pfn, m.Page(pfn), false)
		if i < 3 {
			g.IncMaxSeq(true, 0)
		}
	}
	// Pages 0 to 3 are of generations 3 to 6. Page 0 was accessed: it is found on its old list, and goes to the youngest generation's.
	var moved Moved
	g.Promote(pages[0], m.Page(pages[0]), Slot(g.MaxSeq), &moved)
	g.Count(&moved)
	if n := m.Nodes[0].Stat[vmstat.NRActiveAnon]; n != 3 {
		t.Errorf("%d pages are active after a promotion, want 3", n)
	}
	if n := g.IncMaxSeq(true, 7); n != 1 || g.MinSeq[Anon] != 4 || g.Birth[Slot(7)] != 7 {
		t.Errorf("a fifth generation moved %d pages and left %d the oldest", n, g.MinSeq[Anon])
	}
	if got, want := contents(m, g.List(Slot(6), Anon, phys.ZoneDMA32)), []phys.PFN{pages[0], pages[3]}; !slices.Equal(got, want) {
		t.Errorf("generation 6 is %v, want %v", got, want)
	}
	m.Page(pages[1]).Set(phys.FlagReferenced)
	g.IncMaxSeq(true, 8)
	if got, want := contents(m, g.List(Slot(5), Anon, phys.ZoneDMA32)), []phys.PFN{pages[1], pages[2]}; !slices.Equal(got, want) {
		t.Errorf("generation 5 is %v after 4 was merged into it, want %v", got, want)
	}
	if m.Page(pages[1]).Test(phys.FlagReferenced) {
		t.Error("a page that was moved on still counts as referenced")
	}
	if err := g.CheckInvariants(func(phys.PFN) error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestWithoutSwap begins generations while anonymous pages cannot be evicted: their oldest become part of the youngest.
func TestWithoutSwap(t *testing.T) {
	m, g, pages := fixture(t, 1)
	m.Page(pages[0]).SetFlags(phys.FlagSwapbacked | phys.FlagActive)
	g.Add(pages[0], m.Page(pages[0]), false)
	for i, active := range []int64{1, 0, 0, 1, 1, 0} {
		g.IncMaxSeq(false, 0)
		if n := m.Nodes[0].Stat[vmstat.NRActiveAnon]; n != active {
			t.Errorf("after %d generations %d pages are active, want %d", i+1, n, active)
		}
		if err := g.CheckInvariants(func(phys.PFN) error { return nil }); err != nil {
			t.Error(err)
		}
	}
}

// TestRandomMoves does what reclaim does to pages in random order; each page stays on one list and the counters follow.
func TestRandomMoves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, g, pages := fixture(t, 30)
		canSwap := rapid.Bool().Draw(rt, "swap")
		var moved Moved
		for range rapid.IntRange(1, 120).Draw(rt, "steps") {
			pfn := rapid.SampledFrom(pages).Draw(rt, "page")
			p := m.Page(pfn)
			k := KindOf(p)
			switch step := rapid.IntRange(0, 9).Draw(rt, "step"); {
			case step < 3 && !Holds(p):
				p.SetFlags(rapid.SampledFrom([]phys.Flag{
					0, phys.FlagActive, phys.FlagSwapbacked, phys.FlagSwapbacked | phys.FlagActive, phys.FlagSwapbacked | phys.FlagSwapCache,
				}).Draw(rt, "flags"))
				if step == 0 {
					g.AddAll([]phys.PFN{pfn})
				} else {
					g.Add(pfn, p, step == 1)
				}
			case step < 2:
				g.Del(pfn, p, step == 0)
			case step < 5:
				g.Promote(pfn, p, Slot(g.MaxSeq), &moved)
				if step == 4 {
					g.Promote(pages[0], m.Page(pages[0]), Slot(g.MaxSeq), &moved)
				}
				g.Count(&moved)
			case step == 5:
				g.IncMaxSeq(canSwap, 0)
			case step == 6:
				g.TryToIncMinSeq(canSwap)
			case g.NrGens(k) > MinGens:
				l := g.List(Slot(g.MinSeq[k]), k, phys.ZoneDMA32)
				if l.Empty() {
					continue
				}
				oldest := l.Tail
				if g.col.Gen(oldest) != Slot(g.MinSeq[k]) {
					g.Follow(oldest, k, phys.ZoneDMA32)
				} else {
					g.Keep(oldest, m.Page(oldest), k, m.Nodes[0].Zone(phys.ZoneDMA32), step == 7)
				}
			}
			seen := map[phys.PFN]bool{}
			err := g.CheckInvariants(func(q phys.PFN) error {
				if seen[q] {
					return fmt.Errorf("page %d is on two lists", q)
				}
				seen[q] = true
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
			for _, q := range pages {
				if Holds(m.Page(q)) != seen[q] {
					rt.Fatalf("page %d is on a list: %t, its flags are %x", q, seen[q], m.Page(q).Flags())
				}
			}
		}
	})
}
