package ptmalloc_test

import (
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/ptmalloc"
)

func TestProperties(t *testing.T) {
	heaptest.Properties(t, heaptest.Kind{
		New: func(t *rapid.T, o *heaptest.OS) heaptest.Subject {
			if rapid.Bool().Draw(t, "i386") {
				*o = *heaptest.NewAt(0x56559000, 0xf7fff000)
				return ptmalloc.New(o, 32)
			}
			return ptmalloc.New(o, 64)
		},
		Parameters: ptmalloc.Parameters, ZeroFrees: true, AlignmentShift: 40,
		ForeignAborts: "malloc assertion failure in sysmalloc",
	})
}

// TestAllFreed: of chunks too large for the thread's cache nothing remains but one page.
func TestAllFreed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := heaptest.New()
		h := ptmalloc.New(o, 64)
		ptrs := make([]uint64, 0, 64)
		for _, n := range rapid.SliceOfN(rapid.Uint64Range(1033, 300000), 1, 64).Draw(t, "sizes") {
			p, err := h.Malloc(n)
			if err != nil {
				t.Fatal(err)
			}
			ptrs = append(ptrs, p)
		}
		for _, p := range rapid.Permutation(ptrs).Draw(t, "order") {
			if err := h.Free(p); err != nil {
				t.Fatal(err)
			}
		}
		h.Trim(0)
		if o.Break != heaptest.Base+4096 || o.Mapped() != 0 || o.Resident() != 4096 {
			t.Fatalf("remain: %d bytes of heap, %d mapped, %d resident", o.Break-heaptest.Base, o.Mapped(), o.Resident())
		}
	})
}
