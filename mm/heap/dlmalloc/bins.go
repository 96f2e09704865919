package dlmalloc

import "math/bits"

// treeIndex is the trie for chunks of a size (compute_tree_index).
func treeIndex(size uint64) uint32 {
	x := size >> 8
	switch {
	case x == 0:
		return 0
	case x > 0xffff:
		return treeBins - 1
	}
	k := uint32(bits.Len64(x) - 1)
	return k<<1 + uint32(size>>(k+7)&1)
}

// treeShift brings the first bit of a size that its trie decides by to the top (leftshift_for_tree_index).
func treeShift(bin uint32) uint32 {
	if bin == treeBins-1 {
		return 0
	}
	return 63 - (bin>>1 + 8 - 2)
}

// insert puts a free chunk into the bin of its size (insert_chunk).
func (h *Heap) insert(i index) {
	if size := h.size(i); h.isSmall(size) {
		h.insertSmall(i, size)
	} else {
		h.insertLarge(i, size)
	}
}

// ring puts chunk i before chunk at on its ring.
func (h *Heap) ring(i, at index) {
	before := h.c[at].bk
	h.c[i].fd, h.c[i].bk = at, before
	h.c[before].fd, h.c[at].bk = i, i
	h.wr(h.c[i].addr + 2*word)
	h.wr(h.c[at].addr + 3*word)
	if before != at {
		h.wr(h.c[before].addr + 2*word)
	}
}

func (h *Heap) unring(i index) {
	fd, bk := h.c[i].fd, h.c[i].bk
	h.rd(h.c[i].addr + 2*word)
	h.c[fd].bk, h.c[bk].fd = bk, fd
	if fd != i {
		h.wr(h.c[fd].addr + 3*word)
		h.wr(h.c[bk].addr + 2*word)
	}
	h.c[i].fd, h.c[i].bk = 0, 0
}

// insertSmall puts a chunk at the front of a small bin, from which it is taken first.
func (h *Heap) insertSmall(i index, size uint64) {
	bin := size >> 3
	if first := h.small[bin]; first != 0 {
		h.ring(i, first)
	} else {
		h.c[i].fd, h.c[i].bk = i, i
		h.wr(h.c[i].addr + 2*word)
	}
	h.small[bin] = i
	h.smallMap |= 1 << bin
}

// insertLarge puts a chunk into a trie: down by the bits of its size to a free place, or to a chunk of the same size, on whose ring it comes
// last.
func (h *Heap) insertLarge(i index, size uint64) {
	bin := treeIndex(size)
	h.c[i].child = [2]index{}
	h.wr(h.c[i].addr + 4*word)
	if h.treeMap&(1<<bin) == 0 {
		h.treeMap |= 1 << bin
		h.tree[bin] = i
		h.c[i].parent, h.c[i].fd, h.c[i].bk = rootMark, i, i
		h.wr(h.c[i].addr + 2*word)
		return
	}
	t := h.tree[bin]
	for k := size << treeShift(bin); ; k <<= 1 {
		h.rdHead(t)
		if h.size(t) == size {
			h.c[i].parent = 0
			h.ringAfter(i, t)
			return
		}
		side := k >> 63
		h.rd(h.c[t].addr + (4+side)*word)
		if c := h.c[t].child[side]; c != 0 {
			t = c
			continue
		}
		h.c[t].child[side] = i
		h.wr(h.c[t].addr + (4+side)*word)
		h.c[i].parent, h.c[i].fd, h.c[i].bk = t, i, i
		h.wr(h.c[i].addr + 2*word)
		return
	}
}

// ringAfter puts chunk i behind the node of its size; the node's bk is then the oldest of the others.
func (h *Heap) ringAfter(i, t index) {
	f := h.c[t].fd
	h.c[i].fd, h.c[i].bk = f, t
	h.c[t].fd, h.c[f].bk = i, i
	h.wr(h.c[i].addr + 2*word)
	h.wr(h.c[t].addr + 2*word)
	h.wr(h.c[f].addr + 3*word)
}

// unlink takes a free chunk that is not the designated victim out of its bin (unlink_chunk).
func (h *Heap) unlink(i index) {
	size := h.size(i)
	if !h.isSmall(size) {
		h.unlinkLarge(i, size)
		return
	}
	bin := size >> 3
	switch next := h.c[i].fd; {
	case next == i:
		h.small[bin] = 0
		h.smallMap &^= 1 << bin
		h.c[i].fd, h.c[i].bk = 0, 0
		h.rd(h.c[i].addr + 2*word)
		return
	case h.small[bin] == i:
		h.small[bin] = next
	}
	h.unring(i)
}

// unlinkLarge takes a chunk out of its trie. Its place goes to the oldest other chunk of its size or, without one, to a leaf below it.
func (h *Heap) unlinkLarge(i index, size uint64) {
	parent := h.c[i].parent
	h.rd(h.c[i].addr + 6*word)
	r := index(0)
	if h.c[i].bk != i {
		r = h.c[i].bk
		h.unring(i)
	} else {
		r = h.leafBelow(i)
	}
	h.c[i].fd, h.c[i].bk, h.c[i].parent = 0, 0, 0
	if parent == 0 {
		return
	}
	bin := treeIndex(size)
	switch {
	case h.tree[bin] == i:
		h.tree[bin] = r
		if r == 0 {
			h.treeMap &^= 1 << bin
		}
	default:
		side := 0
		if h.c[parent].child[1] == i {
			side = 1
		}
		h.c[parent].child[side] = r
		h.wr(h.c[parent].addr + uint64(4+side)*word)
	}
	if r == 0 {
		return
	}
	h.c[r].parent = parent
	h.wr(h.c[r].addr + 6*word)
	for side, c := range h.c[i].child {
		if c != 0 && c != r {
			h.c[r].child[side] = c
			h.c[c].parent = r
			h.wr(h.c[r].addr + uint64(4+side)*word)
			h.wr(h.c[c].addr + 6*word)
		}
	}
	h.c[i].child = [2]index{}
}

// leafBelow takes a leaf off the trie below a node, by the right child wherever there is one; 0: the node is a leaf itself.
func (h *Heap) leafBelow(i index) index {
	above, side, r := i, 1, h.c[i].child[1]
	if r == 0 {
		side, r = 0, h.c[i].child[0]
	}
	if r == 0 {
		return 0
	}
	for {
		h.rd(h.c[r].addr + 4*word)
		c, s := h.c[r].child[1], 1
		if c == 0 {
			c, s = h.c[r].child[0], 0
		}
		if c == 0 {
			break
		}
		above, side, r = r, s, c
	}
	h.c[above].child[side] = 0
	h.wr(h.c[above].addr + uint64(4+side)*word)
	return r
}

func (h *Heap) leftmost(t index) index {
	h.rd(h.c[t].addr + 4*word)
	if c := h.c[t].child[0]; c != 0 {
		return c
	}
	return h.c[t].child[1]
}

// bestBelow goes down the left side of a trie for the smallest chunk, if that beats v with its remainder.
func (h *Heap) bestBelow(t, v index, rest, nb uint64) (index, uint64) {
	for ; t != 0; t = h.leftmost(t) {
		h.rdHead(t)
		if d := h.size(t) - nb; d < rest {
			v, rest = t, d
		}
	}
	return v, rest
}

// bestLarge is the smallest chunk in the tries of at least nb bytes, 0: none (the search of tmalloc_large). rest is what it has too many.
func (h *Heap) bestLarge(nb uint64) (v index, rest uint64) {
	rest = -nb
	bin := treeIndex(nb)
	t := h.tree[bin]
	if t != 0 {
		right := index(0) // the deepest right subtree not taken: all its sizes are larger
		for k := nb << treeShift(bin); ; k <<= 1 {
			h.rdHead(t)
			if d := h.size(t) - nb; d < rest {
				if v, rest = t, d; d == 0 {
					return v, 0
				}
			}
			h.rd(h.c[t].addr + 4*word)
			rt := h.c[t].child[1]
			t = h.c[t].child[k>>63]
			if rt != 0 && rt != t {
				right = rt
			}
			if t == 0 {
				t = right
				break
			}
		}
	}
	if t == 0 && v == 0 {
		if m := h.treeMap & (^uint32(0) << bin << 1); m != 0 {
			t = h.tree[bits.TrailingZeros32(m)]
		}
	}
	return h.bestBelow(t, v, rest, nb)
}
