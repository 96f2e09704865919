package mm

import (
	"mmsim/engine"
	"mmsim/mm/lru"
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// lruGenShrink evicts from a node's generations until enough was looked at for the priority, or enough is free (lru_gen_shrink_lruvec).
func (sc *scanControl) lruGenShrink(n *phys.Node) {
	k := sc.t.k
	g := k.lruvecs[n.ID].Gens
	k.lruAddDrain(sc.t.cpu())
	if sc.t.kswapd {
		sc.walk = &k.nodes[n.ID].walk
	}
	start, before := g.MaxSeq, sc.nrReclaimed
	scanned, swapping := uint64(0), false
	plugged := sc.t.startPlug()
	for {
		swappiness := sc.lruGenSwappiness()
		if !sc.maySwap {
			swappiness = min(swappiness, 1)
		}
		toScan, aging := sc.toScan(n, swappiness > 0)
		delta := uint64(0)
		if toScan > 0 {
			var anon bool
			delta, anon = sc.evict(n, swappiness)
			swapping = swapping || anon
		}
		if delta == 0 {
			break
		}
		scanned += delta
		if scanned >= toScan || sc.abortScan(n, g, start, swapping) {
			if sc.nrReclaimed-before >= k.lruGen.batch && !aging {
				sc.needAging = false
			}
			break
		}
	}
	sc.t.finishPlug(plugged)
	sc.walk = nil
}

// toScan is how many pages to look at at the present priority, and whether a new generation is due: a task begins one itself unless this is its first
// attempt, kswapd leaves that to lruGenAgeNode (get_nr_to_scan).
func (sc *scanControl) toScan(n *phys.Node, canSwap bool) (pages uint64, aging bool) {
	g := sc.t.k.lruvecs[n.ID].Gens
	ages := g.Ages(canSwap)
	pages = uint64(ages.Total) >> sc.priority
	oldest := mglru.Anon
	if !canSwap {
		oldest = mglru.File
	}
	minSeq, maxSeq := g.MinSeq[oldest], g.MaxSeq
	switch {
	case !g.ShouldAge(canSwap, ages):
		return pages, false
	case sc.priority == defPriority:
		if minSeq+mglru.MinGens > maxSeq {
			return 0, true
		}
		return pages, true
	case sc.t.kswapd:
		return 0, true
	}
	sc.incMaxSeq(n, canSwap)
	return pages, true
}

// abortScan tells whether to stop before the target is met (should_abort_scan).
func (sc *scanControl) abortScan(n *phys.Node, g *mglru.Gens, start uint64, swapping bool) bool {
	k := sc.t.k
	if sc.t.kswapd {
		if sc.nrReclaimed-sc.lastReclaimed < sc.nrToReclaim {
			return false
		}
	} else {
		switch {
		case g.MaxSeq-start > 1, sc.nrReclaimed >= sc.nrToReclaim && swapping:
			return true
		case sc.t.fatalSignal():
			sc.nrReclaimed += k.lruGen.batch
			return true
		}
	}
	if sc.priority > defPriority-2 {
		return false
	}
	mark := phys.WmarkLow
	if sc.t.kswapd {
		mark = phys.WmarkHigh
	}
	for _, z := range n.Zones {
		if z.Type <= sc.reclaimIdx && z.Managed > 0 && int64(z.Wmark(mark)) > z.FreePages() {
			return false
		}
	}
	sc.nrReclaimed += k.lruGen.batch
	return true
}

// evict takes a batch of pages off the oldest generation and frees what it can (evict_folios). It returns the progress: the number of pages looked at,
// 0 if there are too few generations to go on, and whether the batch was of anonymous pages.
func (sc *scanControl) evict(n *phys.Node, swappiness uint64) (scanned uint64, anon bool) {
	k := sc.t.k
	v := k.lruvecs[n.ID]
	g := v.Gens
	pages, kind, scanned, sorted := sc.isolateGens(n, g, swappiness)
	if g.TryToIncMinSeq(swappiness > 0) {
		scanned++
	}
	oldest := mglru.Anon
	if swappiness == 0 {
		oldest = mglru.File
	}
	if g.NrGens(oldest) == mglru.MinGens {
		scanned = 0
	}
	k.owed = engine.Time(sorted) * k.cost.AgePage
	if len(pages) == 0 {
		sc.spendOwed()
		return scanned, false
	}
	k.owed += engine.Time(len(pages)) * k.cost.ScanPage
	steal := vmstat.PgStealDirect
	if sc.t.kswapd {
		steal = vmstat.PgStealKswapd
	}
	held := k.hold()
	defer k.letGo(held)
	for retried := false; len(pages) > 0; retried = true {
		sc.t.startBatch()
		kept, reclaimed := sc.shrinkGens(pages, retried)
		sc.nrReclaimed += reclaimed
		if sc.walk != nil && !sc.walk.moved.Empty() {
			g.Count(&sc.walk.moved)
		}
		k.count(steal, reclaimed)
		k.count(vmstat.PgStealAnon+vmstat.Event(kind), reclaimed)
		held.keep(kept)
		sc.spendOwed()
		pages = sc.putBack(v, held.take(), retried)
	}
	return scanned, kind == mglru.Anon
}

// spendOwed spends the CPU time that a batch took.
func (sc *scanControl) spendOwed() {
	sc.t.spendBatch()
	sc.t.waitBios()
	sc.t.endBatch()
}

// shrinkGens decides about the pages of a batch (shrink_folio_list), and returns those that it does not free.
func (sc *scanControl) shrinkGens(pages []phys.PFN, retried bool) (kept []phys.PFN, reclaimed uint64) {
	k := sc.t.k
	cpu := sc.t.cpu()
	var res shrinkResult
	activated := uint64(0)
	kept = pages[:0]
	for _, pfn := range pages {
		p := k.Mem.Page(pfn)
		if !retried {
			sc.nrScanned++
		}
		switch sc.shrinkPage(pfn, p, cpu, &res) {
		case freed:
			reclaimed++
			continue
		case activate:
			activated += sc.activate(cpu, pfn, p)
		}
		if !k.freeUnowned(cpu, pfn, p) {
			kept = append(kept, pfn)
		}
	}
	k.count(vmstat.PgActivate, activated)
	return kept, reclaimed
}

// putBack puts the pages of a batch on lists that were not freed (the second half of evict_folios): those that are being written so that they come up
// again when they are clean, others that are in use on the youngest generation's. It returns those that reclaim left alone although nothing shows that they
// are used, because their writes have ended meanwhile: they are tried once more.
func (sc *scanControl) putBack(v *lru.Lruvec, kept []phys.PFN, retried bool) (clean []phys.PFN) {
	k := sc.t.k
	const busy = phys.FlagActive | phys.FlagReferenced | phys.FlagLocked | phys.FlagDirty | phys.FlagWriteback
	clean = k.isolated[:0]
	for _, pfn := range kept {
		p := k.Mem.Page(pfn)
		switch {
		case p.Test(phys.FlagMlocked):
			k.cull(p)
		case p.Test(phys.FlagReclaim) && p.Test(phys.FlagDirty|phys.FlagWriteback):
			if p.Test(phys.FlagWorkingset) {
				p.Set(phys.FlagReferenced)
			}
		case retried || p.Mapcount > 0 || p.Test(busy):
			p.Clear(phys.FlagReferenced | phys.FlagWorkingset)
			p.Set(phys.FlagActive)
		default:
			clean = append(clean, pfn)
			continue
		}
		v.Add(pfn)
	}
	return clean
}
