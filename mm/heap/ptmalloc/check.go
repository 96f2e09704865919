package ptmalloc

import "fmt"

// Check recomputes the package's invariants from the table and returns the first that does not hold.
func (h *Heap) Check() error {
	where, err := h.checkLists()
	if err != nil {
		return err
	}
	found, rows := 0, 0
	for i := nbins + 1; i < index(len(h.c)); i++ {
		if h.c[i].addr == 0 {
			continue
		}
		rows++
		if h.find(h.c[i].addr) == i {
			found++
		} else if h.c[i].bk != isFence {
			return fmt.Errorf("chunk %#x is not found by its address", h.c[i].addr)
		}
		if err := h.checkChunk(i, where[i]); err != nil {
			return err
		}
	}
	spare := 0
	for i := h.spare; i != 0; i = h.c[i].fd {
		spare++
	}
	switch {
	case found != h.used:
		return fmt.Errorf("%d chunks are found by their addresses, the table holds %d", found, h.used)
	case rows+spare+int(nbins)+1 != len(h.c):
		return fmt.Errorf("%d rows in use and %d spare ones make not all %d", rows, spare, len(h.c))
	}
	return h.checkTop()
}

// checkChunk checks one chunk against its neighbours. bin is the list that it is on.
func (h *Heap) checkChunk(i, bin index) error {
	c := &h.c[i]
	at := fmt.Sprintf("chunk %#x of %d bytes: ", c.addr, h.size(i))
	isBinned := c.size&binned != 0
	switch {
	case isBinned != (bin != 0 && bin < nbins):
		return fmt.Errorf("%sits flag says in a bin: %t, it is in list %d", at, isBinned, bin)
	case (c.bk == inTcache || c.bk == inFast) && !isBinned && c.bk != bin:
		return fmt.Errorf("%sits mark does not say where it is", at)
	case c.size&mmapped != 0:
		if (c.addr-h.mapOffset(i))%pageSize != 0 || (h.size(i)+h.mapOffset(i))%pageSize != 0 {
			return fmt.Errorf("%sits mapping is not whole pages", at)
		}
		return nil
	case c.bk != isFence && (h.block(i)%align != 0 || h.size(i)%align != 0 || h.size(i) < h.g.minSize):
		return fmt.Errorf("%smisaligned or too small", at)
	case c.next == 0:
		if c.bk != isFence {
			return fmt.Errorf("%snothing follows it", at)
		}
		return nil
	}
	n := &h.c[c.next]
	switch {
	case n.prev != i:
		return fmt.Errorf("%sthe one behind it does not know it", at)
	case n.addr != c.addr+h.size(i):
		return fmt.Errorf("%sthe one behind it is at %#x", at, n.addr)
	case isBinned == (n.size&prevInuse != 0):
		return fmt.Errorf("%sfree: %t, the one behind it says otherwise", at, isBinned)
	case isBinned && (n.size&binned != 0 || c.next == h.top):
		return fmt.Errorf("%snot merged with the free one behind it", at)
	}
	return nil
}

func (h *Heap) checkTop() error {
	t := h.c[h.top]
	switch {
	case t.size == 0:
		return nil
	case t.size&prevInuse == 0:
		return fmt.Errorf("the chunk before the top is free")
	case t.prev != 0 && (h.c[t.prev].next != h.top || h.c[t.prev].addr+h.size(t.prev) != t.addr):
		return fmt.Errorf("the chunk before the top does not reach it")
	case !h.noncontiguous && t.addr+h.size(h.top) > h.sbrkBase+h.systemMem:
		return fmt.Errorf("the heap begins at %#x and has %d bytes, but ends at %#x", h.sbrkBase, h.systemMem, t.addr+h.size(h.top))
	}
	return nil
}

// checkLists walks all bins and tells for each row on which it was met: a bin, inTcache or inFast.
func (h *Heap) checkLists() ([]index, error) {
	where := make([]index, len(h.c))
	note := func(i, list index) error {
		if i < nbins || int(i) >= len(h.c) || where[i] != 0 {
			return fmt.Errorf("row %d is on list %d and on another", i, list)
		}
		where[i] = list
		return nil
	}
	for t, i := range h.tcacheEntries {
		n := 0
		for ; i != 0; i = h.c[i].fd {
			n++
			if err := note(i, inTcache); err != nil {
				return nil, err
			}
			if h.g.tcacheIndex(h.size(i)) != uint64(t) {
				return nil, fmt.Errorf("a chunk of %d bytes is in bin %d of the thread's cache", h.size(i), t)
			}
		}
		if n != int(h.tcacheCounts[t]) || n > tcacheCount {
			return nil, fmt.Errorf("bin %d of the thread's cache has %d chunks and counts %d", t, n, h.tcacheCounts[t])
		}
	}
	for b, i := range h.fast {
		for ; i != 0; i = h.c[i].fd {
			if err := note(i, inFast); err != nil {
				return nil, err
			}
			if h.g.fastIndex(h.size(i)) != uint64(b) || !h.haveFast {
				return nil, fmt.Errorf("a chunk of %d bytes is in fast bin %d", h.size(i), b)
			}
		}
	}
	for b := unsorted; b < nbins; b++ {
		before := b
		for i := h.c[b].fd; i != b; i = h.c[i].fd {
			if err := note(i, b); err != nil {
				return nil, err
			}
			if h.c[i].bk != before {
				return nil, fmt.Errorf("bin %d is not linked both ways", b)
			}
			if b != unsorted && (h.g.binIndex(h.size(i)) != b || h.binmap[b/32]&(1<<(b%32)) == 0) {
				return nil, fmt.Errorf("a chunk of %d bytes is in bin %d", h.size(i), b)
			}
			before = i
		}
		if h.c[b].bk != before {
			return nil, fmt.Errorf("bin %d does not end where its list does", b)
		}
		if err := h.checkSizes(b); err != nil {
			return nil, err
		}
	}
	return where, nil
}

// checkSizes checks the order of a large bin and its ring of sizes.
func (h *Heap) checkSizes(b index) error {
	if b == unsorted || h.g.isSmall(h.size(h.c[b].fd)) || h.c[b].fd == b {
		return nil
	}
	first := h.c[b].fd
	last := first // on the ring
	for i := first; i != b; i = h.c[i].fd {
		switch {
		case i == first:
		case h.size(i) > h.size(h.c[i].bk):
			return fmt.Errorf("bin %d is not sorted", b)
		case h.size(i) == h.size(h.c[i].bk):
			if h.c[i].fdNext != 0 {
				return fmt.Errorf("bin %d: the second chunk of %d bytes is on the ring", b, h.size(i))
			}
			continue
		default:
			if h.c[last].fdNext != i || h.c[i].bkNext != last {
				return fmt.Errorf("bin %d: the ring misses the chunk of %d bytes", b, h.size(i))
			}
			last = i
		}
	}
	if h.c[last].fdNext != first || h.c[first].bkNext != last {
		return fmt.Errorf("bin %d: the ring is not closed", b)
	}
	return nil
}
