package ptmalloc

import "mmsim/mm/heap"

// A Heap is one process's malloc: main_arena, mp_ and the thread's cache in one. See New.
type Heap struct {
	os heap.OS
	g  geometry

	c     []chunk // the table of chunks, see table.go
	spare index   // rows that are free, linked by fd
	tab   []index // addresses of chunks
	used  int     // how many there are in tab
	shift uint

	read, wrote uint64 // pages that this call has just read and written

	tcache        uint64 // address of the thread's cache, 0 before there is one
	tcacheCounts  [tcacheBins]uint16
	tcacheEntries [tcacheBins]index
	fast          [fastBins]index
	haveFast      bool
	maxFast       uint64 // size of the largest chunk for fast bins
	binmap        [nbins / 32]uint32
	top           index
	lastRemainder uint64 // an address, which glibc keeps even when the chunk there is another one by now
	noncontiguous bool
	systemMem     uint64

	trimThreshold, topPad, mmapThreshold uint64
	fixedThresholds                      bool // no_dyn_threshold
	mmaps, mmapsMax                      int64
	sbrkBase                             uint64
	perturb                              int32
	aborted                              error // why a request failed, if not for want of memory
	cached                               bool  // findChunk has put a chunk that fits into the thread's cache
}

var _ heap.Allocator = (*Heap)(nil)

// New is the malloc of a fresh process of 32 or 64 bits. It calls nothing before the first request.
func New(os heap.OS, bits int) *Heap {
	h := &Heap{os: os, g: geometry64, trimThreshold: firstTrim, topPad: firstPad, mmapThreshold: firstMmap, mmapsMax: firstMmapMax}
	if bits == 32 {
		h.g = geometry32
	}
	h.setMaxFast(h.g.mxfast)
	h.c = make([]chunk, nbins+1, nbins+16)
	for i := range nbins {
		h.c[i].fd, h.c[i].bk = i, i
	}
	h.top = nbins
	return h
}

// Clone is the malloc of a forked child.
func (h *Heap) Clone(os heap.OS) heap.Allocator {
	n := *h
	n.os = os
	n.c = append(make([]chunk, 0, len(h.c)+16), h.c...)
	n.tab = append([]index(nil), h.tab...)
	return &n
}

// begin starts a call: no page counts as just accessed, and nothing has gone wrong.
func (h *Heap) begin() {
	h.forgetPages()
	h.aborted = nil
}

// forgetPages is for after a system call that takes pages away.
func (h *Heap) forgetPages() { h.read, h.wrote = ^uint64(0), ^uint64(0) }

// rd and wr are accesses to one word of memory.
func (h *Heap) rd(addr uint64) {
	if p := addr / pageSize; p != h.read && p != h.wrote {
		h.read = p
		h.os.Touch(addr, h.g.word, false)
	}
}

func (h *Heap) wr(addr uint64) {
	if p := addr / pageSize; p != h.wrote {
		h.wrote = p
		h.os.Touch(addr, h.g.word, true)
	}
}

// The fields of a chunk, by the accesses to them. Two fields that share 16 bytes share a page. The heads of bins lie in the library's data.

func (h *Heap) rdSize(i index) { h.rd(h.c[i].addr + h.g.word) }
func (h *Heap) rdPrev(i index) { h.rd(h.c[i].addr) }

func (h *Heap) rdLinks(i index) {
	if i >= nbins {
		h.rd(h.c[i].addr + 2*h.g.word)
	}
}

// setHead writes a chunk's size and flags (set_head).
func (h *Heap) setHead(i index, size uint64) {
	h.c[i].size = size
	h.wr(h.c[i].addr + h.g.word)
}

// setHeadSize writes a chunk's size and keeps prevInuse (set_head_size).
func (h *Heap) setHeadSize(i index, size uint64) {
	h.rdSize(i)
	h.setHead(i, size|h.c[i].size&prevInuse)
}

// setFoot writes the size of a free chunk behind it (set_foot).
func (h *Heap) setFoot(i index) { h.wr(h.c[i].addr + h.size(i)) }

func (h *Heap) setFd(i, to index) {
	h.c[i].fd = to
	if i >= nbins {
		h.wr(h.c[i].addr + 2*h.g.word)
	}
}

func (h *Heap) setBk(i, to index) {
	h.c[i].bk = to
	if i >= nbins {
		h.wr(h.c[i].addr + 3*h.g.word)
	}
}

func (h *Heap) setFdNext(i, to index) {
	h.c[i].fdNext = to
	h.wr(h.c[i].addr + 4*h.g.word)
}

func (h *Heap) setBkNext(i, to index) {
	h.c[i].bkNext = to
	h.wr(h.c[i].addr + 5*h.g.word)
}

// setInuse marks a chunk as in use, in the chunk behind it (set_inuse_bit_at_offset).
func (h *Heap) setInuse(i index) {
	n := h.c[i].next
	h.c[n].size |= prevInuse
	h.wr(h.c[n].addr + h.g.word)
}

// clearInuse marks a chunk as free there (clear_inuse_bit_at_offset).
func (h *Heap) clearInuse(i index) {
	n := h.c[i].next
	h.c[n].size &^= prevInuse
	h.wr(h.c[n].addr + h.g.word)
}

// inuse tells whether the chunk behind i is in use, by the chunk behind that one (inuse_bit_at_offset).
func (h *Heap) inuse(i index) bool {
	n := h.c[i].next
	h.rdSize(n)
	return h.c[n].size&prevInuse != 0
}

// between puts a new chunk behind another one in memory.
func (h *Heap) between(before, i index) {
	after := h.c[before].next
	h.c[i].prev, h.c[i].next = before, after
	h.c[before].next = i
	if after != 0 {
		h.c[after].prev = i
	}
}

// absorb makes chunk i's row go, its memory having become the end of the chunk before it. Sizes are the caller's.
func (h *Heap) absorb(i index) {
	before, after := h.c[i].prev, h.c[i].next
	h.c[before].next = after
	if after != 0 {
		h.c[after].prev = before
	}
	h.release(i)
}

func (h *Heap) setMaxFast(n uint64) {
	if n == 0 {
		h.maxFast = h.g.minSize / 2
	} else {
		h.maxFast = (n + h.g.word) &^ alignMask
	}
}

// fail is the error of a request that got no memory.
func (h *Heap) fail() error {
	if h.aborted != nil {
		return h.aborted
	}
	return heap.ErrNoMemory
}

// abort remembers the message with which glibc would end the process.
func (h *Heap) abort(text string) { h.aborted = heap.Abort(text) }
