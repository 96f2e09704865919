package scudo

import "math/bits"

// A region is the memory of one class (RegionInfo).
type region struct {
	begin, mapped, used uint64 // bytes mapped, and of them cut into blocks
	size, inverse       uint64
	max                 uint32 // blocks in a batch
	random              uint32
	first, last         int32 // batches in its list, by their number plus one
	popped, pushed      uint64
	pushedAtRelease     uint64
	released            int64 // when pages last went back, ns
	blocks              []block
	cache               [2 * maxBatch]uint32 // the thread's free blocks
	cached              uint32
}

// A block is a piece of a region: live, with where its user's part begins and how large that is, or not.
type block struct {
	size, offset uint32
	state        uint8
}

const (
	never     uint8 = iota // nobody has had it
	allocated              // live
	available              // it was freed
)

// A batch is a list of blocks, which lies in a block of the first region.
type batch struct {
	next, count int32
	blocks      [maxBatch]uint32
}

func (r *region) addr(i uint32) uint64 { return r.begin + uint64(i)*r.size }

// index is the number of the block that an address of a region lies in.
func (r *region) index(addr uint64) uint64 {
	hi, _ := bits.Mul64(addr-r.begin, r.inverse)
	return hi
}

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
		h.mem.Wr(at + 16 + uint64(n)*8 - 1)
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
		panic(outOfMemory(batchSize))
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

// populate makes up to eight batches of new blocks, in random order, mapping more of the region if need be (populateFreeList).
func (h *Heap) populate(c int) bool {
	r := &h.regions[c]
	need := r.used + uint64(r.max)*r.size
	if need > r.mapped {
		n := (need - r.mapped + mapStep - 1) / mapStep * mapStep
		base := h.base + uint64(c)<<regionShift
		if r.begin-base+r.mapped+n > 1<<regionShift {
			return false
		}
		if _, ok := h.os.Mmap(r.begin+r.mapped, n, mapFixed); !ok {
			return false
		}
		h.mem.Forget()
		r.mapped += n
	}
	n := min(maxGroups*r.max, uint32((r.mapped-r.used)/r.size))
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
		if !ok {
			r.blocks = r.blocks[:first]
			return r.first != 0
		}
		k := min(r.max, n-i)
		h.setBatch(b, order[i:i+k])
		h.append(r, b)
		i += k
	}
	r.used += uint64(n) * r.size
	return true
}

// releaseMaybe gives a region's free pages back if there is enough and the last time is long enough ago (releaseToOSMaybe).
func (h *Heap) releaseMaybe(c int, force bool) {
	r := &h.regions[c]
	free := r.used - (r.popped-r.pushed)*r.size
	pushed := (r.pushed - r.pushedAtRelease) * r.size
	if free < pageSize || pushed < pageSize {
		return
	}
	if r.size < pageSize/16 {
		if !force && pushed < r.used/16 {
			return
		}
		if free*100/r.used < 100-1-r.size/16 {
			return
		}
	}
	if !force && (h.interval < 0 || r.released+h.interval > h.os.Now()) {
		return
	}
	if h.releasePages(r) {
		r.pushedAtRelease = r.pushed
	}
	r.released = h.os.Now()
}

// releasePages gives back every page all of whose blocks are in the region's list (releaseFreeMemoryToOS).
func (h *Heap) releasePages(r *region) bool {
	pages := (r.used + pageSize - 1) / pageSize
	buffer, bytes, ok := h.counters(r.size, pages)
	if !ok {
		return false
	}
	counts := make([]uint16, pages)
	last := (r.used/r.size - 1) * r.size
	for b := r.first; b != 0; b = h.batches[b-1].next {
		x := &h.batches[b-1]
		h.touchBatch(uint32(b-1), x.count, false)
		for _, i := range x.blocks[:x.count] {
			p := uint64(i) * r.size
			countPages(counts, p, r.size)
			if p == last && pageSize%r.size != 0 {
				for p += r.size; p < pages*pageSize; p += r.size { // as if the last page were full of free blocks
					countPages(counts, p, r.size)
				}
			}
		}
	}
	if buffer != 0 {
		h.mem.Fill(buffer, bytes)
	}
	any, start, open := false, uint64(0), false
	for p := range pages + 1 {
		full := p < pages && uint64(counts[p]) == blocksOn(p, r.size)
		switch {
		case full && !open:
			start, open = p, true
		case !full && open:
			h.os.DontNeed(r.begin+start*pageSize, (p-start)*pageSize)
			any, open = true, false
		}
	}
	if buffer != 0 {
		h.os.Munmap(buffer, (bytes+pageSize-1)/pageSize*pageSize)
	}
	h.mem.Forget()
	return any
}

func countPages(counts []uint16, p, size uint64) {
	for q := p / pageSize; q <= (p+size-1)/pageSize && q < uint64(len(counts)); q++ {
		counts[q]++
	}
}

// blocksOn is how many blocks lie at least in part on a region's page.
func blocksOn(p, size uint64) uint64 {
	return ((p+1)*pageSize-1)/size - p*pageSize/size + 1
}

// counters is the memory in which the library counts, if it does not fit what it has for that: 0 bytes then (PackedCounterArray).
func (h *Heap) counters(size, pages uint64) (at, bytes uint64, ok bool) {
	most := uint64(2)
	switch {
	case size <= pageSize && pageSize%size == 0:
		most = pageSize / size
	case size <= pageSize && size%(pageSize%size) == 0:
		most = pageSize/size + 1
	case size <= pageSize:
		most = pageSize/size + 2
	case size%pageSize == 0:
		most = 1
	}
	width := uint64(bits.Len64(most)) // bits of a counter, rounded up to a power of two
	if width&(width-1) != 0 {
		width = 1 << bits.Len64(width)
	}
	per := 64 / width
	bytes = (pages + per - 1) / per * 8
	if bytes <= 2048*8 {
		return 0, 0, true
	}
	at, ok = h.os.Mmap(0, (bytes+pageSize-1)/pageSize*pageSize, 0)
	return at, bytes, ok
}
