package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// isolateMigratepages isolates pages in use from the next pageblock that has any (isolate_migratepages). False: give up.
func (cc *compactControl) isolateMigratepages() bool {
	c, z := cc.state, cc.zone
	low := cc.fastFindMigrateblock()
	fast := low != cc.migratePFN && cc.fastSearchFail == 0
	for end := c.blockEnd(low); end <= cc.freePFN; end += 1 << c.order {
		head, ok := z.PageblockHead(low, end)
		switch {
		case !ok:
		case (low&(1<<c.order-1) == 0 || low == c.start()) && !fast && !cc.ignoreSkipHint && c.skipped(low):
		case !cc.suitableSource(low, head):
			cc.updateCachedMigrate(end)
		default:
			return cc.isolateMigratepagesBlock(low, end)
		}
		fast = false
		low = end
		cc.migratePFN = end
	}
	return true
}

// suitableSource tells whether pages are moved out of a pageblock (suitable_migration_source): not out of one that is a huge page, and an asynchronous
// run for a task only empties blocks of the type that it wants.
func (cc *compactControl) suitableSource(pfn phys.PFN, head *phys.Page) bool {
	m := cc.t.k.Mem
	if head.Kind().Allocated() && m.AllocatedOrder(pfn) >= cc.state.order {
		return false
	}
	if cc.mode != migrateAsync || !cc.direct {
		return true
	}
	mt := m.BlockType(pfn)
	if cc.migratetype == phys.MigrateMovable {
		return mt == phys.MigrateMovable || mt == phys.MigrateCMA
	}
	return mt == cc.migratetype
}

// updateCachedMigrate lets the next run begin behind a pageblock (update_cached_migrate).
func (cc *compactControl) updateCachedMigrate(pfn phys.PFN) {
	c := cc.state
	pfn = c.blockEnd(pfn)
	c.cachedMigrate[0] = max(c.cachedMigrate[0], pfn)
	if cc.mode != migrateAsync {
		c.cachedMigrate[1] = max(c.cachedMigrate[1], pfn)
	}
}

// isolateMigratepagesBlock isolates pages of one pageblock: up to 32, all of them when the block is to be finished (isolate_migratepages_block). False:
// give up, because the task was killed.
func (cc *compactControl) isolateMigratepagesBlock(low, end phys.PFN) bool {
	k, c, m := cc.t.k, cc.state, cc.t.k.Mem
	var (
		scanned, isolated uint64
		valid, noted      bool // the pageblock's skip bit was looked at; was set by this scan
		next              phys.PFN
	)
	first := low
	skipOnFailure := cc.direct && cc.mode == migrateAsync
	size := phys.PFN(1) << max(cc.order, 0)
	if skipOnFailure {
		next = low&^(size-1) + size
	}
	scan := func() bool {
		for ; low < end; low++ {
			if skipOnFailure && low >= next {
				if isolated > 0 {
					return true
				}
				next = low&^(size-1) + size
			}
			if low&(swapClusterMax-1) == 0 && cc.t.fatalSignal() {
				cc.contended = true
				return false
			}
			scanned++
			if !valid && (low&(1<<c.order-1) == 0 || low == c.start()) {
				if !cc.ignoreSkipHint && c.skipped(low) {
					low = end
					return true
				}
				valid = true
			}
			p := m.Page(low)
			kind := p.Kind()
			if kind == phys.KindBuddy {
				low += 1<<p.BuddyOrder() - 1
				continue
			}
			if cc.isolatable(low, p, kind) {
				if !noted && valid {
					noted = true
					if was := c.skipped(first); was && !cc.ignoreSkipHint {
						return true
					}
					c.setSkip(first)
				}
				k.lruvecOf(p).Del(low)
				cc.sources = append(cc.sources, low)
				isolated++
				if len(cc.sources) >= compactClusterMax && !cc.finishPageblock && !cc.contended {
					low++
					return true
				}
				continue
			}
			if kind.Allocated() {
				low += 1<<m.AllocatedOrder(low) - 1
			}
			if !skipOnFailure {
				continue
			}
			if isolated > 0 {
				cc.putback()
				isolated = 0
			}
			if low < next {
				low = next - 1
				next += size
			}
		}
		return true
	}
	ok := scan()
	low = min(low, end)
	if ok && low == end && (isolated == 0 || cc.finishPageblock) {
		if valid && !noted {
			c.setSkip(first)
		}
		cc.updateCachedMigrate(low)
	}
	cc.migrateScanned += scanned
	k.owed += engine.Time(scanned) * k.cost.CompactScan
	k.count(vmstat.CompactIsolated, isolated)
	cc.migratePFN = low
	return ok
}

// isolatable tells whether a page can be taken off its list to be moved: one that is on a list, is not being read or written, and that nobody holds beside its
// mappings. Without __GFP_FS only anonymous pages outside the swap cache are.
func (cc *compactControl) isolatable(pfn phys.PFN, p *phys.Page, kind phys.Kind) bool {
	if !kind.Allocated() || !p.Test(phys.FlagLRU) || cc.t.k.Mem.AllocatedOrder(pfn) > 0 {
		return false
	}
	cached := kind != phys.KindAnon || p.Test(phys.FlagSwapCache)
	switch {
	case !cached && p.Test(phys.FlagBatched): // a batch holds a reference
		return false
	case !cc.gfpFS && cached:
		return false
	case cc.mode != migrateSync && p.Test(phys.FlagWriteback):
		return false
	}
	return true
}

// freelistScanLimit bounds a fast search by how often such searches failed (freelist_scan_limit).
func (cc *compactControl) freelistScanLimit() int {
	return compactClusterMax>>min(cc.fastSearchFail, 31) + 1
}

// fastFindMigrateblock looks through the lists of free blocks for a pageblock in the lower half of what is left that is partly free, and so worth emptying
// (fast_find_migrateblock). It returns where to begin: there, or where the linear scan is.
func (cc *compactControl) fastFindMigrateblock() phys.PFN {
	c, z, m := cc.state, cc.zone, cc.t.k.Mem
	at := cc.migratePFN
	switch {
	case cc.ignoreSkipHint, cc.finishPageblock,
		at != c.start() && at&(1<<c.order-1) != 0,
		cc.order <= phys.CostlyOrder,
		cc.direct && cc.migratetype != phys.MigrateMovable:
		return at
	}
	distance := (cc.freePFN - at) >> 1
	if at != c.start() {
		distance >>= 2
	}
	high := c.blockStart(at + distance)
	limit, scanned := cc.freelistScanLimit(), 0
	found := phys.PFN(0)
	for o := cc.order - 1; o >= phys.CostlyOrder && found == 0 && scanned < limit; o-- {
		if z.NrFree(o) == 0 {
			continue
		}
		for pfn, _ := z.FreeList(o, phys.MigrateMovable); pfn != 0; pfn = m.Page(pfn).Next {
			if scanned++; scanned > limit {
				z.MoveSeenToTail(o, phys.MigrateMovable, pfn)
				break
			}
			if pfn >= high || c.skipped(pfn) {
				continue
			}
			z.MoveSeenToTail(o, phys.MigrateMovable, pfn)
			if cc.fastStart != noFastStart && (cc.fastStart == 0 || pfn < cc.fastStart) {
				cc.fastStart = pfn
			}
			found = max(c.blockStart(pfn), c.start())
			cc.fastSearchFail = 0
			c.setSkip(pfn)
			break
		}
	}
	cc.migrateScanned += uint64(scanned)
	if found != 0 {
		return found
	}
	cc.fastSearchFail++
	if cc.fastStart != 0 && cc.fastStart != noFastStart { // the lowest block that was found before
		cc.migratePFN, cc.fastStart = cc.fastStart, noFastStart
	}
	return cc.migratePFN
}
