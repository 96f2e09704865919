package scudo

import (
	"math/bits"
	"slices"
)

// releaseMaybe gives a class's free pages back if there is enough and the last time is long enough ago (releaseToOSMaybe).
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
		percent := free * 100
		if h.g.narrow {
			percent &= 1<<32 - 1 // as it overflows there
		}
		if percent/r.used < 100-1-r.size/16 {
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

// releasePages gives back every page all of whose blocks are in the class's list (releaseFreeMemoryToOS). Ranges do not end where one region
// borders on another of the class.
func (h *Heap) releasePages(r *region) bool {
	length, bases, from, regions := r.used, []uint64{r.begin}, uint64(0), uint64(1)
	if h.g.narrow {
		length, bases = 1<<regionShift32, slices.Clone(r.bases)
		slices.Sort(bases)
		from = bases[0] >> regionShift32
		regions = bases[len(bases)-1]>>regionShift32 - from + 1
	}
	pages := (length + pageSize - 1) / pageSize
	buffer, bytes, ok := h.counters(r.size, pages, regions)
	if !ok {
		return false
	}
	counts := h.countFree(r, length, pages)
	if buffer != 0 {
		for _, base := range bases {
			if n := bytes / regions; h.g.narrow {
				h.mem.Fill(buffer+(base>>regionShift32-from)*n, n)
			} else {
				h.mem.Fill(buffer, n)
			}
		}
	}
	any, start, end := false, uint64(0), uint64(0) // the open range, if start is not 0
	for _, base := range bases {
		if start != 0 && end != base {
			h.os.DontNeed(start, end-start)
			start = 0
		}
		row := uint64(0)
		if h.g.narrow {
			row = uint64(h.owners[base>>regionShift32].number) * pages
		}
		for p := range pages {
			at := base + p*pageSize
			if uint64(counts[row+p]) == blocksOn(p, r.size) {
				if any = true; start == 0 {
					start = at
				}
				end = at + pageSize
			} else if start != 0 {
				h.os.DontNeed(start, end-start)
				start = 0
			}
		}
	}
	if start != 0 {
		h.os.DontNeed(start, end-start)
	}
	if buffer != 0 {
		h.os.Munmap(buffer, (bytes+pageSize-1)/pageSize*pageSize)
	}
	h.mem.Forget()
	return any
}

// countFree counts, for each page of a class's regions in the order in which these were made, the free blocks that lie on it.
func (h *Heap) countFree(r *region, length, pages uint64) []uint16 {
	counts := make([]uint16, pages*uint64(max(1, len(r.bases))))
	last := (length/r.size - 1) * r.size
	for b := r.first; b != 0; b = h.batches[b-1].next {
		x := &h.batches[b-1]
		h.touchBatch(uint32(b-1), x.count, false)
		for _, i := range x.blocks[:x.count] {
			row := counts
			if r.per != 0 {
				row = counts[uint64(i/r.per)*pages:][:pages]
				i %= r.per
			}
			p := uint64(i) * r.size
			countPages(row, p, r.size)
			if p == last && pageSize%r.size != 0 {
				for p += r.size; p < pages*pageSize; p += r.size { // as if the last page were full of free blocks
					countPages(row, p, r.size)
				}
			}
		}
	}
	return counts
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
func (h *Heap) counters(size, pages, regions uint64) (at, bytes uint64, ok bool) {
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
	per := h.g.word * 8 / width
	bytes = (pages + per - 1) / per * h.g.word * regions
	if bytes <= 2048*h.g.word {
		return 0, 0, true
	}
	at, ok = h.os.Mmap(0, (bytes+pageSize-1)/pageSize*pageSize, 0)
	return at, bytes, ok
}
