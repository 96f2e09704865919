package jemalloc

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Check recomputes the invariants from the tables and tells the first that does not hold.
func (h *Heap) Check() error {
	if h.arenas[0].at == 0 {
		return nil
	}
	where := make([]uint8, len(h.e)) // 1: in a set, 2: an unused description, 3: in a bin
	for i := range h.arenas {
		a := &h.arenas[i]
		if a.at == 0 {
			continue
		}
		for _, s := range []*set{&a.dirty, &a.retained} {
			if err := h.checkSet(s, where); err != nil {
				return err
			}
		}
		if err := h.checkQueue(a.avail, where, 2); err != nil {
			return err
		}
		for c := range a.bins {
			if err := h.checkQueue(a.bins[c].nonfull, where, 3); err != nil {
				return err
			}
			if cur := a.bins[c].cur; cur != 0 {
				where[cur] = 3
			}
		}
	}
	cached, err := h.checkCache()
	if err != nil {
		return err
	}
	var order []row
	for r := firstExtent; r < row(len(h.e)); r++ {
		if err := h.checkExtent(r, where[r], cached); err != nil {
			return err
		}
		if h.e[r].state != unused {
			order = append(order, r)
		}
	}
	return h.checkOrder(order)
}

func (h *Heap) checkSet(s *set, where []uint8) error {
	pages, n := uint64(0), 0
	for i, q := range s.bins {
		if (len(q) > 0) != (s.bitmap[i/64]>>(i%64)&1 == 1) {
			return fmt.Errorf("bin %d of %d extents: its bit is wrong", i, len(q))
		}
		if err := h.checkQueue(q, where, 1); err != nil {
			return err
		}
		for _, r := range q {
			if h.binOf(r) != i || h.e[r].state != s.state {
				return fmt.Errorf("extent %d of %d bytes in state %d is in bin %d", r, h.e[r].size, h.e[r].state, i)
			}
			pages += h.e[r].size >> pageShift
			n++
		}
	}
	for r := h.e[s.lru].next; r != s.lru; r = h.e[r].next {
		if where[r] != 1 || h.e[h.e[r].next].prev != r {
			return fmt.Errorf("the list of extents by age is damaged at %d", r)
		}
		n--
	}
	if n != 0 || pages != s.npages {
		return fmt.Errorf("%d pages, counted as %d; %d extents are not in the list by age", pages, s.npages, n)
	}
	return nil
}

func (h *Heap) checkQueue(q queue, where []uint8, kind uint8) error {
	for i, r := range q {
		if where[r] != 0 || int(h.e[r].pos) != i || i > 0 && h.older(r, q[(i-1)/2]) {
			return fmt.Errorf("a heap of extents is damaged at %d", r)
		}
		where[r] = kind
	}
	return nil
}

// checkCache gives the blocks in the thread's cache.
func (h *Heap) checkCache() (map[uint64]bool, error) {
	cached := map[uint64]bool{}
	for c := range h.cache {
		t := &h.cache[c]
		if t.n > t.max || t.low > t.n {
			return nil, fmt.Errorf("class %d: %d cached of %d, low mark %d", c, t.n, t.max, t.low)
		}
		for _, p := range h.stack[t.base : t.base+t.n] {
			r := h.pages.Get(p >> pageShift)
			if cached[p] || r == 0 || h.e[r].class != class(c) {
				return nil, fmt.Errorf("class %d: %#x is cached wrongly", c, p)
			}
			cached[p] = true
		}
	}
	return cached, nil
}

func (h *Heap) checkExtent(r row, where uint8, cached map[uint64]bool) error {
	e := &h.e[r]
	if e.state == unused {
		if where != 2 {
			return fmt.Errorf("the unused description %d is lost", r)
		}
		return nil
	}
	first, last := e.base()>>pageShift, e.past()>>pageShift-1
	if h.pages.Get(first) != r || h.pages.Get(last) != r {
		return fmt.Errorf("extent %d: its ends are noted for %d and %d", r, h.pages.Get(first), h.pages.Get(last))
	}
	if (e.state == active) == (where == 1) {
		return fmt.Errorf("extent %d in state %d is in list %d", r, e.state, where)
	}
	if e.slab == 0 {
		return nil
	}
	for p := first; p <= last; p++ {
		if h.pages.Get(p) != r {
			return fmt.Errorf("slab %d: page %#x is noted for %d", r, p, h.pages.Get(p))
		}
	}
	b, s := &h.g.bins[e.class], &h.slabs[e.slab]
	free := 0
	for w := range s.free {
		free += bits.OnesCount64(s.free[w])
		if s.free[w]&s.live[w] != 0 {
			return fmt.Errorf("slab %d: a region is free and live", r)
		}
	}
	for i := range uint64(b.regions) {
		out := s.free[i/64]>>(i%64)&1 == 0
		if c := cached[e.addr+i*b.size]; out != (c || s.live[i/64]>>(i%64)&1 == 1) || c && s.live[i/64]>>(i%64)&1 == 1 {
			return fmt.Errorf("slab %d: region %d is not just one of free, cached and live", r, i)
		}
	}
	if free != int(e.free) || free == int(b.regions) || (where == 3) != (free > 0) && h.arenas[0].bins[e.class].cur != r {
		return fmt.Errorf("slab %d: %d regions free, counted as %d, in list %d", r, free, e.free, where)
	}
	return nil
}

func (h *Heap) checkOrder(order []row) error {
	slices.SortFunc(order, func(a, b row) int { return cmp.Compare(h.e[a].addr, h.e[b].addr) })
	for i := 1; i < len(order); i++ {
		a, b := &h.e[order[i-1]], &h.e[order[i]]
		switch {
		case a.past() > b.base():
			return fmt.Errorf("extents %d and %d overlap", order[i-1], order[i])
		case a.past() == b.base() && a.state == retained && b.state == retained && a.arena == b.arena && a.committed == b.committed && !b.head:
			return fmt.Errorf("extents %d and %d are retained neighbours", order[i-1], order[i])
		}
	}
	return nil
}
