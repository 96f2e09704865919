package mm

import "mmsim/mm/phys"

// maxDeferShift bounds how many attempts are put off after failures: 1 << 6 (COMPACT_MAX_DEFER_SHIFT).
const maxDeferShift = 6

// compactState is what compaction remembers of a zone between runs (the compact_ fields of struct zone, and the skip bits of its pageblocks).
type compactState struct {
	zone           *phys.Zone
	cachedMigrate  [2]phys.PFN // where the migrate scanner goes on: of asynchronous, of synchronous runs
	cachedFree     phys.PFN    // where the free scanner does
	initMigrate    phys.PFN    // positions that the last reset of the skip bits found
	initFree       phys.PFN
	considered     uint
	deferShift     uint
	orderFailed    int
	blockskipFlush bool     // a run met in the middle: the skip bits go when kswapd sleeps
	skip           []uint64 // by pageblock of the zone: scanned of late, and nothing useful found
	base           phys.PFN // first frame of pageblock 0
	order          int      // of a pageblock
}

// compaction is what compaction remembers of a zone.
func (k *Kernel) compaction(z *phys.Zone) *compactState {
	for len(k.compactions) <= int(z.ID()) {
		k.compactions = append(k.compactions, nil)
	}
	c := k.compactions[z.ID()]
	if c == nil {
		order := k.Mem.PageblockOrder()
		c = &compactState{zone: z, order: order, base: phys.PFN(z.StartPFN) &^ (1<<order - 1)}
		n := (phys.PFN(z.EndPFN) - c.base + 1<<order - 1) >> order
		c.skip = make([]uint64, (n+63)/64)
		k.compactions[z.ID()] = c
	}
	return c
}

func (c *compactState) start() phys.PFN { return phys.PFN(c.zone.StartPFN) }
func (c *compactState) end() phys.PFN   { return phys.PFN(c.zone.EndPFN) }

// blockStart is the first frame of the pageblock of pfn, blockEnd the first behind it.
func (c *compactState) blockStart(pfn phys.PFN) phys.PFN { return pfn &^ (1<<c.order - 1) }
func (c *compactState) blockEnd(pfn phys.PFN) phys.PFN   { return pfn&^(1<<c.order-1) + 1<<c.order }

func (c *compactState) skipped(pfn phys.PFN) bool {
	b := (pfn - c.base) >> c.order
	return c.skip[b>>6]>>(b&63)&1 != 0
}

func (c *compactState) setSkip(pfn phys.PFN) {
	b := (pfn - c.base) >> c.order
	c.skip[b>>6] |= 1 << (b & 63)
}

func (c *compactState) clearSkip(pfn phys.PFN) {
	b := (pfn - c.base) >> c.order
	c.skip[b>>6] &^= 1 << (b & 63)
}

// deferCompaction notes a failure: the next attempts for the order and above are put off, twice as many each time (defer_compaction).
func (c *compactState) deferCompaction(order int) {
	c.considered = 0
	c.deferShift = min(c.deferShift+1, maxDeferShift)
	c.orderFailed = min(c.orderFailed, order)
}

// deferred tells whether an attempt is put off, and counts it (compaction_deferred).
func (c *compactState) deferred(order int) bool {
	if order < c.orderFailed {
		return false
	}
	if c.considered++; c.considered >= 1<<c.deferShift {
		c.considered = 1 << c.deferShift
		return false
	}
	return true
}

// deferReset notes a success of compaction, or of the allocation after it (compaction_defer_reset).
func (c *compactState) deferReset(order int, allocated bool) {
	if allocated {
		c.considered, c.deferShift = 0, 0
	}
	if order >= c.orderFailed {
		c.orderFailed = order + 1
	}
}

// restarting tells that so many attempts were put off that the skip bits are out of date (compaction_restarting).
func (c *compactState) restarting(order int) bool {
	return order >= c.orderFailed && c.deferShift == maxDeferShift && c.considered >= 1<<c.deferShift
}

// resetPositions lets both scanners begin at the zone's ends (reset_cached_positions).
func (c *compactState) resetPositions() {
	c.cachedMigrate[0], c.cachedMigrate[1] = c.start(), c.start()
	c.cachedFree = c.blockStart(c.end() - 1)
}

// resetIsolationSuitable lets the pageblocks of a node be scanned again, now that kswapd has freed pages (reset_isolation_suitable).
func (k *Kernel) resetIsolationSuitable(n *phys.Node) {
	for _, z := range n.Zones {
		if z.Managed == 0 {
			continue
		}
		if c := k.compaction(z); c.blockskipFlush {
			k.resetSkipBits(c)
		}
	}
}

// resetSkipBits clears the skip bits of pageblocks from both ends of a zone towards its middle: of those in which a page is on a list and could be
// moved, or is free and could be moved to. The outermost are where the scanners begin next (__reset_isolation_suitable).
func (k *Kernel) resetSkipBits(c *compactState) {
	c.blockskipFlush = false
	migrate, free := c.start(), c.end()-1
	resetMigrate, resetFree := free, migrate
	sourceSet, targetSet := false, false
	size := phys.PFN(1) << c.order
	for ; migrate < free; migrate, free = migrate+size, free-min(free, size) {
		if k.resetSkipBit(c, migrate, true, sourceSet) && migrate < resetMigrate {
			sourceSet = true
			resetMigrate = migrate
			c.initMigrate = migrate
			c.cachedMigrate[0], c.cachedMigrate[1] = migrate, migrate
		}
		if k.resetSkipBit(c, free, targetSet, true) && free > resetFree {
			targetSet = true
			resetFree = free
			c.initFree = free
			c.cachedFree = free
		}
	}
	if resetMigrate >= resetFree { // nothing to do: the next run ends at once
		c.cachedMigrate[0], c.cachedMigrate[1], c.cachedFree = migrate, migrate, free
	}
}

// resetSkipBit looks at every eighth frame of a pageblock for a page on a list (source) or a free block (target), clears its skip bit if there is one and
// tells whether there was (__reset_isolation_pfn).
func (k *Kernel) resetSkipBit(c *compactState, pfn phys.PFN, source, target bool) bool {
	m := k.Mem
	if _, ok := c.zone.PageblockHead(pfn, pfn+1); !ok {
		return false
	}
	if source && target && !c.skipped(pfn) {
		return true
	}
	if !source && target && m.BlockType(pfn) != phys.MigrateMovable {
		return false
	}
	for at, end := max(c.blockStart(pfn), c.start()), min(c.blockEnd(pfn), c.end()); at < end; at += 1 << phys.CostlyOrder {
		p := m.Page(at)
		kind := p.Kind()
		if source && kind.Allocated() && p.Test(phys.FlagLRU) || target && kind == phys.KindBuddy {
			c.clearSkip(pfn)
			return true
		}
	}
	return false
}
