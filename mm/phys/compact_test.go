package phys

import "testing"

// fragmented is a zone of which only the counts of free blocks matter.
func fragmented(free map[int]uint64) *Zone {
	z := &Zone{}
	for o, n := range free {
		z.free[o].nrFree = n
	}
	return z
}

func TestFragmentationIndex(t *testing.T) {
	for _, c := range []struct {
		free    map[int]uint64
		order   int
		index   int
		extfrag uint64
	}{
		{map[int]uint64{0: 1000}, 3, 874, 100},
		{map[int]uint64{0: 8}, 9, 874, 100},
		{map[int]uint64{3: 1, 0: 4}, 3, -1000, 33},
		{nil, 3, 0, 0},
		{map[int]uint64{0: 100000, 5: 200}, 9, 998, 100},
		{map[int]uint64{0: 512, 9: 1}, 9, -1000, 50},
	} {
		z := fragmented(c.free)
		if got := z.FragmentationIndex(c.order); got != c.index {
			t.Errorf("free blocks %v: index of order %d is %d, want %d", c.free, c.order, got, c.index)
		}
		if got := z.ExternalFragmentation(c.order); got != c.extfrag {
			t.Errorf("free blocks %v: %d%% are no use for order %d, want %d%%", c.free, got, c.order, c.extfrag)
		}
	}
}

// TestMoveSeen rotates a free list at each of its blocks.
func TestMoveSeen(t *testing.T) {
	m, err := Build(Config{Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	z := m.Nodes[0].Zone(ZoneDMA32)
	var ac AllocContext
	flags := m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
	for range 8 { // make single free blocks of order 4 by taking every other one
		a, b := m.GetPageFromFreelist(&ac, 4, flags), m.GetPageFromFreelist(&ac, 4, flags)
		defer m.FreePages(0, a, 4)
		m.FreePages(0, b, 4)
		if m.GetPageFromFreelist(&ac, 5, flags) == 0 {
			t.Fatal("out of memory")
		}
	}
	list := func() (out []PFN) {
		for pfn, _ := z.FreeList(4, MigrateMovable); pfn != 0; pfn = m.Page(pfn).Next {
			out = append(out, pfn)
		}
		return out
	}
	n := len(list())
	if n < 3 {
		t.Skipf("the list has %d blocks only", n)
	}
	for i := range n {
		before := list()
		z.MoveSeenToTail(4, MigrateMovable, before[i])
		got := list()
		for j := range n {
			if want := before[(i+1+j)%n]; got[j] != want {
				t.Fatalf("after the move at %d the list is %v, was %v", i, got, before)
			}
		}
		z.MoveUnseenToTail(4, MigrateMovable, got[i])
		if now := list(); now[0] != got[i] || len(now) != n {
			t.Fatalf("the block is not the head: %v, was %v", now, got)
		}
		if _, tail := z.FreeList(4, MigrateMovable); tail != list()[n-1] {
			t.Fatalf("the tail is %d", tail)
		}
	}
}
