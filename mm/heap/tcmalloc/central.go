package tcmalloc

// A batch is a list of objects that moves as a whole.
type batch struct{ head, tail row }

// A central is one class's central cache (CentralFreeList): the spans with free objects, which are in lists of the table of spans, and batches
// that threads gave back whole.
type central struct {
	slots []batch
	limit int // batches that it may keep now; it grows at the cost of other classes' (cache_size_)
}

func (h *Heap) initCentral() {
	for cl := range h.sizes.classes {
		limit := 16
		if cl > 0 {
			limit = min(limit, h.sizes.classes[cl].slots)
		}
		h.central[cl].limit = limit
	}
}

// insert takes a list of n objects from a thread (InsertRange).
func (h *Heap) insert(cl uint8, b batch, n int) {
	if n == h.sizes.classes[cl].move && h.makeSpace(cl) {
		h.central[cl].slots = append(h.central[cl].slots, b)
		return
	}
	h.toSpans(b.head)
}

func (h *Heap) toSpans(o row) {
	for o != 0 {
		h.mem.Rd(h.objects[o].addr)
		next := h.objects[o].next
		h.toSpan(o)
		o = next
	}
}

// toSpan gives an object back to its span, and the span back if it was its last (ReleaseToSpans).
func (h *Heap) toSpan(o row) {
	s := h.descriptor(h.objects[o].addr >> pageShift)
	sp := &h.spans[s]
	if sp.objects == 0 {
		h.unlink(s)
		h.prepend(nonemptyHead+row(sp.class), s)
	}
	sp.refcount--
	h.wrSpan(s)
	if sp.refcount == 0 {
		h.unlink(s)
		h.dropObjects(s)
		h.delete(s)
		return
	}
	h.mem.Wr(h.objects[o].addr)
	h.objects[o].next = sp.objects
	sp.objects = o
}

// makeSpace makes room for one more batch, if need be by taking a batch's room from the next class in turn (MakeCacheSpace).
func (h *Heap) makeSpace(cl uint8) bool {
	c := &h.central[cl]
	if len(c.slots) < c.limit {
		return true
	}
	if c.limit == h.sizes.classes[cl].slots {
		return false
	}
	if (h.evict(cl, false) || h.evict(cl, true)) && c.limit < h.sizes.classes[cl].slots {
		c.limit++
		return true
	}
	return false
}

// evict is EvictRandomSizeClass and ShrinkCache.
func (h *Heap) evict(locked uint8, force bool) bool {
	t := h.raceCounter
	h.raceCounter++
	if n := len(h.sizes.classes); t >= n {
		t %= n
		h.raceCounter = t
	}
	c := &h.central[t]
	if t == int(locked) || c.limit == 0 {
		return false
	}
	if len(c.slots) == c.limit {
		if !force {
			return false
		}
		c.limit--
		last := c.slots[len(c.slots)-1]
		c.slots = c.slots[:len(c.slots)-1]
		h.toSpans(last.head)
		return true
	}
	c.limit--
	return true
}

// remove hands out a list of up to n objects (RemoveRange). 0: there is no memory.
func (h *Heap) remove(cl uint8, n int) (batch, int) {
	c := &h.central[cl]
	if k := len(c.slots); n == h.sizes.classes[cl].move && k > 0 {
		b := c.slots[k-1]
		c.slots = c.slots[:k-1]
		return b, n
	}
	b, got := h.fetch(cl, n)
	if got == 0 {
		h.populate(cl)
		b, got = h.fetch(cl, n)
	}
	for got > 0 && got < n {
		more, k := h.fetch(cl, n-got)
		if k == 0 {
			break
		}
		h.mem.Wr(h.objects[more.tail].addr)
		h.objects[more.tail].next = b.head
		b.head = more.head
		got += k
	}
	return b, got
}

// fetch takes up to n objects from the first span that has any (FetchFromOneSpans).
func (h *Heap) fetch(cl uint8, n int) (batch, int) {
	head := nonemptyHead + row(cl)
	if h.isEmpty(head) {
		return batch{}, 0
	}
	s := h.spans[head].next
	b := batch{head: h.spans[s].objects}
	got := 0
	o := b.head
	for ; got < n && o != 0; got++ {
		h.mem.Rd(h.objects[o].addr)
		b.tail = o
		o = h.objects[o].next
	}
	if o == 0 {
		h.unlink(s)
		h.prepend(emptyHead+row(cl), s)
	}
	h.spans[s].objects = o
	h.spans[s].refcount += uint32(got)
	h.wrSpan(s)
	h.mem.Wr(h.objects[b.tail].addr)
	h.objects[b.tail].next = 0
	return b, got
}

// populate cuts a new span into objects (Populate).
func (h *Heap) populate(cl uint8) {
	s := h.newPages(uint64(h.sizes.classes[cl].pages))
	if s == 0 {
		return
	}
	h.spans[s].class = cl
	for i := uint64(1); i+1 < h.spans[s].length; i++ {
		h.setPage(h.spans[s].start+i, s)
	}
	h.makeObjects(s, cl)
	h.prepend(nonemptyHead+row(cl), s)
}
