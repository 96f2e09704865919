package ptmalloc

// sysmalloc gets a chunk from the system: a mapping of its own or a larger top (sysmalloc). 0: there is no memory, or glibc would end the
// process, then h.aborted says why.
func (h *Heap) sysmalloc(nb uint64) index {
	if nb >= h.mmapThreshold && h.mmaps < h.mmapsMax {
		if i := h.mmapChunk(nb); i != 0 {
			return i
		}
	}
	old := h.c[h.top]
	oldSize := old.size &^ flagBits
	if oldSize != 0 && (old.addr+oldSize)&pageMask != 0 {
		h.abort("malloc assertion failure in sysmalloc")
		return 0
	}
	if !h.growTop(nb, oldSize, old.addr+oldSize) {
		return 0
	}
	return h.takeTop(nb)
}

// mmapChunk makes a chunk that is a mapping (sysmalloc_mmap).
func (h *Heap) mmapChunk(nb uint64) index {
	misalign := h.g.hdr & alignMask
	size := alignUp(nb+h.g.word, pageSize)
	if misalign != 0 {
		size = alignUp(nb+h.g.word+alignMask, pageSize)
	}
	if size = h.g.wrap(size); size <= nb {
		return 0
	}
	at, ok := h.os.Mmap(0, size, 0)
	if !ok {
		return 0
	}
	offset := uint64(0)
	if misalign != 0 {
		offset = align - misalign
	}
	i := h.newChunk(at+offset, 0)
	h.setMapOffset(i, offset)
	h.setHead(i, (size-offset)|mmapped)
	h.mmaps++
	return i
}

// growTop makes the top large enough for a chunk of nb bytes if it can: by the break, or by a mapping if that fails. False: glibc would
// end the process.
func (h *Heap) growTop(nb, oldSize, oldEnd uint64) bool {
	size := nb + h.topPad + h.g.minSize
	if !h.noncontiguous {
		size -= oldSize
	}
	size = h.g.wrap(alignUp(h.g.wrap(size), pageSize))

	var brk, end uint64 // end is known only of a mapping
	got, isMap := false, false
	if h.g.signed(size) > 0 {
		brk, got = h.os.Sbrk(h.g.signed(size))
	}
	if !got {
		if brk, size, got = h.mmapTop(size, nb, oldSize); got {
			isMap, end = true, brk+size
		}
	}
	if !got {
		return true // the caller finds that the top is too small
	}
	if h.sbrkBase == 0 {
		h.sbrkBase = brk
	}
	h.systemMem += size
	switch {
	case brk == oldEnd && !isMap:
		h.setHead(h.top, (size+oldSize)|prevInuse)
		return true
	case !h.noncontiguous && oldSize != 0 && brk < oldEnd:
		h.abort("break adjusted to free malloc space")
		return false
	}
	h.newTop(brk, size, end, isMap, oldSize, oldEnd)
	return true
}

// mmapTop maps memory for a new top because the break cannot move (sysmalloc_mmap_fallback). It returns the size that it chose: glibc 2.36
// passes the least size and the page size the wrong way round, so that the first such mapping is whole MiB, and later ones may be small.
func (h *Heap) mmapTop(size, nb, oldSize uint64) (at, n uint64, ok bool) {
	if !h.noncontiguous {
		size = h.g.wrap(alignUp(size+oldSize, mmapUnit))
	}
	size = max(size, pageSize)
	if size <= nb {
		return 0, size, false
	}
	if at, ok = h.os.Mmap(0, size, 0); ok {
		h.noncontiguous = true
	}
	return at, size, ok
}

// newTop begins a new top at brk, which does not continue the old one: it is the first, someone else has moved the break, or it is a mapping.
func (h *Heap) newTop(brk, size, end uint64, isMap bool, oldSize, oldEnd uint64) {
	aligned := brk
	misalign := (brk + h.g.hdr) & alignMask
	if misalign != 0 {
		aligned += align - misalign
	}
	correction, known := uint64(0), isMap
	switch {
	case !h.noncontiguous:
		if oldSize != 0 {
			h.systemMem += brk - oldEnd
		}
		// The old top does not count towards the request any longer, and the end is to lie on a page boundary.
		correction = aligned - brk + oldSize
		correction = alignUp(brk+size+correction, pageSize) - (brk + size)
		if end, known = h.os.Sbrk(h.g.signed(correction)); !known {
			correction = 0
			end, known = h.os.Sbrk(0)
		}
	case !isMap:
		end, known = h.os.Sbrk(0)
	}
	if !known {
		return
	}
	old := h.c[h.top]
	h.c[h.top] = chunk{addr: aligned}
	h.setHead(h.top, (end-aligned+correction)&^flagBits|prevInuse)
	h.systemMem += correction
	if oldSize != 0 {
		h.fence(old, oldSize)
	}
}

// fence ends the stretch of memory that the old top was the end of with two small chunks that are never free, and frees the rest of it.
func (h *Heap) fence(old chunk, oldSize uint64) {
	size := (oldSize - 2*h.g.hdr) &^ alignMask
	first := h.newRow(old.addr+size, 0)
	second := h.newRow(old.addr+size+h.g.hdr, 0)
	h.c[first].next, h.c[second].prev = second, first
	h.c[first].bk, h.c[second].bk = isFence, isFence
	before := old.prev
	rest := index(0)
	if size > 0 {
		rest = h.newChunk(old.addr, size|prevInuse)
		h.c[rest].prev = before
		if before != 0 {
			h.c[before].next = rest
		}
		h.setHead(rest, size|prevInuse)
		before = rest
	}
	h.c[first].prev = before
	if before != 0 {
		h.c[before].next = first
	}
	h.setHead(first, h.g.hdr|prevInuse)
	h.setHead(second, h.g.hdr|prevInuse)
	switch {
	case size >= h.g.minSize:
		h.intFree(rest, true)
	case rest != 0:
		h.c[rest].bk = isFence // too small to be anyone's
	}
}

// systrim gives the end of the top back but for pad bytes (systrim), and tells whether any went.
func (h *Heap) systrim(pad uint64) bool {
	size := h.size(h.top)
	h.rdTop()
	area := h.g.wrap(size - h.g.minSize - 1)
	if area <= pad {
		return false
	}
	extra := h.g.wrap(area-pad) &^ pageMask
	if extra == 0 {
		return false
	}
	brk, ok := h.os.Sbrk(0)
	if !ok || brk != h.c[h.top].addr+size {
		return false
	}
	h.os.Sbrk(-h.g.signed(extra))
	now, ok := h.os.Sbrk(0)
	if !ok || now == brk {
		return false
	}
	released := brk - now
	h.systemMem -= released
	h.setHead(h.top, (size-released)|prevInuse)
	return true
}

func (h *Heap) rdTop() {
	if h.c[h.top].size != 0 {
		h.rdSize(h.top)
	}
}

// Trim gives the whole pages inside free chunks back, and the end of the top but for pad bytes (__malloc_trim, mtrim).
func (h *Heap) Trim(pad uint64) bool {
	h.begin()
	h.consolidate()
	body := 6 * h.g.word // sizeof(struct malloc_chunk)
	any := false
	for bin := unsorted; bin < nbins; bin++ {
		if bin == unsorted+1 {
			bin = h.g.binIndex(pageSize)
		}
		for i := h.c[bin].bk; i != bin; i = h.c[i].bk {
			h.rdSize(i)
			h.rdLinks(i)
			addr, size := h.c[i].addr, h.size(i)
			if size <= pageMask+body {
				continue
			}
			start := alignUp(addr+body, pageSize)
			if n := (size - (start - addr)) &^ pageMask; n != 0 {
				h.os.DontNeed(start, n)
				h.forgetPages()
				any = true
			}
		}
	}
	return h.systrim(h.g.wrap(pad)) || any
}
