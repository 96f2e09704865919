package pagecache

import "math/bits"

// A Tag marks a page for writeback (xa_mark_t).
type Tag uint8

// The tags, as the kernel names them with PAGECACHE_TAG_ before.
const (
	Dirty     Tag = iota // has data that is not on the device
	Writeback            // is being written
	Towrite              // was dirty when a write that must not run for ever began
	nrTags
)

// clearTags takes all tags off the pages of a group that a mask has.
func (t *Tree) clearTags(g *group, m uint64) {
	for tag := range nrTags {
		if b := g.tags[tag] & m; b != 0 {
			g.tags[tag] &^= b
			t.tagged[tag] -= uint64(bits.OnesCount64(b))
		}
	}
}

// SetTag tags the page at an index, and tells whether it was not tagged so far. An index without a page has no tags.
func (t *Tree) SetTag(index uint64, tag Tag) bool {
	g := t.groupAt(index)
	b := uint64(1) << (index & groupMask)
	if g == nil || g.present&^g.tags[tag]&b == 0 {
		return false
	}
	g.tags[tag] |= b
	t.tagged[tag]++
	return true
}

// ClearTag takes a tag off the page at an index, and tells whether it was tagged.
func (t *Tree) ClearTag(index uint64, tag Tag) bool {
	g := t.groupAt(index)
	b := uint64(1) << (index & groupMask)
	if g == nil || g.tags[tag]&b == 0 {
		return false
	}
	g.tags[tag] &^= b
	t.tagged[tag]--
	return true
}

// HasTag tells whether the page at an index carries a tag.
func (t *Tree) HasTag(index uint64, tag Tag) bool {
	g := t.groupAt(index)
	return g != nil && g.tags[tag]>>(index&groupMask)&1 != 0
}

// TagRange tags every page of [from, end) that carries one tag with another, and returns their number (tag_pages_for_writeback).
func (t *Tree) TagRange(from, end uint64, have, add Tag) uint64 {
	n := uint64(0)
	t.groups(from, end, func(g *group, m uint64) {
		b := g.tags[have] & m
		n += uint64(bits.OnesCount64(b))
		t.tagged[add] += uint64(bits.OnesCount64(b &^ g.tags[add]))
		g.tags[add] |= b
	})
	return n
}
