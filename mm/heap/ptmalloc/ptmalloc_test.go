package ptmalloc_test

import (
	"errors"
	"strings"
	"testing"

	"mmsim/mm/heap"
	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/ptmalloc"
)

func fresh() (*ptmalloc.Heap, *heaptest.OS) {
	o := heaptest.New()
	return ptmalloc.New(o, 64), o
}

func alloc(t *testing.T, h *ptmalloc.Heap, n uint64) uint64 {
	t.Helper()
	p, err := h.Malloc(n)
	if err != nil {
		t.Fatalf("malloc(%d): %v", n, err)
	}
	return p
}

func TestFirstCalls(t *testing.T) {
	h, o := fresh()
	if p := alloc(t, h, 1); p != heaptest.Base+0x2a0 || o.Break != heaptest.Base+135168 {
		t.Errorf("first block at %#x, break at %#x", p, o.Break)
	}
	if p := alloc(t, h, 1); p != heaptest.Base+0x2c0 {
		t.Errorf("second block at %#x", p)
	}
	if _, err := h.Malloc(1<<63 - 1); !errors.Is(err, heap.ErrNoMemory) {
		t.Errorf("malloc(PTRDIFF_MAX): %v", err)
	}
	if _, err := h.Calloc(1<<40, 1<<40); !errors.Is(err, heap.ErrNoMemory) {
		t.Errorf("calloc that overflows: %v", err)
	}
	if p, err := h.Realloc(0, 10); p == 0 || err != nil {
		t.Errorf("realloc(NULL): %#x, %v", p, err)
	}
}

func TestUsableSizes(t *testing.T) {
	h, _ := fresh()
	for _, c := range [][2]uint64{
		{0, 24}, {24, 24}, {25, 40}, {40, 40}, {41, 56}, {1032, 1032}, {1033, 1048}, {131048, 131048}, {131049, 135152},
	} {
		if got, err := h.UsableSize(alloc(t, h, c[0])); got != c[1] || err != nil {
			t.Errorf("malloc(%d): %d usable bytes (%v), want %d", c[0], got, err, c[1])
		}
	}
	if n, err := h.UsableSize(0); n != 0 || err != nil {
		t.Errorf("usable size of NULL: %d, %v", n, err)
	}
}

func TestThresholdMoves(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		maps bool // whether the second such block is a mapping again
	}{
		{200000, false}, {32<<20 - 24, true}, {32<<20 - 4120, false}, {33 << 20, true},
	} {
		h, o := fresh()
		p := alloc(t, h, c.n)
		if o.Mapped() == 0 {
			t.Errorf("malloc(%d) is no mapping", c.n)
		}
		if err := h.Free(p); err != nil || o.Mapped() != 0 {
			t.Errorf("free leaves %d bytes mapped: %v", o.Mapped(), err)
		}
		alloc(t, h, c.n)
		if got := o.Mapped() != 0; got != c.maps {
			t.Errorf("second malloc(%d): mapped %t", c.n, got)
		}
	}
}

func TestAborts(t *testing.T) {
	h, o := fresh()
	small, fast := alloc(t, h, 24), make([]uint64, 9)
	for i := range fast {
		fast[i] = alloc(t, h, 100)
	}
	large := alloc(t, h, 5000)
	last := alloc(t, h, 2000)
	mapping := alloc(t, h, 1<<20)
	top := last + 2016
	for _, p := range append([]uint64{small, large, mapping}, fast...) {
		if err := h.Free(p); err != nil {
			t.Fatal(err)
		}
	}
	calls := o.Calls
	for _, c := range []struct {
		ptr  uint64
		want string
	}{
		{small, "free(): double free detected in tcache 2"},
		{fast[8], "double free or corruption (fasttop)"},
		{large, "double free or corruption (!prev)"},
		{top, "double free or corruption (top)"},
		{mapping, "free(): invalid pointer"},
		{last + 16, "free(): invalid pointer"},
		{12345, "free(): invalid pointer"},
		{heaptest.Base + 16, "free(): invalid pointer"}, // the thread's cache
		{^uint64(0), "free(): invalid pointer"},
	} {
		var abort heap.Abort
		if err := h.Free(c.ptr); !errors.As(err, &abort) || err.Error() != c.want {
			t.Errorf("free(%#x): %v, want %s", c.ptr, err, c.want)
		}
		if _, err := h.Realloc(c.ptr, 5); err == nil || err.Error() != "realloc(): invalid pointer" {
			t.Errorf("realloc(%#x): %v", c.ptr, err)
		}
	}
	if err := h.Check(); err != nil || o.Calls != calls {
		t.Errorf("after refused calls: %v", err)
	}
	o.Break -= 1 << 16
	var abort heap.Abort
	if _, err := h.Malloc(200000); !errors.As(err, &abort) || err.Error() != "break adjusted to free malloc space" {
		t.Errorf("malloc after a foreign sbrk downwards: %v", err)
	}
}

func TestMallopt(t *testing.T) {
	h, _ := fresh()
	for _, c := range []struct {
		name  string
		value int64
		ok    bool
		err   string
	}{
		{"MXFAST", 160, true, ""},
		{"MXFAST", 161, false, ""},
		{"MXFAST", -1, false, ""},
		{"TOP_PAD", 1 << 20, true, ""},
		{"ARENA_MAX", 3, true, ""},
		{"TOP_PADS", 0, false, `unknown mallopt option "TOP_PADS"; one of MXFAST`},
		{"TOP_PAD", 1 << 31, false, "2147483648 does not fit an int"},
	} {
		ok, err := h.Mallopt(c.name, c.value)
		if ok != c.ok || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("mallopt(%s, %d): %t, %v", c.name, c.value, ok, err)
		}
	}
}

// TestClone: what parent and child do after a fork is nothing to the other.
func TestClone(t *testing.T) {
	h, o := fresh()
	p := alloc(t, h, 100)
	forked := *o
	c := h.Clone(&forked)
	if err := c.Free(p); err != nil {
		t.Fatal(err)
	}
	q, err := c.Malloc(100)
	if q != p || err != nil {
		t.Errorf("the child gets %#x (%v), its freed block was %#x", q, err, p)
	}
	if r := alloc(t, h, 100); r == p {
		t.Error("the parent gets what it has not freed")
	}
	if err := h.Free(p); err != nil {
		t.Error(err)
	}
}

// FuzzCalls feeds arbitrary arguments, pointers among them, to every call: none may panic or break an invariant.
func FuzzCalls(f *testing.F) {
	f.Add([]byte{0, 100, 3, 0, 1, 255, 2, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, o := fresh()
		o.MaxMap, o.MaxBreak = 1<<22, o.Break+1<<22
		ptrs := []uint64{0, 1, heaptest.Base, heaptest.Base + 16, ^uint64(0)}
		data = data[:min(len(data), 400)]
		for len(data) >= 2 {
			op, v := data[0], data[1]
			data = data[2:]
			ptr, n := ptrs[int(v)%len(ptrs)], uint64(v)<<(op>>3)
			switch op % 8 {
			case 0, 1:
				if p, err := h.Malloc(n); err == nil {
					ptrs = append(ptrs, p)
				}
			case 2:
				_, _ = h.Realloc(ptr, n)
			case 3, 4:
				_ = h.Free(ptr)
			case 5:
				if p, err := h.Memalign(uint64(v)<<(op>>2), n); err == nil {
					ptrs = append(ptrs, p)
				}
			case 6:
				_, _ = h.Calloc(n, uint64(op))
			case 7:
				h.Trim(n)
				_, _ = h.Mallopt(ptmalloc.Parameters[int(v)%len(ptmalloc.Parameters)], int64(op)<<12)
			}
			if err := h.Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
