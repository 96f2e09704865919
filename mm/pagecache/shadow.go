package pagecache

import "math/bits"

// A ShadowList is the groups of 64 indices, of many trees, that hold values only: what the kernel keeps for the shrinker of shadow entries
// (shadow_nodes). The group that joined first is reclaimed first. The zero value is empty.
type ShadowList struct {
	node       []shadowNode // entry 0 is unused
	free       uint32
	head, tail uint32
	n          int
	spare      []*leaf
}

type shadowNode struct {
	tree       *Tree
	group      uint32 // index >> 6
	next, prev uint32
}

// Len is the number of groups.
func (s *ShadowList) Len() int { return s.n }

// Reclaim forgets the values of the group that joined first and returns the tree that it was of, nil if there is none (shadow_lru_isolate).
func (s *ShadowList) Reclaim() *Tree {
	if s.head == 0 {
		return nil
	}
	x := s.node[s.head]
	x.tree.dropValues(uint64(x.group) << 6)
	return x.tree
}

// dropValues forgets the values of the group that begins at an index and holds nothing else.
func (t *Tree) dropValues(first uint64) {
	l := t.leafAt(first)
	i := first & leafMask
	w := i >> 6
	n := bits.OnesCount64(l.value[w])
	clear(l.entry[i : i+64])
	l.value[w] = 0
	l.used -= int32(n)
	t.values -= uint64(n)
	t.hasPage(first, l)
	t.dropNode(first, l)
}

// A leaf that lost its last entry is all zero but for places on the list, which nobody reads before they are set. The next file that needs one
// takes it while the processor still has it at hand.

// spareLeaves is the most leaves that are kept, about a megabyte.
const spareLeaves = 256

func (s *ShadowList) putLeaf(l *leaf) {
	if s != nil && len(s.spare) < spareLeaves {
		s.spare = append(s.spare, l)
	}
}

func (s *ShadowList) takeLeaf() *leaf {
	if s == nil || len(s.spare) == 0 {
		return new(leaf)
	}
	n := len(s.spare) - 1
	l := s.spare[n]
	s.spare = s.spare[:n]
	return l
}

func (s *ShadowList) add(t *Tree, group uint32) uint32 {
	id := s.free
	if id != 0 {
		s.free = s.node[id].next
	} else {
		if len(s.node) == 0 {
			s.node = append(s.node, shadowNode{})
		}
		id = uint32(len(s.node))
		s.node = append(s.node, shadowNode{})
	}
	s.node[id] = shadowNode{tree: t, group: group, prev: s.tail}
	if s.tail == 0 {
		s.head = id
	} else {
		s.node[s.tail].next = id
	}
	s.tail = id
	s.n++
	return id
}

func (s *ShadowList) remove(id uint32) {
	x := s.node[id]
	if x.prev == 0 {
		s.head = x.next
	} else {
		s.node[x.prev].next = x.next
	}
	if x.next == 0 {
		s.tail = x.prev
	} else {
		s.node[x.next].prev = x.prev
	}
	s.node[id] = shadowNode{next: s.free}
	s.free = id
	s.n--
}

// shadowOnly notes that the group of an index holds values only from now on, and hasPage that it does no more.
func (t *Tree) shadowOnly(index uint64, l *leaf) {
	t.shadow++
	if t.Shadows != nil {
		l.shadow[index>>6&(words-1)] = t.Shadows.add(t, uint32(index>>6))
	}
}

func (t *Tree) hasPage(index uint64, l *leaf) {
	t.shadow--
	if t.Shadows != nil {
		t.Shadows.remove(l.shadow[index>>6&(words-1)])
	}
}
