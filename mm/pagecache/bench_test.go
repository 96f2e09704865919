package pagecache

import (
	"runtime"
	"testing"
)

// BenchmarkStream reads a file of 100 GiB in windows of 32 pages through a cache of 4 GiB and keeps the shadows of twice that, as the kernel would: each
// window is added, looked up thrice, as the read, its end and the check after a wait do, and evicted.
func BenchmarkStream(b *testing.B) {
	const window, cached, nodes, file = 32, 1 << 20, 1 << 20 >> 3, 100 << 18
	for range b.N {
		var shadows ShadowList
		tree := Tree{Shadows: &shadows}
		var pages [window]uint32
		var old [window]uint64
		age := uint64(0)
		pfn := uint32(1)
		for i := uint64(0); i < file; i += window {
			for j := range pages {
				pages[j] = pfn
				pfn = pfn*5&(cached-1) + 1
			}
			if tree.SetRun(i, pages[:], old[:]) {
				b.Fatal("a shadow before the page")
			}
			for range 3 {
				if tree.Run(i, pages[:]) != window {
					b.Fatal("not there")
				}
			}
			if i >= cached {
				var values [window]uint64
				for j := range values {
					values[j] = (age+uint64(j))<<12 | 2
				}
				tree.Evict(i-cached, values[:])
				age += window
				for tree.ShadowNodes() > nodes {
					shadows.Reclaim()
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/file, "ns/page")
}

// BenchmarkShadows fills a tree with shadows of pages evicted in the order of the file, and tells the memory of each.
func BenchmarkShadows(b *testing.B) {
	const pages = 1 << 22
	var before, after runtime.MemStats
	var shadows ShadowList
	var tree Tree
	for range b.N {
		tree, shadows = Tree{}, ShadowList{}
		tree.Shadows = &shadows
		runtime.GC()
		runtime.ReadMemStats(&before)
		var run [32]uint32
		var values, old [32]uint64
		for i := range run {
			run[i] = uint32(i) + 1
		}
		for i := uint64(0); i < pages; i += 32 {
			tree.SetRun(i, run[:], old[:])
			for j := range values {
				values[j] = (i+uint64(j))<<12 | 2
			}
			tree.Evict(i, values[:])
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(tree.Values()), "B/shadow")
}

// BenchmarkSwap takes single pages of shared memory out to swap and back in, in an order that no progression has.
func BenchmarkSwap(b *testing.B) {
	const pages = 1 << 18
	var tree Tree
	for i := range uint64(pages) {
		tree.Set(i, uint32(i)+1)
	}
	b.ResetTimer()
	for n := range b.N {
		i := uint64(n) * 40503 & (pages - 1)
		if _, value := tree.Get(i); value {
			tree.Set(i, uint32(i)+1)
		} else {
			tree.SetValue(i, uint64(n)+1)
		}
	}
}
