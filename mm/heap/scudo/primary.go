package scudo

// allocate takes a block of a class from the thread's cache (SizeClassAllocatorLocalCache::allocate).
func (h *Heap) allocate(c int) (uint32, bool) {
	r := &h.regions[c]
	if r.cached == 0 && !h.refill(c) {
		return 0, false
	}
	r.cached--
	return r.cache[r.cached], true
}

func (h *Heap) deallocate(c int, i uint32) {
	r := &h.regions[c]
	if r.cached == 2*r.max {
		h.drain(c)
	}
	r.cache[r.cached] = i
	r.cached++
}

// touchBatch accesses the description and n entries of a batch.
func (h *Heap) touchBatch(b uint32, n int32, write bool) {
	at := h.regions[0].addr(b)
	if write {
		h.mem.Wr(at)
		h.mem.Wr(at + h.g.entries + uint64(n)*h.g.word - 1)
	} else {
		h.mem.Rd(at)
	}
}

// newBatch is a batch for blocks of a class: a block of the first region, or for such blocks the first of them (createBatch).
func (h *Heap) newBatch(c int, first uint32) (uint32, bool) {
	if c == 0 {
		return first, true
	}
	return h.allocate(0)
}

func (h *Heap) setBatch(b uint32, blocks []uint32) {
	x := &h.batches[b]
	x.count = int32(copy(x.blocks[:], blocks))
	h.touchBatch(b, x.count, true)
}

// refill fills the thread's cache of a class with a batch (refill, popBatch).
func (h *Heap) refill(c int) bool {
	r := &h.regions[c]
	if r.first == 0 && !h.populate(c) {
		return false
	}
	b := uint32(r.first - 1)
	x := &h.batches[b]
	h.touchBatch(b, x.count, false)
	r.first = x.next
	if r.first == 0 {
		r.last = 0
	}
	r.popped += uint64(x.count)
	r.cached = uint32(copy(r.cache[:], x.blocks[:x.count]))
	x.count = 0
	h.touchBatch(b, 0, true)
	if c != 0 {
		h.deallocate(0, b)
	}
	return true
}

// drain moves the older half of the thread's cache of a class to the region's list (drain, pushBatch).
func (h *Heap) drain(c int) {
	r := &h.regions[c]
	n := min(r.max, r.cached)
	b, ok := h.newBatch(c, r.cache[0])
	if !ok {
		panic(outOfMemory(h.g.batch))
	}
	h.setBatch(b, r.cache[:n])
	copy(r.cache[:], r.cache[n:r.cached])
	r.cached -= n
	h.batches[b].next = r.first
	r.first = int32(b) + 1
	if r.last == 0 {
		r.last = r.first
	}
	r.pushed += uint64(n)
	if c != 0 {
		h.releaseMaybe(c, false)
	}
}

// append puts a batch at the end of a region's list.
func (h *Heap) append(r *region, b uint32) {
	h.batches[b].next = 0
	if r.last != 0 {
		h.batches[r.last-1].next = int32(b) + 1
		h.touchBatch(uint32(r.last-1), 0, true)
	} else {
		r.first = int32(b) + 1
	}
	r.last = int32(b) + 1
}

// populate makes up to eight batches of new blocks, in random order, mapping more of the region or a further one if need be
// (populateFreeList).
func (h *Heap) populate(c int) bool {
	r := &h.regions[c]
	n, ok := h.room(c)
	if !ok {
		return false
	}
	first := uint32(r.used / r.size)
	var order [maxGroups * maxBatch]uint32
	for i := range n {
		order[i] = first + i
	}
	if c == 0 {
		for len(h.batches) < int(first+n) {
			h.batches = append(h.batches, batch{})
		}
	} else {
		for i := n - 1; i > 0 && n > 1; i-- {
			j := random(&r.random) % (i + 1)
			order[i], order[j] = order[j], order[i]
		}
		r.blocks = append(r.blocks, make([]block, n)...)
	}
	for i := uint32(0); i < n; {
		b, ok := h.newBatch(c, order[i])
		switch {
		case !ok && i == 0:
			r.blocks = r.blocks[:first]
			return false
		case !ok: // the library goes on with blocks that it will make again
			panic(outOfMemory(h.g.batch))
		}
		k := min(r.max, n-i)
		h.setBatch(b, order[i:i+k])
		h.append(r, b)
		i += k
	}
	r.used += uint64(n) * r.size
	return true
}
