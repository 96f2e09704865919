package phys

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// pagesOf are the pages of a list, in order from the head.
func pagesOf(m *Memory, l List) (out []PFN) {
	for pfn := l.Head; pfn != 0; pfn = m.Page(pfn).Next {
		if out = append(out, pfn); pfn == l.Tail {
			break
		}
	}
	return out
}

// TestStretchesAreTheSame gives pages back on two equal machines, by freeBulk and one by one, and compares every free list.
func TestStretchesAreTheSame(t *testing.T) {
	stretches := 0
	rapid.Check(t, func(rt *rapid.T) {
		build := func() (*Memory, *Zone, []PFN) {
			m, err := Build(Config{Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 1}}})
			if err != nil {
				t.Fatal(err)
			}
			var ac AllocContext
			flags := m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
			pages := make([]PFN, 600)
			for i := range pages {
				if pages[i] = m.GetPageFromFreelist(&ac, 0, flags); pages[i] == 0 {
					t.Fatal("out of memory")
				}
			}
			z := m.ZoneOf(pages[0])
			z.DrainPCP(0)
			return m, z, pages
		}
		a, za, pages := build()
		b, zb, same := build()
		if !slices.Equal(pages, same) {
			rt.Fatal("the machines differ from the start")
		}
		left := slices.Clone(pages)
		for len(left) > 0 && rapid.IntRange(0, 20).Draw(rt, "more") > 0 {
			at := rapid.IntRange(0, len(left)-1).Draw(rt, "at")
			n := min(rapid.SampledFrom([]int{1, 2, 7, 31, 64, 200}).Draw(rt, "n"), len(left)-at)
			run := slices.Clone(left[at : at+n])
			left = slices.Delete(left, at, at+n)
			if rapid.Bool().Draw(rt, "reverse") {
				slices.Reverse(run)
			}
			for _, pfn := range run {
				a.FreePage(0, pfn)
				b.FreePage(0, pfn)
			}
			back := rapid.IntRange(0, za.pcp[0].Count).Draw(rt, "back")
			before := za.free[0].nrFree
			za.freeBulk(&za.pcp[0], back, 0)
			if back > 8 && za.free[0].nrFree < before+uint64(back)/2 {
				stretches++
			}
			c := &zb.pcp[0]
			for i, left := 0, back; left > 0; i++ {
				for l := &c.lists[i%nrPCPLists]; l.Tail != 0 && left > 0; left-- {
					pfn := l.Tail
					mt := b.Page(pfn).freeType()
					if pfn == l.Head {
						*l = List{}
					} else {
						l.Tail = b.Page(pfn).Prev
						b.Page(l.Tail).Next = 0
					}
					c.Count--
					zb.freeOne(pfn, 0, mt, false)
				}
			}
			for order := range za.free {
				for mt := range za.free[order].lists {
					if x, y := pagesOf(a, za.free[order].lists[mt]), pagesOf(b, zb.free[order].lists[mt]); !slices.Equal(x, y) {
						rt.Fatalf("free blocks of order %d are %v, one by one %v", order, x, y)
					}
				}
				if za.free[order].nrFree != zb.free[order].nrFree {
					rt.Fatalf("%d free blocks of order %d, one by one %d", za.free[order].nrFree, order, zb.free[order].nrFree)
				}
			}
			for i := range c.lists {
				if x, y := pagesOf(a, za.pcp[0].lists[i]), pagesOf(b, c.lists[i]); !slices.Equal(x, y) || za.pcp[0].Count != c.Count {
					rt.Fatalf("the stock's list %d is %v, one by one %v", i, x, y)
				}
			}
		}
		if za.Stat != zb.Stat {
			rt.Fatal("the counters differ")
		}
		if err := a.CheckInvariants(); err != nil {
			rt.Fatal(err)
		}
	})
	if stretches == 0 {
		t.Error("no run of neighbours was given back")
	}
}
