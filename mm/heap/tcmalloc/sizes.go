package tcmalloc

import (
	"math/bits"
	"sync"
)

const (
	pageShift  = 13
	pageSize   = 1 << pageShift // of the allocator
	maxSize    = 256 << 10      // larger requests are spans (kMaxSize)
	maxSmall   = 1024           // up to here classes are looked up in steps of 8 bytes, beyond in steps of 128
	minAlign   = 16
	maxClasses = 128
	maxPages   = 128 // longer spans are in the ordered sets (kMaxPages), and the least that is taken from the system
	maxMove    = 32  // objects per batch (transfer_num_objects)
	maxSlots   = 64  // batches in a transfer cache (kMaxNumTransferEntries)
)

// A class is a size class.
type class struct {
	size    uint32
	pages   uint32 // of its spans
	objects uint32 // in a span
	move    int    // objects in a batch (num_objects_to_move)
	slots   int    // most batches that its transfer cache may have
	inverse uint64 // 2^40 / size, rounded up: an offset in a span times it, shifted, is the number of the object
}

type sizeMap struct {
	classes []class // the first is none
	array   [(maxSize+127+120<<7)>>7 + 1]uint8
}

// alignmentForSize is the distance of classes' sizes at a size (AlignmentForSize): at most an eighth is lost.
func alignmentForSize(n int) int {
	switch {
	case n >= 128:
		return min(1<<(bits.Len(uint(n))-1)/8, pageSize)
	case n >= minAlign:
		return minAlign
	}
	return 8
}

func moveCount(n int) int { return min(max(64<<10/n, 2), maxMove) }

func classIndex(n uint64) uint64 {
	if n <= maxSmall {
		return (n + 7) >> 3
	}
	return (n + 127 + 120<<7) >> 7
}

// sizes is the table of size classes (SizeMap::Init), the same for 32 and 64 bits.
var sizes = sync.OnceValue(func() *sizeMap {
	m := &sizeMap{classes: make([]class, 1, maxClasses)}
	for n := 8; n <= maxSize; n += alignmentForSize(n) {
		length := pageSize
		for length%n > length>>3 {
			length += pageSize
		}
		for length/n < moveCount(n)/4 {
			length += pageSize
			for length%n > length>>3 {
				length += pageSize
			}
		}
		pages, objects := uint32(length>>pageShift), uint32(length/n)
		last := &m.classes[len(m.classes)-1]
		if last.pages == pages && last.objects == objects {
			last.size = uint32(n)
			continue
		}
		m.classes = append(m.classes, class{size: uint32(n), pages: pages, objects: objects})
	}
	next := uint64(0)
	for i := 1; i < len(m.classes); i++ {
		c := &m.classes[i]
		c.objects = c.pages << pageShift / c.size
		c.move = moveCount(int(c.size))
		c.slots = min(maxSlots, max(1, 1<<20/(int(c.size)*c.move)))
		c.inverse = (1<<40 + uint64(c.size) - 1) / uint64(c.size)
		for ; next <= uint64(c.size); next += 8 {
			m.array[classIndex(next)] = uint8(i)
		}
	}
	return m
})

func (m *sizeMap) class(n uint64) uint8 { return m.array[classIndex(n)] }
