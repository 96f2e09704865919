package ptmalloc

import "math/bits"

// A geometry is what the width of a word decides: sizes of headers, the spacing of bins.
type geometry struct {
	word       uint64 // SIZE_SZ: 8 or 4
	hdr        uint64 // CHUNK_HDR_SZ: two words
	minSize    uint64 // MINSIZE, the smallest chunk
	minLarge   uint64 // MIN_LARGE_SIZE: chunks from here on go to large bins
	maxRequest uint64 // PTRDIFF_MAX
	mask       uint64 // SIZE_MAX: arithmetic wraps there
	smallBias  uint64 // SMALLBIN_CORRECTION
	largeBias  uint64 // what the first formula of largebin_index adds
	largeLast  uint64 // the last quotient for which it does
	fastShift  uint   // fastbin_index: size >> fastShift, less 2
	maxMxfast  uint64 // MAX_FAST_SIZE, in bytes of request
	mxfast     uint64 // DEFAULT_MXFAST
	dynMax     uint64 // DEFAULT_MMAP_THRESHOLD_MAX
	tcacheSize uint64 // sizeof(tcache_perthread_struct)
}

var (
	geometry64 = geometry{
		word: 8, hdr: 16, minSize: 32, minLarge: 1024, maxRequest: 1<<63 - 1, mask: 1<<64 - 1, largeBias: 48, largeLast: 48,
		fastShift: 4, maxMxfast: 160, mxfast: 128, dynMax: 32 << 20, tcacheSize: tcacheBins*2 + tcacheBins*8,
	}
	geometry32 = geometry{
		word: 4, hdr: 8, minSize: 16, minLarge: 1008, maxRequest: 1<<31 - 1, mask: 1<<32 - 1, smallBias: 1, largeBias: 49, largeLast: 45,
		fastShift: 3, maxMxfast: 80, mxfast: 64, dynMax: 512 << 10, tcacheSize: tcacheBins*2 + tcacheBins*4,
	}
)

const (
	align        = 16 // MALLOC_ALIGNMENT
	alignMask    = align - 1
	pageSize     = 4096
	pageMask     = pageSize - 1
	tcacheBins   = 64
	tcacheCount  = 7
	fastBins     = 11 // NFASTBINS on i386; one fewer is used on x86-64
	consolidate  = 64 << 10
	maxIters     = 10000
	mmapUnit     = 1 << 20 // MMAP_AS_MORECORE_SIZE
	firstPad     = 128 << 10
	firstTrim    = 128 << 10
	firstMmap    = 128 << 10
	firstMmapMax = 65536
)

// requestSize is the size of the chunk for a request of n bytes (checked_request2size). False: n is more than PTRDIFF_MAX.
func (g *geometry) requestSize(n uint64) (uint64, bool) {
	if n > g.maxRequest {
		return 0, false
	}
	return max(g.minSize, (n+g.word+alignMask)&^alignMask), true
}

func (g *geometry) isSmall(size uint64) bool { return size < g.minLarge }

// binIndex is the bin for chunks of a size (bin_index).
func (g *geometry) binIndex(size uint64) index {
	if g.isSmall(size) {
		return index(size>>4 + g.smallBias)
	}
	switch {
	case size>>6 <= g.largeLast:
		return index(g.largeBias + size>>6)
	case size>>9 <= 20:
		return index(91 + size>>9)
	case size>>12 <= 10:
		return index(110 + size>>12)
	case size>>15 <= 4:
		return index(119 + size>>15)
	case size>>18 <= 2:
		return index(124 + size>>18)
	}
	return 126
}

// fastIndex is the fast bin for chunks of a size (fastbin_index).
func (g *geometry) fastIndex(size uint64) uint64 { return size>>g.fastShift - 2 }

// tcacheIndex is the bin of the thread's cache for chunks of a size (csize2tidx); from tcacheBins on there is none.
func (g *geometry) tcacheIndex(size uint64) uint64 { return (size - g.minSize + alignMask) / align }

// wrap is unsigned arithmetic of the machine's word.
func (g *geometry) wrap(v uint64) uint64 { return v & g.mask }

// signed is a word seen as a C long.
func (g *geometry) signed(v uint64) int64 {
	if g.word == 4 {
		return int64(int32(v))
	}
	return int64(v)
}

func alignUp(v, unit uint64) uint64 { return (v + unit - 1) &^ (unit - 1) }

func powerOf2(v uint64) bool { return bits.OnesCount64(v) == 1 }
