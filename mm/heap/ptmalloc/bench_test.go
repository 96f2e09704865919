package ptmalloc_test

import (
	"testing"

	"mmsim/mm/heap"
	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/ptmalloc"
)

// quiet is an OS whose memory costs nothing to access.
type quiet struct{ *heaptest.OS }

func (quiet) Touch(uint64, uint64, bool) {}

// BenchmarkMallocFree64 is one malloc and one free of 64 bytes in steady state.
func BenchmarkMallocFree64(b *testing.B) {
	h := ptmalloc.New(quiet{heaptest.New()}, 64)
	b.ReportAllocs()
	for b.Loop() {
		p, _ := h.Malloc(64)
		if h.Free(p) != nil {
			b.Fatal("free failed")
		}
	}
}

// BenchmarkChurn replaces the oldest of 100,000 blocks of 16 to 4096 bytes.
func BenchmarkChurn(b *testing.B) {
	h := ptmalloc.New(quiet{heaptest.New()}, 64)
	const live = 100_000
	ptrs := make([]uint64, live)
	x := uint64(1)
	size := func() uint64 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return 16 << (x % 9) * (64 + x>>32%64) / 64
	}
	for i := range ptrs {
		ptrs[i], _ = h.Malloc(size())
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := h.Free(ptrs[i]); err != nil {
			b.Fatal(err)
		}
		ptrs[i], _ = h.Malloc(size())
		i = (i + 1) % live
	}
}

// BenchmarkClone is a fork with 100,000 blocks.
func BenchmarkClone(b *testing.B) {
	h := ptmalloc.New(quiet{heaptest.New()}, 64)
	for range 100_000 {
		if _, err := h.Malloc(100); err != nil {
			b.Fatal(err)
		}
	}
	var c heap.Allocator
	for b.Loop() {
		c = h.Clone(quiet{heaptest.New()})
	}
	_ = c
}
