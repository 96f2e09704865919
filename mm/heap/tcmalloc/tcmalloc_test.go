package tcmalloc_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap"
	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/tcmalloc"
)

// TestRecorded compares with runs of libtcmalloc_minimal 2.10.
func TestRecorded(t *testing.T) {
	heaptest.Recorded(t, func(os heap.OS, bits int, _ uint64) heaptest.Subject { return tcmalloc.New(os, bits) })
}

func TestProperties(t *testing.T) {
	heaptest.Properties(t, heaptest.Kind{
		New: func(t *rapid.T, o *heaptest.OS) heaptest.Subject {
			if rapid.Bool().Draw(t, "i386") {
				*o = *heaptest.NewAt(0x56559000, 0xf7fff000)
				return tcmalloc.New(o, 32)
			}
			return tcmalloc.New(o, 64)
		},
		Parameters: []string{"TRIM_THRESHOLD", "MMAP_MAX"}, ZeroFrees: true, AlignmentShift: 40, WordClass: 8,
		Dies: "FATAL ERROR: Out of memory trying to allocate internal tcmalloc data",
	})
}

func alloc(t *testing.T, h *tcmalloc.Heap, n uint64) uint64 {
	t.Helper()
	p, err := h.Malloc(n)
	if err != nil {
		t.Fatalf("malloc(%d): %v", n, err)
	}
	return p
}

// TestClasses: the classes that the design's rules give, as the documentation and the real library have them.
func TestClasses(t *testing.T) {
	h := tcmalloc.New(heaptest.New(), 64)
	for _, c := range [][2]uint64{
		{0, 8},
		{8, 8},
		{9, 16},
		{17, 32},
		{1024, 1024},
		{1025, 1152},
		{1153, 1280},
		{8193, 9216},
		{100000, 106496},
		{262144, 262144},
		{262145, 270336},
		{1 << 20, 1 << 20},
	} {
		if got, err := h.UsableSize(alloc(t, h, c[0])); got != c[1] || err != nil {
			t.Errorf("malloc(%d): %d usable bytes (%v), want %d", c[0], got, err, c[1])
		}
	}
}

// TestBadPointers: what is not a live block is answered with the library's own messages.
func TestBadPointers(t *testing.T) {
	h := tcmalloc.New(heaptest.New(), 64)
	p := alloc(t, h, 100)
	if err := h.Free(p); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []uint64{p, p + 16, 0x100000000000} {
		_, rerr := h.Realloc(bad, 10)
		_, uerr := h.UsableSize(bad)
		for want, err := range map[string]error{"Attempt to free invalid pointer 0x": h.Free(bad), "Attempt to realloc invalid pointer 0x": rerr, "Attempt to get the size of an invalid pointer 0x": uerr} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%#x: %v, want %q", bad, err, want)
			}
		}
	}
}

// TestGivesBack: memory that was freed goes back span by span, after 2 GiB were freed for the first time. What the heap grows by counts too.
func TestGivesBack(t *testing.T) {
	o := heaptest.New()
	h := tcmalloc.New(o, 64)
	keep := alloc(t, h, 100)
	const block, blocks = 16 << 20, 128
	var low uint64
	for i := range blocks - 1 {
		p := alloc(t, h, block)
		o.Touch(p, block, true)
		if err := h.Free(p); err != nil {
			t.Fatal(err)
		}
		if i == blocks-3 {
			low = o.Resident()
		}
	}
	if low < block {
		t.Errorf("%d bytes resident after less than 2 GiB freed: nothing goes back before that", low)
	}
	if got := o.Resident(); got > low-block/2 {
		t.Errorf("%d bytes resident after 2 GiB freed, %d before", got, low)
	}
	if err := h.Free(keep); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkMallocFree64(b *testing.B) {
	heaptest.MallocFree64(b, tcmalloc.New(heaptest.NewQuiet(), 64))
}

func BenchmarkChurn(b *testing.B) { heaptest.Churn(b, tcmalloc.New(heaptest.NewQuiet(), 64)) }
