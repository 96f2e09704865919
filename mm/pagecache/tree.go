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

const (
	leafShift = 9
	leafPages = 1 << leafShift
	leafMask  = leafPages - 1
	dirShift  = 2 * leafShift
	words     = leafPages / 64
)

// MaxIndex is the largest index of an entry: the last page of 16 TiB.
const MaxIndex = 1<<32 - 1

type (
	// A leaf holds 512 entries: eight of the kernel's lowest nodes.
	leaf struct {
		entry   [leafPages]uint64
		present [words]uint64 // pages
		value   [words]uint64 // shadows and swap entries
		tags    [nrTags][words]uint64
		shadow  [words]uint32 // where groups of values only are on the ShadowList
		used    int32         // entries
	}
	dir struct {
		leaf [leafPages]*leaf
		n    int32                // leaves
		mid  [leafPages / 8]uint8 // lowest nodes under each node of the second level
		mids int32                // nodes of the second level
	}
)

// A Tree is the entries of one mapping. The zero value is empty.
type Tree struct {
	Owner   uint32      // for whoever has the tree; nothing here reads it
	Shadows *ShadowList // of which its groups of values only are; nil: they are on none. To be set while the tree is empty.

	dirs                 []*dir
	pages, values        uint64
	tagged               [nrTags]uint64
	nodes, shadow, inUse int32    // lower three levels; groups of values only; directories
	above                int32    // nodes above the lower three levels
	aboveFor             [2]int32 // the directories, and those in use, for which that was computed
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
	n := int(t.nodes)
	if t.pages+t.values == 0 {
		return 0
	}
	if len(t.dirs) <= 1 { // up to three levels; those above the largest index are not there
		d := t.dirs[0]
		if d.n == 1 && d.leaf[0] != nil && d.mid[0] == 1 {
			if l := d.leaf[0]; l.present[0]|l.value[0] == 1 && l.used == 1 {
				return 0
			} else if l.present[0]|l.value[0] != 0 {
				return 1
			}
		}
		if d.mids == 1 && d.mid[0] > 0 {
			return n - 1
		}
		return n
	}
	dirs := int32(len(t.dirs))
	if t.aboveFor != [2]int32{dirs, t.inUse} {
		t.aboveFor = [2]int32{dirs, t.inUse}
		t.above = 0
		for level := int(dirs); level > 1; level = (level + 63) / 64 {
			t.above += int32((int(t.inUse)*level/int(dirs) + 63) / 64)
		}
	}
	return n + int(t.above)
}

func (t *Tree) leafAt(index uint64) *leaf {
	hi := index >> dirShift
	if hi >= uint64(len(t.dirs)) {
		return nil
	}
	d := t.dirs[hi]
	if d == nil {
		return nil
	}
	return d.leaf[index>>leafShift&leafMask]
}

func (t *Tree) makeLeaf(index uint64) *leaf {
	hi, at := index>>dirShift, index>>leafShift&leafMask
	if hi >= uint64(len(t.dirs)) {
		t.dirs = append(t.dirs, make([]*dir, hi+1-uint64(len(t.dirs)))...)
	}
	d := t.dirs[hi]
	if d == nil {
		d = new(dir)
		t.dirs[hi] = d
		t.inUse++
		t.nodes++
	}
	l := d.leaf[at]
	if l == nil {
		l = t.Shadows.takeLeaf()
		d.leaf[at] = l
		d.n++
	}
	return l
}

// addNode counts the node of a group that got its first entry.
func (t *Tree) addNode(index uint64) {
	d := t.dirs[index>>dirShift]
	m := index >> 12 & 63
	t.nodes++
	if d.mid[m]++; d.mid[m] == 1 {
		d.mids++
		t.nodes++
	}
}

// dropNode counts the node of a group that lost its last entry, and lets an empty leaf and directory go.
func (t *Tree) dropNode(index uint64, l *leaf) {
	d := t.dirs[index>>dirShift]
	m := index >> 12 & 63
	t.nodes--
	if d.mid[m]--; d.mid[m] == 0 {
		d.mids--
		t.nodes--
	}
	if l.used > 0 {
		return
	}
	d.leaf[index>>leafShift&leafMask] = nil
	t.Shadows.putLeaf(l)
	if d.n--; d.n > 0 {
		return
	}
	t.dirs[index>>dirShift] = nil
	t.inUse--
	t.nodes--
	for n := len(t.dirs); n > 0 && t.dirs[n-1] == nil; n-- {
		t.dirs = t.dirs[:n-1]
	}
}

// Get is the entry at an index: 0 for none, a page, or a value.
func (t *Tree) Get(index uint64) (entry uint64, value bool) {
	l := t.leafAt(index)
	if l == nil {
		return 0, false
	}
	i := index & leafMask
	return l.entry[i], l.value[i>>6]>>(i&63)&1 != 0
}

// Page is the page at an index, 0 if there is none.
func (t *Tree) Page(index uint64) uint32 {
	e, value := t.Get(index)
	if value {
		return 0
	}
	return uint32(e)
}

// Set puts a page at an index, which must hold none, and returns the value that was there, or 0. The page carries no tags.
func (t *Tree) Set(index uint64, page uint32) (old uint64) {
	l := t.makeLeaf(index)
	return t.set(l, index, page)
}

func (t *Tree) set(l *leaf, index uint64, page uint32) (old uint64) {
	i := index & leafMask
	w, b := i>>6, uint64(1)<<(i&63)
	old = l.entry[i]
	switch {
	case old != 0:
		l.value[w] &^= b
		t.values--
		if l.present[w] == 0 {
			t.hasPage(index, l)
		}
	case l.present[w]|l.value[w] == 0:
		l.used++
		t.addNode(index)
	default:
		if l.present[w] == 0 {
			t.hasPage(index, l)
		}
		l.used++
	}
	l.entry[i] = uint64(page)
	l.present[w] |= b
	t.pages++
	return old
}

// SetRun puts pages at an index and those behind it, none of which may hold one. A value that was there goes to old at the same place, 0 for
// none; old must be as long. It tells whether there was any.
func (t *Tree) SetRun(index uint64, pages []uint32, old []uint64) (values bool) {
	for len(pages) > 0 {
		l := t.makeLeaf(index)
		i := index & leafMask
		n := min(uint64(len(pages)), 64-i&63) // within a word
		w := i >> 6
		m := ^uint64(0) >> (64 - n) << (i & 63)
		v := l.value[w]
		entries := l.entry[i : i+n]
		if v&m != 0 {
			values = true
			copy(old, entries)
		} else { // not to read what is far from the processor
			clear(old[:n])
		}
		for j, page := range pages[:n] {
			entries[j] = uint64(page)
		}
		switch {
		case l.present[w]|v == 0:
			t.addNode(index)
		case l.present[w] == 0:
			t.hasPage(index, l)
		}
		c := bits.OnesCount64(v & m)
		l.value[w] = v &^ m
		l.present[w] |= m
		l.used += int32(int(n) - c)
		t.values -= uint64(c)
		t.pages += n
		pages, old = pages[n:], old[n:]
		index += n
	}
	return values
}

// SetValue puts a value that is not 0 at an index, in place of a page, another value or nothing.
func (t *Tree) SetValue(index uint64, v uint64) {
	l := t.makeLeaf(index)
	i := index & leafMask
	w, b := i>>6, uint64(1)<<(i&63)
	switch {
	case l.present[w]&b != 0:
		t.clearTags(l, w, b)
		l.present[w] &^= b
		t.pages--
		l.value[w] |= b
		t.values++
		if l.present[w] == 0 {
			t.shadowOnly(index, l)
		}
	case l.value[w]&b != 0:
	default:
		if l.present[w]|l.value[w] == 0 {
			t.addNode(index)
			t.shadowOnly(index, l)
		}
		l.used++
		l.value[w] |= b
		t.values++
	}
	l.entry[i] = v
}

// Evict puts values that are not 0 in place of the pages at an index and behind it, all of which must be there.
func (t *Tree) Evict(index uint64, values []uint64) {
	for len(values) > 0 {
		l := t.leafAt(index)
		i := index & leafMask
		n := min(uint64(len(values)), 64-i&63) // within a word
		copy(l.entry[i:i+n], values)
		w := i >> 6
		m := ^uint64(0) >> (64 - n) << (i & 63)
		for tag := range nrTags {
			if b := l.tags[tag][w] & m; b != 0 {
				l.tags[tag][w] &^= b
				t.tagged[tag] -= uint64(bits.OnesCount64(b))
			}
		}
		l.present[w] &^= m
		l.value[w] |= m
		t.pages -= n
		t.values += n
		if l.present[w] == 0 {
			t.shadowOnly(index, l)
		}
		values = values[n:]
		index += n
	}
}

// Delete leaves nothing at an index.
func (t *Tree) Delete(index uint64) {
	l := t.leafAt(index)
	if l == nil {
		return
	}
	i := index & leafMask
	w, b := i>>6, uint64(1)<<(i&63)
	switch {
	case l.present[w]&b != 0:
		t.clearTags(l, w, b)
		l.present[w] &^= b
		t.pages--
		if l.present[w] == 0 && l.value[w] != 0 {
			t.shadowOnly(index, l)
		}
	case l.value[w]&b != 0:
		l.value[w] &^= b
		t.values--
		if l.present[w]|l.value[w] == 0 {
			t.hasPage(index, l)
		}
	default:
		return
	}
	l.entry[i] = 0
	l.used--
	if l.present[w]|l.value[w] == 0 {
		t.dropNode(index, l)
	}
}

func (t *Tree) clearTags(l *leaf, w, b uint64) {
	for tag := range nrTags {
		if l.tags[tag][w]&b != 0 {
			l.tags[tag][w] &^= b
			t.tagged[tag]--
		}
	}
}

// Replace puts another page in the place of the one at an index, which must hold one. Its tags stay.
func (t *Tree) Replace(index uint64, page uint32) {
	t.leafAt(index).entry[index&leafMask] = uint64(page)
}

// SetTag tags the page at an index, and tells whether it was not tagged so far. An index without a page has no tags.
func (t *Tree) SetTag(index uint64, tag Tag) bool {
	l := t.leafAt(index)
	if l == nil {
		return false
	}
	i := index & leafMask
	w, b := i>>6, uint64(1)<<(i&63)
	if l.present[w]&b == 0 || l.tags[tag][w]&b != 0 {
		return false
	}
	l.tags[tag][w] |= b
	t.tagged[tag]++
	return true
}

// ClearTag takes a tag off the page at an index, and tells whether it was tagged.
func (t *Tree) ClearTag(index uint64, tag Tag) bool {
	l := t.leafAt(index)
	if l == nil {
		return false
	}
	i := index & leafMask
	w, b := i>>6, uint64(1)<<(i&63)
	if l.tags[tag][w]&b == 0 {
		return false
	}
	l.tags[tag][w] &^= b
	t.tagged[tag]--
	return true
}

// HasTag tells whether the page at an index carries a tag.
func (t *Tree) HasTag(index uint64, tag Tag) bool {
	l := t.leafAt(index)
	i := index & leafMask
	return l != nil && l.tags[tag][i>>6]>>(i&63)&1 != 0
}

// TagRange tags every page of [from, end) that carries one tag with another, and returns their number (tag_pages_for_writeback).
func (t *Tree) TagRange(from, end uint64, have, add Tag) uint64 {
	n := uint64(0)
	t.words(from, end, func(l *leaf, w int, m uint64) bool {
		b := l.tags[have][w] & m
		n += uint64(bits.OnesCount64(b))
		t.tagged[add] += uint64(bits.OnesCount64(b &^ l.tags[add][w]))
		l.tags[add][w] |= b
		return true
	})
	return n
}
