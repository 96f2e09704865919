package dlmalloc

import (
	"mmsim/mm/heap"
	"mmsim/mm/heap/internal/addrmap"
)

type index = uint32

const (
	word       = 8
	header     = 2 * word // from a chunk to its block
	align      = 16
	alignMask  = align - 1
	minChunk   = 32
	overhead   = word     // CHUNK_OVERHEAD
	mapFoot    = 4 * word // MMAP_FOOT_PAD
	mapPad     = 6*word + alignMask
	segRecord  = 48                   // pad_request(sizeof(struct malloc_segment))
	topFoot    = segRecord + minChunk // TOP_FOOT_SIZE
	sysPad     = topFoot + align      // SYS_ALLOC_PADDING
	smallBins  = 32
	treeBins   = 32
	maxSmall   = 256           // chunks below it are small
	maxRequest = 1<<63 - 1<<16 // no more than half the address space; the real limit only fails later
	pageSize   = heap.PageSize
	checkEvery = 4095 // MAX_RELEASE_CHECK_RATE
)

// Flags in the low bits of chunk.size. A mapped chunk has neither.
const (
	pinuse   uint64 = 1
	cinuse   uint64 = 2
	flagBits uint64 = 7
)

// A chunk is one row of the table.
type chunk struct {
	addr   uint64
	size   uint64 // in bytes, with flags
	offset uint64 // of a mapped chunk: how far behind the start of its mapping it begins
	prev   index  // the chunk before it in its segment, 0 at the start
	next   index  // the chunk behind it, 0 at the end
	fd, bk index  // ring of a small bin or of one size in a trie
	child  [2]index
	parent index // the node above it in a trie; rootMark at the root; 0: on the ring of another node
	taken  bool  // a segment's record: in use, but no one's block
}

const rootMark index = 1<<32 - 1

// A segment is a contiguous stretch of memory from the system.
type segment struct {
	base, size uint64
	mapped     bool
	record     uint64 // where the description of the segment added before it lies, 0: nowhere
}

// A Heap is one process's dlmalloc. See New.
type Heap struct {
	os    heap.OS
	c     []chunk
	spare index
	byAt  addrmap.Map

	read, wrote uint64

	smallMap, treeMap uint32
	small             [smallBins]index // first chunk of each ring, 0: empty
	tree              [treeBins]index  // roots
	dv, top           index            // 0: none
	segs              []segment        // the newest first
	topSize           uint64
	trimCheck         uint64
	releaseChecks     int

	contiguous                                bool
	granularity, mmapThreshold, trimThreshold uint64
}

var _ heap.Allocator = (*Heap)(nil)

// New is the malloc of a fresh process. It calls nothing before the first request.
func New(os heap.OS) *Heap {
	return &Heap{
		os: os, c: make([]chunk, 1, 16), contiguous: true, releaseChecks: checkEvery,
		granularity: 64 << 10, mmapThreshold: 256 << 10, trimThreshold: 2 << 20,
	}
}

// Clone is the malloc of a forked child.
func (h *Heap) Clone(os heap.OS) heap.Allocator {
	n := *h
	n.os = os
	n.c = append([]chunk(nil), h.c...)
	n.byAt = h.byAt.Clone()
	n.segs = append([]segment(nil), h.segs...)
	return &n
}

func (h *Heap) begin() { h.read, h.wrote = ^uint64(0), ^uint64(0) }

func (h *Heap) rd(addr uint64) {
	if p := addr / pageSize; p != h.read && p != h.wrote {
		h.read = p
		h.os.Touch(addr, word, false)
	}
}

func (h *Heap) wr(addr uint64) {
	if p := addr / pageSize; p != h.wrote {
		h.wrote = p
		h.os.Touch(addr, word, true)
	}
}

// newRow is a row for a chunk, which is found by its address unless it is the top.
func (h *Heap) newRow(addr, size uint64, find bool) index {
	i := h.spare
	if i != 0 {
		h.spare = h.c[i].fd
		h.c[i] = chunk{addr: addr, size: size}
	} else {
		i = index(len(h.c))
		h.c = append(h.c, chunk{addr: addr, size: size})
	}
	if find {
		h.byAt.Put(addr, i)
	}
	return i
}

func (h *Heap) release(i index) {
	if h.byAt.Get(h.c[i].addr) == i {
		h.byAt.Delete(h.c[i].addr)
	}
	h.c[i] = chunk{fd: h.spare}
	h.spare = i
}

func (h *Heap) size(i index) uint64   { return h.c[i].size &^ flagBits }
func (h *Heap) block(i index) uint64  { return h.c[i].addr + header }
func (h *Heap) mapped(i index) bool   { return h.c[i].size&(pinuse|cinuse) == 0 }
func (h *Heap) rdHead(i index)        { h.rd(h.c[i].addr + word) }
func (h *Heap) wrHead(i index)        { h.wr(h.c[i].addr + word) }
func (h *Heap) isSmall(n uint64) bool { return n < maxSmall }

// usable is the number of bytes of a block.
func (h *Heap) usable(i index) uint64 {
	if h.mapped(i) {
		return h.size(i) - 2*word
	}
	return h.size(i) - overhead
}

// cut makes the end of chunk i, from nb bytes on, a chunk of its own that is found if find says so. Flags are the caller's.
func (h *Heap) cut(i index, nb uint64, find bool) index {
	r := h.newRow(h.c[i].addr+nb, h.size(i)-nb, find)
	after := h.c[i].next
	h.c[r].prev, h.c[r].next = i, after
	h.c[i].next = r
	if after != 0 {
		h.c[after].prev = r
	}
	h.c[i].size = nb | h.c[i].size&flagBits
	return r
}

// absorb joins the chunk behind i to i.
func (h *Heap) absorb(i index) {
	n := h.c[i].next
	after := h.c[n].next
	h.c[i].size += h.size(n)
	h.c[i].next = after
	if after != 0 {
		h.c[after].prev = i
	}
	h.release(n)
}

// setInuse marks a chunk as in use, in its head and in the one behind it (set_inuse).
func (h *Heap) setInuse(i index) {
	h.c[i].size |= cinuse
	h.wrHead(i)
	if n := h.c[i].next; n != 0 {
		h.c[n].size |= pinuse
		h.wrHead(n)
	}
}

// setFree marks a chunk as free, in its head, in its foot and in the one behind it (set_free_with_pinuse). What lies before it is in use.
func (h *Heap) setFree(i index) {
	h.c[i].size = h.size(i) | pinuse
	h.wrHead(i)
	h.wr(h.c[i].addr + h.size(i))
	if n := h.c[i].next; n != 0 {
		h.c[n].size &^= pinuse
		h.wrHead(n)
	}
}
