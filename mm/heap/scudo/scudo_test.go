package scudo_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap"
	"mmsim/mm/heap/heaptest"
	"mmsim/mm/heap/scudo"
)

// TestRecorded compares with runs of LLVM 14's Scudo, with the recorder's constant for randomness.
func TestRecorded(t *testing.T) {
	heaptest.Recorded(t, func(os heap.OS, bits int, _ uint64) heaptest.Subject { return scudo.New(os, bits, scudo.Seed) })
}

func TestProperties(t *testing.T) {
	kind := heaptest.Kind{
		New: func(t *rapid.T, o *heaptest.OS) heaptest.Subject {
			return scudo.New(o, 64, rapid.Uint32Range(1, 1<<32-1).Draw(t, "seed"))
		},
		Parameters: []string{"DECAY_TIME", "PURGE", "CACHE_COUNT_MAX", "CACHE_SIZE_MAX", "MMAP_MAX"}, ZeroFrees: true, AlignmentShift: 40,
		Dies: "Scudo ERROR: ",
	}
	t.Run("x86_64", func(t *testing.T) { heaptest.Properties(t, kind) })
	kind.Align = 8
	kind.New = func(t *rapid.T, o *heaptest.OS) heaptest.Subject {
		*o = *heaptest.NewAt(0x56559000, 0xf7fff000)
		return scudo.New(o, 32, rapid.Uint32Range(1, 1<<32-1).Draw(t, "seed"))
	}
	t.Run("i386", func(t *testing.T) { heaptest.Properties(t, kind) })
}

func alloc(t *testing.T, h *scudo.Heap, n uint64) uint64 {
	t.Helper()
	p, err := h.Malloc(n)
	if err != nil {
		t.Fatalf("malloc(%d): %v", n, err)
	}
	return p
}

func free(t *testing.T, h *scudo.Heap, p uint64) {
	t.Helper()
	if err := h.Free(p); err != nil {
		t.Fatal(err)
	}
}

// TestClasses: a block has what was asked for, and its class's size may be seen by what realloc keeps in place.
func TestClasses(t *testing.T) {
	h := scudo.New(heaptest.New(), 64, scudo.Seed)
	for _, c := range [][2]uint64{{0, 16}, {16, 16}, {17, 48}, {240, 240}, {241, 304}, {305, 368}, {5000, 5104}, {131056, 131056}} {
		p := alloc(t, h, c[0])
		if got, err := h.UsableSize(p); got != c[0] || err != nil {
			t.Errorf("malloc(%d): %d usable bytes (%v)", c[0], got, err)
		}
		if to, err := h.Realloc(p, c[1]); to != p || err != nil {
			t.Errorf("realloc from %d to %d moved (%v)", c[0], c[1], err)
		}
		if to, err := h.Realloc(p, c[1]+1); to == p || err != nil {
			t.Errorf("realloc from %d to %d did not move (%v)", c[0], c[1]+1, err)
		}
	}
}

// TestSeed: another seed gives other addresses, the same one the same.
func TestSeed(t *testing.T) {
	addresses := func(seed uint32) (out [8]uint64) {
		h := scudo.New(heaptest.New(), 64, seed)
		for i := range out {
			out[i] = alloc(t, h, 100)
		}
		return out
	}
	first := addresses(1)
	if again := addresses(1); again != first {
		t.Error("one seed gives different runs")
	}
	if first == addresses(2) {
		t.Error("two seeds give one run")
	}
}

// TestGivesBack: pages of a region go back when 5 seconds have passed and a batch comes back; mappings are kept and then given back likewise.
func TestGivesBack(t *testing.T) {
	o := heaptest.New()
	h := scudo.New(o, 64, scudo.Seed)
	var blocks []uint64
	for range 2000 {
		p := alloc(t, h, 4000)
		o.Touch(p, 4000, true)
		blocks = append(blocks, p)
	}
	full := o.Resident()
	for _, p := range blocks[:1000] {
		free(t, h, p)
	}
	if got := o.Resident(); got < full {
		t.Errorf("%d of %d bytes resident before 5 s", got, full)
	}
	o.Clock += 5.1e9
	for _, p := range blocks[1000:] {
		free(t, h, p)
	}
	if got := o.Resident(); got > full*6/10 {
		t.Errorf("%d of %d bytes resident after 5 s", got, full)
	}
	mapped := o.Mapped()
	p := alloc(t, h, 200000)
	o.Touch(p, 200000, true)
	free(t, h, p)
	if o.Mapped() == mapped {
		t.Error("a mapping of 200000 bytes is not kept")
	}
	if q := alloc(t, h, 200000); q != p {
		t.Errorf("a kept mapping is not used again: %#x, then %#x", p, q)
	}
	mapped = o.Mapped()
	free(t, h, alloc(t, h, 1<<20))
	if o.Mapped() != mapped {
		t.Error("a mapping of 1 MiB is kept")
	}
}

// TestOverflow: of 51 MB in small blocks of i386 nothing goes back, since the percentage of what is free is computed in 32 bits; the real
// library makes no madvise for these calls either.
func TestOverflow(t *testing.T) {
	for bits, goesBack := range map[int]bool{64: true, 32: false} {
		o := heaptest.NewAt(0x56559000, 0xf7fff000)
		if bits == 64 {
			o = heaptest.New()
		}
		h := scudo.New(o, bits, scudo.Seed)
		var blocks [230_000]uint64
		for i := range blocks {
			blocks[i] = alloc(t, h, 208)
		}
		full := o.Resident()
		o.Clock += 6e9
		for _, p := range blocks {
			free(t, h, p)
		}
		if got := o.Resident() < full*9/10; got != goesBack {
			t.Errorf("%d bits: %d of %d bytes resident after all blocks are freed", bits, o.Resident(), full)
		}
	}
}

// TestBadPointers: the reports that the real library gives.
func TestBadPointers(t *testing.T) {
	h := scudo.New(heaptest.New(), 64, scudo.Seed)
	p := alloc(t, h, 100)
	q := alloc(t, h, 100000)
	for ptr, want := range map[uint64]string{
		p + 16: "Scudo ERROR: corrupted chunk header at address", p + 3: "Scudo ERROR: misaligned pointer when deallocating address",
		q + 8192: "Scudo ERROR: corrupted chunk header at address", 0x1000: "SIGSEGV",
	} {
		if err := h.Free(ptr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("free(%#x): %v, want %q", ptr, err, want)
		}
	}
	free(t, h, p)
	if err := h.Free(p); err == nil || !strings.Contains(err.Error(), "Scudo ERROR: invalid chunk state when deallocating address") {
		t.Errorf("double free: %v", err)
	}
	if _, err := h.Realloc(p, 10); err == nil || !strings.Contains(err.Error(), "invalid chunk state when reallocating") {
		t.Errorf("realloc of a freed block: %v", err)
	}
	if _, err := h.Memalign(24, 100); err != heap.ErrInvalid {
		t.Errorf("memalign(24): %v", err)
	}
}

func BenchmarkMallocFree64(b *testing.B) {
	heaptest.MallocFree64(b, scudo.New(heaptest.NewQuiet(), 64, scudo.Seed))
}

func BenchmarkChurn(b *testing.B) { heaptest.Churn(b, scudo.New(heaptest.NewQuiet(), 64, scudo.Seed)) }
