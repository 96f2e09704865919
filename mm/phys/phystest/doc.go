// Package phystest makes small machines' memory for the tests of packages that keep lists of pages.
package phystest

import (
	"testing"

	"mmsim/mm/phys"
)

// Pages is the memory of a machine with one CPU and 64 MiB, and n movable pages of it that are allocated.
func Pages(tb testing.TB, n int) (*phys.Memory, []phys.PFN) {
	tb.Helper()
	m, err := phys.Build(phys.Config{Nodes: []phys.NodeConfig{{RAM: 64 << 20, CPUs: 1}}})
	if err != nil {
		tb.Fatal(err)
	}
	var ac phys.AllocContext
	flags := m.Prepare(&ac, phys.GFPHighuserMovable, 0, 0, nil)
	pages := make([]phys.PFN, n)
	for i := range pages {
		if pages[i] = m.GetPageFromFreelist(&ac, 0, flags); pages[i] == 0 {
			tb.Fatal("out of memory")
		}
	}
	return m, pages
}
