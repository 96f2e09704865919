package phys

// IsolateFreePage takes a particular free block off the buddy lists (__isolate_free_page): compaction's free scanner and page reporting
// do. It returns false without doing anything when the zone would fall below its min watermark. pfn must be the head of
// a free block. The block is KindIsolated; PrepareIsolated makes it allocated, PutIsolated gives it back.
func (m *Memory) IsolateFreePage(pfn PFN) (order int, ok bool) {
	p := m.Page(pfn)
	z := m.byID[p.ZoneID()]
	order = p.BuddyOrder()
	mt := m.BlockType(pfn)
	if mt != MigrateIsolate {
		mark := z.Watermark[WmarkMin] + 1<<order // without the boost
		if !z.WatermarkOK(0, mark, ZoneDMA, AllocCMA) {
			return 0, false
		}
		z.addFree(-1<<order, mt)
	}
	m.Touch(pfn)
	z.delFromFreeList(pfn, order)
	m.Page(pfn).flags = z.headFlags(KindIsolated, order, mt)
	// A large block will be filled with movable pages: its pageblocks become theirs.
	if order >= m.pageblockOrder-1 {
		for b := uint64(pfn); b < uint64(pfn)+1<<order; b += 1 << m.pageblockOrder {
			if m.BlockType(PFN(b)).mergeable() {
				m.setBlockType(PFN(b), MigrateMovable)
			}
		}
	}
	return order, true
}

// TakeIsolated splits an isolated block into single allocated pages of kind KindKernel (what compaction's split_map_pages does).
func (m *Memory) TakeIsolated(pfn PFN) {
	p := m.Page(pfn)
	z := m.byID[p.ZoneID()]
	order := p.BuddyOrder()
	for i := PFN(0); i < 1<<order; i++ {
		m.handOut(z, pfn+i, 0)
	}
}

// PutIsolated gives an isolated block back to the tail of its list (__putback_isolated_page).
func (m *Memory) PutIsolated(pfn PFN) {
	p := m.Page(pfn)
	z := m.byID[p.ZoneID()]
	z.freeOne(pfn, p.BuddyOrder(), m.BlockType(pfn), true)
}

// SetIsolate makes the pageblock of pfn ISOLATE, so that nothing is allocated from it (set_migratetype_isolate); its free blocks move to the lists of
// that type and do not count as free. It returns the type the pageblock had, and false if it is isolated already.
func (m *Memory) SetIsolate(pfn PFN) (old Migratetype, ok bool) {
	old = m.BlockType(pfn)
	z := m.owner(uint64(pfn))
	if old == MigrateIsolate || z == nil {
		return old, false
	}
	m.Touch(pfn)
	z.splitLargest(pfn)
	m.setBlockType(pfn, MigrateIsolate)
	z.NrIsolatedBlocks++
	n, _ := z.moveFreePagesBlock(pfn, MigrateIsolate)
	z.addFree(-int64(n), old)
	return old, true
}

// UnsetIsolate ends the isolation of pfn's pageblock, which becomes of type mt (unset_migratetype_isolate).
func (m *Memory) UnsetIsolate(pfn PFN, mt Migratetype) {
	z := m.owner(uint64(pfn))
	if z == nil || m.BlockType(pfn) != MigrateIsolate {
		return
	}
	n, _ := z.moveFreePagesBlock(pfn, mt)
	z.addFree(int64(n), mt)
	m.setBlockType(pfn, mt)
	z.NrIsolatedBlocks--
	// A wholly free pageblock may merge again with its neighbour.
	start := pfn &^ (1<<m.pageblockOrder - 1)
	if z.isFree(start, m.pageblockOrder) {
		z.delFromFreeList(start, m.pageblockOrder)
		z.addFree(-1<<m.pageblockOrder, mt)
		z.freeOne(start, m.pageblockOrder, mt, true)
	}
}

// splitLargest splits a free block that is larger than the pageblock of pfn, so that the pageblock can have a type of its own
// (split_free_page).
func (z *Zone) splitLargest(pfn PFN) {
	m := z.mem
	head := pfn &^ (maxBlock - 1)
	if m.pageblockOrder == MaxOrder-1 || !z.isFree(head, MaxOrder-1) {
		return
	}
	mt := m.Page(head).freeType()
	z.delFromFreeList(head, MaxOrder-1)
	for b := PFN(0); b < maxBlock; b += 1 << m.pageblockOrder {
		z.addToFreeList(head+b, m.pageblockOrder, mt, true)
	}
}

// SetBlockType changes the type of the pageblock of pfn without moving its free blocks (set_pageblock_migratetype).
func (m *Memory) SetBlockType(pfn PFN, mt Migratetype) { m.setBlockType(pfn, mt) }

// JoinPages makes one block of 2^order single pages that are in use and of kind KindKernel, so that they can be given back as a whole. It reports false, and does
// nothing, if they are not all that or pfn is not aligned: then the block could not have been handed out.
func (m *Memory) JoinPages(pfn PFN, order int) bool {
	n := PFN(1) << order
	if pfn&(n-1) != 0 {
		return false
	}
	z := m.byID[m.Page(pfn).ZoneID()]
	for i := range n {
		p := m.Page(pfn + i)
		if p.Kind() != KindKernel || p.ZoneID() != z.id || m.AllocatedOrder(pfn+i) != 0 {
			return false
		}
	}
	for i := range n {
		*m.Page(pfn + i) = Page{flags: z.id}
	}
	m.handOut(z, pfn, order)
	return true
}
