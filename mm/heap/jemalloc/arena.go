package jemalloc

import "math/bits"

// A bin is an arena's slabs of one class (bin_t): the one that regions are taken from, and others with free regions.
type bin struct {
	cur     row
	nonfull queue
}

// newArena makes the arena's structure (arena_new). Every arena but the first has its own memory for descriptions.
func (h *Heap) newArena(n uint8, ms int64) bool {
	a := &h.arenas[n]
	a.number = n
	if n > 0 && !h.newBase(a) {
		return false
	}
	at, _ := a.meta(h, h.g.arena+smallBins*h.g.bin, cacheLine)
	if at == 0 {
		return false
	}
	h.mem.Fill(at, h.g.word*3)
	h.mem.Fill(at+h.g.shard, h.g.shardEnd-h.g.shard)
	h.mem.Fill(at+h.g.arena-h.g.word*8, smallBins*h.g.bin+h.g.word*8)
	a.dirty.state, a.dirty.delay, a.dirty.lru = dirty, true, dirtyHead+row(n)
	a.retained.state, a.retained.lru = retained, retainedHead+row(n)
	a.grow = h.g.pageClass(hugePage)
	a.decay.start(ms, h.os.Now(), at+h.g.decay)
	a.at = at
	return true
}

// newBase maps an arena's first memory for descriptions (base_new).
func (h *Heap) newBase(a *arena) bool {
	a.lastBlock, a.blocks = 0, a.blocks[:0]
	if !a.addBlock(h, h.g.base, quantum) {
		return false
	}
	b := &a.blocks[0]
	at := alignUp(b.next, cacheLine)
	n := alignUp(h.g.base, cacheLine)
	b.left -= at + n - b.next
	b.next = at + n
	h.mem.Fill(at, n)
	return true
}

// choose is the arena for a request: a separate one for what is very large (arena_choose_maybe_huge). nil: it cannot be made.
func (h *Heap) choose(n uint64) *arena {
	if n < oversize {
		return &h.arenas[0]
	}
	if h.arenas[1].at == 0 && !h.newArena(1, 0) {
		return nil
	}
	return &h.arenas[1]
}

func (h *Heap) wrBin(a *arena, c class) { h.mem.Wr(a.at + h.g.arena + uint64(c)*h.g.bin) }

// wrStats counts an operation on a large class.
func (h *Heap) wrStats(a *arena, c class) {
	h.mem.Wr(a.at + h.g.stats + uint64(c-smallBins)*h.g.statsLen)
}

// newSlab is an extent with all regions of a class free (arena_slab_alloc). 0: there is no memory.
func (h *Heap) newSlab(a *arena, c class) row {
	b := &h.g.bins[c]
	r := h.allocExtent(a, b.slab, pageSize, false)
	if r == 0 {
		return 0
	}
	i := h.spareSlab
	if i != 0 {
		h.spareSlab = row(h.slabs[i].free[0])
		h.slabs[i] = slab{}
	} else {
		i = row(len(h.slabs))
		h.slabs = append(h.slabs, slab{})
	}
	e := &h.e[r]
	e.slab, e.class, e.free = i, c, b.regions
	f := &h.slabs[i].free
	for w := range f {
		switch left := int(b.regions) - w*64; {
		case left >= 64:
			f[w] = ^uint64(0)
		case left > 0:
			f[w] = 1<<left - 1
		}
	}
	h.register(r)
	h.registerInterior(r, r)
	h.wr(r)
	return r
}

// fill puts n regions of a class on the thread's stack, the lowest on top (arena_cache_bin_fill_small).
func (h *Heap) fill(a *arena, c class, n uint32) {
	b, t := &a.bins[c], &h.cache[c]
	h.wrBin(a, c)
	regions := h.scratch[:0]
	for uint32(len(regions)) < n {
		if s := b.cur; s != 0 && h.e[s].free > 0 {
			regions = h.takeRegions(s, regions, n-uint32(len(regions)))
			continue
		}
		b.cur = 0
		if len(b.nonfull) > 0 {
			b.cur = b.nonfull[0]
			h.drop(&b.nonfull, b.cur)
			continue
		}
		if b.cur = h.newSlab(a, c); b.cur == 0 {
			break
		}
	}
	for i := len(regions) - 1; i >= 0; i-- {
		h.stack[t.base+t.n] = regions[i]
		t.n++
		h.mem.Wr(h.slot(c))
	}
	h.scratch = regions
	h.tick(a, 1)
}

// takeRegions takes up to n of a slab's free regions, lowest first.
func (h *Heap) takeRegions(r row, out []uint64, n uint32) []uint64 {
	e := &h.e[r]
	n = min(n, e.free)
	e.free -= n
	f := &h.slabs[e.slab].free
	size := h.g.bins[e.class].size
	for w := 0; n > 0; w++ {
		for ; n > 0 && f[w] != 0; n-- {
			out = append(out, e.addr+uint64(w*64+bits.TrailingZeros64(f[w]))*size)
			f[w] &= f[w] - 1
		}
	}
	h.wr(r)
	return out
}

// freeRegion gives a region back to its slab and tells whether the slab is now empty, and out of its bin
// (arena_dalloc_bin_locked_step).
func (h *Heap) freeRegion(a *arena, r row, ptr uint64) bool {
	e := &h.e[r]
	info, b := &h.g.bins[e.class], &a.bins[e.class]
	i := (ptr - e.addr) * info.inverse >> 32
	h.slabs[e.slab].free[i/64] |= 1 << (i % 64)
	e.free++
	h.wr(r)
	if e.free == info.regions {
		if r == b.cur {
			b.cur = 0
		} else if info.regions > 1 {
			h.drop(&b.nonfull, r)
		}
		return true
	}
	if e.free == 1 && r != b.cur {
		if cur := b.cur; cur != 0 && h.older(r, cur) {
			if h.e[cur].free > 0 {
				h.push(&b.nonfull, cur)
			}
			b.cur = r
		} else {
			h.push(&b.nonfull, r)
		}
	}
	return false
}

// allocLarge is a block of an extent of its own, beginning at a random cache line of the first page unless it has to be aligned
// (large_palloc). request is the size that the arena is chosen by. 0: there is no memory.
func (h *Heap) allocLarge(n, align, request uint64, zero bool) uint64 {
	a := h.choose(request)
	if a == nil {
		return 0
	}
	r := h.allocExtent(a, n+largePad, align, zero)
	if r == 0 {
		return 0
	}
	e := &h.e[r]
	e.class, e.live = h.g.classOf(n), true
	if align < pageSize {
		lg := uint(pageShift - (bits.Len64(alignUp(align, cacheLine)) - 1))
		e.addr += draw(&h.seed, lg) << (pageShift - lg)
	}
	h.wrStats(a, e.class)
	h.mem.Wr(h.leafAt(e.base() >> pageShift))
	h.wr(r)
	h.tick(a, 1)
	return e.addr
}

// freeLarge is large_dalloc without its tick.
func (h *Heap) freeLarge(a *arena, r row) {
	h.wrStats(a, h.e[r].class)
	h.freePages(a, r)
}

// resizeLarge changes the size of a large block where it lies (large_ralloc_no_move).
func (h *Heap) resizeLarge(r row, n uint64) bool {
	e := &h.e[r]
	a := &h.arenas[e.arena]
	old := h.g.sizes[e.class]
	switch {
	case n > old:
		if !h.expandExtent(a, r, n-old) {
			return false
		}
	case n < old:
		t := h.split(a, r, n+largePad)
		if t == 0 {
			return false
		}
		h.e[t].zeroed = false
		h.put(a, &a.dirty, t)
		if a.decay.ms == 0 {
			h.decayTo(a, 0, a.dirty.npages)
		}
	}
	if n != old {
		h.e[r].class = h.g.classOf(n)
		h.wrStats(a, h.e[r].class)
	}
	h.tick(a, 1)
	return true
}
