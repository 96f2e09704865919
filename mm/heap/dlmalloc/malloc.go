package dlmalloc

import (
	"math/bits"

	"mmsim/mm/heap"
)

// requestSize is the size of the chunk for n bytes (request2size). False: too large.
func requestSize(n uint64) (uint64, bool) {
	if n >= maxRequest {
		return 0, false
	}
	return max(minChunk, (n+overhead+alignMask)&^alignMask), true
}

// Malloc allocates n bytes (dlmalloc).
func (h *Heap) Malloc(n uint64) (uint64, error) {
	h.begin()
	if i := h.malloc(n); i != 0 {
		return h.block(i), nil
	}
	return 0, heap.ErrNoMemory
}

func (h *Heap) malloc(n uint64) index {
	nb, ok := requestSize(n)
	if !ok {
		return 0
	}
	i := index(0)
	if h.isSmall(nb) {
		i = h.fromSmall(nb)
	} else if h.treeMap != 0 {
		i = h.fromLarge(nb)
	}
	if i != 0 {
		return i
	}
	if h.dv != 0 && nb <= h.size(h.dv) {
		return h.fromVictim(nb)
	}
	if nb < h.topSize {
		return h.fromTop(nb)
	}
	return h.sysAlloc(nb)
}

// fromSmall takes a chunk from the bin of the size, or, if the victim does not hold the request, cuts it off the next larger free chunk, of
// which the remainder becomes the victim.
func (h *Heap) fromSmall(nb uint64) index {
	bin := nb >> 3
	if i := h.small[bin]; i != 0 {
		h.unlink(i)
		h.setInuse(i)
		return i
	}
	if h.dv != 0 && nb <= h.size(h.dv) {
		return 0
	}
	var i index
	if m := h.smallMap >> bin << bin; m != 0 {
		i = h.small[bits.TrailingZeros32(m)]
	} else if h.treeMap != 0 {
		t := h.tree[bits.TrailingZeros32(h.treeMap)]
		i, _ = h.bestBelow(t, 0, ^uint64(0), nb)
	} else {
		return 0
	}
	h.unlink(i)
	if h.size(i)-nb >= minChunk {
		r := h.split(i, nb)
		if old := h.dv; old != 0 {
			h.insert(old)
		}
		h.dv = r
		return i
	}
	h.setInuse(i)
	return i
}

// split cuts a free chunk that is in no bin into one in use and a free rest.
func (h *Heap) split(i index, nb uint64) index {
	r := h.cut(i, nb, true)
	h.c[i].size |= cinuse
	h.wrHead(i)
	h.setFree(r)
	return r
}

// fromLarge takes the best fit from the tries unless the victim fits better (tmalloc_large).
func (h *Heap) fromLarge(nb uint64) index {
	i, rest := h.bestLarge(nb)
	victim := uint64(0)
	if h.dv != 0 {
		victim = h.size(h.dv)
	}
	if i == 0 || rest >= victim-nb {
		return 0
	}
	h.unlink(i)
	if rest < minChunk {
		h.setInuse(i)
	} else {
		h.insert(h.split(i, nb))
	}
	return i
}

func (h *Heap) fromVictim(nb uint64) index {
	i := h.dv
	h.dv = 0
	if h.size(i)-nb >= minChunk {
		h.dv = h.split(i, nb)
	} else {
		h.setInuse(i)
	}
	return i
}

// fromTop cuts a chunk off the low end of the top, which must be larger.
func (h *Heap) fromTop(nb uint64) index {
	t := h.top
	addr, before := h.c[t].addr, h.c[t].prev
	i := h.newRow(addr, nb|pinuse|cinuse, true)
	h.c[i].prev, h.c[i].next = before, t
	if before != 0 {
		h.c[before].next = i
	}
	h.c[t].addr, h.c[t].prev = addr+nb, i
	h.setTopSize(h.topSize - nb)
	h.wrHead(t)
	h.wrHead(i)
	return i
}

func (h *Heap) setTopSize(n uint64) {
	h.topSize = n
	h.c[h.top].size = n | pinuse
}

// Calloc allocates n*size bytes of zeros (dlcalloc); only mappings are known to be clear.
func (h *Heap) Calloc(n, size uint64) (uint64, error) {
	hi, total := bits.Mul64(n, size)
	if hi != 0 {
		return 0, heap.ErrNoMemory
	}
	h.begin()
	i := h.malloc(total)
	if i == 0 {
		return 0, heap.ErrNoMemory
	}
	h.rdHead(i)
	if !h.mapped(i) && total != 0 {
		h.os.Touch(h.block(i), total, true)
	}
	return h.block(i), nil
}
