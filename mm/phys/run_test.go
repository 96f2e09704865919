package phys

import "testing"

// TestGetPageRunIsTheSame takes pages from two equal machines, one by one and by runs, until both have none above the low mark.
func TestGetPageRunIsTheSame(t *testing.T) {
	build := func() *Memory {
		m, err := Build(Config{Nodes: []NodeConfig{{RAM: 128 << 20, CPUs: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	a, b := build(), build()
	var ca, cb AllocContext
	fa := a.Prepare(&ca, GFPHighuserMovable, 0, 0, nil)
	fb := b.Prepare(&cb, GFPHighuserMovable, 0, 0, nil)
	as := Page{Mapping: 7, Mapcount: 2}
	as.Begin(KindFile, FlagReferenced)
	total := 0
	for size := 1; ; size = size%97 + 1 {
		run := make([]PFN, size)
		as.Index = uint32(total)
		n := b.GetPageRun(&cb, fb, &as, run)
		for i, pfn := range run[:n] {
			want := as
			want.flags |= b.ZoneOf(pfn).id
			want.Index += uint32(i)
			if got := *b.Page(pfn); got != want {
				t.Fatalf("page %d of a run of %d has the row %+v, want %+v", i, n, got, want)
			}
		}
		if n > 3 && total < 3000 { // some go back, so that the stocks are not always fresh
			for _, pfn := range run[n-2 : n] {
				b.FreePage(0, pfn)
			}
			var back [2]PFN
			for i := range n {
				if pfn := a.GetPageFromFreelist(&ca, 0, fa); pfn != run[i] {
					t.Fatalf("page %d of a run is %d, one by one it is %d", i, run[i], pfn)
				}
				if i >= n-2 {
					back[i-n+2] = run[i]
				}
			}
			a.FreePage(0, back[0])
			a.FreePage(0, back[1])
			total += n - 2
			continue
		}
		for _, got := range run[:n] {
			if want := a.GetPageFromFreelist(&ca, 0, fa); got != want {
				t.Fatalf("page %d of the runs is %d, one by one it is %d", total, got, want)
			}
			total++
		}
		if n == 0 {
			break
		}
	}
	if pfn := a.GetPageFromFreelist(&ca, 0, fa); pfn != 0 {
		t.Fatalf("after %d pages there is still page %d", total, pfn)
	}
	if *a.Events != *b.Events {
		t.Errorf("the events differ:\n%v\n%v", *a.Events, *b.Events)
	}
	for i, z := range a.Zones() {
		if z.Stat != b.Zones()[i].Stat || z.NumaStat != b.Zones()[i].NumaStat {
			t.Errorf("the counters of zone %s differ", z.Name())
		}
	}
	if err := b.CheckInvariants(); err != nil {
		t.Error(err)
	}
}
