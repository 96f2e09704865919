package tcmalloc

import (
	"cmp"
	"slices"
)

const (
	releaseDelay    = 1 << 18   // pages freed before the next try when nothing could be released (kDefaultReleaseDelay)
	maxReleaseDelay = 1 << 20   // kMaxReleaseDelay
	coalesceEvery   = 128 << 20 // kForcedCoalesceInterval
	mapThreshold    = 128 << 20 // kPageMapBigAllocationThreshold
)

// newPages finds n pages (PageHeap::New). 0: there is no memory.
func (h *Heap) newPages(n uint64) row {
	if s := h.search(n); s != 0 {
		return s
	}
	if h.freeBytes != 0 && h.returnedBytes != 0 && h.freeBytes+h.returnedBytes >= h.systemBytes/4 &&
		h.systemBytes/coalesceEvery != (h.systemBytes+n<<pageShift)/coalesceEvery {
		// Free spans of both kinds do not merge: releasing all of them makes one kind.
		h.releaseAtLeast(0x7fffffff)
		if s := h.search(n); s != 0 {
			return s
		}
	}
	if !h.growHeap(n) {
		return 0
	}
	return h.search(n)
}

// search finds n pages among the free spans (SearchFreeAndLargeLists).
func (h *Heap) search(n uint64) row {
	for l := n; l <= maxPages; l++ {
		for _, head := range [2]row{normalHead + row(l) - 1, returnedHead + row(l) - 1} {
			if !h.isEmpty(head) {
				return h.carve(h.spans[head].next, n)
			}
		}
	}
	return h.allocLarge(n)
}

// bySize orders free spans as the sets of long ones do: by length, then by address.
func (h *Heap) bySize(s row, want span) int {
	if c := cmp.Compare(h.spans[s].length, want.length); c != 0 {
		return c
	}
	return cmp.Compare(h.spans[s].start, want.start)
}

// allocLarge takes the best fit among the long free spans (AllocLarge).
func (h *Heap) allocLarge(n uint64) row {
	best := row(0)
	for _, set := range [][]row{h.largeNormal, h.largeReturned} {
		i, _ := slices.BinarySearchFunc(set, span{length: n}, h.bySize)
		if i < len(set) && (best == 0 || h.bySize(set[i], h.spans[best]) < 0) {
			best = set[i]
		}
	}
	if best == 0 {
		return 0
	}
	return h.carve(best, n)
}

func (h *Heap) record(s row) {
	sp := &h.spans[s]
	h.setPage(sp.start, s)
	if sp.length > 1 {
		h.setPage(sp.start+sp.length-1, s)
	}
}

// split cuts a span in use in two and returns the second (Split).
func (h *Heap) split(s row, n uint64) row {
	rest := h.newSpan(h.spans[s].start+n, h.spans[s].length-n)
	h.record(rest)
	h.setPage(h.spans[s].start+n-1, s)
	h.spans[s].length = n
	h.wrSpan(s)
	return rest
}

// carve takes the first n pages of a free span; what remains stays as free as it was (Carve).
func (h *Heap) carve(s row, n uint64) row {
	where := h.spans[s].where
	h.removeFree(s)
	h.spans[s].where = inUse
	if extra := h.spans[s].length - n; extra > 0 {
		rest := h.newSpan(h.spans[s].start+n, extra)
		h.spans[rest].where = where
		h.record(rest)
		h.prependFree(rest)
		h.spans[s].length = n
		h.setPage(h.spans[s].start+n-1, s)
	}
	h.wrSpan(s)
	return s
}

// delete frees a span (PageHeap::Delete).
func (h *Heap) delete(s row) {
	sp := &h.spans[s]
	n := sp.length
	sp.class, sp.where = 0, normal
	h.wrSpan(s)
	h.mergeFree(s)
	h.scavenge(int64(n))
}

// mergeFree joins a free span with free neighbours of its kind and puts it into its list (MergeIntoFreeList).
func (h *Heap) mergeFree(s row) {
	sp := &h.spans[s]
	if p := h.descriptor(sp.start - 1); p != 0 && h.spans[p].where == sp.where {
		h.removeFree(p)
		sp.start -= h.spans[p].length
		sp.length += h.spans[p].length
		h.deleteSpan(p)
		h.setPage(sp.start, s)
	}
	if n := h.descriptor(sp.start + sp.length); n != 0 && h.spans[n].where == sp.where {
		h.removeFree(n)
		sp.length += h.spans[n].length
		h.deleteSpan(n)
		h.setPage(sp.start+sp.length-1, s)
	}
	h.prependFree(s)
}

func (h *Heap) set(where uint8) *[]row {
	if where == normal {
		return &h.largeNormal
	}
	return &h.largeReturned
}

func (h *Heap) bytes(where uint8) *uint64 {
	if where == normal {
		return &h.freeBytes
	}
	return &h.returnedBytes
}

// prependFree is PrependToFreeList.
func (h *Heap) prependFree(s row) {
	sp := &h.spans[s]
	*h.bytes(sp.where) += sp.length << pageShift
	if sp.length > maxPages {
		if h.nodes.size == 0 {
			h.nodes.init(h, h.g.node)
		}
		sp.node = h.nodes.alloc(h)
		h.mem.Wr(sp.node)
		h.wrSpan(s)
		set := h.set(sp.where)
		i, _ := slices.BinarySearchFunc(*set, *sp, h.bySize)
		*set = slices.Insert(*set, i, s)
		return
	}
	head := normalHead
	if sp.where == returned {
		head = returnedHead
	}
	h.prepend(head+row(sp.length)-1, s)
}

// removeFree is RemoveFromFreeList.
func (h *Heap) removeFree(s row) {
	sp := &h.spans[s]
	*h.bytes(sp.where) -= sp.length << pageShift
	if sp.length <= maxPages {
		h.unlink(s)
		return
	}
	set := h.set(sp.where)
	i, _ := slices.BinarySearchFunc(*set, *sp, h.bySize)
	*set = slices.Delete(*set, i, i+1)
	h.nodes.free(h, sp.node)
	sp.node = 0
}

// scavenge gives something back to the system when enough pages have been freed (IncrementalScavenge).
func (h *Heap) scavenge(n int64) {
	h.scavengeCounter -= n
	if h.scavengeCounter >= 0 {
		return
	}
	h.scavengeCounter = releaseDelay
	if !h.loaded {
		return
	}
	if pages := h.releaseAtLeast(1); pages > 0 {
		h.scavengeCounter = int64(min(1000*pages, maxReleaseDelay))
	}
}

// releaseAtLeast gives free spans back, one from each list in turn, until there are n pages or no more spans (ReleaseAtLeastNPages).
func (h *Heap) releaseAtLeast(n uint64) uint64 {
	pages := uint64(0)
	for pages < n && h.freeBytes > 0 {
		for i := 0; i < maxPages+1 && pages < n; i++ {
			if h.releaseIndex > maxPages {
				h.releaseIndex = 0
			}
			s := row(0)
			if h.releaseIndex == maxPages {
				if len(h.largeNormal) > 0 {
					s = h.largeNormal[0]
				}
			} else if head := normalHead + row(h.releaseIndex); !h.isEmpty(head) {
				s = h.spans[head].prev
			}
			if s != 0 {
				pages += h.release(s)
			}
			h.releaseIndex++
		}
	}
	return pages
}

// release gives a free span's memory back (ReleaseSpan).
func (h *Heap) release(s row) uint64 {
	sp := &h.spans[s]
	h.os.DontNeed(sp.start<<pageShift, sp.length<<pageShift)
	h.mem.Forget()
	h.removeFree(s)
	n := sp.length
	sp.where = returned
	h.mergeFree(s)
	return n
}

// growHeap takes at least 1 MiB from the system (GrowHeap).
func (h *Heap) growHeap(n uint64) bool {
	if n > 1<<(h.g.word*8-pageShift)-1 {
		return false
	}
	ask := max(n, maxPages)
	at, size, ok := h.sysAlloc(ask<<pageShift, pageSize)
	if !ok {
		if n < ask {
			at, size, ok = h.sysAlloc(n<<pageShift, pageSize)
		}
		if !ok {
			return false
		}
	}
	h.mem.Fill(h.traces.alloc(h), h.g.trace)
	old := h.systemBytes
	h.systemBytes += size
	ask = size >> pageShift
	if old < mapThreshold && h.systemBytes >= mapThreshold && h.g.pageBits < 20 {
		h.ensure(0, 1<<h.g.pageBits)
	}
	start := at >> pageShift
	if !h.ensure(start-1, ask+2) {
		return false
	}
	s := h.newSpan(start, ask)
	h.record(s)
	h.delete(s)
	return true
}
