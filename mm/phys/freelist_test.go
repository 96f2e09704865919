package phys

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// takePages takes single pages on CPU 0.
func takePages(tb testing.TB, m *Memory, gfp GFP, n int) []PFN {
	tb.Helper()
	var ac AllocContext
	flags := m.Prepare(&ac, gfp, 0, 0, nil)
	pages := make([]PFN, n)
	for i := range pages {
		if pages[i] = m.GetPageFromFreelist(&ac, 0, flags); pages[i] == 0 {
			tb.Fatal("out of memory")
		}
	}
	return pages
}

// TestFreeListIsTheSame gives pages back on two equal machines, by FreeList and one by one, and compares every free list and every stock. Pageblocks are of
// several types.
func TestFreeListIsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		build := func(types []Migratetype) (*Memory, []PFN) {
			m, err := Build(Config{Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 1}}})
			if err != nil {
				t.Fatal(err)
			}
			m.DrainAll(nil)
			pages := takePages(t, m, GFPHighuserMovable, 3000)
			for i, mt := range types {
				if at := pages[i*400]; m.BlockType(at) != MigrateHighAtomic {
					m.setBlockType(at, mt)
					if mt == MigrateHighAtomic {
						m.ZoneOf(at).NrReservedHighatomic += 1 << m.pageblockOrder
					}
				}
			}
			return m, pages
		}
		types := rapid.SliceOfN(rapid.SampledFrom([]Migratetype{MigrateMovable, MigrateUnmovable, MigrateReclaimable, MigrateHighAtomic}), 7, 7).Draw(rt, "types")
		a, pages := build(types)
		b, same := build(types)
		if !slices.Equal(pages, same) {
			rt.Fatal("the machines differ from the start")
		}
		for len(pages) > 0 && rapid.IntRange(0, 10).Draw(rt, "more") > 0 {
			at := rapid.IntRange(0, len(pages)-1).Draw(rt, "at")
			n := min(rapid.SampledFrom([]int{0, 1, 2, 7, 32, 200, 1000}).Draw(rt, "n"), len(pages)-at)
			run := slices.Clone(pages[at : at+n])
			pages = slices.Delete(pages, at, at+n)
			switch rapid.IntRange(0, 2).Draw(rt, "order") {
			case 0:
				slices.Reverse(run)
			case 1:
				run = rapid.Permutation(run).Draw(rt, "shuffled")
			}
			active := rapid.Bool().Draw(rt, "reclaim is active")
			for _, m := range []*Memory{a, b} {
				for _, z := range m.Zones() {
					z.Flags &^= ZoneReclaimActive
					if active {
						z.Flags |= ZoneReclaimActive
					}
				}
			}
			a.FreeList(0, run)
			for _, pfn := range slices.Backward(run) {
				b.FreePage(0, pfn)
			}
			for i, za := range a.Zones() {
				zb := b.Zones()[i]
				for order := range za.free {
					for mt := range za.free[order].lists {
						if x, y := pagesOf(a, za.free[order].lists[mt]), pagesOf(b, zb.free[order].lists[mt]); !slices.Equal(x, y) {
							rt.Fatalf("zone %s: free blocks of order %d are %v, one by one %v", za.Name(), order, x, y)
						}
					}
				}
				if len(za.pcp) == 0 {
					continue
				}
				for i := range za.pcp[0].lists {
					if x, y := za.pcp[0].lists[i].blocks(a.pindexOrder(i)), zb.pcp[0].lists[i].blocks(b.pindexOrder(i)); !slices.Equal(x, y) {
						rt.Fatalf("zone %s: the stock's list %d is %v, one by one %v", za.Name(), i, x, y)
					}
				}
				if x, y := za.pcp[0], zb.pcp[0]; x.Count != y.Count || x.freeFactor != y.freeFactor || za.Stat != zb.Stat {
					rt.Fatalf("zone %s: the stock has %d pages and factor %d, one by one %d and %d", za.Name(), x.Count, x.freeFactor, y.Count, y.freeFactor)
				}
			}
		}
		if *a.Events != *b.Events {
			rt.Fatal("the events differ")
		}
		if err := a.CheckInvariants(); err != nil {
			rt.Fatal(err)
		}
	})
}
