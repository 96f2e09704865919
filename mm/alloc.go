package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// maxReclaimRetries is how often the slow path tries again without progress (MAX_RECLAIM_RETRIES).
const maxReclaimRetries = 16

// allocPage takes one page for the task, reclaiming and killing as needed. 0: there is none to be had.
func (t *task) allocPage(gfp phys.GFP) phys.PFN { return t.allocPages(gfp, 0) }

// allocPages takes a block of 2^order pages (__alloc_pages). 0: the request failed, which for order up to 3 and GFP_KERNEL happens only to a
// task that the OOM killer has chosen.
func (t *task) allocPages(gfp phys.GFP, order int) phys.PFN {
	var ac phys.AllocContext
	flags := t.prepare(&ac, gfp)
	if pfn := t.k.Mem.GetPageFromFreelist(&ac, order, flags); pfn != 0 {
		return pfn
	}
	ac.SpreadDirty = false
	return t.allocSlowpath(&ac, gfp, order)
}

// prepare fills the context of a request: the task's CPU, its node's zonelist, the node that it is bound to.
func (t *task) prepare(ac *phys.AllocContext, gfp phys.GFP) phys.AllocFlags {
	cpu := t.cpu()
	return t.k.Mem.Prepare(ac, gfp, cpu, t.k.nodeOfCPU[cpu].ID, t.nodemask(gfp))
}

// nodemask is the set of nodes that the task's memory policy allows for a request, nil for all (policy_nodemask, MPOL_BIND): page tables and
// the like are not bound.
func (t *task) nodemask(gfp phys.GFP) *phys.Nodemask {
	if t.process == nil || t.process.node < 0 || gfp&phys.GFPMovable == 0 {
		return nil
	}
	return &t.k.bindMasks[t.process.node]
}

// fastContext is prepare for a run of requests of one kind, into a context that is valid until the next call, with the flags of a first attempt.
func (k *Kernel) fastContext(t *task, gfp phys.GFP) (*phys.AllocContext, phys.AllocFlags) {
	flags := t.prepare(&k.fastAC, gfp)
	return &k.fastAC, flags
}

// allocSlowpath is what happens when no zone passes its low watermark (__alloc_pages_slowpath): wake kswapd, look again at the min
// watermark, compact for large blocks, reclaim, retry, and kill.
func (t *task) allocSlowpath(ac *phys.AllocContext, gfp phys.GFP, order int) phys.PFN {
	k, m := t.k, t.k.Mem
	canDirect := gfp&phys.GFPDirectReclaim != 0
	costly := order > phys.CostlyOrder
	flags := m.SlowFlags(ac, order, false)
	noProgress, compactRetries := 0, 0
	prio := compactDefPriority

	ac.Preferred = ac.Zonelist.First(ac.HighestZone, ac.Nodemask)
	if ac.Preferred < 0 {
		return t.allocFailed(ac, gfp, order)
	}
	if flags&phys.AllocKswapd != 0 {
		k.wakeAllKswapds(ac, gfp, order)
	}
	if pfn := m.GetPageFromFreelist(ac, order, flags); pfn != 0 {
		return pfn
	}
	canCompact := gfp&phys.GFPIO != 0
	if canDirect && canCompact && (costly || order > 0 && ac.Migratetype != phys.MigrateMovable) && t.reserveFlags(gfp) == 0 {
		pfn, result := t.directCompact(ac, order, flags, compactAsync)
		if pfn != 0 {
			return pfn
		}
		if costly && gfp&phys.GFPNoretry != 0 {
			if result == compactSkipped || result == compactDeferred || gfp&phys.GFPThisnode != 0 {
				return t.allocFailed(ac, gfp, order)
			}
			prio = compactAsync
		}
	}
	for {
		if flags&phys.AllocKswapd != 0 {
			k.wakeAllKswapds(ac, gfp, order)
		}
		if reserve := t.reserveFlags(gfp); reserve != 0 {
			flags = reserve | flags&phys.AllocKswapd
		}
		if flags&phys.AllocCpuset == 0 {
			ac.Nodemask = nil
			ac.Preferred = ac.Zonelist.First(ac.HighestZone, nil)
		}
		if pfn := m.GetPageFromFreelist(ac, order, flags); pfn != 0 {
			return pfn
		}
		if !canDirect || t.memalloc {
			return t.allocFailed(ac, gfp, order)
		}
		pfn, progress := t.directReclaim(ac, gfp, order, flags)
		if pfn != 0 {
			return pfn
		}
		pfn, result := t.directCompact(ac, order, flags, prio)
		if pfn != 0 {
			return pfn
		}
		if gfp&phys.GFPNoretry != 0 || costly && (!canCompact || gfp&phys.GFPRetryMayfail == 0) {
			return t.allocFailed(ac, gfp, order)
		}
		if t.shouldReclaimRetry(ac, order, flags, progress > 0, &noProgress) {
			continue
		}
		if progress > 0 && canCompact && k.shouldCompactRetry(ac, order, flags, result, &prio, &compactRetries) {
			continue
		}
		pfn, oomProgress := t.allocMayOOM(ac, gfp, order)
		if pfn != 0 {
			return pfn
		}
		if t.victim && (flags&phys.AllocOOM != 0 || gfp&phys.GFPNomemalloc != 0) {
			return t.allocFailed(ac, gfp, order)
		}
		if !oomProgress {
			return t.allocFailed(ac, gfp, order)
		}
		noProgress = 0
	}
}

// allocFailed is the end of a request that got nothing: for ever trying again for __GFP_NOFAIL, else a message and 0.
func (t *task) allocFailed(ac *phys.AllocContext, gfp phys.GFP, order int) phys.PFN {
	if gfp&phys.GFPNofail != 0 && gfp&phys.GFPDirectReclaim != 0 {
		for {
			if pfn := t.k.Mem.GetPageFromFreelist(ac, order, phys.AllocWmarkMin|phys.AllocMinReserve); pfn != 0 {
				return pfn
			}
			t.submitWork()
			t.proc.Sleep(t.k.timeout(1))
			if _, progress := t.directReclaim(ac, gfp, order, phys.AllocWmarkMin|phys.AllocMinReserve); progress == 0 {
				t.allocMayOOM(ac, gfp, order)
			}
		}
	}
	if gfp&phys.GFPNowarn == 0 && !t.fatalSignal() {
		t.k.printk("%s: page allocation failure: order:%d, mode:%#x(%v), nodemask=(null),cpuset=/,mems_allowed=%s",
			t.comm(), order, uint32(gfp), gfp, t.k.memsAllowed())
	}
	return 0
}

// reserveFlags are the reserves that the task is entitled to (__gfp_pfmemalloc_flags): all of them while it reclaims, part of them as a
// victim of the OOM killer.
func (t *task) reserveFlags(gfp phys.GFP) phys.AllocFlags {
	switch {
	case gfp&phys.GFPNomemalloc != 0:
		return 0
	case gfp&phys.GFPMemalloc != 0 || t.memalloc:
		return phys.AllocNoWatermarks
	case t.victim:
		return phys.AllocOOM
	}
	return 0
}

// directReclaim makes the task free pages itself and then tries the free lists, once more after draining the reserve for atomic requests and
// the per-CPU lists (__alloc_pages_direct_reclaim). progress is the number of pages freed.
func (t *task) directReclaim(ac *phys.AllocContext, gfp phys.GFP, order int, flags phys.AllocFlags) (pfn phys.PFN, progress uint64) {
	defer t.endMemstall(t.memstall())
	progress = t.tryToFreePages(ac, gfp, order)
	if progress == 0 {
		return 0, 0
	}
	m := t.k.Mem
	if pfn = m.GetPageFromFreelist(ac, order, flags); pfn != 0 {
		return pfn, progress
	}
	m.UnreserveHighatomic(ac, false)
	m.DrainAll(nil)
	return m.GetPageFromFreelist(ac, order, flags), progress
}

// shouldReclaimRetry tells whether another round of reclaim may help (should_reclaim_retry): not after 16 rounds without progress, and only
// while what is free and what could be reclaimed would satisfy the min watermark of some zone.
func (t *task) shouldReclaimRetry(ac *phys.AllocContext, order int, flags phys.AllocFlags, progress bool, loops *int) bool {
	k := t.k
	if progress && order <= phys.CostlyOrder {
		*loops = 0
	} else {
		*loops++
	}
	if *loops > maxReclaimRetries {
		return k.Mem.UnreserveHighatomic(ac, true)
	}
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		available := k.zoneReclaimable(z) + max(z.FreePages(), 0)
		if z.WatermarkOKFree(order, z.Wmark(phys.WmarkMin), ac.HighestZone, flags, available) {
			t.proc.Yield()
			return true
		}
	}
	return k.Mem.UnreserveHighatomic(ac, true)
}

// zoneReclaimable is the number of pages on a zone's lists that reclaim could take (zone_reclaimable_pages).
func (k *Kernel) zoneReclaimable(z *phys.Zone) int64 {
	n := z.Stat[vmstat.NRZoneInactiveFile] + z.Stat[vmstat.NRZoneActiveFile]
	if k.canReclaimAnon() {
		n += z.Stat[vmstat.NRZoneInactiveAnon] + z.Stat[vmstat.NRZoneActiveAnon]
	}
	if n == 0 {
		n = max(z.FreePages(), 0)
	}
	return n
}

// canReclaimAnon tells whether there is anywhere to put anonymous pages (can_reclaim_anon_pages).
func (k *Kernel) canReclaimAnon() bool { return k.swap.NrFree > 0 }

// memsAllowed is the list of nodes with memory as the kernel prints it: 0, 0-1, ...
func (k *Kernel) memsAllowed() string {
	if n := len(k.Mem.Nodes); n > 1 {
		return "0-" + itoa(n-1)
	}
	return "0"
}
