package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// compactPriority is how hard compaction tries (enum compact_priority); a lower number is harder.
type compactPriority int8

// The priorities.
const (
	compactSyncFull    compactPriority = 0
	compactSyncLight   compactPriority = 1
	compactAsync       compactPriority = 2
	compactDefPriority                 = compactSyncLight
	compactMinCostly                   = compactSyncLight
)

// maxCompactRetries bounds the rounds of compaction of one request (MAX_COMPACT_RETRIES).
const maxCompactRetries = 16

// compactResult is what an attempt to compact came to (enum compact_result). Of several zones the largest counts.
type compactResult uint8

// The results.
const (
	compactSkipped        compactResult = iota + 1 // not enough free pages to move others to
	compactDeferred                                // it failed too often of late
	compactContinue                                // worth a try; under way
	compactComplete                                // the whole zone was scanned without success
	compactPartialSkipped                          // part of the zone was
	compactContended                               // given up early
	compactSuccess                                 // a block is free
)

// directCompact tries to make a free block of the wanted order by moving pages, and to take it (__alloc_pages_direct_compact).
func (t *task) directCompact(ac *phys.AllocContext, order int, flags phys.AllocFlags, prio compactPriority) (phys.PFN, compactResult) {
	k := t.k
	if order == 0 {
		return 0, compactSkipped
	}
	defer t.endMemstall(t.memstall())
	memalloc := t.memalloc
	t.memalloc = true
	pfn, result := t.tryToCompactPages(ac, order, flags, prio)
	t.memalloc = memalloc
	if result == compactSkipped {
		return 0, result
	}
	k.count(vmstat.CompactStall, 1)
	if pfn == 0 {
		pfn = k.Mem.GetPageFromFreelist(ac, order, flags)
	}
	if pfn == 0 {
		k.count(vmstat.CompactFail, 1)
		t.proc.Yield()
		return 0, result
	}
	c := k.compaction(k.Mem.ZoneOf(pfn))
	c.blockskipFlush = false
	c.deferReset(order, true)
	k.count(vmstat.CompactSuccess, 1)
	return pfn, result
}

// tryToCompactPages compacts the zones of a request one after the other until one has a block (try_to_compact_pages). A block that came free
// under way is the task's at once.
func (t *task) tryToCompactPages(ac *phys.AllocContext, order int, flags phys.AllocFlags, prio compactPriority) (phys.PFN, compactResult) {
	k := t.k
	rc := compactSkipped
	if ac.GFP&phys.GFPIO == 0 {
		return 0, rc
	}
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		c := k.compaction(z)
		if prio > compactSyncFull && c.deferred(order) {
			rc = max(rc, compactDeferred)
			continue
		}
		cc := compactControl{
			t: t, zone: z, state: c, order: order, searchOrder: order, migratetype: k.Mem.Migratetype(ac.GFP), flags: flags, highest: ac.HighestZone,
			gfpFS: ac.GFP&phys.GFPFS != 0, mode: migrateSyncLight, direct: true,
			wholeZone: prio == compactSyncFull, ignoreSkipHint: prio == compactSyncFull, ignoreBlockSuitable: prio == compactSyncFull,
		}
		if prio == compactAsync {
			cc.mode = migrateAsync
		}
		capture := phys.Capture{Zone: z, Order: order}
		status := cc.run(&capture)
		rc = max(rc, status)
		if capture.Page != 0 {
			c.deferReset(order, false)
			return capture.Page, compactSuccess
		}
		if status == compactSuccess {
			c.deferReset(order, false)
			break
		}
		if prio != compactAsync && (status == compactComplete || status == compactPartialSkipped) {
			c.deferCompaction(order)
		}
		if t.fatalSignal() {
			break
		}
	}
	return 0, rc
}

// shouldCompactRetry tells whether compaction may still help a request (should_compact_retry): while it makes progress, up to 16 times (4 for
// costly orders), then with the next priority; a zone that was skipped for want of free pages is worth a retry if reclaim can provide them.
func (k *Kernel) shouldCompactRetry(ac *phys.AllocContext, order int, flags phys.AllocFlags, result compactResult, prio *compactPriority,
	retries *int,
) bool {
	if order == 0 {
		return false
	}
	switch result {
	case compactSkipped:
		return k.compactionZonelistSuitable(ac, order, flags)
	case compactSuccess:
		*retries++
		limit := maxCompactRetries
		if order > phys.CostlyOrder {
			limit /= 4
		}
		if *retries <= limit {
			return true
		}
	}
	least := compactSyncFull
	if order > phys.CostlyOrder {
		least = compactMinCostly
	}
	if *prio > least {
		*prio--
		*retries = 0
		return true
	}
	return false
}

// compactionZonelistSuitable tells whether compaction could run in some zone if everything reclaimable there were free
// (compaction_zonelist_suitable).
func (k *Kernel) compactionZonelistSuitable(ac *phys.AllocContext, order int, flags phys.AllocFlags) bool {
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		available := k.zoneReclaimable(z)/int64(order) + max(z.FreePages(), 0)
		if compactionSuitableFree(z, order, flags, ac.HighestZone, available) == compactContinue {
			return true
		}
	}
	return false
}

// extfragThreshold is the fragmentation index up to which a failure counts as want of memory (vm.extfrag_threshold).
const extfragThreshold = 500

// compactionSuitable tells whether compacting a zone for an order makes sense (compaction_suitable): Success when a block is free already,
// Skipped when what is missing is memory, else Continue.
func compactionSuitable(z *phys.Zone, order int, flags phys.AllocFlags, idx phys.ZoneType) compactResult {
	r := compactionSuitableFree(z, order, flags, idx, z.FreePages())
	if r == compactContinue && order > phys.CostlyOrder {
		if i := z.FragmentationIndex(order); i >= 0 && i <= extfragThreshold {
			return compactSkipped
		}
	}
	return r
}

// compactionSuitableFree is compactionSuitable with another number of free pages, and without the index (__compaction_suitable): the pages that
// compaction copies to need twice the block beside the watermark. A negative order is the administrator's, for whom it always makes sense.
func compactionSuitableFree(z *phys.Zone, order int, flags phys.AllocFlags, idx phys.ZoneType, free int64) compactResult {
	if order < 0 {
		return compactContinue
	}
	if z.WatermarkOK(order, z.Wmark(flags.Wmark()), idx, flags) {
		return compactSuccess
	}
	mark := z.Wmark(phys.WmarkMin)
	if order > phys.CostlyOrder {
		mark = z.Wmark(phys.WmarkLow)
	}
	if !z.WatermarkOKFree(0, mark+2<<order, idx, phys.AllocCMA, free) {
		return compactSkipped
	}
	return compactContinue
}

// compactionReady tells direct reclaim for a costly order that compaction can go to work (compaction_ready).
func compactionReady(z *phys.Zone, order int, idx phys.ZoneType) bool {
	switch compactionSuitable(z, order, 0, idx) {
	case compactSuccess:
		return true
	case compactSkipped:
		return false
	}
	return z.WatermarkOK(0, z.Wmark(phys.WmarkHigh)+2<<order, idx, 0)
}
