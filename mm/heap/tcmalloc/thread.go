package tcmalloc

const (
	cacheSpace   = 32 << 20 // for all threads (kDefaultOverallThreadCacheSize)
	stealAmount  = 64 << 10 // by which a thread's share grows (kStealAmount)
	maxOverages  = 3
	maxDynLength = 8192 // kMaxDynamicFreeListLength
)

// A list is the thread's free objects of one class (ThreadCache::FreeList).
type list struct {
	head             row
	length, low, max uint32
	overages         uint32
}

// newCache makes the cache of a thread (NewHeap, Init).
func (h *Heap) newCache() {
	h.cache = h.caches.alloc(h)
	h.mem.Fill(h.cache, uint64(len(h.sizes.classes))*h.g.list)
	h.mem.Fill(h.cache+maxClasses*h.g.list, h.g.cache-maxClasses*h.g.list)
	h.cacheBytes, h.cacheMax = 0, 0
	h.raiseLimit()
	for cl := range h.lists {
		h.lists[cl] = list{max: 1}
	}
}

// raiseLimit lets the cache grow as long as there is unclaimed space (IncreaseCacheLimit); other threads have nothing to take from.
func (h *Heap) raiseLimit() {
	if h.unclaimed > 0 {
		h.unclaimed -= stealAmount
		h.cacheMax += stealAmount
	}
}

// wrList writes a list's counters and head.
func (h *Heap) wrList(cl uint8) { h.mem.Wr(h.cache + uint64(cl)*h.g.list) }

// allocate takes an object out of the cache (ThreadCache::Allocate). 0: there is no memory.
func (h *Heap) allocate(cl uint8) row {
	l := &h.lists[cl]
	o := l.head
	if o == 0 {
		return h.fetchFromCentral(cl)
	}
	h.mem.Rd(h.objects[o].addr)
	l.head = h.objects[o].next
	l.length--
	l.low = min(l.low, l.length)
	h.wrList(cl)
	h.cacheBytes -= int64(h.sizes.classes[cl].size)
	h.objects[o].next = live
	return o
}

// fetchFromCentral gets a batch, from one object to as many as move at once, more each time (FetchFromCentralCache).
func (h *Heap) fetchFromCentral(cl uint8) row {
	l, move := &h.lists[cl], uint32(h.sizes.classes[cl].move)
	b, n := h.remove(cl, int(min(l.max, move)))
	if n == 0 {
		return 0
	}
	first := b.head
	h.mem.Rd(h.objects[first].addr)
	if n > 1 {
		h.cacheBytes += int64(h.sizes.classes[cl].size) * int64(n-1)
		l.head = h.objects[first].next
		l.length = uint32(n - 1)
		h.mem.Wr(h.objects[b.tail].addr)
	}
	h.objects[first].next = live
	if l.max < move {
		l.max++
	} else {
		grown := min(l.max+move, maxDynLength)
		l.max = grown - grown%move
	}
	h.wrList(cl)
	return first
}

// deallocate puts an object into the cache (ThreadCache::Deallocate).
func (h *Heap) deallocate(cl uint8, o row) {
	l := &h.lists[cl]
	h.mem.Wr(h.objects[o].addr)
	h.objects[o].next = l.head
	l.head = o
	l.length++
	h.wrList(cl)
	h.cacheBytes += int64(h.sizes.classes[cl].size)
	if l.length > l.max {
		h.tooLong(cl)
	}
	if h.cacheBytes > h.cacheMax {
		h.scavengeCache()
	}
}

// tooLong gives a batch back and adapts the list's greatest length (ListTooLong).
func (h *Heap) tooLong(cl uint8) {
	l, move := &h.lists[cl], uint32(h.sizes.classes[cl].move)
	h.giveBack(cl, int(move))
	if l.max < move {
		l.max++
	} else if l.max > move {
		if l.overages++; l.overages > maxOverages {
			l.max -= move
			l.overages = 0
		}
	}
	h.wrList(cl)
}

// giveBack moves n objects to the central cache, in batches (ReleaseToCentralCache).
func (h *Heap) giveBack(cl uint8, n int) {
	n = min(n, int(h.lists[cl].length))
	h.cacheBytes -= int64(n) * int64(h.sizes.classes[cl].size)
	for move := h.sizes.classes[cl].move; n > move; n -= move {
		h.insert(cl, h.pop(cl, move), move)
	}
	h.insert(cl, h.pop(cl, n), n)
}

// pop takes the first n objects out of a list (PopRange).
func (h *Heap) pop(cl uint8, n int) batch {
	l := &h.lists[cl]
	if n == 0 {
		return batch{}
	}
	b := batch{head: l.head}
	o := l.head
	for range n {
		h.mem.Rd(h.objects[o].addr)
		b.tail = o
		o = h.objects[o].next
	}
	h.mem.Wr(h.objects[b.tail].addr)
	h.objects[b.tail].next = 0
	l.head = o
	l.length -= uint32(n)
	l.low = min(l.low, l.length)
	h.wrList(cl)
	return b
}

// scavengeCache gives back half of what every list has not needed since the last time (Scavenge).
func (h *Heap) scavengeCache() {
	for cl := 1; cl < len(h.sizes.classes); cl++ {
		l := &h.lists[cl]
		if l.low > 0 {
			h.giveBack(uint8(cl), max(int(l.low/2), 1))
			if move := uint32(h.sizes.classes[cl].move); l.max > move {
				l.max = max(l.max-move, move)
			}
		}
		l.low = l.length
		h.wrList(uint8(cl))
	}
	h.raiseLimit()
}
