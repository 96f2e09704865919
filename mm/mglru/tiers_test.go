package mglru

import (
	"testing"

	"mmsim/mm/phys"
)

// TestRefs counts accesses of a page up to the highest tier.
func TestRefs(t *testing.T) {
	m, g, pages := fixture(t, 1)
	p := m.Page(pages[0])
	for i, want := range []struct{ refs, tier int }{{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {4, 3}} {
		g.col.IncRefs(pages[0], p)
		if refs := g.col.Refs(pages[0], p); refs != want.refs || TierOf(refs) != want.tier {
			t.Errorf("after %d accesses %d count, tier %d; want %d, tier %d", i+1, refs, TierOf(refs), want.refs, want.tier)
		}
	}
	p.Clear(phys.FlagReferenced | phys.FlagWorkingset)
	g.col.IncRefs(pages[0], p)
	g.col.IncRefs(pages[0], p)
	if refs := g.col.Refs(pages[0], p); refs != 1 {
		t.Errorf("a page that was forgotten counts %d accesses after two, want 1", refs)
	}
	g.col.SetWorkingset(pages[0], p)
	if refs := g.col.Refs(pages[0], p); refs != 4 {
		t.Errorf("a page that came back counts %d accesses, want 4", refs)
	}
}

// TestLastTier protects tiers whose pages come back more than twice as often as those of the first.
func TestLastTier(t *testing.T) {
	for name, c := range map[string]struct {
		refaulted, evicted [NrTiers]uint64
		want               int
	}{
		"nothing known":    {[4]uint64{}, [4]uint64{}, 3},
		"few refaults":     {[4]uint64{0, 63}, [4]uint64{1000, 63}, 3},
		"more than twice":  {[4]uint64{99, 231}, [4]uint64{936, 1000}, 0},        // 231 * 1000 > 100 * 1000 * 2
		"just twice":       {[4]uint64{99, 200}, [4]uint64{936, 1000}, 3},        // 200 * 1000 <= 100 * 1000 * 2
		"third tier only":  {[4]uint64{99, 0, 500}, [4]uint64{936, 0, 1000}, 1},  // and with it the fourth
		"highest tier too": {[4]uint64{0, 0, 0, 64}, [4]uint64{936, 0, 0, 1}, 2}, // 64 * 1000 > 1 * 1 * 2
	} {
		_, g, _ := fixture(t, 0)
		g.Tiers[File].Refaulted, g.Tiers[File].Evicted = c.refaulted, c.evicted
		if got := g.LastTier(File, 64); got != c.want {
			t.Errorf("%s: the highest tier to evict is %d, want %d", name, got, c.want)
		}
	}
}

// TestToScan chooses the kind whose pages come back less often, weighed by swappiness.
func TestToScan(t *testing.T) {
	for name, c := range map[string]struct {
		anon, file uint64 // refaults of 1000 evicted
		swappiness uint64
		want       Kind
	}{
		"nothing known":             {0, 0, 60, File},
		"few refaults of files":     {0, 63, 60, File},
		"files come back":           {0, 64, 60, Anon},
		"both, swappiness 60":       {500, 500, 60, File},
		"both, swappiness 100":      {500, 500, 100, Anon}, // 500 * 1064 > 501 * 1000
		"files thrice, at 60":       {300, 900, 60, Anon},  // 900 * 1064 * 60 > 301 * 1000 * 140
		"files twice, at 60":        {300, 600, 60, File},  // 600 * 1064 * 60 <= 301 * 1000 * 140
		"files twice, at 150":       {300, 600, 150, Anon},
		"anon comes back, at 199":   {999, 64, 199, Anon}, // 64 * 1064 * 199 > 1000 * 1000 * 1
		"anon comes back, at 2":     {64, 999, 2, File},
		"averages, swappiness 60":   {0, 0, 60, File},
		"files come back, at 199":   {0, 500, 199, Anon},
		"anon only, at 199":         {900, 0, 199, File},
		"both often, swappiness 99": {1000, 900, 99, File}, // 900 * 1064 * 99 <= 1001 * 1000 * 101
	} {
		_, g, _ := fixture(t, 0)
		g.Tiers[Anon].Evicted[0], g.Tiers[File].Evicted[0] = 1000, 1000
		g.Tiers[Anon].Refaulted[0], g.Tiers[File].Refaulted[0] = c.anon, c.file
		if got, tier := g.ToScan(c.swappiness, 64); got != c.want || tier != 3 {
			t.Errorf("%s: kind %d up to tier %d, want %d and 3", name, got, tier, c.want)
		}
	}
	_, g, _ := fixture(t, 0)
	g.Tiers[Anon].Evicted[0], g.Tiers[File].Evicted[0], g.Tiers[File].Evicted[1] = 1000, 1000, 100
	g.Tiers[Anon].Refaulted[0], g.Tiers[File].Refaulted[1] = 10, 90
	if got, tier := g.ToScan(60, 64); got != File || tier != 0 {
		t.Errorf("kind %d up to tier %d although the second tier comes back, want %d and 0", got, tier, File)
	}
}

// TestCarryOver halves what was counted into the averages.
func TestCarryOver(t *testing.T) {
	x := Tiers{Refaulted: [4]uint64{8, 4}, Evicted: [4]uint64{100, 50}, Protected: [4]uint64{0, 10}, AvgTotal: [4]uint64{20}}
	x.carryOver()
	want := Tiers{AvgRefaulted: [4]uint64{4, 2}, AvgTotal: [4]uint64{60, 30}}
	if x != want {
		t.Errorf("carried over: %v, want %v", x, want)
	}
}

// TestFilter holds what was put in, everything before its first use, and little else.
func TestFilter(t *testing.T) {
	var f Filter
	if !f.Has(5 << 12) {
		t.Error("a filter that is not there does not hold everything")
	}
	f.Reset()
	const n = 1000
	for i := range uint64(n) {
		f.Add(i << 12)
	}
	wrong := 0
	for i := range uint64(n) {
		if !f.Has(i << 12) {
			t.Fatalf("item %d is lost", i)
		}
		if f.Has((i + n) << 12) {
			wrong++
		}
	}
	if wrong > n/50 {
		t.Errorf("%d of %d items that were not put in seem to be", wrong, n)
	}
	if f.Reset(); f.Has(0) {
		t.Error("an emptied filter holds something")
	}
}
