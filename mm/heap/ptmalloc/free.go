package ptmalloc

import "mmsim/mm/heap"

// Free gives a block back (__libc_free).
func (h *Heap) Free(ptr uint64) error {
	if ptr == 0 {
		return nil
	}
	i := h.find(ptr - h.g.hdr)
	if i == 0 || h.c[i].bk != 0 || h.c[i].size&binned != 0 {
		return h.notLive("free()", ptr, i)
	}
	h.begin()
	h.free(i)
	return nil
}

func (h *Heap) free(i index) {
	h.rdSize(i)
	if h.c[i].size&mmapped == 0 {
		h.needTcache()
		h.intFree(i, false)
		return
	}
	// The size is compared with its flag, so that exactly the maximum is too large.
	if size := h.c[i].size; !h.fixedThresholds && size > h.mmapThreshold && size <= h.g.dynMax {
		h.mmapThreshold, h.trimThreshold = h.size(i), 2*h.size(i)
	}
	h.munmapChunk(i)
}

// notLive is the error for a pointer that is not that of a live block: the text of the check that the real one has for such a chunk.
func (h *Heap) notLive(call string, ptr uint64, i index) error {
	switch {
	case call != "free()":
		return heap.Abort(call + ": invalid pointer")
	case i == 0 && ptr-h.g.hdr == h.c[h.top].addr:
		return heap.Abort("double free or corruption (top)")
	case i == 0 || h.c[i].bk == isFence:
		return heap.Abort("free(): invalid pointer")
	case h.c[i].bk == inTcache:
		return heap.Abort("free(): double free detected in tcache 2")
	case h.c[i].bk == inFast:
		return heap.Abort("double free or corruption (fasttop)")
	}
	return heap.Abort("double free or corruption (!prev)")
}

// intFree puts a chunk into the thread's cache or a fast bin, or merges it with its neighbours (_int_free). locked: the caller is the
// allocator itself, holding its lock.
func (h *Heap) intFree(i index, locked bool) {
	size := h.size(i)
	h.rdSize(i)
	if t := h.g.tcacheIndex(size); t < tcacheBins && h.tcache != 0 {
		h.rdLinks(i)
		if h.tcacheCounts[t] < tcacheCount {
			h.tcachePut(i, t)
			return
		}
		h.rd(h.tcache + 2*t)
	}
	h.rdSize(h.c[i].next)
	if size <= h.maxFast {
		h.freePerturb(i)
		h.haveFast = true
		bin := &h.fast[h.g.fastIndex(size)]
		old := *bin
		h.setFd(i, old)
		h.c[i].bk = inFast
		*bin = i
		if locked && old != 0 {
			h.rdSize(old)
		}
		return
	}
	h.freePerturb(i)
	if h.merge(i) < consolidate {
		return
	}
	if h.haveFast {
		h.consolidate()
	}
	if h.size(h.top) >= h.trimThreshold {
		h.systrim(h.topPad)
	}
}

func (h *Heap) freePerturb(i index) {
	if n := h.size(i) - h.g.hdr; h.perturb != 0 && n != 0 {
		h.os.Touch(h.block(i), n, true)
	}
}

// merge joins a chunk that is in use, but not any longer, with free neighbours and puts the result into the unsorted bin, or makes it part
// of the top. It returns the size of the result.
func (h *Heap) merge(i index) uint64 {
	size := h.size(i)
	next := h.c[i].next
	nextSize := h.size(next)
	h.rdSize(next)
	if h.c[i].size&prevInuse == 0 {
		before := h.c[i].prev
		h.rdPrev(i)
		h.rdSize(before)
		size += h.size(before)
		h.unlink(before)
		h.absorb(i)
		i = before
	}
	if next == h.top {
		size += nextSize
		h.toTop(i, size)
		return size
	}
	if h.inuse(next) {
		h.c[i].size = size | prevInuse
		h.clearInuse(i)
	} else {
		h.unlink(next)
		h.absorb(next)
		size += nextSize
		h.c[i].size = size | prevInuse
	}
	h.toUnsorted(i)
	h.setHead(i, h.c[i].size)
	h.setFoot(i)
	return size
}

// toTop makes a chunk that borders on the top its beginning.
func (h *Heap) toTop(i index, size uint64) {
	addr, before := h.c[i].addr, h.c[i].prev
	h.release(i)
	h.c[h.top].addr, h.c[h.top].prev = addr, before
	if before != 0 {
		h.c[before].next = h.top
	}
	h.setHead(h.top, size|prevInuse)
}

// consolidate empties the fast bins and merges their chunks with their neighbours (malloc_consolidate).
func (h *Heap) consolidate() {
	h.haveFast = false
	for b := range h.fast {
		i := h.fast[b]
		h.fast[b] = 0
		for i != 0 {
			h.rdLinks(i)
			following := h.c[i].fd
			h.rdSize(i)
			h.c[i].fd, h.c[i].bk = 0, 0
			h.merge(i)
			i = following
		}
	}
}

// munmapChunk unmaps a mapped chunk (munmap_chunk).
func (h *Heap) munmapChunk(i index) {
	h.rdPrev(i)
	offset := h.mapOffset(i)
	addr, size := h.c[i].addr, h.size(i)
	h.mmaps--
	h.release(i)
	h.os.Munmap(addr-offset, size+offset)
}

// mapOffset is how far behind the start of its mapping a mapped chunk begins; glibc keeps that in prev_size.
func (h *Heap) mapOffset(i index) uint64 { return uint64(h.c[i].fdNext)<<32 | uint64(h.c[i].fd) }

func (h *Heap) setMapOffset(i index, offset uint64) {
	h.c[i].fd, h.c[i].fdNext = index(offset), index(offset>>32)
}
