package mglru

import (
	"slices"
	"testing"

	"mmsim/mm/phys"
)

// TestTryToIncMinSeq moves the oldest generations past empty ones: two stay, and files do not get further ahead of anonymous pages.
func TestTryToIncMinSeq(t *testing.T) {
	type seqs = [NrKinds]uint64
	for name, c := range map[string]struct {
		kind    Kind
		seq     uint64 // the generation that holds a page
		minSeq  seqs   // at first
		canSwap bool
		want    seqs
	}{
		"all empty but the youngest": {Anon, 5, seqs{2, 2}, true, seqs{4, 4}},
		"anonymous page":             {Anon, 3, seqs{2, 2}, true, seqs{3, 3}},
		"anonymous page, oldest":     {Anon, 2, seqs{2, 2}, true, seqs{2, 2}},
		"files ahead already":        {Anon, 2, seqs{2, 4}, true, seqs{2, 4}},
		"file page holds both":       {File, 3, seqs{2, 2}, true, seqs{3, 3}},
		"without swap":               {Anon, 2, seqs{2, 2}, false, seqs{2, 4}},
		"file page without swap":     {File, 3, seqs{2, 2}, false, seqs{2, 3}},
	} {
		m, g, pages := fixture(t, 1)
		g.MaxSeq, g.MinSeq = c.seq, seqs{c.seq, c.seq} // so that the page is born there
		p := m.Page(pages[0])
		p.SetFlags(phys.FlagActive)
		if c.kind == Anon {
			p.Set(phys.FlagSwapbacked)
		}
		g.Add(pages[0], p, false)
		g.MaxSeq, g.MinSeq = 5, c.minSeq
		g.Tiers[File].Refaulted[0] = 8
		moved := g.TryToIncMinSeq(c.canSwap)
		if g.MinSeq != c.want || moved != (c.want != c.minSeq) {
			t.Errorf("%s: the oldest are %v, moved: %t; want %v", name, g.MinSeq, moved, c.want)
		}
		if carried := g.Tiers[File].AvgRefaulted[0] == 4; carried != (c.want[File] != c.minSeq[File]) {
			t.Errorf("%s: the refaults of files became part of the average: %t", name, carried)
		}
	}
}

// TestShouldAge is whether a new generation is due, by how many there are and how the pages are spread.
func TestShouldAge(t *testing.T) {
	for _, c := range []struct {
		gens    uint64
		a       Ages
		canSwap bool
		want    bool
	}{
		{2, Ages{0, 50, 100}, true, true},
		{3, Ages{50, 25, 100}, true, false},
		{3, Ages{51, 25, 100}, true, true},
		{3, Ages{50, 24, 100}, true, true},
		{4, Ages{100, 0, 100}, true, false},
		{3, Ages{51, 25, 100}, false, true}, // of files; of the other kind there are four
		{4, Ages{100, 0, 100}, false, false},
	} {
		_, g, _ := fixture(t, 0)
		g.MaxSeq = 9
		g.MinSeq = [NrKinds]uint64{10 - c.gens, 10 - c.gens}
		if !c.canSwap {
			g.MinSeq[Anon] = 6
		}
		if got := g.ShouldAge(c.canSwap, c.a); got != c.want {
			t.Errorf("%d generations, %+v: due: %t", c.gens, c.a, got)
		}
	}
}

// TestKeep spares pages of the oldest generation: one that was accessed goes before those of the next, one under writeback behind them, to be evicted
// when it is clean.
func TestKeep(t *testing.T) {
	m, g, pages := fixture(t, 3)
	for i, pfn := range pages {
		p := m.Page(pfn)
		p.SetFlags(phys.FlagSwapbacked | phys.FlagSwapCache)
		g.Add(pfn, p, i > 0) // the first enters the second oldest, the others the oldest
		p.Set(phys.FlagReferenced | phys.FlagWorkingset)
	}
	zone := m.Nodes[0].Zone(phys.ZoneDMA32)
	g.Keep(pages[1], m.Page(pages[1]), Anon, zone, false)
	g.Keep(pages[2], m.Page(pages[2]), Anon, zone, true)
	if got, want := contents(m, g.List(1, Anon, phys.ZoneDMA32)), []phys.PFN{pages[1], pages[0], pages[2]}; !slices.Equal(got, want) {
		t.Errorf("the second oldest generation is %v, want %v", got, want)
	}
	const all = phys.FlagReferenced | phys.FlagWorkingset | phys.FlagReclaim
	if a, b := m.Page(pages[1]).Flags()&all, m.Page(pages[2]).Flags()&all; a != 0 || b != phys.FlagReclaim {
		t.Errorf("the flags are %x and %x, want none and %x", a, b, phys.FlagReclaim)
	}
	if err := g.CheckInvariants(func(phys.PFN) error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestIsolated takes pages off their lists: for other uses than eviction a page of the youngest generations is active then; one that is accessed
// meanwhile is referenced.
func TestIsolated(t *testing.T) {
	m, g, pages := fixture(t, 1)
	p := m.Page(pages[0])
	for _, c := range []struct {
		flags      phys.Flag
		reclaiming bool
		active     bool
	}{{phys.FlagSwapbacked, false, true}, {phys.FlagSwapbacked, true, false}, {phys.FlagSwapbacked | phys.FlagSwapCache, false, false}} {
		p.SetFlags(c.flags)
		g.Add(pages[0], p, false)
		if g.Del(pages[0], p, c.reclaiming); p.Test(phys.FlagActive) != c.active {
			t.Errorf("%+v: the page is active: %t", c, p.Test(phys.FlagActive))
		}
		var moved Moved
		if g.Promote(pages[0], p, Slot(g.MaxSeq), &moved); !p.Test(phys.FlagReferenced) || !moved.Empty() {
			t.Errorf("%+v: accessed off its list, the page has flags %x", c, p.Flags())
		}
	}
}
