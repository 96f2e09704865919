package ptmalloc

// Malloc allocates n bytes (__libc_malloc).
func (h *Heap) Malloc(n uint64) (uint64, error) {
	h.begin()
	if i := h.malloc(n); i != 0 {
		return h.block(i), nil
	}
	return 0, h.fail()
}

func (h *Heap) malloc(n uint64) index {
	nb, ok := h.g.requestSize(n)
	if !ok {
		return 0
	}
	h.needTcache()
	if t := h.g.tcacheIndex(nb); t < tcacheBins && h.tcache != 0 {
		if h.tcacheCounts[t] > 0 {
			return h.tcacheGet(t)
		}
		h.rd(h.tcache + 2*t)
	}
	return h.intMalloc(n)
}

// needTcache makes the thread's cache, which is a chunk itself (tcache_init). Without memory there is none, and the next call tries again.
func (h *Heap) needTcache() {
	if h.tcache != 0 {
		return
	}
	if i := h.intMalloc(h.g.tcacheSize); i != 0 {
		h.c[i].bk = isFence // nobody may free it
		h.tcache = h.block(i)
		h.os.Touch(h.tcache, h.g.tcacheSize, true)
	}
}

// tcachePut puts a chunk at the front of a bin of the thread's cache (tcache_put).
func (h *Heap) tcachePut(i index, t uint64) {
	h.c[i].fd, h.c[i].bk = h.tcacheEntries[t], inTcache
	h.wr(h.c[i].addr + 2*h.g.word)
	h.tcacheEntries[t] = i
	h.wr(h.tcache + tcacheBins*2 + t*h.g.word)
	h.tcacheCounts[t]++
	h.wr(h.tcache + 2*t)
}

// tcacheGet takes the chunk at the front of a bin of the thread's cache, which must have one (tcache_get).
func (h *Heap) tcacheGet(t uint64) index {
	i := h.tcacheEntries[t]
	h.wr(h.tcache + tcacheBins*2 + t*h.g.word)
	c := &h.c[i]
	h.tcacheEntries[t] = c.fd
	h.tcacheCounts[t]--
	h.wr(h.tcache + 2*t)
	h.wr(c.addr + 2*h.g.word)
	c.fd, c.bk = 0, 0
	return i
}

// intMalloc finds a chunk for n bytes (_int_malloc). 0: there is no memory.
func (h *Heap) intMalloc(n uint64) index {
	nb, ok := h.g.requestSize(n)
	if !ok {
		return 0
	}
	i := h.findChunk(nb)
	// What comes out of the thread's cache is not perturbed.
	if i != 0 && h.perturb != 0 && n != 0 && !h.cached {
		h.os.Touch(h.block(i), n, true)
	}
	return i
}

// findChunk is intMalloc for a size of chunk.
func (h *Heap) findChunk(nb uint64) index {
	h.cached = false
	t := h.g.tcacheIndex(nb)
	if h.tcache == 0 {
		t = tcacheBins
	}
	if nb <= h.maxFast {
		if i := h.takeFast(nb, t); i != 0 {
			return i
		}
	}
	if h.g.isSmall(nb) {
		if i := h.takeSmall(nb, t); i != 0 {
			return i
		}
	} else if h.haveFast {
		h.consolidate()
	}
	for {
		if i := h.sort(nb, t); i != 0 {
			return i
		}
		if h.cached {
			return h.tcacheGet(t)
		}
		if !h.g.isSmall(nb) {
			if i := h.takeLarge(nb); i != 0 {
				return i
			}
		}
		if i := h.takeLarger(nb); i != 0 {
			return i
		}
		if i := h.takeTop(nb); i != 0 {
			return i
		}
		if !h.haveFast {
			return h.sysmalloc(nb)
		}
		h.consolidate()
	}
}

// takeFast takes the first chunk of a fast bin and moves further ones into bin t of the thread's cache until that is full.
func (h *Heap) takeFast(nb, t uint64) index {
	bin := &h.fast[h.g.fastIndex(nb)]
	i := *bin
	if i == 0 {
		return 0
	}
	h.rd(h.c[i].addr + 2*h.g.word)
	h.rdSize(i)
	*bin = h.c[i].fd
	h.c[i].fd, h.c[i].bk = 0, 0
	if t < tcacheBins {
		for h.tcacheCounts[t] < tcacheCount && *bin != 0 {
			m := *bin
			h.rd(h.c[m].addr + 2*h.g.word)
			*bin = h.c[m].fd
			h.tcachePut(m, t)
		}
	}
	return i
}

// takeSmall takes the last chunk of a small bin and moves further ones into bin t of the thread's cache until that is full.
func (h *Heap) takeSmall(nb, t uint64) index {
	bin := h.g.binIndex(nb)
	i := h.c[bin].bk
	if i == bin {
		return 0
	}
	h.takeLast(bin, i)
	if t < tcacheBins {
		for h.tcacheCounts[t] < tcacheCount && h.c[bin].bk != bin {
			m := h.c[bin].bk
			h.takeLast(bin, m)
			h.tcachePut(m, t)
		}
	}
	return i
}

// takeLast takes the last chunk of a small or the unsorted bin, as in use.
func (h *Heap) takeLast(bin, i index) {
	h.dropLast(bin, i)
	h.setInuse(i)
}

func (h *Heap) dropLast(bin, i index) {
	h.rdLinks(i)
	before := h.c[i].bk
	h.c[bin].bk = before
	h.setFd(before, bin)
	h.c[i].size &^= binned
	h.c[i].fd, h.c[i].bk = 0, 0
}

// sort goes through the unsorted bin from its end and puts each chunk into the bin of its size. A chunk that fits exactly goes into bin t of
// the thread's cache, and h.cached says so, or is the result if that is full; a small request may be cut off the last remainder.
func (h *Heap) sort(nb, t uint64) index {
	for range maxIters {
		i := h.c[unsorted].bk
		for i != unsorted && h.size(i) == nb && t < tcacheBins && h.tcacheCounts[t] < tcacheCount {
			h.checkUnsorted(i)
			h.takeLast(unsorted, i)
			h.tcachePut(i, t)
			h.cached = true
			i = h.c[unsorted].bk
		}
		if i == unsorted {
			return 0
		}
		h.checkUnsorted(i)
		if h.isLastRemainder(i, nb) {
			return h.cutRemainder(i, nb)
		}
		if h.size(i) == nb {
			h.takeLast(unsorted, i)
			h.cached = false
			return i
		}
		h.dropLast(unsorted, i)
		h.toBin(i)
	}
	return 0
}

// checkUnsorted makes the accesses by which glibc looks for corruption.
func (h *Heap) checkUnsorted(i index) {
	h.rdLinks(i)
	h.rdSize(i)
	h.rd(h.c[i].addr + h.size(i))
	h.rdSize(h.c[i].next)
}

// isLastRemainder tells whether a small request is to be cut off chunk i: it is alone in the unsorted bin and what the last cut left.
func (h *Heap) isLastRemainder(i index, nb uint64) bool {
	return h.g.isSmall(nb) && h.c[i].bk == unsorted && h.c[i].addr == h.lastRemainder && h.size(i) > nb+h.g.minSize
}

func (h *Heap) cutRemainder(i index, nb uint64) index {
	h.cached = false
	h.dropLast(unsorted, i)
	h.lastRemainder = h.c[h.split(i, nb)].addr
	return i
}

// takeTop cuts a chunk off the low end of the top; 0: the top is too small.
func (h *Heap) takeTop(nb uint64) index {
	t := &h.c[h.top]
	if t.size == 0 {
		return 0
	}
	h.rdSize(h.top)
	size := t.size &^ flagBits
	if size < nb+h.g.minSize {
		return 0
	}
	addr := t.addr
	t.addr += nb
	i := h.newChunk(addr, nb|prevInuse)
	before := h.c[h.top].prev
	h.c[i].prev, h.c[i].next = before, h.top
	if before != 0 {
		h.c[before].next = i
	}
	h.c[h.top].prev = i
	h.setHead(i, nb|prevInuse)
	h.setHead(h.top, size-nb|prevInuse)
	return i
}
