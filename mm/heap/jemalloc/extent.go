package jemalloc

import "mmsim/mm/heap"

// An arena is a set of extents and the slabs cut from some of them (arena_t).
type arena struct {
	number    uint8
	at        uint64 // where its structure lies, 0: it does not exist
	blocks    []block
	lastBlock int   // class of the last block of metadata
	avail     queue // descriptions not in use
	nextSN    uint64
	grow      int // class of the next mapping (exp_grow_t)
	dirty     set
	retained  set
	decay     decay
	bins      [smallBins]bin
}

// split cuts an extent in two and returns the second (extent_split_impl). 0: there is no memory for its description.
func (h *Heap) split(a *arena, r row, first uint64) row {
	t := h.newExtent(a)
	if t == 0 {
		return 0
	}
	e := h.e[r]
	h.initExtent(t, a, e.base()+first, e.size-first, e.sn, e.zeroed, e.committed, false)
	if !h.needLeaf((e.base()+first)>>pageShift-1) || !h.needLeaf((e.base()+first)>>pageShift) {
		h.freeExtent(a, t)
		return 0
	}
	h.e[t].state = e.state
	h.e[r].size = first
	h.wr(r)
	h.register(r)
	h.register(t)
	return t
}

// merge joins two extents that lie side by side, the lower of which goes on (extent_merge_impl).
func (h *Heap) merge(a *arena, lo, hi row) {
	l, r := &h.e[lo], &h.e[hi]
	h.setPage(l.past()>>pageShift-1, 0)
	h.setPage(r.base()>>pageShift, 0)
	l.state = active
	l.size += r.size
	l.sn = min(l.sn, r.sn)
	l.zeroed = l.zeroed && r.zeroed
	h.wr(lo)
	h.freeExtent(a, hi)
	h.register(lo)
}

// neighbour is the extent before or behind one, if it has the state and may be joined with it (emap_try_acquire_edata_neighbor).
func (h *Heap) neighbour(r row, state uint8, forward bool) row {
	page := h.e[r].base()>>pageShift - 1
	if forward {
		page = h.e[r].past() >> pageShift
	}
	if at := h.leafAt(page); at != 0 {
		h.mem.Rd(at)
	}
	n := h.pages.Get(page)
	if n == 0 || h.e[n].state != state || h.e[n].arena != h.e[r].arena || forward && h.e[n].head || !forward && h.e[r].head {
		return 0
	}
	return n
}

// coalesce joins an active extent with neighbours in a set, but only one at a time where that is delayed, and tells whether it did
// (extent_try_coalesce_impl).
func (h *Heap) coalesce(a *arena, s *set, r row) (row, bool) {
	alike := func(n row) bool { return n != 0 && h.e[n].committed == h.e[r].committed }
	joined := false
	for again := true; again; {
		again = false
		if n := h.neighbour(r, s.state, true); alike(n) {
			h.setRemove(s, n)
			h.merge(a, r, n)
			joined, again = true, true
			if s.delay {
				return r, true
			}
		}
		if p := h.neighbour(r, s.state, false); alike(p) {
			h.setRemove(s, p)
			h.merge(a, p, r)
			r, joined, again = p, true, true
			if s.delay {
				return r, true
			}
		}
	}
	return r, joined
}

// put puts an active extent into a set (extent_record).
func (h *Heap) put(a *arena, s *set, r row) {
	if !s.delay {
		r, _ = h.coalesce(a, s, r)
	} else if h.e[r].size >= largeMin {
		for joined := true; joined; {
			r, joined = h.coalesce(a, s, r)
		}
		if h.e[r].size >= oversize {
			h.giveBack(a, r)
			return
		}
	}
	h.setInsert(s, r)
}

// giveBack gives an extent's memory back to the system and keeps the addresses, or those too (extent_dalloc_wrapper).
func (h *Heap) giveBack(a *arena, r row) {
	e := &h.e[r]
	if !h.g.retain {
		h.deregister(r)
		h.os.Munmap(e.base(), e.size)
		h.mem.Forget()
		h.freeExtent(a, r)
		return
	}
	if e.committed && h.strict {
		if _, ok := h.os.Mmap(e.base(), e.size, heap.MapNone|heap.MapFixed); ok {
			e.committed = false
		} else {
			h.os.DontNeed(e.base(), e.size)
		}
	} else if e.committed {
		h.os.DontNeed(e.base(), e.size)
	}
	h.mem.Forget()
	e.zeroed = true
	h.put(a, &a.retained, r)
}

// take finds an extent in a set, or behind another one if expand is not 0, and cuts it to size (extent_recycle). 0: there is none.
func (h *Heap) take(a *arena, s *set, expand row, size, align uint64, zero bool) row {
	var r row
	if expand != 0 {
		r = h.neighbour(expand, s.state, true)
		if r == 0 || h.e[r].size < size {
			return 0
		}
	} else if r = h.fit(s, size, align); r == 0 {
		return 0
	}
	h.setRemove(s, r)
	h.setState(r, active)
	r, lead, trail := h.cut(a, r, size, align)
	if lead != 0 {
		h.setInsert(s, lead)
	}
	if trail != 0 {
		h.setInsert(s, trail)
	}
	if r != 0 && !h.commit(r) {
		h.put(a, s, r)
		return 0
	}
	if r != 0 && zero && !h.e[r].zeroed {
		// Pages of zeros come from the system.
		h.os.DontNeed(h.e[r].base(), h.e[r].size)
		h.mem.Forget()
	}
	return r
}

// commit makes an extent accessible that is not, which it can only be without overcommit (extent_commit_impl).
func (h *Heap) commit(r row) bool {
	e := &h.e[r]
	if !e.committed {
		_, e.committed = h.os.Mmap(e.base(), e.size, heap.MapFixed)
		h.mem.Forget()
	}
	return e.committed
}

// cut splits off what lies before and behind size bytes at a multiple of align (extent_split_interior). Without memory for
// descriptions the result is 0 and the whole extent is the lead.
func (h *Heap) cut(a *arena, r row, size, align uint64) (mid, lead, trail row) {
	if n := alignUp(h.e[r].base(), pageCeil(align)) - h.e[r].base(); n > 0 {
		lead = r
		if r = h.split(a, r, n); r == 0 {
			return 0, lead, 0
		}
	}
	if h.e[r].size > size {
		if trail = h.split(a, r, size); trail == 0 {
			return 0, r, lead
		}
	}
	return r, lead, trail
}

// growRetained maps more than is asked for, ever more from time to time, and keeps the rest (extent_grow_retained).
func (h *Heap) growRetained(a *arena, size, align uint64, zero bool) row {
	least := size + pageCeil(align) - pageSize
	if least < size {
		return 0
	}
	i := a.grow
	for h.g.pages[i] < least {
		if i++; i >= h.g.pageClass(h.g.maxClass) {
			return 0
		}
	}
	r := h.newExtent(a)
	if r == 0 {
		return 0
	}
	flags := h.flags
	if h.strict {
		flags = heap.MapNone
	}
	at, ok := h.os.Mmap(0, h.g.pages[i], flags)
	if !ok {
		h.freeExtent(a, r)
		return 0
	}
	h.initExtent(r, a, at, h.g.pages[i], a.nextSN, !h.strict, !h.strict, true)
	a.nextSN++
	if !h.register(r) {
		h.freeExtent(a, r)
		return 0
	}
	r, lead, trail := h.cut(a, r, size, align)
	if lead != 0 {
		h.put(a, &a.retained, lead)
	}
	if trail != 0 {
		h.put(a, &a.retained, trail)
	}
	if r != 0 && !h.commit(r) {
		h.put(a, &a.retained, r)
		return 0
	}
	if r != 0 {
		if zero && !h.e[r].zeroed {
			h.os.DontNeed(h.e[r].base(), h.e[r].size)
			h.mem.Forget()
		}
		a.grow = min(i+1, h.g.pageClass(h.g.maxClass))
	}
	return r
}

// mapExtent maps just what is asked for, at an address if that is not 0 (extent_alloc_wrapper).
func (h *Heap) mapExtent(a *arena, addr, size, align uint64) row {
	r := h.newExtent(a)
	if r == 0 {
		return 0
	}
	var at uint64
	var ok bool
	if addr != 0 {
		if at, ok = addr, h.mapAt(addr, size); !ok {
			// Extending the break comes next, which takes a description before it sees that the break is elsewhere (extent_alloc_dss).
			if gap := h.newExtent(a); gap != 0 {
				h.freeExtent(a, gap)
			}
		}
	} else {
		at, ok = h.mapPages(size, pageCeil(align))
	}
	if !ok {
		h.freeExtent(a, r)
		return 0
	}
	h.initExtent(r, a, at, size, a.nextSN, true, true, h.g.retain)
	a.nextSN++
	if !h.register(r) {
		h.os.Munmap(at, size)
		h.freeExtent(a, r)
		return 0
	}
	return r
}

// allocExtent finds size bytes among the dirty extents, the retained ones, or in new memory (pac_alloc_real). 0: there is no memory.
func (h *Heap) allocExtent(a *arena, size, align uint64, zero bool) row {
	if r := h.take(a, &a.dirty, 0, size, align, zero); r != 0 {
		return r
	}
	if r := h.take(a, &a.retained, 0, size, align, zero); r != 0 {
		return r
	}
	if h.g.retain {
		if r := h.growRetained(a, size, align, zero); r != 0 {
			return r
		}
	}
	return h.mapExtent(a, 0, size, align)
}

// expandExtent makes an extent larger by what lies free behind it, and where memory is unmapped when it is given back also by what is not
// mapped there (pac_expand_impl).
func (h *Heap) expandExtent(a *arena, r row, more uint64) bool {
	t := h.take(a, &a.dirty, r, more, pageSize, false)
	if t == 0 {
		t = h.take(a, &a.retained, r, more, pageSize, false)
	}
	if t == 0 && !h.g.retain {
		t = h.mapExtent(a, h.e[r].past(), more, pageSize)
	}
	if t == 0 {
		return false
	}
	h.merge(a, r, t)
	return true
}

// freePages makes an active extent dirty (pa_dalloc).
func (h *Heap) freePages(a *arena, r row) {
	e := &h.e[r]
	if e.slab != 0 {
		h.registerInterior(r, 0)
		h.slabs[e.slab].free[0] = uint64(h.spareSlab)
		h.spareSlab = e.slab
	}
	e.addr, e.class, e.slab, e.live, e.zeroed = e.base(), noClass, 0, false, false
	h.put(a, &a.dirty, r)
	if a.decay.ms == 0 {
		h.decayTo(a, 0, a.dirty.npages)
	}
}

// registerInterior notes a slab at the pages between its first and last one.
func (h *Heap) registerInterior(r, value row) {
	for p := h.e[r].base()>>pageShift + 1; p < h.e[r].past()>>pageShift-1; p++ {
		h.setPage(p, value)
	}
}
