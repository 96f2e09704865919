package xarray

import "math/bits"

// chunkShift is how many bits of an index a node's 64 slots stand for (XA_CHUNK_SHIFT).
const chunkShift = 6

// A Node is where one node of a tree is kept. Object is whatever the allocator of nodes returned, not 0.
type Node struct {
	Object uint32
	Count  uint8 // slots in use
}

// A Tree is the nodes of one XArray, whose entries may be present only at indices of one range. See New.
type Tree struct {
	base, size uint64
	levels     [][]Node // from the leaves up; the top is levels[height-1]
	height     int      // 0: no node
	zero       bool     // there is an entry at index 0
	nodes      int
}

// New makes an empty tree for the indices from base to base+size-1. If base is not 0, size must be a power of two and base a multiple of it.
func New(base, size uint64) *Tree { return &Tree{base: base, size: size} }

// Nodes is the number of nodes of the tree.
func (t *Tree) Nodes() int { return t.nodes }

// heightFor is the height of a tree that has room for an index.
func heightFor(index uint64) int {
	return max(1, (bits.Len64(index)+chunkShift-1)/chunkShift)
}

// at is where the node of a level is kept that an index belongs to.
func (t *Tree) at(level int, index uint64) *Node {
	for len(t.levels) <= level {
		s := uint(len(t.levels)+1) * chunkShift
		t.levels = append(t.levels, make([]Node, (t.base+t.size-1)>>s-t.base>>s+1))
	}
	shift := uint(level+1) * chunkShift
	return &t.levels[level][index>>shift-t.base>>shift]
}

// Ready tells whether an entry can be stored at an index without a new node.
func (t *Tree) Ready(index uint64) bool {
	if t.height == 0 {
		return index == 0
	}
	return heightFor(index) <= t.height && t.at(0, index).Object != 0
}

// Reserve makes the nodes that an entry at an index needs, from the top down, calling alloc for each (xas_expand, xas_create). It returns false, and
// leaves the tree as it was, when alloc returns 0; free takes back what alloc gave until then. A Store or Cancel must follow.
func (t *Tree) Reserve(index uint64, alloc func() uint32, free func(uint32)) bool {
	if t.Ready(index) {
		return true
	}
	want := heightFor(index)
	if t.height == 0 && !t.zero {
		t.height = want - 1 // as much as was needed from the start: no chain over a first child
		if !t.add(want-1, index, alloc) {
			t.height = 0
			return false
		}
		t.height = want
	}
	for t.height < want {
		if !t.add(t.height, 0, alloc) {
			t.Cancel(index, free)
			return false
		}
		t.at(t.height, 0).Count = 1 // what was the top, or the entry at index 0
		t.height++
	}
	for level := t.height - 2; level >= 0; level-- {
		if t.at(level, index).Object != 0 {
			continue
		}
		if !t.add(level, index, alloc) {
			t.Cancel(index, free)
			return false
		}
		t.at(level+1, index).Count++
	}
	return true
}

// add makes one node.
func (t *Tree) add(level int, index uint64, alloc func() uint32) bool {
	n := t.at(level, index)
	if n.Object = alloc(); n.Object == 0 {
		return false
	}
	t.nodes++
	return true
}

// Cancel frees the nodes on the way to an index that hold nothing, and a top that is not needed: nothing is stored there after all.
func (t *Tree) Cancel(index uint64, free func(uint32)) {
	if heightFor(index) <= t.height {
		for level := range t.height {
			n := t.at(level, index)
			if n.Object == 0 {
				continue
			}
			if n.Count > 0 {
				break
			}
			t.remove(n, free)
			if level+1 == t.height {
				t.height = 0
				return
			}
			t.at(level+1, index).Count--
		}
	}
	t.shrink(free)
}

func (t *Tree) remove(n *Node, free func(uint32)) {
	free(n.Object)
	*n = Node{}
	t.nodes--
}

// Store puts an entry at an index where there is none. The tree must be ready for it.
func (t *Tree) Store(index uint64) {
	if index == 0 {
		t.zero = true
	}
	if t.height > 0 {
		t.at(0, index).Count++
	}
}

// Erase takes the entry at an index away and gives the nodes that are not needed any more to free (xas_delete_node, xas_shrink).
func (t *Tree) Erase(index uint64, free func(uint32)) {
	if index == 0 {
		t.zero = false
	}
	if t.height == 0 {
		return
	}
	n := t.at(0, index)
	n.Count--
	for level := 0; n.Count == 0; {
		t.remove(n, free)
		if level++; level == t.height {
			t.height = 0
			return
		}
		n = t.at(level, index)
		n.Count--
	}
	t.shrink(free)
}

// shrink takes nodes off the top of which only slot 0 is in use.
func (t *Tree) shrink(free func(uint32)) {
	for t.base == 0 && t.height > 0 {
		top := t.at(t.height-1, 0)
		if top.Count != 1 {
			return
		}
		if first := t.height == 1 && t.zero || t.height > 1 && t.at(t.height-2, 0).Object != 0; !first {
			return
		}
		t.remove(top, free)
		t.height--
	}
}
