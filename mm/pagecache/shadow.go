package pagecache

// A ShadowList is the groups of 64 indices, of many trees, that hold values only: what the kernel keeps for the shrinker of shadow entries
// (shadow_nodes). The group that joined first is reclaimed first. It also keeps what those trees do not use any more for each other. The zero value is
// empty.
type ShadowList struct {
	node       []shadowNode // entry 0 is unused
	free       uint32
	head, tail uint32
	n          int
	leaves     spare[leaf]
	blocks     spare[block]
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
	x.tree.dropValues(uint64(x.group) << groupShift)
	return x.tree
}

// dropValues forgets the values of the group that begins at an index and holds nothing else.
func (t *Tree) dropValues(first uint64) {
	g := t.groupAt(first)
	t.forget(g, g.value)
	t.hasPage(g)
	t.dropNode(first)
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
func (t *Tree) shadowOnly(index uint64, g *group) {
	t.shadow++
	if t.Shadows != nil {
		g.shadow = t.Shadows.add(t, uint32(index>>groupShift))
	}
}

func (t *Tree) hasPage(g *group) {
	t.shadow--
	if t.Shadows != nil {
		t.Shadows.remove(g.shadow)
	}
}
