package scudo

import "mmsim/mm/heap"

const (
	mapFixed     = heap.MapFixed
	maxEntries   = 32
	defaultEntry = 512 << 10 // the largest mapping that is kept
	maxUnused    = 4         // pages that a mapping may be larger than needed, at its beginning
	fullEvents   = 4         // so many times full, then the kept mappings go
)

// A large is a block with a mapping of its own (LargeBlock::Header, CachedBlock).
type large struct {
	commit, commitLen, base, baseLen uint64
	user, size                       uint64
	time                             int64 // when it was freed, 0: its pages are zeros
}

// allocateLarge maps a block, or takes a kept mapping of about the size (MapAllocator::allocate). It returns the user's address. zero asks
// for cleared memory.
func (h *Heap) allocateLarge(size, alignment uint64, zero bool) (uint64, bool) {
	rounded := (size+alignment-1)/alignment*alignment + h.g.largeHeader + h.g.header
	rounded = (rounded + pageSize - 1) &^ (pageSize - 1)
	if alignment > pageSize {
		rounded += alignment - pageSize
	}
	if alignment < pageSize && h.entryCount != 0 && rounded <= h.entrySize {
		if l, ok := h.retrieve(size, alignment); ok {
			if zero && l.time != 0 {
				h.mem.Fill(l.user-h.g.header, l.commit+l.commitLen-l.user+h.g.header)
			}
			h.addLarge(l)
			return l.user, true
		}
	}
	l := large{baseLen: rounded + 2*pageSize, size: size}
	var ok bool
	if l.base, ok = h.os.Mmap(0, l.baseLen, heap.MapNone|heap.MapNoReserve); !ok {
		return 0, false
	}
	l.commit = l.base + pageSize
	if alignment >= pageSize {
		l.commit = (l.base+pageSize+1+alignment-1)&^(alignment-1) - pageSize
		if h.g.narrow {
			h.trim(&l)
		}
	}
	l.commitLen = l.base + l.baseLen - pageSize - l.commit
	if _, ok := h.os.Mmap(l.commit, l.commitLen, mapFixed); !ok {
		panic(heap.Abort("Scudo ERROR: internal map failure (error desc=Cannot allocate memory)"))
	}
	h.mem.Forget()
	l.user = (l.commit + l.commitLen - size) &^ (alignment - 1)
	h.addLarge(l)
	return l.user, true
}

// trim unmaps what lies before and behind an aligned block's pages, which is done where addresses are scarce.
func (h *Heap) trim(l *large) {
	if base := l.commit - pageSize; base != l.base {
		h.os.Munmap(l.base, base-l.base)
		l.base, l.baseLen = base, l.baseLen-(base-l.base)
	}
	if n := 2*pageSize + (l.size+pageSize-1)&^(pageSize-1) + pageSize; n != l.baseLen {
		h.os.Munmap(l.base+n, l.baseLen-n)
		l.baseLen = n
	}
}

// addLarge writes a block's headers and puts it at the end of the list of blocks in use.
func (h *Heap) addLarge(l large) {
	i := h.spareLarge
	if i != 0 {
		h.spareLarge = uint32(h.large[i].base)
		h.large[i] = l
	} else {
		i = uint32(len(h.large))
		h.large = append(h.large, l)
		h.ring = append(h.ring, [2]uint32{})
	}
	last := h.ring[0][0]
	h.ring[i] = [2]uint32{last, 0}
	h.ring[last][1], h.ring[0][0] = i, i
	h.mem.Fill(l.user-h.g.header-h.g.largeHeader, h.g.largeHeader+h.g.header)
	h.wrLarge(last)
	h.byUser.Put(l.user, i)
}

func (h *Heap) wrLarge(i uint32) {
	if i != 0 {
		h.mem.Wr(h.large[i].user - h.g.header - h.g.largeHeader)
	}
}

// freeLarge takes a block out of the list and keeps or unmaps it (MapAllocator::deallocate).
func (h *Heap) freeLarge(i uint32) {
	prev, next := h.ring[i][0], h.ring[i][1]
	h.ring[prev][1], h.ring[next][0] = next, prev
	h.wrLarge(prev)
	h.wrLarge(next)
	l := h.large[i]
	h.byUser.Delete(l.user)
	h.large[i] = large{base: uint64(h.spareLarge)}
	h.spareLarge = i
	h.store(l)
}

func (h *Heap) unmapLarge(l large) {
	h.os.Munmap(l.base, l.baseLen)
	h.mem.Forget()
}

// store keeps a freed mapping (MapAllocatorCache::store).
func (h *Heap) store(l large) {
	if h.entryCount == 0 || l.commitLen > h.entrySize {
		h.unmapLarge(l)
		return
	}
	now := h.os.Now()
	l.time = now
	if h.interval == 0 {
		h.os.DontNeed(l.commit, l.commitLen)
		h.mem.Forget()
		l.time = 0
	}
	cached, empty := false, false
	if h.kept >= h.entryCount {
		empty = h.full == fullEvents
		h.full++
	} else {
		for i := range h.entryCount {
			if h.entries[i].commit != 0 {
				continue
			}
			h.entries[i] = h.entries[0]
			h.entries[0] = l
			h.kept++
			if h.oldest == 0 {
				h.oldest = l.time
			}
			cached = true
			break
		}
	}
	if empty {
		for i := range h.entries {
			if h.entries[i].commit != 0 {
				h.unmapLarge(h.entries[i])
				h.entries[i] = large{}
			}
		}
		h.kept, h.full = 0, 0
	} else if h.interval >= 0 {
		h.releaseOlder(now - h.interval)
	}
	if !cached {
		h.unmapLarge(l)
	}
}

// releaseOlder gives back the pages of kept mappings that were freed before a time (releaseOlderThan).
func (h *Heap) releaseOlder(time int64) {
	if h.kept == 0 || h.oldest == 0 || h.oldest > time {
		return
	}
	h.oldest = 0
	for i := range h.entries {
		e := &h.entries[i]
		switch {
		case e.commit == 0 || e.time == 0:
		case e.time > time:
			if h.oldest == 0 || e.time < h.oldest {
				h.oldest = e.time
			}
		default:
			h.os.DontNeed(e.commit, e.commitLen)
			e.time = 0
		}
	}
	h.mem.Forget()
}

// retrieve takes a kept mapping that a request fits without too much being left (MapAllocatorCache::retrieve).
func (h *Heap) retrieve(size, alignment uint64) (large, bool) {
	for i := range h.entryCount {
		e := &h.entries[i]
		if h.kept == 0 || e.commit == 0 {
			continue
		}
		pos := (e.commit + e.commitLen - size) &^ (alignment - 1)
		head := pos - h.g.header - h.g.largeHeader
		if head > e.commit+e.commitLen || head < e.commit || pos > e.commit+pageSize*maxUnused {
			continue
		}
		l := *e
		l.user, l.size = pos, size
		e.commit = 0
		h.kept--
		return l, true
	}
	return large{}, false
}
