package jemalloc_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap"
	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/jemalloc"
)

// TestRecorded compares with runs of libjemalloc 5.3.0. The thread's data lie at a fixed distance from its descriptor: those of the C library
// and of this one are between.
func TestRecorded(t *testing.T) {
	distance := map[int]uint64{64: 2776, 32: 2148}
	heaptest.Recorded(t, func(os heap.OS, bits int, thread uint64) heaptest.Subject {
		return jemalloc.New(os, bits, thread-distance[bits])
	})
}

func TestProperties(t *testing.T) {
	heaptest.Properties(t, heaptest.Kind{
		New: func(t *rapid.T, o *heaptest.OS) heaptest.Subject {
			if rapid.Bool().Draw(t, "i386") {
				*o = *heaptest.NewAt(0x56559000, 0xf7fff000)
				return jemalloc.New(o, 32, jemalloc.Seed)
			}
			o.Strict = rapid.Bool().Draw(t, "strict")
			return jemalloc.New(o, 64, jemalloc.Seed)
		},
		Parameters: []string{"TRIM_THRESHOLD", "MMAP_MAX"}, ZeroFrees: true, AlignmentShift: 40, WordClass: 8,
	})
}

func alloc(t *testing.T, h *jemalloc.Heap, n uint64) uint64 {
	t.Helper()
	p, err := h.Malloc(n)
	if err != nil {
		t.Fatalf("malloc(%d): %v", n, err)
	}
	return p
}

func free(t *testing.T, h *jemalloc.Heap, p uint64) {
	t.Helper()
	if err := h.Free(p); err != nil {
		t.Fatal(err)
	}
}

// TestClasses: what the real library gives.
func TestClasses(t *testing.T) {
	h := jemalloc.New(heaptest.New(), 64, jemalloc.Seed)
	for _, c := range [][2]uint64{
		{0, 8},
		{8, 8},
		{9, 16},
		{17, 32},
		{33, 48},
		{65, 80},
		{1024, 1024},
		{1025, 1280},
		{8193, 10240},
		{14336, 14336},
		{14337, 16384},
		{16385, 20480},
		{100000, 114688},
		{262145, 327680},
		{1 << 20, 1 << 20},
		{10000000, 10485760},
	} {
		if got, err := h.UsableSize(alloc(t, h, c[0])); got != c[1] || err != nil {
			t.Errorf("malloc(%d): %d usable bytes (%v), want %d", c[0], got, err, c[1])
		}
	}
}

// TestDecay: what was freed goes back within ten seconds, half of it in the middle of them, if the process goes on.
func TestDecay(t *testing.T) {
	o := heaptest.New()
	h := jemalloc.New(o, 64, jemalloc.Seed)
	const n, count = 64 << 10, 256
	var blocks [count]uint64
	for i := range blocks {
		blocks[i] = alloc(t, h, n)
		o.Touch(blocks[i], n, true)
	}
	for i := 0; i < count; i += 2 { // what lies side by side would merge, and go back at once from 8 MiB on
		free(t, h, blocks[i])
	}
	full := o.Resident()
	step := func(ms int64) uint64 {
		o.Clock += ms * 1e6
		for range 10000 { // the clock is looked at about every 1000 operations on the arena
			free(t, h, alloc(t, h, 40000))
		}
		return o.Resident()
	}
	if full < n*count {
		t.Errorf("%d bytes resident after half is freed: nothing goes back at once", full)
	}
	step(110)
	if got := full - step(5000); got < n*count/8 || got > n*count*3/8 {
		t.Errorf("%d bytes have gone back after 5 s, of %d", got, n*count/2)
	}
	if got := full - step(5200); got < n*count*7/16 {
		t.Errorf("%d bytes have gone back after 10 s, of %d", got, n*count/2)
	}
	p := alloc(t, h, 8<<20)
	o.Touch(p, 8<<20, true)
	before := o.Resident()
	free(t, h, p)
	if got := o.Resident(); before-got < 8<<20 {
		t.Errorf("a very large block gave back %d bytes at once", before-got)
	}
}

// TestBadPointers: what is not a live block is refused, cached blocks too.
func TestBadPointers(t *testing.T) {
	h := jemalloc.New(heaptest.New(), 64, jemalloc.Seed)
	for _, n := range []uint64{100, 20000, 100000} {
		p := alloc(t, h, n)
		free(t, h, p)
		for _, bad := range []uint64{p, p + 16, p + 8192, 0x100000000000} {
			if err := h.Free(bad); err == nil || !strings.Contains(err.Error(), "free(): invalid pointer 0x") {
				t.Errorf("free of %#x: %v", bad, err)
			}
		}
	}
	if _, err := h.Memalign(24, 100); err != heap.ErrInvalid {
		t.Errorf("memalign(24): %v", err)
	}
}

func BenchmarkMallocFree64(b *testing.B) {
	heaptest.MallocFree64(b, jemalloc.New(heaptest.NewQuiet(), 64, jemalloc.Seed))
}

func BenchmarkChurn(b *testing.B) {
	heaptest.Churn(b, jemalloc.New(heaptest.NewQuiet(), 64, jemalloc.Seed))
}
