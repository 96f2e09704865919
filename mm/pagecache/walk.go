package pagecache

import "math/bits"

// groups calls fn for every group of [from, end) that lies in a leaf, with a mask of its indices in the range.
func (t *Tree) groups(from, end uint64, fn func(g *group, m uint64)) {
	for from < end {
		stop := min(from&^groupMask+groupPages, end)
		if g := t.groupAt(from); g != nil {
			fn(g, maskOf(from&groupMask, stop-from))
			from = stop
			continue
		}
		from = t.skip(from)
	}
}

// skip is the first index behind the leaf, or the directory, of an index that has none.
func (t *Tree) skip(index uint64) uint64 {
	hi := index >> dirShift
	switch {
	case hi >= uint64(len(t.dirs)):
		return MaxIndex + 1
	case t.dirs[hi] == nil:
		return (hi + 1) << dirShift
	}
	return (index>>leafShift + 1) << leafShift
}

// next is the first index of [from, end) whose bit is set in what pick returns for its group.
func (t *Tree) next(from, end uint64, pick func(g *group) uint64) (uint64, bool) {
	for from < end {
		g := t.groupAt(from)
		if g == nil {
			from = t.skip(from)
			continue
		}
		if b := pick(g) >> (from & groupMask); b != 0 {
			from += uint64(bits.TrailingZeros64(b))
			return from, from < end
		}
		from = from&^groupMask + groupPages
	}
	return 0, false
}

// Next is the index of the first page of [from, end).
func (t *Tree) Next(from, end uint64) (index uint64, ok bool) {
	return t.next(from, end, func(g *group) uint64 { return g.present })
}

// NextEntry is the index of the first page or value of [from, end).
func (t *Tree) NextEntry(from, end uint64) (index uint64, ok bool) {
	return t.next(from, end, func(g *group) uint64 { return g.present | g.value })
}

// NextValue is the index of the first value of [from, end).
func (t *Tree) NextValue(from, end uint64) (index uint64, ok bool) {
	return t.next(from, end, func(g *group) uint64 { return g.value })
}

// NextTagged is the index of the first page of [from, end) that carries a tag.
func (t *Tree) NextTagged(tag Tag, from, end uint64) (index uint64, ok bool) {
	if t.tagged[tag] == 0 {
		return 0, false
	}
	return t.next(from, end, func(g *group) uint64 { return g.tags[tag] })
}

// NextMiss is the first index of [from, end) that holds no page, end if each holds one (page_cache_next_miss).
func (t *Tree) NextMiss(from, end uint64) uint64 {
	for from < end {
		g := t.groupAt(from)
		if g == nil {
			return from
		}
		if b := ^g.present >> (from & groupMask); b != 0 {
			return min(from+uint64(bits.TrailingZeros64(b)), end)
		}
		from = from&^groupMask + groupPages
	}
	return end
}

// PrevMiss counts the pages in a row that end just before an index, at most limit of them (page_cache_prev_miss).
func (t *Tree) PrevMiss(index, limit uint64) uint64 {
	n := uint64(0)
	for n < limit && n < index && t.Page(index-n-1) != 0 {
		n++
	}
	return n
}

// Run copies the pages at an index and those right behind it to out, as many as there are in a row and as out holds, and returns their number.
func (t *Tree) Run(index uint64, out []uint32) int {
	n := 0
	for n < len(out) {
		row := t.Row(index, uint64(len(out)-n))
		n += copy(out[n:], row)
		if index += uint64(len(row)); len(row) == 0 || index&groupMask != 0 {
			break
		}
	}
	return n
}

// Row is the pages at an index and those right behind it, at most so many, as far as they are in a row and in one group of 64. They are the tree's,
// and good until it changes.
func (t *Tree) Row(index, most uint64) []uint32 {
	g := t.groupAt(index)
	if g == nil || g.present == 0 {
		return nil
	}
	i := index & groupMask
	n := uint64(bits.TrailingZeros64(^(g.present >> i))) // zeros are shifted in, so this ends with the group
	return g.low[i:][:min(n, most)]
}

// Match is how many of some pages are those at an index and behind it, up to the first that is not.
func (t *Tree) Match(index uint64, pages []uint32) int {
	n := 0
	for n < len(pages) {
		row := t.Row(index+uint64(n), uint64(len(pages)-n))
		for _, p := range row {
			if p != pages[n] {
				return n
			}
			n++
		}
		if len(row) == 0 {
			break
		}
	}
	return n
}

// Count is the number of pages in [from, end).
func (t *Tree) Count(from, end uint64) uint64 {
	n := 0
	t.groups(from, end, func(g *group, m uint64) { n += bits.OnesCount64(g.present & m) })
	return uint64(n)
}
