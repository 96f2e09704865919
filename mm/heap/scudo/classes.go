package scudo

import (
	"math/bits"

	"mmsim/mm/heap"
)

const (
	pageSize    = heap.PageSize
	numClasses  = 45 // the first is that of batches
	maxBlock    = 128 << 10
	regionShift = 32
	mapStep     = 256 << 10
	maxBatch    = 14 // blocks in a batch
	maxGroups   = 8  // batches that are made at once
	maxAlign    = 16 << 20
)

// A geometry is what depends on the size of a pointer.
type geometry struct {
	narrow      bool   // 32 bits
	word        uint64 // bytes of a pointer
	align       uint64 // of every block
	header      uint64 // bytes of a block's header, rounded up to align
	largeHeader uint64 // bytes of the header of a block with a mapping of its own
	batch       uint64 // bytes of a batch
	entries     uint64 // where its blocks begin in it
	maxRequest  uint64 // requests of so many bytes or more fail
}

var (
	geometry64 = geometry{word: 8, align: 16, header: 16, largeHeader: 48, batch: 128, entries: 16, maxRequest: 1 << 40}
	geometry32 = geometry{narrow: true, word: 4, align: 8, header: 8, largeHeader: 24, batch: 64, entries: 8, maxRequest: 1 << 31}
)

// blockSize is the size of a class's blocks (getSizeByClassId).
func (g *geometry) blockSize(c int) uint64 {
	switch {
	case c == 0:
		return g.batch
	case c <= 8:
		return uint64(c) * 32
	}
	c -= 8
	t := uint64(256) << (c >> 2)
	return t + t>>2*uint64(c&3)
}

// classOf is the class whose blocks hold n bytes, at most maxBlock (getClassIdBySize).
func classOf(n uint64) int {
	switch {
	case n <= 32:
		return 1
	case n <= 256:
		return int(n+31) >> 5
	}
	n--
	l := bits.Len64(n) - 1
	return 9 + (l-8)<<2 + int(n>>(l-2)) - 4
}

// inBatch is how many blocks of a size move at once (getMaxCachedHint).
func inBatch(size uint64) uint32 { return uint32(max(1, min(maxBatch, 1024/size))) }

// random steps a stream of random numbers (getRandomU32).
func random(state *uint32) uint32 {
	s := *state
	s ^= s << 13
	s ^= s >> 17
	s ^= s << 5
	*state = s
	return s
}
