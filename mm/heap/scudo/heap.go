package scudo

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"mmsim/mm/heap"
	"mmsim/mm/heap/internal/access"
	"mmsim/mm/heap/internal/addrmap"
)

// Seed is that of a process whose randomness does not matter.
const Seed = 0x2545f491

const defaultInterval = 5000 * 1_000_000 // ns (release_to_os_interval_ms)

// A Heap is one process's Scudo. See New.
type Heap struct {
	os      heap.OS
	mem     access.Memory
	g       *geometry
	seed    uint32
	ready   bool   // the library has been used
	base    uint64 // of the regions
	regions [numClasses]region
	owners  []owner  // of 32 bits: of each 512 KiB of addresses
	spare   []uint64 // of 32 bits: regions that no class has yet
	batches []batch  // by the numbers of blocks of the first region

	large      []large     // blocks with mappings of their own, in use; the first row is none
	ring       [][2]uint32 // of each the one before it and behind it in the list of them
	spareLarge uint32
	byUser     addrmap.Map // addresses of users' parts to rows of large

	entries    [maxEntries]large
	entryCount int // how many may be kept
	entrySize  uint64
	kept, full int
	oldest     int64
	interval   int64 // ns; negative: nothing goes back
}

var _ heap.Allocator = (*Heap)(nil)

// New is the Scudo of a fresh process of 32 or 64 bits. It calls nothing before the first request. seed is what the library gets from
// getrandom.
func New(os heap.OS, bits int, seed uint32) *Heap {
	h := &Heap{os: os, mem: access.Memory{OS: os}, g: &geometry64, seed: seed, entryCount: maxEntries, entrySize: defaultEntry, interval: defaultInterval}
	if bits == 32 {
		h.g, h.owners = &geometry32, make([]owner, 1<<(32-regionShift32))
	}
	h.large, h.ring = make([]large, 1, 16), make([][2]uint32, 1, 16)
	return h
}

// Clone is the Scudo of a forked child.
func (h *Heap) Clone(os heap.OS) heap.Allocator {
	n := *h
	n.os, n.mem.OS = os, os
	n.batches, n.large, n.ring, n.byUser = slices.Clone(h.batches), slices.Clone(h.large), slices.Clone(h.ring), h.byUser.Clone()
	n.owners, n.spare = slices.Clone(h.owners), slices.Clone(h.spare)
	for i := range n.regions {
		n.regions[i].blocks, n.regions[i].bases = slices.Clone(h.regions[i].blocks), slices.Clone(h.regions[i].bases)
	}
	return &n
}

func outOfMemory(n uint64) heap.Abort {
	return heap.Abort(fmt.Sprintf("Scudo ERROR: out of memory trying to allocate %d bytes", n))
}

// begin starts a call; the first one draws the classes' random numbers, and for 64 bits reserves the regions' addresses
// (SizeClassAllocator64::init, SizeClassAllocator32::init).
func (h *Heap) begin() {
	h.mem.Forget()
	if h.ready {
		return
	}
	if !h.g.narrow {
		var ok bool
		if h.base, ok = h.os.Mmap(0, numClasses<<regionShift, heap.MapNone|heap.MapNoReserve); !ok {
			panic(outOfMemory(numClasses << regionShift))
		}
	}
	seed := h.seed
	for c := range h.regions {
		size := h.g.blockSize(c)
		r := &h.regions[c]
		*r = region{size: size, inverse: math.MaxUint64/size + 1, max: inBatch(size), released: h.os.Now()}
		if h.g.narrow {
			r.per = uint32(1 << regionShift32 / size)
		} else {
			r.begin = h.base + uint64(c)<<regionShift + uint64(random(&seed)%16+1)*pageSize
		}
		r.random = random(&seed)
	}
	h.ready = true
}

// caught turns a report that ends the process into an error.
func caught(err *error) {
	if r := recover(); r != nil {
		a, ok := r.(heap.Abort)
		if !ok {
			panic(r)
		}
		*err = a
	}
}

// Malloc allocates n bytes.
func (h *Heap) Malloc(n uint64) (ptr uint64, err error) {
	defer caught(&err)
	h.begin()
	return h.alloc(n, h.g.align, false)
}

// alloc is Allocator::allocate.
func (h *Heap) alloc(n, alignment uint64, zero bool) (uint64, error) {
	align, header := h.g.align, h.g.header
	if alignment > maxAlign || n >= h.g.maxRequest {
		return 0, heap.ErrNoMemory
	}
	need := (n+align-1)&^(align-1) + header
	if alignment > align {
		need += alignment - header
	}
	c := 0
	var i uint32
	if need <= maxBlock {
		var ok bool
		for c = classOf(need); ; c++ {
			if i, ok = h.allocate(c); ok {
				break
			}
			if c == numClasses-1 {
				c = 0
				break
			}
		}
	}
	if c == 0 {
		ptr, ok := h.allocateLarge(n, alignment, zero)
		if !ok {
			return 0, heap.ErrNoMemory
		}
		return ptr, nil
	}
	r := &h.regions[c]
	at := r.addr(i)
	if zero {
		h.mem.Fill(at, r.size)
	}
	ptr := (at + header + alignment - 1) &^ (alignment - 1)
	if ptr != at+header {
		h.mem.Wr(at)
	}
	h.mem.Wr(ptr - header)
	r.blocks[i] = block{size: uint32(n), offset: uint32(ptr - at), state: allocated}
	return ptr, nil
}

// Calloc allocates n*size bytes of zeros.
func (h *Heap) Calloc(n, size uint64) (ptr uint64, err error) {
	hi, total := bits.Mul64(n, size)
	if hi != 0 {
		return 0, heap.ErrNoMemory
	}
	defer caught(&err)
	h.begin()
	return h.alloc(total, h.g.align, true)
}

// A found is a live block: one of a region, or with a mapping of its own if class is 0.
type found struct {
	class int
	i     uint32
}

// find is the live block at an address, or the report that the library gives for what is there.
func (h *Heap) find(ptr uint64, doing string) (found, error) {
	if ptr%h.g.align != 0 {
		return found{}, report("misaligned pointer when "+doing, ptr)
	}
	// A block of no bytes may begin where the memory of its block ends.
	if c, i := h.locate(ptr - h.g.header); c > 0 {
		r := &h.regions[c]
		b := &r.blocks[i]
		switch {
		case ptr-r.addr(i) != uint64(b.offset) || b.state == never:
			return found{}, heap.Abort(fmt.Sprintf("Scudo ERROR: corrupted chunk header at address %#x", ptr))
		case b.state != allocated:
			return found{}, report("invalid chunk state when "+doing, ptr)
		}
		return found{c, i}, nil
	} else if c == 0 {
		return found{}, heap.Abort(fmt.Sprintf("Scudo ERROR: corrupted chunk header at address %#x", ptr))
	}
	if i := h.byUser.Get(ptr); i != 0 {
		return found{0, i}, nil
	}
	for i := range h.entries {
		if e := &h.entries[i]; e.commit != 0 && e.user == ptr && e.time != 0 {
			return found{}, report("invalid chunk state when "+doing, ptr)
		}
	}
	return found{}, crash(doing, ptr)
}

func report(text string, ptr uint64) error {
	return heap.Abort(fmt.Sprintf("Scudo ERROR: %s address %#x", text, ptr))
}

func crash(doing string, ptr uint64) error {
	return heap.Abort(fmt.Sprintf("Scudo: SIGSEGV when %s address %#x, which has no chunk header", doing, ptr))
}

func (h *Heap) userSize(f found) uint64 {
	if f.class == 0 {
		return h.large[f.i].size
	}
	return uint64(h.regions[f.class].blocks[f.i].size)
}

// Free gives a block back.
func (h *Heap) Free(ptr uint64) (err error) {
	if ptr == 0 {
		return nil
	}
	f, err := h.find(ptr, "deallocating")
	if err != nil {
		return err
	}
	defer caught(&err)
	h.mem.Forget()
	h.free(f, ptr)
	return nil
}

func (h *Heap) free(f found, ptr uint64) {
	h.mem.Wr(ptr - h.g.header)
	if f.class == 0 {
		h.freeLarge(f.i)
		return
	}
	h.regions[f.class].blocks[f.i].state = available
	h.deallocate(f.class, f.i)
}

// Realloc changes the size of a block: it stays if the new size fits, and is larger or less than a page smaller (reallocate).
func (h *Heap) Realloc(ptr, n uint64) (to uint64, err error) {
	if ptr == 0 {
		return h.Malloc(n)
	}
	if n == 0 {
		return 0, h.Free(ptr)
	}
	f, err := h.find(ptr, "reallocating")
	if err != nil {
		return 0, err
	}
	defer caught(&err)
	h.mem.Forget()
	if n >= h.g.maxRequest {
		return 0, heap.ErrNoMemory
	}
	h.mem.Rd(ptr - h.g.header)
	old, end := h.userSize(f), uint64(0)
	if f.class == 0 {
		end = h.large[f.i].commit + h.large[f.i].commitLen
	} else {
		r := &h.regions[f.class]
		end = r.addr(f.i) + r.size
	}
	if ptr+n <= end && (n > old || old-n < pageSize) {
		h.mem.Wr(ptr - h.g.header)
		if f.class == 0 {
			h.large[f.i].size = n
		} else {
			h.regions[f.class].blocks[f.i].size = uint32(n)
		}
		return ptr, nil
	}
	if to, err = h.alloc(n, h.g.align, false); err != nil {
		return 0, err
	}
	h.mem.Copy(to, ptr, min(n, old))
	h.free(f, ptr)
	return to, nil
}

// Memalign allocates n bytes at a multiple of align, which must be a power of two, or 0.
func (h *Heap) Memalign(alignment, n uint64) (ptr uint64, err error) {
	if alignment&(alignment-1) != 0 {
		return 0, heap.ErrInvalid
	}
	defer caught(&err)
	h.begin()
	return h.alloc(n, max(alignment, h.g.align), false)
}

// Trim does nothing: malloc_trim is the C library's, whose own heap is empty.
func (h *Heap) Trim(uint64) bool { return false }

// Mallopt sets DECAY_TIME (ms between releases of memory, negative for none), CACHE_COUNT_MAX and CACHE_SIZE_MAX (of mappings kept), or releases
// what can be with PURGE. Scudo takes no other.
func (h *Heap) Mallopt(name string, value int64) (taken bool, err error) {
	if value < math.MinInt32 || value > math.MaxInt32 {
		return false, fmt.Errorf("mallopt %s: %d does not fit an int; it goes from %d to %d", name, value, math.MinInt32, math.MaxInt32)
	}
	defer caught(&err)
	h.begin()
	switch name {
	case "DECAY_TIME":
		h.interval = value * 1_000_000
	case "PURGE":
		for c := 1; c < numClasses; c++ {
			h.releaseMaybe(c, true)
		}
		h.releaseOlder(math.MaxInt64)
	case "CACHE_COUNT_MAX":
		if value < 0 || value > maxEntries {
			return false, nil
		}
		h.entryCount = int(value)
	case "CACHE_SIZE_MAX":
		h.entrySize = uint64(value)
	default:
		return false, nil
	}
	return true, nil
}

// UsableSize is the number of bytes that were asked for (malloc_usable_size).
func (h *Heap) UsableSize(ptr uint64) (uint64, error) {
	if ptr == 0 {
		return 0, nil
	}
	f, err := h.find(ptr, "sizing")
	if err != nil {
		return 0, err
	}
	return h.userSize(f), nil
}
