package dlmalloc

import "fmt"

// Check recomputes the package's invariants from the table and returns the first that does not hold.
func (h *Heap) Check() error {
	free, err := h.checkBins()
	if err != nil {
		return err
	}
	if h.dv != 0 {
		free[h.dv]++
	}
	found := 0
	for i := index(1); i < index(len(h.c)); i++ {
		c := &h.c[i]
		if c.addr == 0 {
			continue
		}
		at := fmt.Sprintf("chunk %#x of %d bytes: ", c.addr, h.size(i))
		if h.byAt.Get(c.addr) == i {
			found++
		} else if i != h.top {
			return fmt.Errorf("%snot found by its address", at)
		}
		isFree := c.size&cinuse == 0 && !h.mapped(i) && i != h.top
		switch {
		case isFree != (free[i] == 1) || free[i] > 1:
			return fmt.Errorf("%sfree: %t, but it is in %d bins", at, isFree, free[i])
		case i != h.top && (h.size(i) < minChunk || h.size(i)%align != 0 && !h.mapped(i)):
			return fmt.Errorf("%stoo small or uneven", at)
		case h.mapped(i) || c.next == 0:
			continue
		}
		n := &h.c[c.next]
		switch {
		case n.prev != i || n.addr != c.addr+h.size(i):
			return fmt.Errorf("%sthe one behind it is at %#x", at, n.addr)
		case isFree == (n.size&pinuse != 0):
			return fmt.Errorf("%sfree: %t, the one behind it says otherwise", at, isFree)
		case isFree && (n.size&cinuse == 0):
			return fmt.Errorf("%snot merged with the free one behind it", at)
		}
	}
	if found != h.byAt.Len() {
		return fmt.Errorf("%d chunks are found by their addresses, the table holds %d", found, h.byAt.Len())
	}
	return h.checkTop()
}

func (h *Heap) checkTop() error {
	if h.top == 0 {
		return nil
	}
	s := h.segmentOf(h.c[h.top].addr)
	if end := h.c[h.top].addr + h.topSize + topFoot; s == nil || end > s.base+s.size || end+align <= s.base+s.size || h.size(h.top) != h.topSize {
		return fmt.Errorf("the top at %#x with %d bytes does not end with its segment", h.c[h.top].addr, h.topSize)
	}
	return nil
}

// checkBins walks all bins and counts for each row how often it was met.
func (h *Heap) checkBins() ([]int, error) {
	met := make([]int, len(h.c))
	for b, first := range h.small {
		if (first != 0) != (h.smallMap&(1<<b) != 0) {
			return nil, fmt.Errorf("small bin %d: its bit is wrong", b)
		}
		if err := h.checkRing(first, uint64(b)<<3, met); err != nil {
			return nil, err
		}
	}
	for b, root := range h.tree {
		if (root != 0) != (h.treeMap&(1<<b) != 0) || root != 0 && h.c[root].parent != rootMark {
			return nil, fmt.Errorf("trie %d: its bit or its root is wrong", b)
		}
		if err := h.checkTree(root, uint32(b), met); err != nil {
			return nil, err
		}
	}
	return met, nil
}

func (h *Heap) checkRing(first index, size uint64, met []int) error {
	if first == 0 {
		return nil
	}
	for i := first; ; i = h.c[i].fd {
		met[i]++
		if h.size(i) != size || h.c[h.c[i].fd].bk != i || met[i] > 1 {
			return fmt.Errorf("the ring of %d bytes is broken", size)
		}
		if h.c[i].fd == first {
			return nil
		}
	}
}

// checkTree checks a node, its ring and what is below it: the bits of all sizes must lead where they are.
func (h *Heap) checkTree(t index, bin uint32, met []int) error {
	if t == 0 {
		return nil
	}
	size := h.size(t)
	if treeIndex(size) != bin {
		return fmt.Errorf("a chunk of %d bytes is in trie %d", size, bin)
	}
	if err := h.checkRing(t, size, met); err != nil {
		return err
	}
	at := h.tree[bin]
	for k := size << treeShift(bin); at != t; k <<= 1 {
		if at = h.c[at].child[k>>63]; at == 0 {
			return fmt.Errorf("the chunk of %d bytes is not where its bits lead", size)
		}
	}
	for _, c := range h.c[t].child {
		if c != 0 && h.c[c].parent != t {
			return fmt.Errorf("a chunk of %d bytes does not know the node above it", h.size(c))
		}
		if err := h.checkTree(c, bin, met); err != nil {
			return err
		}
	}
	return nil
}
