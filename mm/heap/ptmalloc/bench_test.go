package ptmalloc_test

import (
	"testing"

	"mmsim/mm/heap"
	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/ptmalloc"
)

func BenchmarkMallocFree64(b *testing.B) {
	heaptest.MallocFree64(b, ptmalloc.New(heaptest.NewQuiet(), 64))
}

func BenchmarkChurn(b *testing.B) { heaptest.Churn(b, ptmalloc.New(heaptest.NewQuiet(), 64)) }

// BenchmarkClone is a fork with 100,000 blocks.
func BenchmarkClone(b *testing.B) {
	h := ptmalloc.New(heaptest.NewQuiet(), 64)
	for range 100_000 {
		if _, err := h.Malloc(100); err != nil {
			b.Fatal(err)
		}
	}
	var c heap.Allocator
	for b.Loop() {
		c = h.Clone(heaptest.NewQuiet())
	}
	_ = c
}
