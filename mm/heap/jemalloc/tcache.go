package jemalloc

import "slices"

const gcBytes = 65536 // allocated or freed between looks at one class of the cache (tcache_gc_incr_bytes)

// A cacheBin is the thread's stack of regions of one class (cache_bin_t).
type cacheBin struct {
	base     uint32 // where it begins in Heap.stack
	n        uint32
	low      uint32 // fewest since the last look
	max      uint32
	empty    uint64 // address of the stack's end
	fillDiv  uint8  // a miss fetches max >> fillDiv
	refilled bool
}

// slot is the address of the top of a class's stack.
func (h *Heap) slot(c class) uint64 { return h.cache[c].empty - uint64(h.cache[c].n)*h.g.word }

// newCache makes the stacks, which are a large block themselves (tsd_tcache_data_init).
func (h *Heap) newCache() bool {
	at := h.allocLarge(h.g.alignedSize(h.g.stack, pageSize), pageSize, 0, true)
	if at == 0 {
		return false
	}
	h.e[h.pages.Get(at>>pageShift)].live = false
	h.mem.Wr(at)
	h.mem.Wr(at + h.g.stack - h.g.word)
	at += h.g.word
	base := uint32(0)
	for c := range h.cache {
		n := h.g.cached[c]
		at += uint64(n) * h.g.word
		h.cache[c] = cacheBin{base: base, max: n, empty: at, fillDiv: 1}
		base += n
	}
	h.stack = make([]uint64, base)
	return true
}

// pop takes the top of a class's stack, which must not be empty.
func (h *Heap) pop(c class) uint64 {
	t := &h.cache[c]
	h.mem.Rd(t.empty - uint64(t.n)*h.g.word)
	t.n--
	t.low = min(t.low, t.n)
	return h.stack[t.base+t.n]
}

// pushCached puts a block on its class's stack; if that is full, half of it goes back first (tcache_dalloc_small, tcache_dalloc_large).
func (h *Heap) pushCached(c class, ptr uint64) {
	t := &h.cache[c]
	if t.n == t.max {
		h.flush(c, t.max>>1)
	}
	h.stack[t.base+t.n] = ptr
	t.n++
	h.mem.Wr(t.empty - uint64(t.n)*h.g.word)
}

// allocSmall takes a region, filling the stack if it is empty (tcache_alloc_small). 0: there is no memory.
func (h *Heap) allocSmall(c class) uint64 {
	t := &h.cache[c]
	if t.n == 0 {
		h.fill(&h.arenas[0], c, t.max>>t.fillDiv)
		t.refilled = true
		if t.n == 0 {
			return 0
		}
	}
	return h.pop(c)
}

// flush gives the oldest entries of a stack back and keeps the newest (tcache_bin_flush_impl).
func (h *Heap) flush(c class, keep uint32) {
	t := &h.cache[c]
	n := t.n - keep
	blocks := h.stack[t.base : t.base+t.n]
	h.mem.Rd(t.empty - uint64(n)*h.g.word)
	if c < smallBins {
		h.flushSmall(c, blocks[:n])
	} else {
		h.flushLarge(c, blocks[:n])
	}
	copy(blocks, blocks[n:])
	t.n = keep
	t.low = min(t.low, keep)
	if keep > 0 {
		h.mem.Wr(t.empty - uint64(keep)*h.g.word)
	}
}

// flushSmall gives regions back, the last first, and slabs that become empty by that.
func (h *Heap) flushSmall(c class, blocks []uint64) {
	a := &h.arenas[0]
	empty := h.empty[:0]
	for _, ptr := range slices.Backward(blocks) {
		if r := h.pages.Get(ptr >> pageShift); h.freeRegion(a, r, ptr) {
			empty = append(empty, r)
		}
	}
	h.wrBin(a, c)
	h.tick(a, len(blocks))
	for _, r := range empty {
		h.freePages(a, r)
	}
	h.empty = empty
}

// flushLarge gives large blocks back, the last first, but those of one arena after those of the other: very large blocks that were made
// smaller stay in the arena of such.
func (h *Heap) flushLarge(c class, blocks []uint64) {
	h.wrStats(&h.arenas[0], c)
	h.scratch = append(h.scratch[:0], blocks...)
	slices.Reverse(h.scratch)
	for todo := h.scratch; len(todo) > 0; {
		a := &h.arenas[h.e[h.pages.Get(todo[0]>>pageShift)].arena]
		later := todo[:0]
		for _, ptr := range todo {
			if r := h.pages.Get(ptr >> pageShift); h.e[r].arena == a.number {
				h.freeLarge(a, r)
			} else {
				later = append(later, ptr)
			}
		}
		h.tick(a, len(todo)-len(later))
		todo = later
	}
}

// advance counts bytes allocated or freed; every 64 KiB one class of the cache is looked at (te_event_advance).
func (h *Heap) advance(bytes *uint64, n uint64) {
	if *bytes += n; *bytes >= gcBytes {
		*bytes = 0
		h.collect()
	}
}

// collect gives back three quarters of what a class has not needed since the last look, and adapts how much a miss fetches
// (tcache_event).
func (h *Heap) collect() {
	c := class(h.nextGC)
	t := &h.cache[c]
	switch small := c < smallBins; {
	case t.low > 0 && small:
		h.flush(c, t.n-(t.low-t.low>>2))
		if t.max>>(t.fillDiv+1) >= 1 {
			t.fillDiv++
		}
	case t.low > 0:
		h.flush(c, t.n-t.low+t.low>>2)
	case small && t.refilled:
		t.fillDiv = max(t.fillDiv-1, 1)
		t.refilled = false
	}
	t.low = t.n
	if h.nextGC++; h.nextGC == cacheBins {
		h.nextGC = 0
	}
}
