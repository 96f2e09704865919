package dlmalloc

import (
	"fmt"
	"math"
	"slices"
)

func alignUp(v, unit uint64) uint64 { return (v + unit - 1) &^ (unit - 1) }

// sysAlloc gets a chunk from the system: a mapping of its own, or from a larger or another top (sys_alloc). 0: there is no memory.
func (h *Heap) sysAlloc(nb uint64) index {
	if nb >= h.mmapThreshold && h.topSize != 0 {
		if i := h.mmapChunk(nb); i != 0 {
			return i
		}
	}
	base, size, isMap, ok := h.more(nb)
	if !ok {
		return 0
	}
	if h.top == 0 {
		h.segs = append(h.segs, segment{base: base, size: size, mapped: isMap})
		h.top = h.newRow(base, 0, false)
		h.initTop(base, size-topFoot)
	} else if i := h.addMemory(base, size, isMap, nb); i != 0 {
		return i
	}
	if nb < h.topSize {
		return h.fromTop(nb)
	}
	return 0
}

// mmapChunk makes a chunk that is a mapping (mmap_alloc).
func (h *Heap) mmapChunk(nb uint64) index {
	n := alignUp(nb+mapPad, pageSize)
	if n <= nb {
		return 0
	}
	at, ok := h.os.Mmap(0, n, 0)
	if !ok {
		return 0
	}
	i := h.newRow(at, n-mapFoot, true)
	h.wrHead(i)
	h.wr(at + n - mapFoot + word) // a fencepost behind it
	return i
}

// more gets memory for a top that is to hold a chunk of nb bytes: by the break, behind the segment that has the top if there is one, or by
// mmap if the break cannot move or is someone else's.
func (h *Heap) more(nb uint64) (base, size uint64, isMap, ok bool) {
	size = alignUp(nb+sysPad, h.granularity)
	if size <= nb {
		return 0, 0, false, false
	}
	if h.contiguous {
		if base, size, ok = h.moreBreak(nb, size); ok {
			return base, size, false, true
		}
		size = alignUp(nb+sysPad, h.granularity)
	}
	base, ok = h.os.Mmap(0, size, 0)
	return base, size, true, ok
}

// moreBreak tries the break; if what comes is not where it is needed, it is used as a segment of its own if it is large enough.
func (h *Heap) moreBreak(nb, size uint64) (base, n uint64, ok bool) {
	var want uint64
	if h.top == 0 {
		if want, ok = h.os.Sbrk(0); !ok {
			return 0, 0, false
		}
		if want%pageSize != 0 {
			size += alignUp(want, pageSize) - want
		}
	} else {
		s := h.segmentOf(h.c[h.top].addr)
		want = s.base + s.size
		size = alignUp(nb-h.topSize+sysPad, h.granularity)
	}
	ok = false
	if size < math.MaxInt64 {
		base, ok = h.os.Sbrk(int64(size))
	}
	if !ok || base == want {
		if !ok {
			h.contiguous = false
		}
		return base, size, ok
	}
	if size < nb+sysPad {
		extra := alignUp(nb+sysPad-size, h.granularity)
		if _, ok = h.os.Sbrk(int64(extra)); !ok {
			h.os.Sbrk(-int64(size))
			h.contiguous = false
			return 0, 0, false
		}
		size += extra
	}
	return base, size, true
}

// initTop sets where the top begins and how large it is (init_top). It writes a head at the end of the segment. A size that someone else's
// odd break made odd is rounded down, where the real one lets it run into the flags.
func (h *Heap) initTop(addr, size uint64) {
	lead := -(addr + header) & alignMask
	h.c[h.top].addr = addr + lead
	h.setTopSize((size - lead) &^ alignMask)
	h.wrHead(h.top)
	h.wr(addr + size + word)
	h.trimCheck = h.trimThreshold
}

// segmentOf is the segment that holds an address (segment_holding).
func (h *Heap) segmentOf(addr uint64) *segment {
	for k := range h.segs {
		if s := &h.segs[k]; addr >= s.base && addr < s.base+s.size {
			return s
		}
	}
	return nil
}

// addMemory makes memory from the system part of the segment that it borders on, or a new segment. The result is a chunk of nb bytes if that
// was cut off on the way.
func (h *Heap) addMemory(base, size uint64, isMap bool, nb uint64) index {
	for k := range h.segs {
		s := &h.segs[k]
		top := h.c[h.top].addr
		if s.base+s.size == base && s.mapped == isMap && top >= s.base && top < base {
			s.size += size
			h.initTop(top, h.topSize+size)
			return 0
		}
	}
	for k := range h.segs {
		if s := &h.segs[k]; base+size == s.base && s.mapped == isMap {
			old := s.base
			s.base, s.size = base, s.size+size
			return h.prepend(base, old, nb)
		}
	}
	h.addSegment(base, size, isMap)
	return 0
}

// prepend uses memory that lies before a segment: a chunk of nb bytes, and the rest joins the segment's first chunk if that is free
// (prepend_alloc).
func (h *Heap) prepend(base, old, nb uint64) index {
	addr := base + -(base+header)&alignMask
	first := h.byAt.Get(old + -(old+header)&alignMask)
	if first == 0 {
		first = h.top // it is the only chunk that is not found
	}
	i := h.newRow(addr, nb|pinuse|cinuse, true)
	rest := h.newRow(addr+nb, (h.c[first].addr-addr-nb)|pinuse|cinuse, true)
	h.c[i].next, h.c[rest].prev = rest, i
	h.c[rest].next, h.c[first].prev = first, rest
	h.wrHead(i)
	h.merge(rest, false)
	return i
}

// addSegment begins another segment, with the top in it (add_segment). The old segment ends with a record of itself and fenceposts; what
// remained of the old top is a free chunk.
func (h *Heap) addSegment(base, size uint64, isMap bool) {
	top := h.c[h.top]
	s := h.segmentOf(top.addr)
	end := s.base + s.size
	at := end - (segRecord + 4*word + alignMask)
	at += -(at + header) & alignMask
	if at < top.addr+minChunk {
		at = top.addr
	}
	record := h.newRow(at, segRecord|pinuse|cinuse, true)
	h.c[record].taken = true
	before := top.prev
	h.c[h.top].prev = 0
	h.initTop(base, size-topFoot)
	rest := index(0)
	if at != top.addr {
		rest = h.newRow(top.addr, (at-top.addr)|pinuse, true)
		h.c[rest].prev, h.c[rest].next = before, record
		if before != 0 {
			h.c[before].next = rest
		}
		before = rest
	}
	h.c[record].prev = before
	if before != 0 {
		h.c[before].next = record
	}
	h.wrHead(record)
	h.os.Touch(at+header, segRecord-header, true)
	h.wr(end - word)
	h.segs = slices.Insert(h.segs, 0, segment{base: base, size: size, mapped: isMap, record: at})
	if rest != 0 {
		h.setFree(rest)
		h.insert(rest)
	}
}

// sysTrim gives whole units of granularity at the end of the top back but for pad bytes, and unused segments (sys_trim).
func (h *Heap) sysTrim(pad uint64) bool {
	if pad >= maxRequest || h.top == 0 {
		return false
	}
	pad += topFoot
	released := uint64(0)
	if unit := h.granularity; h.topSize > pad {
		extra := ((h.topSize-pad+unit-1)/unit - 1) * unit
		s := h.segmentOf(h.c[h.top].addr)
		if extra != 0 {
			released = h.shrink(s, extra)
		}
		if released != 0 {
			s.size -= released
			h.initTop(h.c[h.top].addr, h.topSize-released)
		}
	}
	released += h.releaseUnused()
	if released == 0 && h.topSize > h.trimCheck {
		h.trimCheck = ^uint64(0)
	}
	return released != 0
}

// shrink gives the end of the segment with the top back and returns how much went.
func (h *Heap) shrink(s *segment, extra uint64) uint64 {
	if s.mapped {
		for k := range h.segs {
			if r := h.segs[k].record; r >= s.base && r < s.base+s.size {
				return 0 // the description of another segment is in the way
			}
		}
		if s.size < extra {
			return 0
		}
		if _, ok := h.os.Mremap(s.base, s.size, s.size-extra, false); !ok {
			return 0
		}
		return extra
	}
	end, ok := h.os.Sbrk(0)
	if !ok || end != s.base+s.size {
		return 0
	}
	h.os.Sbrk(-int64(extra))
	now, ok := h.os.Sbrk(0)
	if !ok || now >= end {
		return 0
	}
	return end - now
}

// releaseUnused unmaps mapped segments, other than the newest, that are one free chunk (release_unused_segments).
func (h *Heap) releaseUnused() uint64 {
	released := uint64(0)
	seen := 1
	for k := 1; k < len(h.segs); seen++ {
		s := h.segs[k]
		i := h.byAt.Get(s.base + -(s.base+header)&alignMask)
		if i != 0 {
			h.rdHead(i)
		}
		if !s.mapped || i == 0 || h.c[i].size&cinuse != 0 || h.c[i].addr+h.size(i) < s.base+s.size-topFoot {
			k++
			continue
		}
		if i == h.dv {
			h.dv = 0
		} else {
			h.unlink(i)
		}
		h.release(h.c[i].next) // the record of this segment
		h.release(i)
		h.os.Munmap(s.base, s.size)
		h.begin()
		released += s.size
		h.segs[k-1].record = s.record
		h.segs = slices.Delete(h.segs, k, k+1)
	}
	h.releaseChecks = max(seen, checkEvery)
	return released
}

// Trim gives unused memory at the end of the heap back (dlmalloc_trim).
func (h *Heap) Trim(pad uint64) bool {
	h.begin()
	return h.sysTrim(pad)
}

// Mallopt sets TRIM_THRESHOLD, GRANULARITY (a power of two of at least a page) or MMAP_THRESHOLD (change_mparam); -1 is the largest size.
func (h *Heap) Mallopt(name string, value int64) (bool, error) {
	if value < math.MinInt32 || value > math.MaxInt32 {
		return false, fmt.Errorf("mallopt %s: %d does not fit an int; it goes from %d to %d", name, value, math.MinInt32, math.MaxInt32)
	}
	v := uint64(value)
	switch name {
	case "TRIM_THRESHOLD":
		h.trimThreshold = v
	case "MMAP_THRESHOLD":
		h.mmapThreshold = v
	case "GRANULARITY":
		if v < pageSize || v&(v-1) != 0 {
			return false, nil
		}
		h.granularity = v
	default:
		return false, fmt.Errorf("unknown mallopt option %q; one of TRIM_THRESHOLD GRANULARITY MMAP_THRESHOLD", name)
	}
	return true, nil
}
