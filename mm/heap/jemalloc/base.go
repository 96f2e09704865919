package jemalloc

// A block is memory for descriptions, handed out upwards (base_block_t).
type block struct {
	next, left uint64
	sn         uint32
}

// mapPages maps n bytes at a multiple of align: at once if the place happens to be one, or else with more than that and the rest
// unmapped (pages_map).
func (h *Heap) mapPages(n, align uint64) (uint64, bool) {
	at, ok := h.os.Mmap(0, n, h.flags)
	if !ok || at%align == 0 {
		return at, ok
	}
	h.os.Munmap(at, n)
	all := n + align - pageSize
	if all < n {
		return 0, false
	}
	at, ok = h.os.Mmap(0, all, h.flags)
	if !ok {
		return 0, false
	}
	lead := -at % align
	if lead > 0 {
		h.os.Munmap(at, lead)
	}
	if trail := all - lead - n; trail > 0 {
		h.os.Munmap(at+lead+n, trail)
	}
	return at + lead, true
}

// mapAt maps n bytes at an address, or nothing if it is taken (os_pages_map).
func (h *Heap) mapAt(addr, n uint64) bool {
	at, ok := h.os.Mmap(addr, n, h.flags)
	if ok && at != addr {
		h.os.Munmap(at, n)
		return false
	}
	return ok
}

// addBlock maps a further block of metadata for an arena, larger than the one before and large enough for n bytes (base_block_alloc).
func (a *arena) addBlock(h *Heap, n, align uint64) bool {
	need := h.g.block + (alignUp(h.g.block, align) - h.g.block) + alignUp(n, align)
	size := h.g.pages[h.g.pageClass(need)]
	a.lastBlock++
	size = alignUp(max(size, h.g.pages[a.lastBlock]), hugePage)
	at, ok := h.mapPages(size, hugePage)
	if !ok {
		a.lastBlock--
		return false
	}
	a.lastBlock = h.g.pageClass(size)
	h.mem.Fill(at, h.g.block)
	a.blocks = append(a.blocks, block{at + h.g.block, size - h.g.block, uint32(len(a.blocks))})
	return true
}

// meta takes n bytes for descriptions, and tells the block's serial number (base_alloc). 0: there is no memory.
func (a *arena) meta(h *Heap, n, align uint64) (at uint64, sn uint32) {
	align = max(align, quantum)
	n = alignUp(n, align)
	want := h.g.classOf(n + align - quantum)
	best, bestClass := -1, noClass
	for i := range a.blocks {
		if left := a.blocks[i].left; left > 0 {
			if c := h.g.floorClass(left); c >= want && c < bestClass {
				best, bestClass = i, c
			}
		}
	}
	if best < 0 {
		if !a.addBlock(h, n, align) {
			return 0, 0
		}
		best = len(a.blocks) - 1
	}
	b := &a.blocks[best]
	at = alignUp(b.next, align)
	b.left -= at + n - b.next
	b.next = at + n
	return at, b.sn
}

// floorClass is the largest class that is not larger than n, which is at least 8; with less there is none that anyone asks for.
func (g *geometry) floorClass(n uint64) class {
	if n < 8 {
		return 0
	}
	return g.classOf(n+1) - 1
}

// newExtent is an unused description (edata_cache_get). 0: there is no memory.
func (h *Heap) newExtent(a *arena) row {
	if len(a.avail) > 0 {
		r := a.avail[0]
		h.drop(&a.avail, r)
		return r
	}
	at, sn := a.meta(h, h.g.edata, h.g.edata)
	if at == 0 {
		return 0
	}
	h.e = append(h.e, extent{at: at, block: sn})
	return row(len(h.e) - 1)
}

// freeExtent puts a description back (edata_cache_put).
func (h *Heap) freeExtent(a *arena, r row) {
	h.e[r] = extent{at: h.e[r].at, block: h.e[r].block}
	h.wr(r)
	h.push(&a.avail, r)
}

// initExtent makes a description one of an active extent (edata_init).
func (h *Heap) initExtent(r row, a *arena, addr, size, sn uint64, zeroed, committed, head bool) {
	h.e[r] = extent{
		at: h.e[r].at, block: h.e[r].block, addr: addr, size: size, sn: sn, state: active, arena: a.number,
		class: noClass, zeroed: zeroed, committed: committed, head: head,
	}
	h.mem.Fill(h.e[r].at, h.g.edata)
}

// The map of pages: a root in static data, and leaves that are made when an extent comes to lie in them and are never cleared by hand.

type leaf struct{ number, at uint64 }

func (h *Heap) leafAt(page uint64) uint64 {
	n := page >> h.g.leafBits
	for i := range h.leaves {
		if h.leaves[i].number == n {
			return h.leaves[i].at + page&(1<<h.g.leafBits-1)*8
		}
	}
	return 0
}

// needLeaf makes the leaf of a page (rtree_leaf_elm_lookup with init_missing).
func (h *Heap) needLeaf(page uint64) bool {
	if h.leafAt(page) != 0 {
		return true
	}
	at, _ := h.arenas[0].meta(h, 8<<h.g.leafBits, cacheLine)
	if at == 0 {
		return false
	}
	h.leaves = append(h.leaves, leaf{page >> h.g.leafBits, at})
	return true
}

func (h *Heap) setPage(page uint64, r row) {
	h.pages.Set(page, r)
	h.mem.Wr(h.leafAt(page))
}

// register notes an extent at its first and last page (emap_register_boundary).
func (h *Heap) register(r row) bool {
	first, last := h.e[r].base()>>pageShift, h.e[r].past()>>pageShift-1
	if !h.needLeaf(first) || !h.needLeaf(last) {
		return false
	}
	h.setPage(first, r)
	h.setPage(last, r)
	return true
}

func (h *Heap) deregister(r row) {
	h.setPage(h.e[r].base()>>pageShift, 0)
	h.setPage(h.e[r].past()>>pageShift-1, 0)
}

// setState changes an extent's state, there and in the map (emap_update_edata_state).
func (h *Heap) setState(r row, state uint8) {
	h.e[r].state = state
	h.wr(r)
	h.mem.Wr(h.leafAt(h.e[r].base() >> pageShift))
	h.mem.Wr(h.leafAt(h.e[r].past()>>pageShift - 1))
}
