package ptmalloc

import (
	"math/bits"

	"mmsim/mm/heap"
)

// Realloc changes the size of a block (__libc_realloc).
func (h *Heap) Realloc(ptr, n uint64) (uint64, error) {
	if ptr == 0 {
		return h.Malloc(n)
	}
	i := h.find(ptr - h.g.hdr)
	if i == 0 || h.c[i].bk != 0 || h.c[i].size&binned != 0 {
		return 0, h.notLive("realloc()", ptr, i)
	}
	h.begin()
	if n == 0 {
		h.free(i)
		return 0, nil
	}
	h.rdSize(i)
	isMap := h.c[i].size&mmapped != 0
	if !isMap {
		h.needTcache()
	}
	nb, ok := h.g.requestSize(n)
	if !ok {
		return 0, heap.ErrNoMemory
	}
	var to index
	if isMap {
		to = h.reallocMapped(i, nb, n)
	} else {
		to = h.intRealloc(i, nb)
	}
	if to == 0 {
		return 0, h.fail()
	}
	return h.block(to), nil
}

// reallocMapped changes the size of a mapped chunk, by mremap if that works.
func (h *Heap) reallocMapped(i index, nb, n uint64) index {
	h.rdPrev(i)
	offset, size := h.mapOffset(i), h.size(i)
	total := size + offset
	want := h.g.wrap(alignUp(nb+offset+h.g.word, pageSize))
	if want == total {
		return i
	}
	if at, ok := h.os.Mremap(h.c[i].addr-offset, total, want, true); ok {
		if at+offset != h.c[i].addr {
			h.move(i, at+offset)
		}
		h.forgetPages()
		h.setHead(i, (want-offset)|mmapped)
		return i
	}
	if size-h.g.word >= nb {
		return i
	}
	to := h.malloc(n)
	if to != 0 {
		heap.Copy(h.os, h.block(to), h.block(i), size-h.g.hdr)
		h.forgetPages()
		h.munmapChunk(i)
	}
	return to
}

// intRealloc changes the size of a chunk of the heap: in place by what is free behind it, or by copying (_int_realloc).
func (h *Heap) intRealloc(i index, nb uint64) index {
	size := h.size(i)
	next := h.c[i].next
	h.rdSize(next)
	nextSize := h.size(next)
	switch {
	case size >= nb:
	case next == h.top && size+nextSize >= nb+h.g.minSize:
		h.setHeadSize(i, nb)
		h.c[h.top].addr = h.c[i].addr + nb
		h.setHead(h.top, (size+nextSize-nb)|prevInuse)
		return i
	case next != h.top && !h.inuse(next) && size+nextSize >= nb:
		h.unlink(next)
		h.absorb(next)
		size += nextSize
	default:
		to := h.intMalloc(nb - alignMask)
		if to == 0 {
			return 0
		}
		if h.c[i].next != to {
			heap.Copy(h.os, h.block(to), h.block(i), h.usable(i))
			h.forgetPages()
			h.intFree(i, true)
			return to
		}
		size += h.size(to)
		h.absorb(to)
	}
	h.c[i].size = size | h.c[i].size&prevInuse
	if size-nb < h.g.minSize {
		h.setHeadSize(i, size)
		h.setInuse(i)
		return i
	}
	h.freeTail(i, nb)
	return i
}

// freeTail cuts a chunk in use to nb bytes and frees the rest of it.
func (h *Heap) freeTail(i index, nb uint64) {
	size := h.size(i)
	r := h.newChunk(h.c[i].addr+nb, (size-nb)|prevInuse)
	h.between(i, r)
	h.setHeadSize(i, nb)
	h.setHead(r, (size-nb)|prevInuse)
	if n := h.c[r].next; h.c[n].size&prevInuse == 0 {
		h.setInuse(r) // what lies behind was free before
	}
	h.intFree(r, true)
}

// Memalign allocates n bytes at a multiple of alignment (_mid_memalign).
func (h *Heap) Memalign(alignment, n uint64) (uint64, error) {
	if alignment <= align {
		return h.Malloc(n)
	}
	if alignment > h.g.maxRequest+1 {
		return 0, heap.ErrNoMemory
	}
	alignment = max(alignment, h.g.minSize)
	if !powerOf2(alignment) {
		alignment = 1 << bits.Len64(alignment)
	}
	h.begin()
	if i := h.intMemalign(alignment, n); i != 0 {
		return h.block(i), nil
	}
	return 0, h.fail()
}

// intMemalign gets a chunk with room for the alignment and gives back what lies before and behind (_int_memalign).
func (h *Heap) intMemalign(alignment, n uint64) index {
	nb, ok := h.g.requestSize(n)
	if !ok || alignment > h.g.maxRequest {
		return 0
	}
	i := h.intMalloc(h.g.wrap(nb + alignment + h.g.minSize))
	if i == 0 {
		return 0
	}
	if block := h.block(i); block%alignment != 0 {
		at := (block+alignment-1)&-alignment - h.g.hdr
		if at-h.c[i].addr < h.g.minSize {
			at += alignment
		}
		lead := at - h.c[i].addr
		if h.c[i].size&mmapped != 0 {
			h.rdPrev(i)
			size := h.size(i) - lead
			h.setMapOffset(i, h.mapOffset(i)+lead)
			h.move(i, at)
			h.setHead(i, size|mmapped)
			return i
		}
		i = h.freeLead(i, lead)
	}
	if h.c[i].size&mmapped == 0 {
		h.rdSize(i)
		if h.size(i) > nb+h.g.minSize {
			h.freeTail(i, nb)
		}
	}
	return i
}

// freeLead cuts a chunk in use in two, frees the first lead bytes, and returns the second part.
func (h *Heap) freeLead(i index, lead uint64) index {
	size := h.size(i) - lead
	part := h.newChunk(h.c[i].addr+lead, size|prevInuse)
	h.between(i, part)
	h.setHead(part, size|prevInuse)
	h.setInuse(part)
	h.setHeadSize(i, lead)
	h.intFree(i, true)
	return part
}

// Calloc allocates n*size bytes of zeros (__libc_calloc). It does not look into the thread's cache, and does not clear what is fresh from the
// system: mappings, and what lay beyond the old top (Linux clears what the break moves over, also the
// second time, so MORECORE_CLEARS is 2).
func (h *Heap) Calloc(n, size uint64) (uint64, error) {
	hi, bytes := bits.Mul64(n, size)
	if hi != 0 || bytes > h.g.maxRequest {
		return 0, heap.ErrNoMemory
	}
	h.begin()
	h.needTcache()
	oldTop, oldSize := h.c[h.top].addr, h.size(h.top)
	h.rdTop()
	i := h.intMalloc(bytes)
	if i == 0 {
		return 0, h.fail()
	}
	h.rdSize(i)
	if h.c[i].size&mmapped != 0 {
		if h.perturb != 0 && bytes != 0 {
			h.os.Touch(h.block(i), bytes, true)
		}
		return h.block(i), nil
	}
	clear := h.size(i)
	if h.perturb == 0 && h.c[i].addr == oldTop && clear > oldSize {
		clear = oldSize
	}
	h.os.Touch(h.block(i), clear-h.g.word, true)
	return h.block(i), nil
}
