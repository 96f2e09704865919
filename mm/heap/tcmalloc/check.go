package tcmalloc

import (
	"fmt"
	"slices"
)

// Check recomputes the invariants from the tables and tells the first that does not hold.
func (h *Heap) Check() error {
	where := make([]row, len(h.spans)) // the list that each span is in, 0: none
	for head := normalHead; head < firstSpan; head++ {
		for s := h.spans[head].next; s != head; s = h.spans[s].next {
			if s < firstSpan || where[s] != 0 || h.spans[h.spans[s].next].prev != s {
				return fmt.Errorf("list %d is damaged at span %d", head, s)
			}
			where[s] = head
		}
	}
	spare := make([]bool, len(h.spans))
	for s := h.spareSpan; s != 0; s = h.spans[s].next {
		spare[s] = true
	}
	held, err := h.checkObjects()
	if err != nil {
		return err
	}
	var free, gone uint64
	var order []row
	for s := firstSpan; s < row(len(h.spans)); s++ {
		if spare[s] {
			continue
		}
		order = append(order, s)
		sp := &h.spans[s]
		want := row(0)
		switch {
		case sp.where == normal && sp.length <= maxPages:
			want = normalHead + row(sp.length) - 1
		case sp.where == returned && sp.length <= maxPages:
			want = returnedHead + row(sp.length) - 1
		case sp.class != 0 && sp.objects != 0:
			want = nonemptyHead + row(sp.class)
		case sp.class != 0:
			want = emptyHead + row(sp.class)
		}
		if where[s] != want {
			return fmt.Errorf("span %d of %d pages is in list %d, not %d", s, sp.length, where[s], want)
		}
		switch sp.where {
		case normal:
			free += sp.length << pageShift
		case returned:
			gone += sp.length << pageShift
		}
		if err := h.checkSpan(s, held); err != nil {
			return err
		}
	}
	if free != h.freeBytes || gone != h.returnedBytes {
		return fmt.Errorf("%d bytes free and %d returned, counted as %d and %d", free, gone, h.freeBytes, h.returnedBytes)
	}
	return h.checkOrder(order)
}

// checkObjects gives, for each object in a list of the thread's or a batch's, how often it is there.
func (h *Heap) checkObjects() ([]uint8, error) {
	held := make([]uint8, len(h.objects))
	bytes := int64(0)
	for cl := range h.lists {
		n := uint32(0)
		for o := h.lists[cl].head; o != 0; o = h.objects[o].next {
			if o == live || held[o] > 0 {
				return nil, fmt.Errorf("class %d: the thread's list is damaged at object %d", cl, o)
			}
			held[o]++
			n++
			bytes += int64(h.sizes.classes[cl].size)
		}
		if n != h.lists[cl].length || h.lists[cl].low > n {
			return nil, fmt.Errorf("class %d: the thread has %d objects, counted as %d, low mark %d", cl, n, h.lists[cl].length, h.lists[cl].low)
		}
		for _, b := range h.central[cl].slots {
			n := 0
			for o := b.head; o != 0; o = h.objects[o].next {
				if o == live || held[o] > 0 {
					return nil, fmt.Errorf("class %d: a batch is damaged at object %d", cl, o)
				}
				held[o]++
				n++
			}
			if n != h.sizes.classes[cl].move {
				return nil, fmt.Errorf("class %d: a batch of %d objects, not %d", cl, n, h.sizes.classes[cl].move)
			}
		}
		if len(h.central[cl].slots) > h.central[cl].limit {
			return nil, fmt.Errorf("class %d: %d batches, at most %d", cl, len(h.central[cl].slots), h.central[cl].limit)
		}
	}
	if bytes != h.cacheBytes {
		return nil, fmt.Errorf("%d bytes in the thread's cache, counted as %d", bytes, h.cacheBytes)
	}
	return held, nil
}

func (h *Heap) checkSpan(s row, held []uint8) error {
	sp := &h.spans[s]
	last := sp.start + sp.length - 1
	if h.pages.Get(sp.start) != s || h.pages.Get(last) != s {
		return fmt.Errorf("span %d: its ends are noted for %d and %d", s, h.pages.Get(sp.start), h.pages.Get(last))
	}
	if sp.class == 0 {
		return nil
	}
	c := &h.sizes.classes[sp.class]
	if sp.length != uint64(c.pages) || sp.refcount == 0 {
		return fmt.Errorf("span %d of class %d has %d pages and %d objects out", s, sp.class, sp.length, sp.refcount)
	}
	for p := sp.start; p <= last; p++ {
		if h.pages.Get(p) != s {
			return fmt.Errorf("span %d: page %#x is noted for %d", s, p, h.pages.Get(p))
		}
	}
	own := uint32(0)
	for o := sp.objects; o != 0; o = h.objects[o].next {
		if o-sp.base >= c.objects || held[o] > 0 {
			return fmt.Errorf("span %d: its list is damaged at object %d", s, o)
		}
		held[o]++
		own++
	}
	if own+sp.refcount != c.objects {
		return fmt.Errorf("span %d: %d objects of its own and %d out, of %d", s, own, sp.refcount, c.objects)
	}
	for i := range c.objects {
		o := sp.base + i
		if h.objects[o].addr != sp.start<<pageShift+uint64(i*c.size) {
			return fmt.Errorf("span %d: object %d lies at %#x", s, i, h.objects[o].addr)
		}
		if isLive := h.objects[o].next == live; isLive == (held[o] > 0) && !isLive {
			return fmt.Errorf("span %d: object %d is neither live nor free", s, i)
		}
	}
	return nil
}

func (h *Heap) checkOrder(order []row) error {
	slices.SortFunc(order, func(a, b row) int { return int(int64(h.spans[a].start - h.spans[b].start)) })
	for i := 1; i < len(order); i++ {
		a, b := &h.spans[order[i-1]], &h.spans[order[i]]
		switch {
		case a.start+a.length > b.start:
			return fmt.Errorf("spans %d and %d overlap", order[i-1], order[i])
		case a.start+a.length == b.start && a.where != inUse && a.where == b.where:
			return fmt.Errorf("spans %d and %d are free neighbours of one kind", order[i-1], order[i])
		}
	}
	for where, set := range map[uint8][]row{normal: h.largeNormal, returned: h.largeReturned} {
		for i, s := range set {
			if h.spans[s].where != where || h.spans[s].length <= maxPages || i > 0 && h.bySize(set[i-1], h.spans[s]) >= 0 {
				return fmt.Errorf("the set of long spans is damaged at span %d", s)
			}
		}
	}
	return nil
}
