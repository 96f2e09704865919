package mm

import (
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// isolateGens takes a batch of one kind of pages off its oldest generation (isolate_folios): of the kind that is a generation older, else of that
// which swappiness and the refaults of both call for, else of the other. scanned is the number of pages looked at, 0 if that led nowhere; sorted of
// them moved to other lists. The slice is valid until the next call.
func (sc *scanControl) isolateGens(n *phys.Node, g *mglru.Gens, swappiness uint64) (pages []phys.PFN, kind mglru.Kind, scanned, sorted uint64) {
	batch := sc.t.k.lruGen.batch
	tier := -1
	switch {
	case swappiness == 0:
		kind = mglru.File
	case g.MinSeq[mglru.Anon] < g.MinSeq[mglru.File]:
		kind = mglru.Anon
	case swappiness == 1:
		kind = mglru.File
	case swappiness == maxSwappiness:
		kind = mglru.Anon
	default:
		kind, tier = g.ToScan(swappiness, batch)
	}
	for try := 0; ; try++ {
		if tier < 0 {
			tier = g.LastTier(kind, batch)
		}
		var s uint64
		pages, scanned, s = sc.scanGen(n, g, kind, tier)
		sorted += s
		if scanned > 0 {
			return pages, kind, scanned, sorted
		}
		kind, tier = kind.Other(), -1
		if try == 1 || swappiness == 0 {
			return nil, kind, 0, sorted
		}
	}
}

// scanGen looks at the oldest generation of a kind from the tails of its lists on, highest zone first, and takes up to a batch of pages that can be
// evicted; others move to the list that they belong on (scan_folios).
func (sc *scanControl) scanGen(n *phys.Node, g *mglru.Gens, kind mglru.Kind, tier int) (pages []phys.PFN, scanned, sorted uint64) {
	k := sc.t.k
	if g.NrGens(kind) == mglru.MinGens {
		return nil, 0, 0
	}
	batch := k.lruGen.batch
	remaining := batch * maxLRUBatch
	pages = k.isolated[:0]
	slot := mglru.Slot(g.MinSeq[kind])
	for zi := len(n.Zones) - 1; zi >= 0; zi-- {
		z := n.Zones[zi]
		if z.Type > sc.reclaimIdx {
			continue
		}
		list := g.List(slot, kind, z.Type)
		skipped := k.skipped[:0]
		for !list.Empty() {
			pfn := list.Tail
			p := k.Mem.Page(pfn)
			scanned++
			switch {
			case k.sortPage(g, pfn, p, kind, z, tier):
				sorted++
			case sc.mayIsolate(p):
				k.isolateGen(g, pfn, p)
				pages = append(pages, pfn)
			default:
				k.Mem.Remove(list, pfn)
				skipped = append(skipped, pfn)
			}
			if remaining--; remaining == 0 || max(uint64(len(pages)), uint64(len(skipped))) >= batch {
				break
			}
		}
		for _, pfn := range skipped {
			k.Mem.Push(list, pfn)
		}
		k.skipped = skipped
		k.count(vmstat.PgSkipDma+vmstat.Event(z.Type), uint64(len(skipped)))
		if remaining == 0 || uint64(len(pages)) >= batch {
			break
		}
	}
	k.isolated = pages
	scan := vmstat.PgScanDirect
	if sc.t.kswapd {
		scan = vmstat.PgScanKswapd
	}
	k.count(scan, uint64(len(pages)))
	k.count(vmstat.PgRefill, sorted)
	k.count(vmstat.PgScanAnon+vmstat.Event(kind), uint64(len(pages)))
	if len(pages) == 0 && remaining > 0 {
		scanned = 0
	}
	return pages, scanned, sorted
}

// sortPage puts a page of the oldest generation where it belongs, if that is elsewhere, and tells whether it did (sort_folio): pages that are
// locked in memory, that were written though they were to be dropped, that were accessed meanwhile, that are of a tier above those that
// are evicted, that are being written.
func (k *Kernel) sortPage(g *mglru.Gens, pfn phys.PFN, p *phys.Page, kind mglru.Kind, z *phys.Zone, tier int) bool {
	col := g.Column()
	switch {
	case p.Test(phys.FlagMlocked):
		g.Del(pfn, p, true)
		k.cull(p)
		k.lruvecOf(p).Add(pfn)
		return true
	case kind == mglru.File && p.Kind() == phys.KindAnon && p.Test(phys.FlagDirty):
		g.Del(pfn, p, true)
		p.Set(phys.FlagSwapbacked)
		g.Add(pfn, p, true)
		return true
	case col.Gen(pfn) != mglru.Slot(g.MinSeq[kind]):
		g.Follow(pfn, kind, z.Type)
		return true
	}
	if refs := col.Refs(pfn, p); mglru.TierOf(refs) > tier || refs == 1<<mglru.RefsWidth {
		g.Keep(pfn, p, kind, z, false)
		g.Tiers[kind].Protected[mglru.TierOf(refs)]++
		z.Node.Stat[vmstat.WorkingsetActivateAnon+vmstat.NodeItem(kind)]++
		return true
	}
	if p.Test(phys.FlagLocked|phys.FlagWriteback) || kind == mglru.File && p.Test(phys.FlagDirty) {
		g.Keep(pfn, p, kind, z, true)
		return true
	}
	return false
}

// mayIsolate tells whether this reclaim can do anything with a page (the first half of isolate_folio).
func (sc *scanControl) mayIsolate(p *phys.Page) bool {
	switch {
	case !sc.mayUnmap && p.Mapcount > 0:
		return false
	case sc.mayWritepage && sc.gfp&phys.GFPIO != 0:
		return true
	}
	return !p.Test(phys.FlagDirty) && (p.Kind() != phys.KindAnon || p.Test(phys.FlagSwapCache))
}

// isolateGen takes a page off its list to be evicted. What is known of its accesses is kept only if it was accessed again lately (the second half of
// isolate_folio).
func (k *Kernel) isolateGen(g *mglru.Gens, pfn phys.PFN, p *phys.Page) {
	if !p.Test(phys.FlagReferenced) {
		p.Clear(phys.FlagWorkingset)
	}
	p.Clear(phys.FlagReclaim | phys.FlagReferenced)
	g.Del(pfn, p, true)
}
