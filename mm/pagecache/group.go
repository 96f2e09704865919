package pagecache

import "math/bits"

// A group is 64 indices: one of the kernel's lowest nodes. Its pages are in a block that is there as long as it has pages, since most groups of a
// file that was read have shadows only. Those of pages that were evicted one after another in the order of the file, as reclaim does with what was
// read so, have ages one after another, and swap entries often are consecutive too: values in such an arithmetic progression need no block.
type group struct {
	present uint64         // pages
	value   uint64         // shadows and swap entries
	tags    [nrTags]uint64 // of pages
	page    *pageBlock     // nil: there are no pages. What it holds for other indices means nothing.
	values  *valueBlock    // nil: value i is i steps more than first. What it holds for indices without a value means nothing.
	first   uint64         // what index 0 of the group would have
	step    int32
	shadow  uint32 // where a group of values only is on the ShadowList
}

type (
	pageBlock  [groupPages]uint32
	valueBlock [groupPages]uint64
)

// maskOf is the bits of n indices of a group from i on; n is 1 to 64.
func maskOf(i, n uint64) uint64 { return ^uint64(0) >> (groupPages - n) << i }

// valueAt is the value at an index of the group that has one.
func (g *group) valueAt(i uint64) uint64 {
	if g.values != nil {
		return g.values[i]
	}
	return g.first + i*uint64(int64(g.step))
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
		t.dropBlock(g)
	case g.values != nil:
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
	if fits && int64(step) == int64(int32(step)) {
		g.first, g.step = first-i*step, int32(step)
		return
	}
	t.expand(g)
	for j := range n {
		g.values[i+j] = first + j*step
	}
}

// expand gives a group a block for its values.
func (t *Tree) expand(g *group) {
	if g.values != nil {
		return
	}
	b := t.Shadows.takeValues()
	for i := range uint64(groupPages) {
		b[i] = g.valueAt(i)
	}
	g.values = b
}

// forget takes values away.
func (t *Tree) forget(g *group, m uint64) {
	g.value &^= m
	t.values -= uint64(bits.OnesCount64(m))
	if g.value == 0 {
		t.dropBlock(g)
	}
}

// dropBlock takes the block for values from a group whose values are in none any more.
func (t *Tree) dropBlock(g *group) {
	if g.values != nil {
		t.Shadows.putValues(g.values)
		g.values = nil
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
