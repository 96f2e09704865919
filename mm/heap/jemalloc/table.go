package jemalloc

// A row is an extent's in the table of extents; 0 is none.
type row = uint32

// States of an extent.
const (
	unused uint8 = iota // its description is not in use
	active
	dirty
	retained
)

// Rows that are heads of lists of extents, oldest first: each arena's dirty and retained ones.
const (
	dirtyHead    row = 1
	retainedHead row = 3
	firstExtent  row = 5
)

// An extent is a stretch of pages with its description (edata_t).
type extent struct {
	addr uint64 // of the block in it, which may begin within the first page
	size uint64
	sn   uint64 // the lower, the older
	at   uint64 // where the description lies

	next, prev row
	pos        int32 // in the heap that it is in
	slab       row   // of its regions, 0 if it is not cut
	free       uint32
	block      uint32 // serial number of the block of metadata that the description lies in
	class      class
	state      uint8
	arena      uint8
	head       bool // the first of a mapping: it does not merge with what lies before it
	zeroed     bool
	committed  bool // it may be accessed
	live       bool // a large block that belongs to the program
}

func (e *extent) base() uint64 { return e.addr &^ (pageSize - 1) }
func (e *extent) past() uint64 { return e.base() + e.size }

// A slab says which regions of an extent are free, and which belong to the program; the rest is in the thread's cache.
type slab struct {
	free, live [maxRegions / 64]uint64
}

// A queue is a heap of extents, the first of which is the oldest and lowest. The order is total, so that its shape does not matter.
type queue []row

func (h *Heap) older(a, b row) bool {
	x, y := &h.e[a], &h.e[b]
	if x.state == unused { // descriptions themselves
		return x.block < y.block || x.block == y.block && x.at < y.at
	}
	return x.sn < y.sn || x.sn == y.sn && x.addr < y.addr
}

func (h *Heap) push(q *queue, r row) {
	*q = append(*q, r)
	h.up(*q, len(*q)-1)
}

func (h *Heap) up(q queue, i int) {
	r := q[i]
	for i > 0 {
		p := (i - 1) / 2
		if !h.older(r, q[p]) {
			break
		}
		q[i] = q[p]
		h.e[q[i]].pos = int32(i)
		i = p
	}
	q[i] = r
	h.e[r].pos = int32(i)
}

func (h *Heap) drop(q *queue, r row) {
	i, n := int(h.e[r].pos), len(*q)-1
	last := (*q)[n]
	*q = (*q)[:n]
	if i == n {
		return
	}
	for {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && h.older((*q)[c+1], (*q)[c]) {
			c++
		}
		if !h.older((*q)[c], last) {
			break
		}
		(*q)[i] = (*q)[c]
		h.e[(*q)[i]].pos = int32(i)
		i = c
	}
	(*q)[i] = last
	h.e[last].pos = int32(i)
	h.up(*q, i)
}

func (h *Heap) wr(r row) { h.mem.Wr(h.e[r].at) }
