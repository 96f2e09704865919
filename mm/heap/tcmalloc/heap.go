package tcmalloc

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"mmsim/mm/heap"
	"mmsim/mm/heap/internal/access"
	"mmsim/mm/heap/internal/pagemap"
)

// A Heap is one process's tcmalloc. See New.
type Heap struct {
	os    heap.OS
	mem   access.Memory
	g     geometry
	sizes *sizeMap

	spans        []span
	spareSpan    row
	objects      []object
	spareObjects [maxClasses]row // of each class, groups of rows as large as a span needs
	pages        pagemap.Map

	largeNormal, largeReturned []row // ordered by length and address
	freeBytes, returnedBytes   uint64
	systemBytes                uint64
	scavengeCounter            int64 // pages that may still be freed before some are given back
	releaseIndex               int

	central     [maxClasses]central
	raceCounter int

	cache                uint64 // where the thread's cache lies; 0: the library has not been used
	lists                [maxClasses]list
	cacheBytes, cacheMax int64
	unclaimed            int64

	metaNext, metaAvail             uint64
	spanMeta, traces, caches, nodes pool
	leaves                          []leaf64 // of the page map, ordered
	sbrkFailed, mmapFailed          bool
	loaded                          bool // the library's flags have their values
}

var _ heap.Allocator = (*Heap)(nil)

// New is the tcmalloc of a fresh process of 32 or 64 bits. It calls nothing before the first request.
func New(os heap.OS, bits int) *Heap {
	h := &Heap{os: os, mem: access.Memory{OS: os}, g: geometry64, sizes: sizes(), releaseIndex: maxPages, unclaimed: cacheSpace}
	if bits == 32 {
		h.g = geometry32
	}
	h.spans = make([]span, firstSpan, firstSpan+64)
	for i := range h.spans {
		h.spans[i].next, h.spans[i].prev = row(i), row(i)
	}
	h.objects = make([]object, 1, 1024)
	return h
}

// Clone is the tcmalloc of a forked child.
func (h *Heap) Clone(os heap.OS) heap.Allocator {
	n := *h
	n.os, n.mem.OS = os, os
	n.spans, n.objects, n.leaves = slices.Clone(h.spans), slices.Clone(h.objects), slices.Clone(h.leaves)
	n.largeNormal, n.largeReturned = slices.Clone(h.largeNormal), slices.Clone(h.largeReturned)
	n.pages = h.pages.Clone()
	for i := range n.central {
		n.central[i].slots = slices.Clone(h.central[i].slots)
	}
	n.spanMeta, n.traces, n.caches, n.nodes = h.spanMeta.clone(), h.traces.clone(), h.caches.clone(), h.nodes.clone()
	return &n
}

// begin starts a call; the first one does what the library does when it is loaded.
func (h *Heap) begin() {
	h.mem.Forget()
	if h.cache == 0 {
		h.load()
	}
}

// load is what happens before main: the static tables, a thread cache made too early, a second one, and the first small objects
// (TCMallocGuard, InitStaticVars).
func (h *Heap) load() {
	h.spanMeta.init(h, h.g.span)
	h.spanMeta.alloc(h)
	h.spanMeta.alloc(h)
	h.traces.init(h, h.g.trace)
	h.initCentral()
	h.caches.init(h, h.g.cache)
	h.newCache()
	if o := h.allocate(1); o != 0 {
		h.mem.Wr(h.objects[o].addr)
		h.objects[o].next = 0
		h.insert(1, batch{o, o}, 1) // the thread has no cache of its own yet
	}
	h.newCache()
	if o := h.allocate(1); o != 0 {
		h.deallocate(1, o)
	}
	// The objects that describe the library's extensions, and those of a library that has none.
	h.allocate(h.sizes.class(2 * h.g.word))
	h.allocate(h.sizes.class(h.g.word))
	h.loaded = true
}

// caught turns the end of the process for want of memory for descriptions into an error.
func caught(err *error) {
	switch r := recover(); r {
	case nil:
	case noMeta:
		*err = noMeta
	default:
		panic(r)
	}
}

// Malloc allocates n bytes (tc_malloc).
func (h *Heap) Malloc(n uint64) (ptr uint64, err error) {
	if n <= maxSize && h.cache != 0 {
		h.mem.Forget()
		if cl := h.sizes.class(n); h.lists[cl].head != 0 {
			return h.objects[h.allocate(cl)].addr, nil
		}
	}
	defer caught(&err)
	h.begin()
	return h.malloc(n)
}

func (h *Heap) malloc(n uint64) (uint64, error) {
	if n <= maxSize {
		if o := h.allocate(h.sizes.class(n)); o != 0 {
			return h.objects[o].addr, nil
		}
		return 0, heap.ErrNoMemory
	}
	if s := h.newPages(pages(n)); s != 0 {
		return h.spans[s].start << pageShift, nil
	}
	return 0, heap.ErrNoMemory
}

func pages(n uint64) uint64 { return n>>pageShift + (n&(pageSize-1)+pageSize-1)>>pageShift }

func (h *Heap) tooLarge(n uint64) bool { return n > 1<<(h.g.word*8-1)<<1-1 }

// Calloc allocates n*size bytes of zeros, all of which it writes (tc_calloc).
func (h *Heap) Calloc(n, size uint64) (ptr uint64, err error) {
	hi, total := bits.Mul64(n, size)
	if hi != 0 || h.tooLarge(total) {
		return 0, heap.ErrNoMemory
	}
	if ptr, err = h.Malloc(total); err == nil {
		s, _ := h.find(ptr)
		h.mem.Fill(ptr, h.usable(s))
	}
	return ptr, err
}

// usable is the number of bytes of a block of a span.
func (h *Heap) usable(s row) uint64 {
	if cl := h.spans[s].class; cl != 0 {
		return uint64(h.sizes.classes[cl].size)
	}
	return h.spans[s].length << pageShift
}

// Free gives a block back (tc_free).
func (h *Heap) Free(ptr uint64) (err error) {
	if ptr == 0 {
		return nil
	}
	s, o := h.find(ptr)
	if s == 0 {
		return heap.Abort(fmt.Sprintf("src/tcmalloc.cc:333] Attempt to free invalid pointer %#x", ptr))
	}
	h.mem.Forget()
	if o != 0 {
		l := &h.lists[h.spans[s].class]
		if l.length < l.max && h.cacheBytes < h.cacheMax-maxSize {
			h.deallocate(h.spans[s].class, o)
			return nil
		}
	}
	defer caught(&err)
	h.free(s, o)
	return nil
}

func (h *Heap) free(s, o row) {
	if o != 0 {
		h.deallocate(h.spans[s].class, o)
	} else {
		h.delete(s)
	}
}

// Realloc changes the size of a block: it stays unless it grows, or shrinks to less than half (tc_realloc). A block that grows
// by less than a quarter grows by a quarter.
func (h *Heap) Realloc(ptr, n uint64) (to uint64, err error) {
	if ptr == 0 {
		return h.Malloc(n)
	}
	s, o := h.find(ptr)
	if s == 0 {
		return 0, heap.Abort(fmt.Sprintf("src/tcmalloc.cc:337] Attempt to realloc invalid pointer %#x", ptr))
	}
	defer caught(&err)
	h.begin()
	if n == 0 {
		h.free(s, o)
		return 0, nil
	}
	old := h.usable(s)
	if n <= old && n >= old/2 {
		return ptr, nil
	}
	err = heap.ErrNoMemory
	if grown := old + old/4; n > old && n < grown {
		to, err = h.malloc(grown)
	}
	if err != nil {
		to, err = h.malloc(n)
	}
	if err != nil {
		return 0, err
	}
	h.mem.Copy(to, ptr, min(old, n))
	h.free(s, o)
	return to, nil
}

// Memalign allocates n bytes at a multiple of align (tc_memalign): up to 8 KiB a class whose size is such a multiple, beyond it a span
// from whose ends the rest is freed.
func (h *Heap) Memalign(align, n uint64) (ptr uint64, err error) {
	defer caught(&err)
	h.begin()
	if align <= pageSize {
		up := (n + align - 1) &^ (align - 1)
		if up == 0 {
			if up = n; n == 0 {
				up = align
			}
		}
		return h.malloc(up)
	}
	if align&(align-1) != 0 {
		align = 1 << bits.Len64(align) // 0 for what is too large
	}
	n = max(n, 1)
	if align == 0 || n+align < n || h.tooLarge(n+align) {
		return 0, heap.ErrNoMemory
	}
	s := h.newPages(pages(n + align))
	if s == 0 {
		return 0, heap.ErrNoMemory
	}
	if skip := -h.spans[s].start & (align>>pageShift - 1); skip > 0 {
		rest := h.split(s, skip)
		h.delete(s)
		s = rest
	}
	if need := pages(n); h.spans[s].length > need {
		h.delete(h.split(s, need))
	}
	return h.spans[s].start << pageShift, nil
}

// Trim does nothing: malloc_trim is the C library's, whose own heap is empty.
func (h *Heap) Trim(uint64) bool { return false }

// Mallopt accepts everything and does nothing (tc_mallopt returns 1 always).
func (h *Heap) Mallopt(name string, value int64) (bool, error) {
	if value < math.MinInt32 || value > math.MaxInt32 {
		return false, fmt.Errorf("mallopt %s: %d does not fit an int; it goes from %d to %d", name, value, math.MinInt32, math.MaxInt32)
	}
	return true, nil
}

// UsableSize is the number of bytes that a block really has (GetAllocatedSize).
func (h *Heap) UsableSize(ptr uint64) (uint64, error) {
	if ptr == 0 {
		return 0, nil
	}
	s, _ := h.find(ptr)
	if s == 0 {
		return 0, heap.Abort(fmt.Sprintf("src/tcmalloc.cc:343] Attempt to get the size of an invalid pointer %#x", ptr))
	}
	return h.usable(s), nil
}
