package tcmalloc

import (
	"slices"

	"mmsim/mm/heap"
)

const (
	metaChunk = 8 << 20   // kMetadataAllocChunkSize
	metaStep  = 128 << 10 // kAllocIncrement
)

// geometry is what depends on the size of a pointer.
type geometry struct {
	word     uint64
	list     uint64 // bytes of a list in the thread's cache
	cache    uint64 // bytes of a thread's cache
	span     uint64 // bytes of a span's description
	node     uint64 // bytes of an entry in an ordered set
	trace    uint64 // bytes of a stack trace
	leafBits uint   // of the page map
	pageBits uint   // of numbers of pages
}

var (
	geometry64 = geometry{word: 8, list: 32, cache: 4160, span: 48, node: 48, trace: 264, leafBits: 18, pageBits: 35}
	geometry32 = geometry{word: 4, list: 16, cache: 2112, span: 24, node: 24, trace: 132, leafBits: 10, pageBits: 19}
)

// A pool hands out pieces of memory for descriptions, all of one size (PageHeapAllocator). They are never given back.
type pool struct {
	size  uint64
	next  uint64 // where the next new one will be
	avail uint64
	spare []uint64 // those given back, the last one first
}

// init takes the pool's first memory.
func (p *pool) init(h *Heap, size uint64) {
	p.size = size
	p.free(h, p.alloc(h))
}

func (p *pool) alloc(h *Heap) uint64 {
	if n := len(p.spare); n > 0 {
		at := p.spare[n-1]
		p.spare = p.spare[:n-1]
		h.mem.Rd(at)
		return at
	}
	if p.avail < p.size {
		at, ok := h.metaAlloc(metaStep)
		if !ok {
			panic(noMeta)
		}
		p.next, p.avail = at, metaStep
	}
	at := p.next
	p.next += p.size
	p.avail -= p.size
	return at
}

func (p *pool) free(h *Heap, at uint64) {
	h.mem.Wr(at)
	p.spare = append(p.spare, at)
}

func (p *pool) clone() pool {
	n := *p
	n.spare = slices.Clone(p.spare)
	return n
}

// noMeta ends the process: without memory for descriptions the library cannot go on. Heap's methods turn it into their error.
const noMeta = heap.Abort("FATAL ERROR: Out of memory trying to allocate internal tcmalloc data")

// metaAlloc takes n bytes for descriptions (MetaDataAlloc).
func (h *Heap) metaAlloc(n uint64) (uint64, bool) {
	if n >= metaChunk {
		at, _, ok := h.sysAlloc(n, 8)
		return at, ok
	}
	if h.metaAvail < n {
		at, size, ok := h.sysAlloc(metaChunk, 8)
		if !ok {
			return 0, false
		}
		h.metaNext, h.metaAvail = at, size
	}
	at := h.metaNext
	h.metaNext += n
	h.metaAvail -= n
	return at, true
}

// The page map: a root, which is static data, and leaves, each cleared when it is made.

// ensure makes the leaves for n pages from start on (TCMalloc_PageMap2::Ensure).
func (h *Heap) ensure(start, n uint64) bool {
	for leaf := start >> h.g.leafBits; leaf <= (start+n-1)>>h.g.leafBits; leaf++ {
		if leaf >= 1<<(h.g.pageBits-h.g.leafBits) {
			return false
		}
		if _, ok := h.leaf(leaf); ok {
			continue
		}
		bytes := h.g.word << h.g.leafBits
		at, ok := h.metaAlloc(bytes)
		if !ok {
			return false
		}
		h.mem.Fill(at, bytes)
		i, _ := slices.BinarySearchFunc(h.leaves, leaf, func(l leaf64, n uint64) int { return int(l.number) - int(n) })
		h.leaves = slices.Insert(h.leaves, i, leaf64{leaf, at})
	}
	return true
}

type leaf64 struct{ number, at uint64 }

func (h *Heap) leaf(n uint64) (uint64, bool) {
	i, ok := slices.BinarySearchFunc(h.leaves, n, func(l leaf64, n uint64) int { return int(l.number) - int(n) })
	if !ok {
		return 0, false
	}
	return h.leaves[i].at, true
}

// setPage notes which span a page belongs to (TCMalloc_PageMap2::set).
func (h *Heap) setPage(page uint64, s row) {
	h.pages.Set(page, s)
	at, _ := h.leaf(page >> h.g.leafBits)
	h.mem.Wr(at + page&(1<<h.g.leafBits-1)*h.g.word)
}

// descriptor is the span that a page was last noted for (GetDescriptor).
func (h *Heap) descriptor(page uint64) row {
	if at, ok := h.leaf(page >> h.g.leafBits); ok {
		h.mem.Rd(at + page&(1<<h.g.leafBits-1)*h.g.word)
	}
	return h.pages.Get(page)
}

// sysAlloc takes memory from the system: from the break until it cannot move, then by mmap until that fails, and so on
// (TCMalloc_SystemAlloc).
func (h *Heap) sysAlloc(size, align uint64) (at, actual uint64, ok bool) {
	if size+align < size {
		return 0, 0, false
	}
	if !h.sbrkFailed {
		if at, n, ok := h.sbrkAlloc(size, align); ok {
			return at, n, true
		}
		h.sbrkFailed = true
	}
	if !h.mmapFailed {
		if at, n, ok := h.mmapAlloc(size, align); ok {
			return at, n, true
		}
	}
	h.sbrkFailed, h.mmapFailed = false, false
	return 0, 0, false
}

// sbrkAlloc is SbrkSysAllocator::Alloc.
func (h *Heap) sbrkAlloc(size, align uint64) (at, actual uint64, ok bool) {
	if size+align >= 1<<(h.g.word*8-1) {
		return 0, 0, false
	}
	size = (size + align - 1) / align * align
	at, ok = h.os.Sbrk(int64(size))
	if !ok {
		return 0, 0, false
	}
	if at%align == 0 {
		return at, size, true
	}
	extra := align - at%align
	if next, ok := h.os.Sbrk(int64(extra)); ok && next == at+size {
		return at + extra, size, true
	}
	at, ok = h.os.Sbrk(int64(size + align - 1))
	if !ok {
		return 0, 0, false
	}
	return (at + align - 1) / align * align, size, true
}

// mmapAlloc is MmapSysAllocator::Alloc.
func (h *Heap) mmapAlloc(size, align uint64) (at, actual uint64, ok bool) {
	align = max(align, heap.PageSize)
	aligned := (size + align - 1) / align * align
	if aligned < size {
		return 0, 0, false
	}
	extra := align - heap.PageSize
	at, ok = h.os.Mmap(0, aligned+extra, 0)
	if !ok {
		return 0, 0, false
	}
	adjust := -at % align
	if adjust > 0 {
		h.os.Munmap(at, adjust)
	}
	if adjust < extra {
		h.os.Munmap(at+adjust+aligned, extra-adjust)
	}
	return at + adjust, aligned, true
}
