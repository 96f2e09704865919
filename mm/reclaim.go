package mm

import (
	"mmsim/engine"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// shrinkNode reclaims from a node once at the present priority (shrink_node).
func (sc *scanControl) shrinkNode(n *phys.Node) {
	k := sc.t.k
	for {
		sc.nr.dirty, sc.nr.unqueuedDirty, sc.nr.congested, sc.nr.writeback, sc.nr.immediate, sc.nr.fileTaken, sc.nr.taken = 0, 0, 0, 0, 0, 0, 0
		reclaimed, scanned, slabs := sc.nrReclaimed, sc.nrScanned, k.slabs.all.Freed
		sc.prepareScanCount(n)
		sc.shrinkLruvec(n)
		sc.t.shrinkSlab(sc.gfp, n, sc.priority)
		sc.nrReclaimed += k.slabs.all.Freed - slabs
		sc.t.spend(k.cost.ReclaimRound)
		k.vmpressure.note(sc.t, sc.gfp, sc.nrScanned-scanned)
		st := &k.nodes[n.ID]
		if sc.t.kswapd {
			if sc.nr.writeback > 0 && sc.nr.writeback == sc.nr.taken {
				st.writebackFlag = true
			}
			if sc.nr.unqueuedDirty > 0 && sc.nr.unqueuedDirty == sc.nr.fileTaken {
				st.dirtyFlag = true
			}
			if sc.nr.immediate > 0 {
				sc.t.reclaimThrottle(n, throttleWriteback)
			}
		}
		if sc.nr.dirty > 0 && sc.nr.dirty == sc.nr.congested {
			st.congested = true
		}
		if !sc.t.kswapd && st.congested {
			sc.t.reclaimThrottle(n, throttleCongested)
		}
		got := sc.nrReclaimed - reclaimed
		if got > 0 {
			st.failures = 0
		}
		if !sc.shouldContinue(n, got) {
			return
		}
	}
}

// shouldContinue tells whether reclaim for a large block goes on so that compaction can work (should_continue_reclaim).
func (sc *scanControl) shouldContinue(n *phys.Node, reclaimed uint64) bool {
	k := sc.t.k
	if sc.order == 0 || sc.gfp&phys.GFPIO == 0 || sc.order <= phys.CostlyOrder && sc.priority >= defPriority-2 || reclaimed == 0 {
		return false
	}
	for _, z := range n.Zones {
		if z.Type <= sc.reclaimIdx && z.Managed > 0 && compactionSuitable(z, sc.order, 0, sc.reclaimIdx) != compactSkipped {
			return false
		}
	}
	v := k.lruvecs[n.ID]
	inactive := v.Len(lru.InactiveFile)
	if k.canReclaimAnon() {
		inactive += v.Len(lru.InactiveAnon)
	}
	return inactive > 2<<sc.order
}

// shrinkLruvec scans the lists of a node by batches of 32 until the targets are met (shrink_lruvec).
func (sc *scanControl) shrinkLruvec(n *phys.Node) {
	k := sc.t.k
	if k.lruGen != nil {
		sc.lruGenShrink(n)
		return
	}
	nr := sc.scanCount(n)
	targets := nr
	proportional := !sc.t.kswapd && sc.priority == defPriority
	reclaimed := uint64(0)
	plugged := sc.t.startPlug()
	for nr[lru.InactiveAnon] > 0 || nr[lru.ActiveFile] > 0 || nr[lru.InactiveFile] > 0 {
		for l := lru.InactiveAnon; l <= lru.ActiveFile; l++ {
			if nr[l] > 0 {
				m := min(nr[l], swapClusterMax)
				nr[l] -= m
				reclaimed += sc.shrinkList(n, l, m)
			}
		}
		if reclaimed < sc.nrToReclaim || proportional {
			continue
		}
		file, anon := nr[lru.InactiveFile]+nr[lru.ActiveFile], nr[lru.InactiveAnon]+nr[lru.ActiveAnon]
		if file == 0 || anon == 0 {
			break
		}
		// The kind with less left to do is done; the other goes on in proportion to what that one did.
		drop, keep := lru.InactiveAnon, lru.InactiveFile
		scanTarget, left := targets[lru.InactiveAnon]+targets[lru.ActiveAnon]+1, anon
		if file <= anon {
			drop, keep = lru.InactiveFile, lru.InactiveAnon
			scanTarget, left = targets[lru.InactiveFile]+targets[lru.ActiveFile]+1, file
		}
		percentage := left * 100 / scanTarget
		nr[drop], nr[drop+lru.Active] = 0, 0
		for _, l := range [2]lru.List{keep, keep + lru.Active} {
			scanned := targets[l] - nr[l]
			goal := targets[l] * (100 - percentage) / 100
			nr[l] = goal - min(goal, scanned)
		}
		proportional = true
	}
	sc.t.finishPlug(plugged)
	sc.nrReclaimed += reclaimed
	if k.swap.Total > 0 && inactiveIsLow(k.lruvecs[n.ID], lru.InactiveAnon) {
		sc.shrinkActiveList(n, lru.ActiveAnon, swapClusterMax)
	}
}

// shrinkList ages an active list or reclaims from an inactive one (shrink_list).
func (sc *scanControl) shrinkList(n *phys.Node, l lru.List, nr uint64) uint64 {
	if l.IsActive() {
		kind := anonType
		if l.IsFile() {
			kind = fileType
		}
		if sc.mayDeactivate[kind] {
			sc.shrinkActiveList(n, l, nr)
		} else {
			sc.skippedDeactivate = true
		}
		return 0
	}
	return sc.shrinkInactiveList(n, l, nr)
}

// isolate takes up to nr pages from the tail of a list (isolate_lru_folios). Pages of zones above the one that is wanted are passed over and
// put at the head, or the next call would meet them again; they count as scanned all the same. The first pages that are alike can be evicted in one run
// (evictRun). The slice is valid until the next call: nothing blocks between
// isolating pages and putting them back.
func (sc *scanControl) isolate(n *phys.Node, l lru.List, nr uint64) (pages []phys.PFN, alike int, scanned uint64) {
	k := sc.t.k
	v := k.lruvecs[n.ID]
	skipped := k.skipped[:0]
	pages, alike = v.CutTail(l, nr, sc.reclaimIdx, evictState, k.isolated[:0])
	for pfn := v.Tail(l); pfn != 0 && uint64(len(pages)) < nr; {
		p := k.Mem.Page(pfn)
		prev := p.Prev
		v.Del(pfn)
		if z := k.zoneOf(p); z.Type > sc.reclaimIdx {
			k.count(vmstat.PgSkipDma+vmstat.Event(z.Type), 1)
			skipped = append(skipped, pfn)
		} else {
			pages = append(pages, pfn)
		}
		pfn = prev
	}
	for _, pfn := range skipped {
		v.Add(pfn)
	}
	k.isolated, k.skipped = pages, skipped
	return pages, alike, uint64(len(pages) + len(skipped))
}

// shrinkActiveList moves pages from an active list to its inactive one, clearing their accessed bits (shrink_active_list). Only executable
// file pages in use stay.
func (sc *scanControl) shrinkActiveList(n *phys.Node, l lru.List, nr uint64) {
	k := sc.t.k
	k.lruAddDrain(sc.t.cpu())
	pages, _, scanned := sc.isolate(n, l, nr)
	k.count(vmstat.PgRefill, scanned)
	v := k.lruvecs[n.ID]
	rotated, culled := 0, 0
	for _, pfn := range pages {
		p := k.Mem.Page(pfn)
		if p.Test(phys.FlagMlocked) {
			k.addUnevictable(v, pfn)
			culled++
			continue
		}
		if l.IsFile() && p.Mapcount > 0 {
			if n, _, exec := sc.references(pfn); n > 0 && exec {
				v.Add(pfn)
				rotated++
				continue
			}
		} else {
			k.referenced(pfn, nil)
		}
		p.Clear(phys.FlagActive)
		p.Set(phys.FlagWorkingset)
		if p.Test(phys.FlagMlocked) { // a mapping that is locked was found: the mark waits until the page is on a list again
			k.addUnevictable(v, pfn)
			continue
		}
		v.Add(pfn)
	}
	k.count(vmstat.PgDeactivate, uint64(len(pages)-rotated-culled))
	sc.t.spend(k.scanCost(len(pages), scanned))
}

// scanCost is the CPU time of taking pages off a list and looking at them, when scanned were seen on the way.
func (k *Kernel) scanCost(pages int, scanned uint64) engine.Time {
	return engine.Time(pages)*k.cost.ScanPage + engine.Time(scanned-uint64(pages))*k.cost.SkipPage
}

// shrinkInactiveList takes pages from the tail of an inactive list, frees what it can and puts the others back (shrink_inactive_list).
func (sc *scanControl) shrinkInactiveList(n *phys.Node, l lru.List, nr uint64) uint64 {
	k := sc.t.k
	cpu := sc.t.cpu()
	k.lruAddDrain(cpu)
	pages, alike, scanned := sc.isolate(n, l, nr)
	scanEvent, stealEvent := vmstat.PgScanDirect, vmstat.PgStealDirect
	if sc.t.kswapd {
		scanEvent, stealEvent = vmstat.PgScanKswapd, vmstat.PgStealKswapd
	}
	kindScan, kindSteal := vmstat.PgScanAnon, vmstat.PgStealAnon
	if l.IsFile() {
		kindScan, kindSteal = vmstat.PgScanFile, vmstat.PgStealFile
	}
	k.count(scanEvent, scanned)
	k.count(kindScan, scanned)
	sc.nrScanned += scanned
	if len(pages) == 0 {
		sc.t.spend(k.scanCost(0, scanned))
		return 0
	}
	k.owed = k.scanCost(len(pages), scanned)
	sc.t.startBatch()
	var res shrinkResult
	v := k.lruvecs[n.ID]
	sc.shrinkPages(pages, alike, v.Tail(l), cpu, &res)
	k.count(stealEvent, res.reclaimed)
	k.count(kindSteal, res.reclaimed)
	if l.IsFile() {
		v.FileCost += res.pageout
	} else {
		v.AnonCost += res.pageout
	}
	if res.pageout > 0 {
		k.halveCosts(v)
	}
	if res.unqueuedDirty == uint64(len(pages)) { // the flushers are not doing their work
		k.wakeupFlusherThreads()
	}
	sc.nr.dirty += res.dirty
	sc.nr.congested += res.congested
	sc.nr.unqueuedDirty += res.unqueuedDirty
	sc.nr.writeback += res.writeback
	sc.nr.immediate += res.immediate
	sc.nr.taken += uint64(len(pages))
	if l.IsFile() {
		sc.nr.fileTaken += uint64(len(pages))
	}
	sc.t.spendBatch()
	sc.t.waitBios()
	sc.t.endBatch()
	return res.reclaimed
}
