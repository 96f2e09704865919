package phys

import (
	"math"
	"slices"
	"testing"
)

// TestPrefetch fetches rows at both ends of sections and of the table, some that were never written to, and some that are none: nothing changes, and nothing beyond
// the table is read.
func TestPrefetch(t *testing.T) {
	m, err := Build(Config{Nodes: []NodeConfig{{RAM: 512 << 20, CPUs: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	end := uint32(len(m.sections)) << sectionShift
	pages := []uint32{0, 1, sectionMask, sectionPages, end - 1, end, end + sectionMask, 1 << 31, math.MaxUint32}
	before := make([]section, len(m.sections))
	for i, s := range m.sections {
		before[i] = *s
	}
	for i := range pages {
		m.Prefetch(pages[i:])
		m.Prefetch(pages[:i])
	}
	for _, z := range m.Zones() {
		for o := range z.free {
			for pfn := z.free[o].lists[MigrateMovable].Tail; pfn != 0; {
				prev := m.Page(pfn).Prev
				if got := m.PrefetchPrev(pfn); got != prev {
					t.Fatalf("PrefetchPrev(%d) = %d, want %d", pfn, got, prev)
				}
				pfn = prev
			}
		}
	}
	for i, s := range m.sections {
		if !slices.Equal(s[:], before[i][:]) {
			t.Errorf("section %d has changed", i)
		}
	}
}
