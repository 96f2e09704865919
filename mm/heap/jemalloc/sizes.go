package jemalloc

import (
	"math/bits"
	"sync"

	"mmsim/mm/heap"
)

const (
	pageSize  = heap.PageSize
	pageShift = 12
	hugePage  = 2 << 20
	cacheLine = 64
	quantum   = 16

	smallMax   = 14 << 10 // the largest class that is cut from slabs (SC_SMALL_MAXCLASS)
	largeMin   = 16 << 10
	smallBins  = 36 // classes up to smallMax
	cacheBins  = 41 // classes up to 32 KiB, which the thread caches
	oversize   = 8 << 20
	largePad   = pageSize // cache_oblivious: room to begin at some other cache line of the first page
	lookupMax  = 4096
	maxRegions = 512
)

type class = uint8

const noClass class = 255

// A bin is a class of small regions.
type binInfo struct {
	size    uint64
	slab    uint64 // bytes of a slab
	regions uint32
	inverse uint64 // 2^32 / size, rounded up
	cached  uint32 // most regions that the thread caches
}

// A geometry is what depends on the size of a pointer: size classes, and the sizes of the library's structures.
type geometry struct {
	word     uint64
	sizes    []uint64 // of all classes
	pages    []uint64 // of those that are multiples of a page, by number (pszind_t)
	index    [lookupMax/8 + 1]class
	bins     [smallBins]binInfo
	cached   [cacheBins]uint32
	stack    uint64 // bytes of the thread's stacks of cached regions
	maxClass uint64

	retain     bool   // memory is never unmapped
	edata      uint64 // bytes of an extent's description, and its alignment
	base       uint64 // bytes of base_t
	block      uint64 // of base_block_t
	arena      uint64 // of arena_t, without its bins
	bin        uint64 // of bin_t
	background uint64 // of background_thread_info_t
	stats      uint64 // where statistics of large classes begin in arena_t
	statsLen   uint64 // bytes of those of a class
	shard      uint64 // where pa_shard begins in arena_t
	shardEnd   uint64 // and where what is written of it at the start ends
	decay      uint64 // where decay_dirty is in arena_t
	leafBits   uint   // of a leaf of the map of pages
}

// slabPages is the least number of pages that regions of n bytes fill without a rest.
func slabPages(n uint64) uint64 {
	return (n >> bits.TrailingZeros64(n)) << max(0, bits.TrailingZeros64(n)-pageShift)
}

func newGeometry(word uint64) *geometry {
	g := &geometry{word: word, sizes: []uint64{8}}
	for n := uint64(quantum); n <= 4*quantum; n += quantum {
		g.sizes = append(g.sizes, n)
	}
	top := uint(word*8 - 2)
	for lg := uint(6); lg <= top; lg++ {
		for d := uint64(1); d <= 4; d++ {
			if lg == top && d == 4 {
				break
			}
			g.sizes = append(g.sizes, 1<<lg+d<<(lg-2))
		}
	}
	g.maxClass = g.sizes[len(g.sizes)-1]
	at := 0
	for i := range g.index {
		for g.sizes[at] < uint64(i)*8 {
			at++
		}
		g.index[i] = class(at)
	}
	g.stack = 2 * word
	for i, n := range g.sizes[:cacheBins] {
		g.cached[i] = 20
		if i < smallBins {
			b := &g.bins[i]
			slab := slabPages(n) * pageSize
			*b = binInfo{size: n, slab: slab, regions: uint32(slab / n), inverse: (1<<32 + n - 1) / n}
			b.cached = min(max(2*b.regions, 20), 200)
			g.cached[i] = b.cached
		}
		g.stack += uint64(g.cached[i]) * word
	}
	for _, n := range g.sizes {
		if n%pageSize == 0 {
			g.pages = append(g.pages, n)
		}
	}
	return g
}

var geometry64 = sync.OnceValue(func() *geometry {
	g := newGeometry(8)
	g.retain = true
	g.edata, g.base, g.block, g.arena, g.bin, g.background = 128, 3912, 144, 78952, 224, 208
	g.stats, g.statsLen, g.shard, g.shardEnd, g.decay, g.leafBits = 24+952, 48, 10648, 72888, 69320, 18
	return g
})

// geometry32 has the sizes that i386 gives the structures of 5.3.0, where 64-bit numbers are aligned to 4 bytes.
var geometry32 = sync.OnceValue(func() *geometry {
	g := newGeometry(4)
	g.edata, g.base, g.block, g.arena, g.bin, g.background = 128, 968, 116, 22004, 172, 176
	g.stats, g.statsLen, g.shard, g.shardEnd, g.decay, g.leafBits = 16+944, 44, 4152, 18824, 16936, 10
	return g
})

// classOf is the class of a request (sz_size2index); noClass for what is too large.
func (g *geometry) classOf(n uint64) class {
	if n <= lookupMax {
		return g.index[(n+7)>>3]
	}
	if n > g.maxClass {
		return noClass
	}
	lg := bits.Len64(n-1) - 1 // 2^lg < n <= 2^(lg+1)
	return class(4*lg - 19 + int((n-1)>>(lg-2)&3))
}

// pageClass is the number of the class of multiples of a page that holds n bytes (sz_psz2ind).
func (g *geometry) pageClass(n uint64) int {
	if n > g.maxClass {
		return len(g.pages)
	}
	x := bits.Len64(n - 1)
	if n <= 1 {
		x = 0
	}
	off := max(0, x-(2+pageShift))
	lg := pageShift
	if off > 0 {
		lg += off - 1
	}
	return off<<2 + int((n-1)>>lg&3)
}

// quantizeFloor is the largest size of an extent of large blocks that is not larger than n (sz_psz_quantize_floor).
func (g *geometry) quantizeFloor(n uint64) uint64 {
	i := g.pageClass(n - largePad + 1)
	if i == 0 {
		return n
	}
	return g.pages[i-1] + largePad
}

// quantizeCeil is the smallest such size that is not smaller than n (sz_psz_quantize_ceil).
func (g *geometry) quantizeCeil(n uint64) uint64 {
	r := g.quantizeFloor(n)
	if r < n {
		if i := g.pageClass(r - largePad + 1); i < len(g.pages) {
			return g.pages[i] + largePad
		}
		return g.maxClass + largePad
	}
	return r
}

// alignedSize is the usable size of a request with an alignment (sz_sa2u); 0 for what is too large.
func (g *geometry) alignedSize(n, align uint64) uint64 {
	if n <= smallMax && align <= pageSize {
		if u := g.sizes[g.classOf((n+align-1)&^(align-1))]; u < largeMin {
			return u
		}
	}
	if align > g.maxClass {
		return 0
	}
	u := uint64(largeMin)
	if n > largeMin {
		c := g.classOf(n)
		if c == noClass {
			return 0
		}
		u = g.sizes[c]
	}
	if u+largePad+pageCeil(align)-pageSize < u {
		return 0
	}
	return u
}

func pageCeil(n uint64) uint64 { return (n + pageSize - 1) &^ (pageSize - 1) }

func alignUp(n, align uint64) uint64 { return (n + align - 1) &^ (align - 1) }
