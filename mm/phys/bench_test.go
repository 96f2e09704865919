package phys

import (
	"fmt"
	"testing"
)

func mustBuild(tb testing.TB, c Config) *Memory {
	tb.Helper()
	m, err := Build(c)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// BenchmarkAllocFree allocates and frees a block of each order; the time is for both together.
func BenchmarkAllocFree(b *testing.B) {
	for order := range MaxOrder {
		b.Run(fmt.Sprintf("order%d", order), func(b *testing.B) {
			m := mustBuild(b, Config{Nodes: []NodeConfig{{RAM: 4 << 30, CPUs: 1}}})
			var ac AllocContext
			flags := m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
			b.ReportAllocs()
			for b.Loop() {
				pfn := m.GetPageFromFreelist(&ac, order, flags)
				if pfn == 0 {
					b.Fatal("no page")
				}
				m.FreePages(0, pfn, order)
			}
		})
	}
}

// BenchmarkAllocFreeMany takes and gives back 64 MiB in pages, so that lists are refilled and drained all the time; the time is for one
// page, allocated and freed.
func BenchmarkAllocFreeMany(b *testing.B) {
	m := mustBuild(b, Config{Nodes: []NodeConfig{{RAM: 4 << 30, CPUs: 1}}})
	var ac AllocContext
	flags := m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
	pages := make([]PFN, 16384)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for i := range pages {
			pages[i] = m.GetPageFromFreelist(&ac, 0, flags)
		}
		for _, p := range pages {
			m.FreePage(0, p)
		}
		n += len(pages)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/page")
}

// BenchmarkBoot1TiB builds a machine of 1 TiB on two nodes.
func BenchmarkBoot1TiB(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m := mustBuild(b, Config{Nodes: []NodeConfig{{RAM: 512 << 30, CPUs: 16}, {RAM: 512 << 30, CPUs: 16}}, THP: true})
		b.ReportMetric(float64(m.HostBytes())/(1<<20), "host-MiB")
	}
}
