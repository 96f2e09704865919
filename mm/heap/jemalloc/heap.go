package jemalloc

import (
	"fmt"
	"math/bits"
	"slices"

	"mmsim/mm/heap"
	"mmsim/mm/heap/internal/access"
	"mmsim/mm/heap/internal/pagemap"
	"mmsim/mm/heap/ptmalloc"
)

// Seed is that of a process whose randomness does not matter: the address of the thread's data where the loader puts it without
// randomisation of addresses.
const Seed = 0x7ffff7dd1a68

// A Heap is one process's jemalloc. See New.
type Heap struct {
	os  heap.OS
	mem access.Memory
	g   *geometry

	strict bool          // the system does not overcommit: memory is reserved without access first
	flags  heap.MapFlags // of mappings for access

	e         []extent
	slabs     []slab
	spareSlab row
	pages     pagemap.Map
	leaves    []leaf
	arenas    [2]arena

	cache  [cacheBins]cacheBin
	stack  []uint64
	ready  bool
	nextGC int
	seed   uint64 // of the thread's random numbers
	ticks  int64  // operations until the next look at the clock

	allocated, freed uint64 // bytes since the last look at the cache

	stash, empty []row    // used within a call
	scratch      []uint64 // likewise
}

var _ heap.Allocator = (*Heap)(nil)

// New is the jemalloc of a fresh process of 32 or 64 bits. It calls nothing before the first request. seed stands for the address of
// the thread's data, from which its random numbers come.
func New(os heap.OS, bits int, seed uint64) *Heap {
	h := &Heap{os: os, mem: access.Memory{OS: os}, g: geometry64(), seed: seed, ticks: decayTicks}
	if bits == 32 {
		h.g = geometry32()
	}
	h.e = make([]extent, firstExtent, 64)
	for r := dirtyHead; r < firstExtent; r++ {
		h.e[r].next, h.e[r].prev = r, r
	}
	h.slabs = make([]slab, 1, 64)
	return h
}

// Clone is the jemalloc of a forked child.
func (h *Heap) Clone(os heap.OS) heap.Allocator {
	n := *h
	n.os, n.mem.OS = os, os
	n.e, n.slabs, n.leaves, n.stack = slices.Clone(h.e), slices.Clone(h.slabs), slices.Clone(h.leaves), slices.Clone(h.stack)
	n.pages = h.pages.Clone()
	n.stash, n.empty, n.scratch = nil, nil, nil
	for i := range n.arenas {
		a := &n.arenas[i]
		a.blocks, a.avail = slices.Clone(a.blocks), slices.Clone(a.avail)
		for _, s := range []*set{&a.dirty, &a.retained} {
			for b := range s.bins {
				s.bins[b] = slices.Clone(s.bins[b])
			}
		}
		for b := range a.bins {
			a.bins[b].nonfull = slices.Clone(a.bins[b].nonfull)
		}
	}
	return &n
}

// begin starts a call; the first one does what the library does when it is loaded. False: there is no memory for that.
func (h *Heap) begin() bool {
	h.mem.Forget()
	return h.ready || h.load()
}

// load tries what madvise can do, and makes the first arena and the thread's cache (malloc_init_hard, pages_boot). What fails is tried again at
// the next call.
func (h *Heap) load() bool {
	if h.arenas[0].at == 0 {
		at, ok := h.os.Mmap(0, pageSize, 0)
		if !ok {
			return false
		}
		h.os.Touch(at, pageSize, true)
		h.os.DontNeed(at, pageSize)
		h.os.Munmap(at, pageSize)
		flags := heap.MapNoReserve
		if h.strict = !h.os.Overcommits(); h.strict {
			flags = heap.MapNone
		} else {
			h.flags = heap.MapNoReserve
		}
		if at, ok = h.os.Mmap(0, pageSize, flags); !ok {
			return false
		}
		h.os.LazyFree(at, pageSize)
		h.os.Munmap(at, pageSize)
		a := &h.arenas[0]
		if !h.newBase(a) {
			return false
		}
		info, _ := a.meta(h, 2*cacheBins, cacheLine)
		h.mem.Fill(info, 2*cacheBins)
		if !h.newArena(0, dirtyDecay) {
			return false
		}
	}
	if !h.newCache() {
		return false
	}
	if at, _ := h.arenas[0].meta(h, 4*h.g.background, cacheLine); at != 0 {
		h.mem.Fill(at, 4*h.g.background)
	}
	h.ready = true
	return true
}

// Malloc allocates n bytes (malloc).
func (h *Heap) Malloc(n uint64) (uint64, error) {
	if n <= lookupMax && h.ready {
		h.mem.Forget()
	} else if !h.begin() {
		return 0, heap.ErrNoMemory
	}
	c := h.g.classOf(n)
	if c == noClass {
		return 0, heap.ErrNoMemory
	}
	ptr := h.alloc(c, n, false)
	if ptr == 0 {
		return 0, heap.ErrNoMemory
	}
	h.advance(&h.allocated, h.g.sizes[c])
	return ptr, nil
}

// alloc takes a block of a class (arena_malloc). Whether a block is very large goes by what was asked for, not by its class.
func (h *Heap) alloc(c class, request uint64, zero bool) uint64 {
	var ptr uint64
	switch {
	case c < smallBins:
		ptr = h.allocSmall(c)
		if ptr == 0 {
			return 0
		}
		h.setLive(ptr, c, true)
	case c < cacheBins && h.cache[c].n > 0:
		ptr = h.pop(c)
		h.e[h.pages.Get(ptr>>pageShift)].live = true
	default:
		return h.allocLarge(h.g.sizes[c], cacheLine, request, zero)
	}
	if zero {
		h.mem.Fill(ptr, h.g.sizes[c])
	}
	return ptr
}

// setLive notes whether a region belongs to the program.
func (h *Heap) setLive(ptr uint64, c class, live bool) {
	e := &h.e[h.pages.Get(ptr>>pageShift)]
	i := (ptr - e.addr) * h.g.bins[c].inverse >> 32
	if live {
		h.slabs[e.slab].live[i/64] |= 1 << (i % 64)
	} else {
		h.slabs[e.slab].live[i/64] &^= 1 << (i % 64)
	}
}

// find is the extent and the class of the live block at an address. 0: there is none.
func (h *Heap) find(ptr uint64) (row, class) {
	r := h.pages.Get(ptr >> pageShift)
	if r == 0 {
		return 0, noClass
	}
	e := &h.e[r]
	switch {
	case e.state != active || e.class == noClass:
		return 0, noClass
	case e.slab == 0:
		if !e.live || ptr != e.addr {
			return 0, noClass
		}
		return r, e.class
	}
	b := &h.g.bins[e.class]
	i := (ptr - e.addr) * b.inverse >> 32
	if i >= uint64(b.regions) || e.addr+i*b.size != ptr || h.slabs[e.slab].live[i/64]>>(i%64)&1 == 0 {
		return 0, noClass
	}
	return r, e.class
}

// notLive is the error for a pointer that is not that of a live block. The real library does not look: it reads its own structures for
// whatever the pointer is, and crashes or goes on with damaged ones.
func notLive(call string, ptr uint64) error {
	return heap.Abort(fmt.Sprintf("%s: invalid pointer %#x (jemalloc does not check: undefined behaviour)", call, ptr))
}

// Calloc allocates n*size bytes of zeros (calloc). Only regions and cached blocks are cleared; other memory comes as zeros from the system.
func (h *Heap) Calloc(n, size uint64) (uint64, error) {
	hi, total := bits.Mul64(n, size)
	if hi != 0 || !h.begin() {
		return 0, heap.ErrNoMemory
	}
	c := h.g.classOf(total)
	if c == noClass {
		return 0, heap.ErrNoMemory
	}
	ptr := h.alloc(c, total, true)
	if ptr == 0 {
		return 0, heap.ErrNoMemory
	}
	h.advance(&h.allocated, h.g.sizes[c])
	return ptr, nil
}

// Free gives a block back (free).
func (h *Heap) Free(ptr uint64) error {
	if ptr == 0 {
		return nil
	}
	r, c := h.find(ptr)
	if r == 0 {
		return notLive("free()", ptr)
	}
	h.mem.Forget()
	h.free(r, c, ptr)
	h.advance(&h.freed, h.g.sizes[c])
	return nil
}

func (h *Heap) free(r row, c class, ptr uint64) {
	e := &h.e[r]
	switch {
	case c < smallBins:
		i := (ptr - e.addr) * h.g.bins[c].inverse >> 32
		h.slabs[e.slab].live[i/64] &^= 1 << (i % 64)
		h.pushCached(c, ptr)
	case c < cacheBins:
		e.live = false
		h.pushCached(c, ptr)
	default:
		a := &h.arenas[e.arena]
		h.freeLarge(a, r)
		h.tick(a, 1)
	}
}

// Realloc changes the size of a block (realloc): where it lies if the class stays, or if it is large and what lies behind it is free;
// otherwise by copying.
func (h *Heap) Realloc(ptr, n uint64) (uint64, error) {
	if ptr == 0 {
		return h.Malloc(n)
	}
	r, c := h.find(ptr)
	if r == 0 {
		return 0, notLive("realloc()", ptr)
	}
	if n == 0 {
		return 0, h.Free(ptr)
	}
	h.mem.Forget()
	nc := h.g.classOf(n)
	if nc == noClass {
		return 0, heap.ErrNoMemory
	}
	old, size := h.g.sizes[c], h.g.sizes[nc]
	to := ptr
	switch {
	case c == nc && c < smallBins:
		h.tick(&h.arenas[0], 1)
	case c >= smallBins && nc >= smallBins && h.resizeLarge(r, size):
	default:
		if c >= smallBins && nc >= smallBins {
			to = h.allocLarge(size, cacheLine, size, false)
		} else {
			to = h.alloc(nc, size, false)
		}
		if to == 0 {
			return 0, heap.ErrNoMemory
		}
		h.mem.Copy(to, ptr, min(size, old))
		h.free(r, c, ptr)
	}
	h.advance(&h.allocated, size)
	h.advance(&h.freed, old)
	return to, nil
}

// Memalign allocates n bytes at a multiple of align, which must be a power of two (memalign).
func (h *Heap) Memalign(align, n uint64) (uint64, error) {
	if align == 0 || align&(align-1) != 0 {
		return 0, heap.ErrInvalid
	}
	if !h.begin() {
		return 0, heap.ErrNoMemory
	}
	size := h.g.alignedSize(n, align) // 0 bytes are a region of the smallest class, whatever the alignment
	if size == 0 {
		return 0, heap.ErrNoMemory
	}
	var ptr uint64
	if size <= smallMax {
		ptr = h.alloc(h.g.classOf(size), size, false)
	} else {
		ptr = h.allocLarge(size, max(align, cacheLine), size, false)
	}
	if ptr == 0 {
		return 0, heap.ErrNoMemory
	}
	h.advance(&h.allocated, size)
	return ptr, nil
}

// Trim does nothing: malloc_trim is the C library's, whose own heap is empty.
func (h *Heap) Trim(uint64) bool { return false }

// Mallopt sets parameters of the C library's own malloc, which nobody uses.
func (h *Heap) Mallopt(name string, value int64) (bool, error) {
	return ptmalloc.New(h.os, int(h.g.word)*8).Mallopt(name, value)
}

// UsableSize is the number of bytes that a block really has (malloc_usable_size).
func (h *Heap) UsableSize(ptr uint64) (uint64, error) {
	if ptr == 0 {
		return 0, nil
	}
	r, c := h.find(ptr)
	if r == 0 {
		return 0, notLive("malloc_usable_size()", ptr)
	}
	return h.g.sizes[c], nil
}
