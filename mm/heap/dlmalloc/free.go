package dlmalloc

import "mmsim/mm/heap"

// live is the row of a live block's chunk, or 0.
func (h *Heap) live(ptr uint64) index {
	i := h.byAt.Get(ptr - header)
	if i == 0 || h.c[i].taken || h.c[i].size&cinuse == 0 && !h.mapped(i) {
		return 0
	}
	return i
}

// Free gives a block back (dlfree). The real one aborts at a bad pointer without a message.
func (h *Heap) Free(ptr uint64) error {
	if ptr == 0 {
		return nil
	}
	i := h.live(ptr)
	if i == 0 {
		return heap.Abort("free(): invalid pointer")
	}
	h.begin()
	h.free(i)
	return nil
}

func (h *Heap) free(i index) {
	h.rdHead(i)
	if !h.mapped(i) {
		h.merge(i, true)
		return
	}
	c := h.c[i]
	h.rd(c.addr)
	h.release(i)
	h.os.Munmap(c.addr-c.offset, c.size+c.offset+mapFoot)
}

// merge joins a chunk in use with its free neighbours and puts the result where it belongs: into the top, the victim or a bin. user: the
// chunk is given back by the program, which may trim the top (dlfree, else dispose_chunk).
func (h *Heap) merge(i index, user bool) {
	if h.c[i].size&pinuse == 0 {
		before := h.c[i].prev
		h.rd(h.c[i].addr)
		h.rdHead(before)
		if before != h.dv {
			h.unlink(before)
		}
		h.absorb(before)
		i = before
	}
	n := h.c[i].next
	if n != 0 {
		h.rdHead(n)
	}
	switch {
	case n == 0 || h.c[n].size&cinuse != 0:
	case n == h.top:
		h.toTop(i)
		if user && h.topSize > h.trimCheck {
			h.sysTrim(0)
		}
		return
	case n == h.dv:
		h.absorb(i)
		h.dv = i
	default:
		h.unlink(n)
		h.absorb(i)
	}
	h.setFree(i)
	if i == h.dv {
		return
	}
	h.insert(i)
	if user && !h.isSmall(h.size(i)) {
		if h.releaseChecks--; h.releaseChecks == 0 {
			h.releaseUnused()
		}
	}
}

// toTop makes a chunk that borders on the top its beginning.
func (h *Heap) toTop(i index) {
	c := h.c[i]
	if i == h.dv {
		h.dv = 0
	}
	h.release(i)
	h.c[h.top].addr, h.c[h.top].prev = c.addr, c.prev
	if c.prev != 0 {
		h.c[c.prev].next = h.top
	}
	h.setTopSize(h.topSize + c.size&^flagBits)
	h.wrHead(h.top)
}

// Realloc changes the size of a block (dlrealloc). Unlike glibc's, n = 0 shrinks the block to the smallest.
func (h *Heap) Realloc(ptr, n uint64) (uint64, error) {
	if ptr == 0 {
		return h.Malloc(n)
	}
	i := h.live(ptr)
	if i == 0 {
		return 0, heap.Abort("realloc(): invalid pointer")
	}
	nb, ok := requestSize(n)
	if !ok {
		return 0, heap.ErrNoMemory
	}
	h.begin()
	h.rdHead(i)
	if h.resize(i, nb) {
		return h.block(i), nil
	}
	to := h.malloc(n)
	if to == 0 {
		return 0, heap.ErrNoMemory
	}
	heap.Copy(h.os, h.block(to), ptr, min(h.usable(i), max(n, 1)))
	h.begin()
	h.free(i)
	return h.block(to), nil
}

// resize changes the size of a chunk without copying, if it can (try_realloc_chunk).
func (h *Heap) resize(i index, nb uint64) bool {
	if h.mapped(i) {
		return h.resizeMapped(i, nb)
	}
	size, n := h.size(i), h.c[i].next
	if size >= nb {
		h.freeTail(i, nb)
		return true
	}
	if n == 0 {
		return false
	}
	h.rdHead(n)
	nextSize := h.size(n)
	switch {
	case n == h.top:
		if size+h.topSize <= nb {
			return false
		}
		h.c[n].addr += nb - size
		h.setTopSize(size + h.topSize - nb)
		h.c[i].size = nb | h.c[i].size&flagBits
		h.wrHead(i)
		h.wrHead(n)
	case h.c[n].size&cinuse != 0 || size+nextSize < nb:
		return false
	case n == h.dv:
		h.dv = 0
		h.absorb(i)
		if size+nextSize-nb >= minChunk {
			h.dv = h.split(i, nb)
		} else {
			h.setInuse(i)
		}
	default:
		h.unlink(n)
		h.absorb(i)
		h.setInuse(i)
		h.freeTail(i, nb)
	}
	return true
}

// freeTail cuts a chunk in use to nb bytes, if the rest makes a chunk, and gives the rest back.
func (h *Heap) freeTail(i index, nb uint64) {
	if h.size(i)-nb < minChunk {
		return
	}
	r := h.cut(i, nb, true)
	h.c[r].size |= pinuse
	h.setInuse(i)
	h.setInuse(r)
	h.merge(r, false)
}

// resizeMapped changes the size of a mapped chunk (mmap_resize). Small requests do not stay mapped; a little too large it may be.
// What lies unused before an aligned block is counted, where the real one forgets it and may cut the block off.
func (h *Heap) resizeMapped(i index, nb uint64) bool {
	size := h.size(i)
	if h.isSmall(nb) {
		return false
	}
	if size >= nb+word && size-nb <= h.granularity<<1 {
		return true
	}
	c := h.c[i]
	want := alignUp(nb+c.offset+mapPad, pageSize)
	at, ok := h.os.Mremap(c.addr-c.offset, size+c.offset+mapFoot, want, true)
	if !ok {
		return false
	}
	h.byAt.Delete(c.addr)
	h.c[i].addr, h.c[i].size = at+c.offset, want-c.offset-mapFoot
	h.byAt.Put(at+c.offset, i)
	h.begin()
	h.wrHead(i)
	h.wr(h.c[i].addr + h.c[i].size + word)
	return true
}

// Memalign allocates n bytes at a multiple of alignment (internal_memalign).
func (h *Heap) Memalign(alignment, n uint64) (uint64, error) {
	if alignment <= align {
		return h.Malloc(n)
	}
	power := uint64(minChunk)
	for power < alignment {
		if power <<= 1; power == 0 {
			return 0, heap.ErrNoMemory
		}
	}
	nb, ok := requestSize(n)
	if !ok || power >= maxRequest || n >= maxRequest-power {
		return 0, heap.ErrNoMemory
	}
	h.begin()
	i := h.malloc(nb + power + minChunk - overhead)
	if i == 0 {
		return 0, heap.ErrNoMemory
	}
	if block := h.block(i); block%power != 0 {
		at := (block+power-1)&-power - header
		if at-h.c[i].addr < minChunk {
			at += power
		}
		i = h.freeLead(i, at-h.c[i].addr)
	}
	if !h.mapped(i) && h.size(i) > nb+minChunk {
		h.freeTail(i, nb)
	}
	return h.block(i), nil
}

// freeLead moves the start of a chunk up by lead bytes, which are given back, or remain unused before a mapped chunk. It returns the chunk.
func (h *Heap) freeLead(i index, lead uint64) index {
	if h.mapped(i) {
		c := &h.c[i]
		h.byAt.Delete(c.addr)
		c.addr, c.size, c.offset = c.addr+lead, c.size-lead, c.offset+lead
		h.byAt.Put(c.addr, i)
		h.wrHead(i)
		return i
	}
	part := h.cut(i, lead, true)
	h.setInuse(part)
	h.setInuse(i)
	h.merge(i, false)
	return part
}

// UsableSize is the number of bytes of a block (dlmalloc_usable_size).
func (h *Heap) UsableSize(ptr uint64) (uint64, error) {
	if ptr == 0 {
		return 0, nil
	}
	i := h.live(ptr)
	if i == 0 {
		return 0, heap.Abort("malloc_usable_size(): invalid pointer")
	}
	h.begin()
	h.rdHead(i)
	return h.usable(i), nil
}
