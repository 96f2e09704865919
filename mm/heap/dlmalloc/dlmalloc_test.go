package dlmalloc_test

import (
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap/dlmalloc"
	"mmsim/mm/heap/heaptest"
)

func TestProperties(t *testing.T) {
	heaptest.Properties(t, heaptest.Kind{
		New:            func(_ *rapid.T, o *heaptest.OS) heaptest.Subject { return dlmalloc.New(o) },
		Parameters:     []string{"TRIM_THRESHOLD", "GRANULARITY", "MMAP_THRESHOLD"},
		AlignmentShift: 40,
	})
}

func alloc(t *testing.T, h *dlmalloc.Heap, n uint64) uint64 {
	t.Helper()
	p, err := h.Malloc(n)
	if err != nil {
		t.Fatalf("malloc(%d): %v", n, err)
	}
	return p
}

func free(t *testing.T, h *dlmalloc.Heap, p uint64) {
	t.Helper()
	if err := h.Free(p); err != nil {
		t.Fatalf("free(%#x): %v", p, err)
	}
}

// TestWhatTheSystemSees follows the break and the mappings through the decisions that the design names.
func TestWhatTheSystemSees(t *testing.T) {
	o := heaptest.New()
	h := dlmalloc.New(o)
	brk := func(step string, want uint64) {
		t.Helper()
		if got := o.Break - heaptest.Base; got != want {
			t.Errorf("%s: break at +%d, want +%d", step, got, want)
		}
	}
	small := alloc(t, h, 24)
	brk("first block: one unit of granularity", 64<<10)
	if small != heaptest.Base+16 || o.Resident() != 2*4096 {
		t.Errorf("first block at %#x, %d bytes resident: its page, and the one with the foot of the top", small, o.Resident())
	}
	large := alloc(t, h, 256<<10)
	if o.Mapped() != 266240 {
		t.Errorf("256 KiB: %d bytes mapped", o.Mapped())
	}
	free(t, h, large)
	if o.Mapped() != 0 {
		t.Errorf("freed mapping: %d bytes remain", o.Mapped())
	}
	large = alloc(t, h, 256<<10)
	if o.Mapped() == 0 {
		t.Error("the threshold has moved, it is fixed")
	}
	free(t, h, large)
	var blocks []uint64
	for range 20 {
		blocks = append(blocks, alloc(t, h, 200<<10))
	}
	grown := o.Break - heaptest.Base
	for i := 19; i > 9; i-- {
		free(t, h, blocks[i])
	}
	brk("top of less than 2 MiB", grown)
	for i := 9; i >= 0; i-- {
		free(t, h, blocks[i])
	}
	if o.Break-heaptest.Base >= 2<<20 {
		t.Errorf("after all is free %d bytes of heap remain", o.Break-heaptest.Base)
	}
	free(t, h, small)
	h.Trim(0)
	brk("trimmed", 64<<10)
}

// TestOrder: the newest chunk of a small bin goes first, the oldest of a large size; small requests follow each other in the victim.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		want []int
	}{{100, []int{2, 1, 0}}, {5000, []int{0, 1, 2}}} {
		o := heaptest.New()
		h := dlmalloc.New(o)
		var p []uint64
		for range 3 {
			p = append(p, alloc(t, h, c.n))
			alloc(t, h, 24) // keeps neighbours apart
		}
		for _, q := range p {
			free(t, h, q)
		}
		for _, i := range c.want {
			if got := alloc(t, h, c.n); got != p[i] {
				t.Errorf("%d bytes: %#x, want block %d at %#x", c.n, got, i, p[i])
			}
		}
	}
	h := dlmalloc.New(heaptest.New())
	hole := alloc(t, h, 1000)
	alloc(t, h, 24)
	free(t, h, hole)
	for i := range uint64(5) {
		if p := alloc(t, h, 100); p != hole+i*112 {
			t.Errorf("small block %d at +%d of the victim", i, p-hole)
		}
	}
}

func TestUsableSizes(t *testing.T) {
	h := dlmalloc.New(heaptest.New())
	for _, c := range [][2]uint64{{0, 24}, {24, 24}, {25, 40}, {1000, 1000}, {256 << 10, 266240 - 32 - 16}} {
		if got, err := h.UsableSize(alloc(t, h, c[0])); got != c[1] || err != nil {
			t.Errorf("malloc(%d): %d usable bytes (%v), want %d", c[0], got, err, c[1])
		}
	}
}

func BenchmarkMallocFree64(b *testing.B) { heaptest.MallocFree64(b, dlmalloc.New(heaptest.NewQuiet())) }
