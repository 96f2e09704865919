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

// compactResult is what an attempt to compact came to (enum compact_result).
type compactResult uint8

// The results that an allocation tells apart.
const (
	compactSkipped compactResult = iota
	compactDeferred
	compactContended
	compactComplete
	compactSuccess
)

// directCompact tries to make a free block of the wanted order by moving pages (__alloc_pages_direct_compact). There are no migration and
// free scanners yet, so every zone is skipped; DEVIATIONS.md says what follows.
func (t *task) directCompact(_ *phys.AllocContext, order int, _ compactPriority) (phys.PFN, compactResult) {
	if order == 0 {
		return 0, compactSkipped
	}
	defer t.endMemstall(t.memstall())
	t.k.count(vmstat.CompactStall, 1)
	t.k.count(vmstat.CompactFail, 1)
	return 0, compactSkipped
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
// (compaction_zonelist_suitable): the pages that it copies to need twice the block beside the watermark.
func (k *Kernel) compactionZonelistSuitable(ac *phys.AllocContext, order int, flags phys.AllocFlags) bool {
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		available := k.zoneReclaimable(z)/int64(order) + max(z.FreePages(), 0)
		mark := z.Wmark(phys.WmarkMin) + 2<<order
		if z.WatermarkOKFree(0, mark, ac.HighestZone, flags&phys.AllocCMA, available) && k.swap.NrFree > 0 {
			return true
		}
	}
	return false
}

// compactionSuitable tells whether compacting a zone for an order makes sense (compaction_suitable): Success when a block is free already,
// Skipped when there are not enough free pages to move others to, else Complete.
func (k *Kernel) compactionSuitable(z *phys.Zone, order int, idx phys.ZoneType) compactResult {
	if z.WatermarkOK(order, z.Wmark(phys.WmarkMin), idx, 0) {
		return compactSuccess
	}
	mark := z.Wmark(phys.WmarkMin)
	if order > phys.CostlyOrder {
		mark = z.Wmark(phys.WmarkLow)
	}
	if !z.WatermarkOK(0, mark+2<<order, idx, phys.AllocCMA) {
		return compactSkipped
	}
	return compactComplete
}

// compactionReady tells direct reclaim for a costly order that compaction can go to work (compaction_ready).
func (k *Kernel) compactionReady(z *phys.Zone, order int, idx phys.ZoneType) bool {
	switch k.compactionSuitable(z, order, idx) {
	case compactSuccess:
		return true
	case compactSkipped:
		return false
	}
	return z.WatermarkOK(0, z.Wmark(phys.WmarkHigh)+2<<order, idx, 0)
}

// wakeupKcompactd asks a node's kcompactd to make blocks of an order. There is no kcompactd yet: only the wake-up is counted.
func (k *Kernel) wakeupKcompactd(_ *phys.Node, order int, _ phys.ZoneType) {
	if order > 0 {
		k.count(vmstat.CompactDaemonWake, 1)
	}
}
