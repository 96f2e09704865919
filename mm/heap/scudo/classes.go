package scudo

import (
	"math/bits"

	"mmsim/mm/heap"
)

const (
	pageSize    = heap.PageSize
	align       = 16
	header      = 16
	numClasses  = 45 // the first is that of batches
	maxBlock    = 128 << 10
	regionShift = 32
	mapStep     = 256 << 10
	batchSize   = 128
	maxBatch    = 14 // blocks in a batch
	maxGroups   = 8  // batches that are made at once
	maxAlign    = 16 << 20
	maxRequest  = 1 << 40
)

// blockSize is the size of a class's blocks (getSizeByClassId).
func blockSize(c int) uint64 {
	switch {
	case c == 0:
		return batchSize
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
