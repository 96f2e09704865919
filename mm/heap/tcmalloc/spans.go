package tcmalloc

type row = uint32

// Where a span is.
const (
	inUse uint8 = iota
	normal
	returned
)

// Rows of the table of spans that are heads of lists: free spans of each length, and each class's spans with free objects and without.
const (
	normalHead   row = 1
	returnedHead     = normalHead + maxPages
	nonemptyHead     = returnedHead + maxPages
	emptyHead        = nonemptyHead + maxClasses
	firstSpan        = emptyHead + maxClasses
)

// A span is a stretch of pages. Rows below firstSpan are heads of lists, of which only next and prev are used.
type span struct {
	start, length uint64 // in pages
	at            uint64 // where the library describes it
	node          uint64 // where its entry in an ordered set is
	next, prev    row
	objects       row // first free object of its own list
	base          row // the row of its first object
	refcount      uint32
	class         uint8 // 0: not cut into objects
	where         uint8
}

// live marks an object that belongs to the program.
const live row = 1<<32 - 1

// An object is a piece of a span.
type object struct {
	addr uint64
	next row // the next in its list, or live
}

// newSpan describes a stretch of pages (NewSpan). 0: there is no memory for that.
func (h *Heap) newSpan(start, length uint64) row {
	s := h.spareSpan
	if s != 0 {
		h.spareSpan = h.spans[s].next
	} else {
		s = row(len(h.spans))
		h.spans = append(h.spans, span{})
	}
	at := h.spanMeta.alloc(h)
	h.spans[s] = span{start: start, length: length, at: at}
	h.mem.Fill(at, h.g.span)
	return s
}

func (h *Heap) deleteSpan(s row) {
	h.spanMeta.free(h, h.spans[s].at)
	h.spans[s] = span{next: h.spareSpan}
	h.spareSpan = s
}

// wrSpan writes a field of a span; heads of lists are static data.
func (h *Heap) wrSpan(s row) {
	if s >= firstSpan {
		h.mem.Wr(h.spans[s].at)
	}
}

// unlink takes a span out of the list that it is in (DLL_Remove).
func (h *Heap) unlink(s row) {
	next, prev := h.spans[s].next, h.spans[s].prev
	h.spans[prev].next, h.spans[next].prev = next, prev
	h.spans[s].next, h.spans[s].prev = 0, 0
	h.wrSpan(prev)
	h.wrSpan(next)
	h.wrSpan(s)
}

// prepend puts a span at the front of a list (DLL_Prepend).
func (h *Heap) prepend(head, s row) {
	next := h.spans[head].next
	h.spans[s].next, h.spans[s].prev = next, head
	h.spans[next].prev, h.spans[head].next = s, s
	h.wrSpan(s)
	h.wrSpan(next)
}

func (h *Heap) isEmpty(head row) bool { return h.spans[head].next == head }

// makeObjects gives a span its rows of objects, all in its own list, in the order of their addresses.
func (h *Heap) makeObjects(s row, cl uint8) {
	c := &h.sizes.classes[cl]
	base := h.spareObjects[cl]
	if base != 0 {
		h.spareObjects[cl] = h.objects[base].next
	} else {
		base = row(len(h.objects))
		h.objects = append(h.objects, make([]object, c.objects)...)
	}
	sp := &h.spans[s]
	sp.base, sp.objects, sp.refcount = base, base, 0
	addr := sp.start << pageShift
	for i := range c.objects {
		h.objects[base+i] = object{addr, base + i + 1}
		h.mem.Wr(addr)
		addr += uint64(c.size)
	}
	h.objects[base+c.objects-1].next = 0
}

// dropObjects gives a span's rows of objects back.
func (h *Heap) dropObjects(s row) {
	sp := &h.spans[s]
	h.objects[sp.base] = object{next: h.spareObjects[sp.class]}
	h.spareObjects[sp.class] = sp.base
	sp.base, sp.objects = 0, 0
}

// at is the span in use that an address lies in, or 0.
func (h *Heap) at(ptr uint64) row {
	p := ptr >> pageShift
	s := h.pages.Get(p)
	if s == 0 || h.spans[s].where != inUse || p-h.spans[s].start >= h.spans[s].length {
		return 0
	}
	return s
}

// find is the live block at an address: its span, and its object if that is cut into objects. 0: there is none.
func (h *Heap) find(ptr uint64) (s, o row) {
	s = h.at(ptr)
	if s == 0 {
		return 0, 0
	}
	sp := &h.spans[s]
	offset := ptr - sp.start<<pageShift
	if sp.class == 0 {
		if offset != 0 {
			return 0, 0
		}
		return s, 0
	}
	c := &h.sizes.classes[sp.class]
	i := uint32(offset * c.inverse >> 40)
	if i >= c.objects || h.objects[sp.base+i].addr != ptr || h.objects[sp.base+i].next != live {
		return 0, 0
	}
	return s, sp.base + i
}
