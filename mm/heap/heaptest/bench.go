package heaptest

import (
	"testing"

	"mmsim/mm/heap"
)

// Quiet is an OS whose memory costs nothing to access, for benchmarks of the allocator alone.
type Quiet struct{ *OS }

// NewQuiet makes an OS without anything in it.
func NewQuiet() Quiet { return Quiet{New()} }

// Touch does nothing.
func (Quiet) Touch(uint64, uint64, bool) {}

// MallocFree64 measures one malloc and one free of 64 bytes in steady state.
func MallocFree64(b *testing.B, h heap.Allocator) {
	b.ReportAllocs()
	for b.Loop() {
		p, _ := h.Malloc(64)
		if h.Free(p) != nil {
			b.Fatal("free failed")
		}
	}
}

// Churn measures replacing the oldest of 100,000 blocks of 16 to 4096 bytes.
func Churn(b *testing.B, h heap.Allocator) {
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
