package lru

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/phys"
	"mmsim/mm/phys/phystest"
	"mmsim/mm/vmstat"
)

// fixture is a machine of which some pages are allocated, with the lists of its node.
func fixture(tb testing.TB, n int) (*phys.Memory, *Lruvec, []phys.PFN) {
	tb.Helper()
	m, pages := phystest.Pages(tb, n)
	return m, New(m, m.Nodes[0]), pages
}

// followers is how many of the first pages follow one another in their owner, mapped by nobody, with the same flags out of some.
func followers(m *phys.Memory, pages []phys.PFN, flags phys.Flag) int {
	for i, pfn := range pages {
		first, p := m.Page(pages[0]), m.Page(pfn)
		if p.Mapping != first.Mapping || p.Index != first.Index+uint32(i) || p.Mapcount != 0 || p.Test(flags) != first.Test(flags) {
			return i
		}
	}
	return len(pages)
}

// TestRandomMoves compares the lists with slices, head first, under random moves.
func TestRandomMoves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, v, pages := fixture(t, 40)
		var want [NrLists][]phys.PFN
		unevictable := 0
		on := map[phys.PFN]List{}
		owner := uint32(0)
		kinds := []phys.Flag{phys.FlagSwapbacked, phys.FlagSwapbacked | phys.FlagActive, 0, phys.FlagActive, phys.FlagUnevictable}
		for range rapid.IntRange(1, 150).Draw(rt, "steps") {
			pfn := rapid.SampledFrom(pages).Draw(rt, "page")
			if l, ok := on[pfn]; ok {
				v.Del(pfn)
				delete(on, pfn)
				if l == Unevictable {
					unevictable--
				} else {
					want[l] = slices.DeleteFunc(want[l], func(q phys.PFN) bool { return q == pfn })
				}
				continue
			}
			l := List(rapid.IntRange(0, int(NrLists)-1).Draw(rt, "list"))
			set := []phys.PFN{pfn}
			how := rapid.IntRange(0, 2).Draw(rt, "how")
			if how == 2 { // a run of others with it
				for _, q := range pages[:rapid.IntRange(0, 10).Draw(rt, "run")] {
					if _, ok := on[q]; !ok && q != pfn {
						set = append(set, q)
					}
				}
			}
			for i, q := range set {
				kind := l
				if i > 0 && rapid.Bool().Draw(rt, "other") {
					kind = InactiveAnon
				}
				p := m.Page(q)
				p.SetFlags(kinds[kind])
				p.Mapping, p.Index, p.Mapcount = uint32(owner/5), owner%5, int32(owner%7/6)
				if owner++; rapid.IntRange(0, 6).Draw(rt, "marked") == 0 {
					p.Set(phys.FlagWorkingset)
				}
				on[q] = kind
			}
			if rapid.IntRange(0, 4).Draw(rt, "cut") == 0 {
				l := List(rapid.IntRange(0, 3).Draw(rt, "of"))
				n := rapid.IntRange(0, 6).Draw(rt, "pages")
				got, alike := v.CutTail(l, uint64(n), phys.ZoneMovable, phys.FlagWorkingset, nil)
				if n = min(n, len(want[l])); len(got) != n {
					rt.Fatalf("CutTail took %v of %v", got, want[l])
				}
				for i, q := range got {
					if q != want[l][len(want[l])-1-i] || m.Page(q).Test(phys.FlagLRU) {
						rt.Fatalf("CutTail took %v of %v", got, want[l])
					}
					delete(on, q)
				}
				want[l] = want[l][:len(want[l])-n]
				if follow := followers(m, got, phys.FlagWorkingset); alike != follow {
					rt.Fatalf("CutTail says that %d of %d pages are alike, %d are", alike, n, follow)
				}
			}
			switch how {
			case 0:
				v.Add(pfn)
			case 1:
				v.AddTail(pfn)
			case 2:
				v.AddAll(set)
			}
			for _, q := range set {
				switch k := on[q]; {
				case k == Unevictable:
					unevictable++
				case how == 1:
					want[k] = append(want[k], q)
				default:
					want[k] = slices.Insert(want[k], 0, q)
				}
			}
		}
		zone := map[uint32]*phys.Zone{}
		for l := InactiveAnon; l < Unevictable; l++ {
			var got []phys.PFN
			for pfn := v.Head(l); pfn != 0; pfn = m.Page(pfn).Next {
				got = append(got, pfn)
				zone[m.Page(pfn).ZoneID()] = m.ZoneOf(pfn)
			}
			if !slices.Equal(got, want[l]) {
				rt.Fatalf("list %d is %v, want %v", l, got, want[l])
			}
			tail := phys.PFN(0)
			if n := len(want[l]); n > 0 {
				tail = want[l][n-1]
			}
			if v.Tail(l) != tail || v.Len(l) != int64(len(want[l])) {
				rt.Fatalf("list %d ends with %d and has %d pages, want %d and %d", l, v.Tail(l), v.Len(l), tail, len(want[l]))
			}
		}
		if v.Len(Unevictable) != int64(unevictable) {
			rt.Fatalf("%d unevictable pages, want %d", v.Len(Unevictable), unevictable)
		}
		for l := range NrLists {
			sum := int64(0)
			for _, z := range m.Zones() {
				sum += z.Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)]
			}
			if node := m.Nodes[0].Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)]; node != v.Len(l) || sum != node {
				rt.Fatalf("list %d: length %d, node counter %d, zone counters %d", l, v.Len(l), node, sum)
			}
		}
	})
}

func TestBatch(t *testing.T) {
	var b Batch
	for i := range BatchSize {
		if full := b.Push(phys.PFN(i + 1)); full != (i == BatchSize-1) {
			t.Errorf("after %d pages the batch says full = %t", i+1, full)
		}
	}
	b.Forget(7)
	b.Forget(99)
	if b.Contains(7) || !b.Contains(8) || b.Len() != BatchSize-1 || b.Pages()[6] != 8 {
		t.Errorf("after Forget(7) the batch is %v", b.Pages())
	}
	b.Reset()
	if b.Len() != 0 {
		t.Error("Reset leaves pages")
	}
	b.Push(99)
	pages := make([]phys.PFN, BatchSize)
	for i := range pages {
		pages[i] = phys.PFN(i + 1)
	}
	if rest := b.PushAll(pages[:3]); len(rest) != 0 || b.Len() == BatchSize || b.Len() != 4 {
		t.Errorf("PushAll of 3 leaves %v, the batch is %v", rest, b.Pages())
	}
	if rest := b.PushAll(pages[3:]); len(rest) != 1 || rest[0] != BatchSize || b.Len() != BatchSize || b.Pages()[BatchSize-1] != BatchSize-1 {
		t.Errorf("PushAll of %d leaves %v, the batch is %v", BatchSize-3, rest, b.Pages())
	}
}
