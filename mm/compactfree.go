package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// target is a free page to move another to, isolating more when there are none left (compaction_alloc). 0: there are none to be had.
func (cc *compactControl) target() phys.PFN {
	if len(cc.targets) == 0 {
		cc.isolateFreepages()
		if len(cc.targets) == 0 {
			return 0
		}
	}
	pfn := cc.targets[0]
	cc.targets = cc.targets[1:]
	cc.nrFree--
	return pfn
}

// isolateFreepages takes free pages for those that are to be moved: by a search of the free lists, else by going down the zone (isolate_freepages).
func (cc *compactControl) isolateFreepages() {
	c, z := cc.state, cc.zone
	cc.targets = cc.targets[:0]
	defer cc.splitBlocks()
	cc.fastIsolateFreepages()
	if cc.nrFree > 0 {
		return
	}
	size := phys.PFN(1) << c.order
	at := cc.freePFN
	start := c.blockStart(at)
	end := min(start+size, c.end())
	stop := c.blockEnd(cc.migratePFN)
	stride := phys.PFN(1)
	if cc.mode == migrateAsync {
		stride = compactClusterMax
	}
	for start >= stop {
		if head, ok := z.PageblockHead(max(start, c.start()), end); ok && cc.suitableTarget(start, head) && (cc.ignoreSkipHint || !c.skipped(start)) {
			n, reached := cc.isolateFreepagesBlock(at, end, stride)
			at = reached
			if at == end {
				c.setSkip(start)
				c.cachedFree = min(c.cachedFree, start-size)
			}
			if cc.nrFree >= len(cc.sources) {
				if at >= end {
					at = start - size
				}
				break
			} else if at < end { // the watermark forbids more
				break
			}
			if n > 0 {
				stride = 1
			} else {
				stride = min(compactClusterMax, stride<<1)
			}
		}
		end, start = start, start-size
		at = start
	}
	cc.freePFN = at
}

// suitableTarget tells whether pages are moved into a pageblock (suitable_migration_target): one for movable pages that is not free as a whole.
func (cc *compactControl) suitableTarget(pfn phys.PFN, head *phys.Page) bool {
	if head.Kind() == phys.KindBuddy && head.BuddyOrder() >= cc.state.order {
		return false
	}
	if cc.ignoreBlockSuitable {
		return true
	}
	mt := cc.t.k.Mem.BlockType(pfn)
	return mt == phys.MigrateMovable || mt == phys.MigrateCMA
}

// isolateFreepagesBlock isolates the free blocks of a part of a pageblock until there are enough, and returns their pages and where it stopped
// (isolate_freepages_block). It stops early when the zone would fall below its watermark.
func (cc *compactControl) isolateFreepagesBlock(at, end, stride phys.PFN) (isolated int, reached phys.PFN) {
	m := cc.t.k.Mem
	scanned := uint64(0)
	for ; at < end; at += stride {
		scanned++
		p := m.Page(at)
		switch kind := p.Kind(); {
		case kind == phys.KindBuddy:
		case kind.Allocated():
			at += 1<<m.AllocatedOrder(at) - 1
			continue
		default:
			continue
		}
		n := cc.isolateFree(at)
		if n == 0 {
			break
		}
		scanned += uint64(n) - 1
		isolated += n
		if cc.nrFree >= len(cc.sources) {
			at += phys.PFN(n)
			break
		}
		at += phys.PFN(n) - 1
	}
	cc.freeScanned += scanned
	cc.t.k.owed += engine.Time(scanned) * cc.t.k.cost.CompactScan
	return isolated, min(at, end)
}

// isolateFree isolates one free block and returns its pages, 0 if the watermark forbids it.
func (cc *compactControl) isolateFree(pfn phys.PFN) int {
	order, ok := cc.t.k.Mem.IsolateFreePage(pfn)
	if !ok {
		return 0
	}
	cc.blocks = append(cc.blocks, pfn)
	cc.nrFree += 1 << order
	cc.t.k.count(vmstat.CompactIsolated, 1<<order)
	return 1 << order
}

// splitBlocks makes single pages of the blocks that were isolated (split_map_pages).
func (cc *compactControl) splitBlocks() {
	m := cc.t.k.Mem
	for _, pfn := range cc.blocks {
		n := phys.PFN(1) << m.Page(pfn).BuddyOrder()
		m.TakeIsolated(pfn)
		for i := range n {
			cc.targets = append(cc.targets, pfn+i)
		}
	}
	cc.blocks = cc.blocks[:0]
}

// fastIsolateFreepages looks for free blocks near the free scanner from the tails of the free lists, and moves the scanner there
// (fast_isolate_freepages).
func (cc *compactControl) fastIsolateFreepages() {
	if cc.order <= 0 {
		return
	}
	c, z, m := cc.state, cc.zone, cc.t.k.Mem
	limit, scanStart := max(1, cc.freelistScanLimit()>>1), false
	if cc.freePFN >= c.initFree {
		limit, scanStart = 1<<c.order>>1, true
	}
	distance := cc.freePFN - cc.migratePFN
	low, least := c.blockStart(cc.freePFN-distance>>2), c.blockStart(cc.freePFN-distance>>1)
	cc.searchOrder = min(cc.order-1, cc.searchOrder)
	page, highest := phys.PFN(0), phys.PFN(0)
	scanned := uint64(0)
	for o := cc.searchOrder; page == 0 && o >= 0; o = cc.nextSearchOrder(o) {
		if z.NrFree(o) == 0 {
			continue
		}
		seen, candidate, last := 0, phys.PFN(0), phys.PFN(0)
		_, pfn := z.FreeList(o, phys.MigrateMovable)
		for ; pfn != 0; pfn = m.Page(pfn).Prev {
			seen++
			scanned++
			if pfn >= highest {
				highest = max(c.blockStart(pfn), c.start())
			}
			if pfn >= low {
				cc.fastSearchFail, cc.searchOrder = 0, o
				page, last = pfn, pfn
				break
			}
			if pfn >= least && pfn > candidate {
				candidate = pfn
				limit >>= 1
			}
			if seen >= limit {
				last = pfn
				break
			}
		}
		if page == 0 && candidate != 0 {
			page, last = candidate, candidate
		}
		if last != 0 {
			z.MoveUnseenToTail(o, phys.MigrateMovable, last)
		}
		if page != 0 {
			if n := cc.isolateFree(page); n > 0 {
				scanned += uint64(n) - 1
			} else {
				o, page = cc.searchOrder+1, 0
			}
		}
		if cc.nrFree >= len(cc.sources) {
			break
		}
		if seen >= limit {
			limit = max(1, limit>>1)
		}
	}
	if page == 0 {
		cc.fastSearchFail++
		if scanStart {
			if highest >= least {
				page = highest
				cc.freePFN = highest
			} else if cc.direct {
				page = least
				cc.freePFN = least
			}
		}
	}
	if highest != 0 && highest >= c.cachedFree {
		c.cachedFree = highest - min(highest, 1<<c.order)
	}
	cc.freeScanned += scanned
	if page != 0 {
		cc.fastIsolateAround(page)
	}
}

// nextSearchOrder is the order to search after one: downwards, round from 0 to the highest, until the first is reached again, which then moves down, too
// (next_search_order). -1: all were searched.
func (cc *compactControl) nextSearchOrder(o int) int {
	if o--; o < 0 {
		o = cc.order - 1
	}
	if o == cc.searchOrder {
		if cc.searchOrder--; cc.searchOrder < 0 {
			cc.searchOrder = cc.order - 1
		}
		return -1
	}
	return o
}

// fastIsolateAround takes the other free blocks of the pageblock that a search has found (fast_isolate_around).
func (cc *compactControl) fastIsolateAround(pfn phys.PFN) {
	c := cc.state
	if cc.nrFree >= len(cc.sources) || cc.direct && cc.mode == migrateAsync {
		return
	}
	start, end := max(c.blockStart(pfn), c.start()), min(c.blockEnd(pfn), c.end())
	if _, ok := cc.zone.PageblockHead(start, end); !ok {
		return
	}
	cc.isolateFreepagesBlock(start, end, 1)
	if cc.nrFree < len(cc.sources) {
		c.setSkip(start)
	}
}
