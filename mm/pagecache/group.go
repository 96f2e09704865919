package pagecache

import (
	"math"
	"math/bits"
)

// A group is 64 indices: one of the kernel's lowest nodes. Its pages are in a block that is there only if needed, since most groups of a file that was
// read have shadows only. Those of pages that were evicted one after another in the order of the file, as reclaim does with what was read so, have ages
// one after another, and swap entries often are consecutive too: values in such an arithmetic progression need no block. Others share the pages' one,
// as an index holds either; their upper halves are mostly the same.
type group struct {
	present uint64         // pages
	value   uint64         // shadows and swap entries
	tags    [nrTags]uint64 // of pages
	low     *block         // pages, and the lower halves of values if step is inBlock; nil: neither is there
	high    *block         // the upper halves of values; nil: that of all is first's
	first   uint64         // what index 0 of the group would have as a value; each further index has step more
	step    int32
	shadow  uint32 // where a group of values only is on the ShadowList
}

// A block has something for each index of a group. What it has for an index of which it holds nothing means nothing.
type block [groupPages]uint32

// inBlock in the place of a step says that the values are in no progression. A group without values has a step.
const inBlock = math.MinInt32

// maskOf is the bits of n indices of a group from i on; n is 1 to 64.
func maskOf(i, n uint64) uint64 { return ^uint64(0) >> (groupPages - n) << i }

// valueAt is the value at an index of the group that has one.
func (g *group) valueAt(i uint64) uint64 {
	switch {
	case g.step != inBlock:
		return g.first + i*uint64(int64(g.step))
	case g.high == nil:
		return g.first | uint64(g.low[i])
	}
	return uint64(g.high[i])<<32 | uint64(g.low[i])
}

// putRun sets the values of n indices of a group from i on, each a step more than the one before. For one index the step means nothing. Counting them
// is the caller's.
func (t *Tree) putRun(g *group, i, n, first, step uint64) {
	m := maskOf(i, n)
	others := g.value &^ m
	g.value |= m
	fits := true
	switch {
	case others == 0:
	case g.step == inBlock:
		fits = false
	case others&(others-1) == 0: // a single one has no step
		at := uint64(bits.TrailingZeros64(others))
		v := g.valueAt(at)
		if n == 1 {
			step = uint64(int64(v-first) / int64(at-i))
		}
		fits = v == first+(at-i)*step
	case n == 1:
		step = uint64(int64(g.step))
		fits = first == g.valueAt(i)
	default:
		fits = step == uint64(int64(g.step)) && first == g.valueAt(i)
	}
	if fits && inBlock < int64(step) && int64(step) <= math.MaxInt32 {
		g.first, g.step = first-i*step, int32(step)
		t.trim(g)
		return
	}
	t.expand(g, others, first)
	for j := range n {
		t.put(g, i+j, first+j*step)
	}
}

// expand moves the values of a group, which are at some indices, to a block, before it gets one that may be in no progression with them.
func (t *Tree) expand(g *group, at, next uint64) {
	if g.step == inBlock {
		return
	}
	if g.low == nil {
		g.low = t.Shadows.blockSpare().take()
	}
	old := *g
	g.step, g.first = inBlock, next&^math.MaxUint32
	for ; at != 0; at &= at - 1 {
		i := uint64(bits.TrailingZeros64(at))
		t.put(g, i, old.valueAt(i))
	}
}

// put sets the value at an index of a group that has its values in a block.
func (t *Tree) put(g *group, i, v uint64) {
	if g.high == nil && (v^g.first)>>32 != 0 {
		g.high = t.Shadows.blockSpare().take()
		for j := range g.high {
			g.high[j] = uint32(g.first >> 32)
		}
	}
	g.low[i] = uint32(v)
	if g.high != nil {
		g.high[i] = uint32(v >> 32)
	}
}

// forget takes values away.
func (t *Tree) forget(g *group, m uint64) {
	g.value &^= m
	t.values -= uint64(bits.OnesCount64(m))
	if g.value == 0 {
		g.step = 0
		t.trim(g)
	}
}

// trim takes the blocks from a group that it does not need any more.
func (t *Tree) trim(g *group) {
	if g.step == inBlock {
		return
	}
	if g.high != nil {
		t.Shadows.blockSpare().put(g.high)
		g.high = nil
	}
	if g.present == 0 && g.low != nil {
		t.Shadows.blockSpare().put(g.low)
		g.low = nil
	}
}

// stepOf is by how much each value is more than the one before, if that is the same for all; 0 for one.
func stepOf(values []uint64) (step uint64, same bool) {
	if len(values) < 2 {
		return 0, true
	}
	step = values[1] - values[0]
	for i := 2; i < len(values); i++ {
		if values[i]-values[i-1] != step {
			return 0, false
		}
	}
	return step, true
}
