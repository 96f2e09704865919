package phys

import "math/bits"

// stretchMax is the largest order of a block that freeStretch puts together. It is below that of a pageblock, where types begin to matter for
// merging.
const stretchMax = 6

// freeStretch gives back the pages at the tail of a CPU's list of single pages that together are one aligned block, at most n of them, and
// returns how many, or 0 if there are not two. From the tail on they must lie one before the other, as they do when they were allocated in order.
//
// The result is that of freeOne for each: within the block every page that comes merges with what came before, and what it puts on a list
// meanwhile is taken off again before the last page has come, so that only the whole block meets its neighbours.
func (z *Zone) freeStretch(l *List, n int) int {
	m := z.mem
	last := l.Tail
	most := min(bits.Len(uint(n))-1, bits.TrailingZeros32(uint32(last)+1), stretchMax)
	if most <= 0 {
		return 0
	}
	rows := m.sections[last>>sectionShift] // no block reaches beyond a section
	mt := rows[last&sectionMask].freeType()
	first := last
	for least := last + 1 - 1<<most; first > least && first != l.Head; first-- {
		if rows[first&sectionMask].Prev != first-1 || rows[(first-1)&sectionMask].freeType() != mt {
			break
		}
	}
	order := bits.Len32(uint32(last-first+1)) - 1
	if order == 0 {
		return 0
	}
	first = last + 1 - 1<<order
	if first == l.Head {
		*l = List{}
	} else {
		l.Tail = rows[first&sectionMask].Prev
		m.Page(l.Tail).Next = 0
	}
	for i := first; i <= last; i++ {
		rows[i&sectionMask].flags = z.id
	}
	z.freeOne(first, order, mt, false)
	return 1 << order
}
