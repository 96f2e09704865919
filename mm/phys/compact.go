package phys

// What compaction asks of the buddy lists: whether they can serve a request, how fragmented they are, and a walk along one of them that leaves the
// blocks it has seen for later.

// CanServe reports whether a request of an order and type would find a block: one of its own type, or one of another whose whole pageblock it may
// claim (the last test of compact_finished).
func (z *Zone) CanServe(order int, mt Migratetype) bool {
	for o := order; o < MaxOrder; o++ {
		if z.free[o].nrFree == 0 {
			continue
		}
		if !z.free[o].lists[mt].Empty() || mt == MigrateMovable && !z.free[o].lists[MigrateCMA].Empty() {
			return true
		}
		if _, ok := z.findFallback(o, mt); ok && z.mem.canStealFallback(o, mt) {
			return true
		}
	}
	return false
}

// FreeList returns the ends of a free list, 0 if it is empty: the head is what is handed out next. Page.Next and Page.Prev lead along it. Only lists of
// orders below 10 may be walked: the one of order 10 holds runs of untouched memory as one element.
func (z *Zone) FreeList(order int, mt Migratetype) (head, tail PFN) {
	l := &z.free[order].lists[mt]
	return l.Head, l.Tail
}

// MoveSeenToTail moves the part of a free list from its head to a block, which it includes, to the list's tail (move_freelist_tail).
func (z *Zone) MoveSeenToTail(order int, mt Migratetype, pfn PFN) {
	m, l := z.mem, &z.free[order].lists[mt]
	p := m.Page(pfn)
	next := p.Next
	if next == 0 {
		return
	}
	m.Page(l.Tail).Next = l.Head
	m.Page(l.Head).Prev = l.Tail
	p.Next, m.Page(next).Prev = 0, 0
	l.Head, l.Tail = next, pfn
}

// MoveUnseenToTail moves the part of a free list before a block to the tail, so that the block becomes the head (move_freelist_head).
func (z *Zone) MoveUnseenToTail(order int, mt Migratetype, pfn PFN) {
	if prev := z.mem.Page(pfn).Prev; prev != 0 {
		z.MoveSeenToTail(order, mt, prev)
	}
}

// contigInfo sums a zone's free blocks up for an order (fill_contig_page_info): all of them, their pages, and how many blocks of the order they make.
func (z *Zone) contigInfo(order int) (blocks, pages, suitable uint64) {
	for o := range z.free {
		n := z.free[o].nrFree
		blocks += n
		pages += n << o
		if o >= order {
			suitable += n << (o - order)
		}
	}
	return blocks, pages, suitable
}

// FragmentationIndex tells why a request of an order would fail: towards 0 for want of memory, towards 1000 because it is in pieces; -1000: it would
// not fail (__fragmentation_index).
func (z *Zone) FragmentationIndex(order int) int {
	blocks, pages, suitable := z.contigInfo(order)
	switch {
	case blocks == 0:
		return 0
	case suitable > 0:
		return -1000
	}
	return 1000 - int((1000+pages*1000>>order)/blocks)
}

// ExternalFragmentation is the share of the zone's free memory that is no use for an order, in per cent (extfrag_for_order).
func (z *Zone) ExternalFragmentation(order int) uint64 {
	_, pages, suitable := z.contigInfo(order)
	if pages == 0 {
		return 0
	}
	return (pages - suitable<<order) * 100 / pages
}

// PageblockHead tells what a pageblock of the zone that begins at pfn holds at its first frame, and whether the zone has it whole
// (pageblock_pfn_to_page): its last frame must be the zone's, too.
func (z *Zone) PageblockHead(pfn, end PFN) (*Page, bool) {
	m := z.mem
	if !z.Spans(pfn) || m.owner(uint64(pfn)) != z || m.owner(uint64(end)-1) != z {
		return nil, false
	}
	return m.Page(pfn), true
}

// Wmark is the watermark that the flags choose.
func (f AllocFlags) Wmark() Wmark { return Wmark(f & AllocWmarkMask) }

// TakeCaptured hands out the block that a Capture has taken.
func (m *Memory) TakeCaptured(c *Capture) { m.handOut(c.Zone, c.Page, c.Order) }
