package jemalloc

import "math/bits"

const maxPageClasses = 256

// A set holds an arena's extents of one state, by the classes of their sizes and by age (eset_t).
type set struct {
	bins   [maxPageClasses]queue
	bitmap [maxPageClasses / 64]uint64
	npages uint64
	lru    row // head of the list
	state  uint8
	delay  bool // neighbours are joined later, when they are evicted
}

func (h *Heap) binOf(r row) int { return h.g.pageClass(h.g.quantizeFloor(h.e[r].size)) }

func (h *Heap) setInsert(s *set, r row) {
	h.setState(r, s.state)
	i := h.binOf(r)
	h.push(&s.bins[i], r)
	s.bitmap[i/64] |= 1 << (i % 64)
	last := h.e[s.lru].prev
	h.e[r].prev, h.e[r].next = last, s.lru
	h.e[last].next, h.e[s.lru].prev = r, r
	s.npages += h.e[r].size >> pageShift
}

func (h *Heap) setRemove(s *set, r row) {
	i := h.binOf(r)
	h.drop(&s.bins[i], r)
	if len(s.bins[i]) == 0 {
		s.bitmap[i/64] &^= 1 << (i % 64)
	}
	next, prev := h.e[r].next, h.e[r].prev
	h.e[prev].next, h.e[next].prev = next, prev
	h.e[r].next, h.e[r].prev = 0, 0
	h.wr(r)
	s.npages -= h.e[r].size >> pageShift
}

// from is the first bin from i on that has an extent, or maxPageClasses.
func (s *set) from(i int) int {
	for w := i / 64; w < len(s.bitmap); w++ {
		b := s.bitmap[w]
		if w == i/64 {
			b &= ^uint64(0) << (i % 64)
		}
		if b != 0 {
			return w*64 + bits.TrailingZeros64(b)
		}
	}
	return maxPageClasses
}

// fit finds the extent for size bytes at a multiple of align, or 0 (eset_fit).
func (h *Heap) fit(s *set, size, align uint64) row {
	most := size + pageCeil(align) - pageSize
	if most < size {
		return 0
	}
	r := h.firstFit(s, most)
	if align > pageSize && r == 0 {
		r = h.fitAligned(s, size, most, align)
	}
	return r
}

// firstFit is the oldest and lowest extent that is large enough, but where joining is delayed none more than 64 times as large
// (eset_first_fit).
func (h *Heap) firstFit(s *set, size uint64) row {
	best := row(0)
	for i := s.from(h.g.pageClass(h.g.quantizeCeil(size))); i < maxPageClasses; i = s.from(i + 1) {
		if s.delay && i < len(h.g.pages) && h.g.pages[i]>>6 > size {
			break
		}
		if r := s.bins[i][0]; best == 0 || h.older(r, best) {
			best = r
		}
	}
	return best
}

// fitAligned looks for a smaller one that happens to lie well (eset_fit_alignment).
func (h *Heap) fitAligned(s *set, least, most, align uint64) row {
	end := h.g.pageClass(h.g.quantizeCeil(most))
	for i := s.from(h.g.pageClass(h.g.quantizeCeil(least))); i < end; i = s.from(i + 1) {
		e := &h.e[s.bins[i][0]]
		base := e.base()
		next := alignUp(base, pageCeil(align))
		if base > next || base+e.size <= next {
			continue
		}
		if e.size-(next-base) >= least {
			return s.bins[i][0]
		}
	}
	return 0
}
