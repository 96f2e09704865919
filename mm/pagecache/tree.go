package pagecache

import "math/bits"

const (
	groupShift = 6
	groupPages = 1 << groupShift
	groupMask  = groupPages - 1
	leafShift  = 9
	leafPages  = 1 << leafShift
	dirShift   = 2 * leafShift
	groups     = leafPages / groupPages // of a leaf
)

// MaxIndex is the largest index of an entry: the last page of 16 TiB.
const MaxIndex = 1<<32 - 1

type (
	leaf struct{ group [groups]group }
	dir  struct {
		leaf [leafPages]*leaf
		n    int32                // leaves
		mids int32                // nodes of the second level
		mid  [leafPages / 8]uint8 // lowest nodes under each node of the second level
		used [leafPages]uint8     // lowest nodes of each leaf
	}
)

// A Tree is the entries of one mapping. The zero value is empty.
type Tree struct {
	Owner   uint32      // for whoever has the tree; nothing here reads it
	Shadows *ShadowList // of which its groups of values only are; nil: they are on none. To be set while the tree is empty.

	dirs                 []*dir
	pages, values        uint64
	tagged               [nrTags]uint64
	nodes, shadow, inUse int32 // lower three levels; groups of values only; directories
	above                int32 // nodes above the lower three levels
}

// Pages is the number of pages (nrpages).
func (t *Tree) Pages() uint64 { return t.pages }

// Values is the number of shadows and swap entries.
func (t *Tree) Values() uint64 { return t.values }

// Tagged is the number of pages that carry a tag.
func (t *Tree) Tagged(tag Tag) uint64 { return t.tagged[tag] }

// ShadowNodes is the number of nodes of the lowest level that hold values only.
func (t *Tree) ShadowNodes() int { return int(t.shadow) }

// Nodes is the number of nodes that the kernel's xarray would have: none for a single entry at index 0, else one for each group of 64 slots in
// use at every level up to the one that covers the largest index.
func (t *Tree) Nodes() int {
	if len(t.dirs) > 1 {
		return int(t.nodes + t.above)
	}
	return t.nodesOfSmall()
}

// nodesOfSmall is Nodes for up to three levels; those above the largest index are not there.
func (t *Tree) nodesOfSmall() int {
	if t.pages+t.values == 0 {
		return 0
	}
	d := t.dirs[0]
	if d.n == 1 && d.leaf[0] != nil && d.mid[0] == 1 {
		if g := &d.leaf[0].group[0]; g.present|g.value == 1 {
			return 0
		} else if g.present|g.value != 0 {
			return 1
		}
	}
	if d.mids == 1 && d.mid[0] > 0 {
		return int(t.nodes) - 1
	}
	return int(t.nodes)
}

// countAbove counts the nodes above the lower three levels, after a directory came or went.
func (t *Tree) countAbove() {
	t.above = 0
	dirs := len(t.dirs)
	for level := dirs; level > 1; level = (level + 63) / 64 {
		t.above += int32((int(t.inUse)*level/dirs + 63) / 64)
	}
}

// groupAt is the group of an index, nil if its leaf is not there.
func (t *Tree) groupAt(index uint64) *group {
	if index>>dirShift >= uint64(len(t.dirs)) {
		return nil
	}
	d := t.dirs[index>>dirShift]
	if d == nil {
		return nil
	}
	l := d.leaf[index>>leafShift%leafPages]
	if l == nil {
		return nil
	}
	return &l.group[index>>groupShift%groups]
}

// makeGroup is the group of an index.
func (t *Tree) makeGroup(index uint64) *group {
	if g := t.groupAt(index); g != nil {
		return g
	}
	hi := index >> dirShift
	if hi >= uint64(len(t.dirs)) {
		t.dirs = append(t.dirs, make([]*dir, hi+1-uint64(len(t.dirs)))...)
	}
	d := t.dirs[hi]
	if d == nil {
		d = new(dir)
		t.dirs[hi] = d
		t.inUse++
		t.nodes++
		t.countAbove()
	}
	l := t.Shadows.leafSpare().take()
	d.leaf[index>>leafShift%leafPages] = l
	d.n++
	return &l.group[index>>groupShift%groups]
}

// addNode counts the node of a group that got its first entry.
func (t *Tree) addNode(index uint64) {
	d := t.dirs[index>>dirShift]
	d.used[index>>leafShift%leafPages]++
	t.nodes++
	m := index >> (2 * groupShift) & groupMask
	if d.mid[m]++; d.mid[m] == 1 {
		d.mids++
		t.nodes++
	}
}

// dropNode counts the node of a group that lost its last entry, and lets an empty leaf and directory go.
func (t *Tree) dropNode(index uint64) {
	d := t.dirs[index>>dirShift]
	t.nodes--
	m := index >> (2 * groupShift) & groupMask
	if d.mid[m]--; d.mid[m] == 0 {
		d.mids--
		t.nodes--
	}
	at := index >> leafShift % leafPages
	if d.used[at]--; d.used[at] > 0 {
		return
	}
	t.Shadows.leafSpare().put(d.leaf[at])
	d.leaf[at] = nil
	if d.n--; d.n > 0 {
		return
	}
	t.dirs[index>>dirShift] = nil
	t.inUse--
	t.nodes--
	for n := len(t.dirs); n > 0 && t.dirs[n-1] == nil; n-- {
		t.dirs = t.dirs[:n-1]
	}
	t.countAbove()
}

// firstPage readies a group for its first page, unless it has some.
func (t *Tree) firstPage(index uint64, g *group) {
	if g.present != 0 {
		return
	}
	if g.value == 0 {
		t.addNode(index)
	} else {
		t.hasPage(g)
	}
	if g.low == nil {
		g.low = t.Shadows.blockSpare().take()
	}
}

// lastPage notes that a group has lost its last page, unless it has others.
func (t *Tree) lastPage(index uint64, g *group) {
	if g.present != 0 {
		return
	}
	t.trim(g)
	if g.value != 0 {
		t.shadowOnly(index, g)
	} else {
		t.dropNode(index)
	}
}

// Get is the entry at an index: 0 for none, a page, or a value.
func (t *Tree) Get(index uint64) (entry uint64, value bool) {
	g := t.groupAt(index)
	if g == nil {
		return 0, false
	}
	i := index & groupMask
	switch b := uint64(1) << i; {
	case g.present&b != 0:
		return uint64(g.low[i]), false
	case g.value&b != 0:
		return g.valueAt(i), true
	}
	return 0, false
}

// Page is the page at an index, 0 if there is none.
func (t *Tree) Page(index uint64) uint32 {
	g := t.groupAt(index)
	if g == nil || g.present>>(index&groupMask)&1 == 0 {
		return 0
	}
	return g.low[index&groupMask]
}

// Set puts a page at an index, which must hold none, and returns the value that was there, or 0. The page carries no tags.
func (t *Tree) Set(index uint64, page uint32) (old uint64) {
	g := t.makeGroup(index)
	i := index & groupMask
	b := uint64(1) << i
	t.firstPage(index, g)
	g.present |= b
	t.pages++
	if g.value&b != 0 {
		old = g.valueAt(i)
		t.forget(g, b)
	}
	g.low[i] = page
	return old
}

// SetRun puts pages at an index and those behind it, none of which may hold one. It tells whether there was a value at any of them; if so, each goes
// to old at the same place, 0 for none. Old must be as long, and stays as it is if there was none.
func (t *Tree) SetRun(index uint64, pages []uint32, old []uint64) (values bool) {
	for at := 0; at < len(pages); {
		g := t.makeGroup(index)
		i := index & groupMask
		n := min(uint64(len(pages)-at), groupPages-i)
		m := maskOf(i, n)
		t.firstPage(index, g)
		g.present |= m
		t.pages += n
		if v := g.value & m; v != 0 {
			if !values {
				values = true
				clear(old[:len(pages)])
			}
			for b := v; b != 0; b &= b - 1 {
				j := uint64(bits.TrailingZeros64(b))
				old[at+int(j-i)] = g.valueAt(j)
			}
			t.forget(g, v)
		}
		copy(g.low[i:i+n], pages[at:])
		at += int(n)
		index += n
	}
	return values
}

// SetValue puts a value that is not 0 at an index, in place of a page, another value or nothing.
func (t *Tree) SetValue(index uint64, v uint64) {
	g := t.makeGroup(index)
	i := index & groupMask
	b := uint64(1) << i
	fresh, page := g.present|g.value == 0, g.present&b != 0
	if g.value&b == 0 {
		t.values++
	}
	t.putRun(g, i, 1, v, 0)
	switch {
	case page:
		t.clearTags(g, b)
		g.present &^= b
		t.pages--
		t.lastPage(index, g)
	case fresh:
		t.addNode(index)
		t.shadowOnly(index, g)
	}
}

// Evict puts values that are not 0 in place of the pages at an index and behind it, all of which must be there.
func (t *Tree) Evict(index uint64, values []uint64) {
	for len(values) > 0 {
		g := t.groupAt(index)
		i := index & groupMask
		n := min(uint64(len(values)), groupPages-i)
		if step, ok := stepOf(values[:n]); ok {
			t.putRun(g, i, n, values[0], step)
		} else {
			t.expand(g, g.value, values[0])
			for j, v := range values[:n] {
				t.put(g, i+uint64(j), v)
			}
			g.value |= maskOf(i, n)
		}
		t.evicted(index, g, n)
		values = values[n:]
		index += n
	}
}

// EvictRun is Evict of n pages with values each of which is a step more than the one before.
func (t *Tree) EvictRun(index, n, first, step uint64) {
	for n > 0 {
		g := t.groupAt(index)
		i := index & groupMask
		c := min(n, groupPages-i)
		t.putRun(g, i, c, first, step)
		t.evicted(index, g, c)
		n -= c
		index += c
		first += c * step
	}
}

// evicted takes out of a group the n pages from an index on, which have values already.
func (t *Tree) evicted(index uint64, g *group, n uint64) {
	m := maskOf(index&groupMask, n)
	t.clearTags(g, m)
	g.present &^= m
	t.pages -= n
	t.values += n
	t.lastPage(index, g)
}

// Replace puts another page in the place of the one at an index, which must hold one. Its tags stay.
func (t *Tree) Replace(index uint64, page uint32) {
	t.groupAt(index).low[index&groupMask] = page
}

// Delete leaves nothing at an index.
func (t *Tree) Delete(index uint64) {
	g := t.groupAt(index)
	if g == nil {
		return
	}
	switch b := uint64(1) << (index & groupMask); {
	case g.present&b != 0:
		t.clearTags(g, b)
		g.present &^= b
		t.pages--
		t.lastPage(index, g)
	case g.value&b != 0:
		t.forget(g, b)
		if g.present|g.value == 0 {
			t.hasPage(g)
			t.dropNode(index)
		}
	}
}
