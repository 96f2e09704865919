package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// shrinkResult is what came of a batch of pages (struct reclaim_stat).
type shrinkResult struct {
	reclaimed, pageout                                    uint64
	dirty, unqueuedDirty, congested, writeback, immediate uint64
}

// verdict is what becomes of a page that reclaim looked at.
type verdict uint8

const (
	keep verdict = iota
	activate
	freed
)

// shrinkPages decides for each page of a batch and puts those that stay back on their lists (shrink_folio_list,
// move_folios_to_lru). It adds what came of them to res and the CPU time that it takes to k.owed. alike is how many of the first are known to be alike
// (evictRun), 0 if nothing is known; ahead is the page with which the list goes on, 0 if it is not known.
func (sc *scanControl) shrinkPages(pages []phys.PFN, alike int, ahead phys.PFN, cpu int, res *shrinkResult) {
	k := sc.t.k
	activated := uint64(0)
	gone := k.reclaimed[:0]
	for i := 0; i < len(pages); i++ {
		pfn := pages[i]
		p := k.Mem.Page(pfn)
		if p.Kind() == phys.KindFile {
			if i > 0 {
				alike = 0
			}
			if n := k.evictRun(pages[i:], alike, p); n > 0 { // as most pages of files are: clean, and not mapped
				gone = append(gone, pages[i:i+n]...)
				i += n - 1
				continue
			}
		}
		ahead = k.Mem.PrefetchPrev(ahead)
		v := sc.shrinkPage(pfn, p, cpu, res)
		if v == freed {
			res.reclaimed++
			continue
		}
		if v == activate {
			activated += sc.activate(cpu, pfn, p)
		}
		if k.freeUnowned(cpu, pfn, p) {
			continue
		}
		lv := k.lruvecOf(p)
		if p.Test(phys.FlagMlocked) {
			k.addUnevictable(lv, pfn)
			continue
		}
		lv.Add(pfn)
		if p.Test(phys.FlagActive) {
			lv.NonresidentAge++
		}
	}
	k.count(vmstat.PgActivate, activated)
	k.owed += engine.Time(len(gone)) * k.cost.File.FreePage
	res.reclaimed += uint64(len(gone))
	k.flushBatch(false)
	k.Mem.FreeList(cpu, gone)
	k.reclaimed = gone
}

// activate makes a page that stays active, and gives its slot up while swap is tight (activate_locked in shrink_folio_list). It returns the number of
// pages that became active.
func (sc *scanControl) activate(cpu int, pfn phys.PFN, p *phys.Page) uint64 {
	k := sc.t.k
	if p.Test(phys.FlagSwapCache) && (k.swap.Full() || p.Test(phys.FlagMlocked)) {
		k.tryToFreeSwap(cpu, pfn)
	}
	if p.Test(phys.FlagMlocked) {
		return 0
	}
	p.Set(phys.FlagActive)
	return 1
}

// freeUnowned frees a page on no list that gave its slot up and that nobody else has, and tells whether it did.
func (k *Kernel) freeUnowned(cpu int, pfn phys.PFN, p *phys.Page) bool {
	if p.Mapcount > 0 || p.Test(phys.FlagSwapCache|phys.FlagLocked) || p.Kind() != phys.KindAnon {
		return false
	}
	k.freePage(cpu, pfn)
	return true
}

// shrinkPage decides about one page.
func (sc *scanControl) shrinkPage(pfn phys.PFN, p *phys.Page, cpu int, res *shrinkResult) verdict {
	k := sc.t.k
	switch {
	case p.Test(phys.FlagLocked):
		return keep
	case p.Mapcount > 0 && !sc.mayUnmap:
		return keep
	case k.lruGen != nil && p.Mapcount > 0 && p.Test(phys.FlagReferenced) && !p.Test(phys.FlagMlocked): // accessed since it was taken off its list
		return keep
	case p.Kind() == phys.KindFile && k.objects.get(p.Mapping) == nil: // was there when the machine was started
		return sc.reclaimCache(pfn, p, cpu)
	case p.Kind() == phys.KindFile:
		return sc.shrinkFilePage(pfn, p, cpu, res)
	case p.Kind() == phys.KindShmem && k.objects.get(p.Mapping) == nil: // of a process that was there when the machine was started
		return activate
	case p.Test(phys.FlagMlocked):
		return activate
	case p.Test(phys.FlagWriteback):
		return sc.underWriteback(p, res)
	}
	switch sc.checkReferences(pfn, p) {
	case refActivate:
		return activate
	case refKeep:
		return keep
	}
	anon := p.Kind() == phys.KindAnon
	lazy := anon && !p.Test(phys.FlagSwapbacked)
	if anon && !lazy && !p.Test(phys.FlagSwapCache) {
		if sc.gfp&phys.GFPIO == 0 {
			return keep
		}
		if !k.addToSwap(sc.t, pfn) {
			return activate
		}
	}
	if p.Mapcount > 0 {
		k.owed += k.unmapCost(p, pfn)
		if !k.tryToUnmap(pfn) {
			return activate
		}
	}
	if lazy {
		k.owed += k.cost.FreePage
		k.count(vmstat.PgLazyfreed, 1)
		k.freePage(cpu, pfn)
		return freed
	}
	if p.Test(phys.FlagDirty) {
		k.flushBatch(true)
		if v, stays := sc.pageout(pfn, p, cpu, res); stays {
			return v
		}
	}
	k.owed += k.cost.FreePage
	if p.Test(phys.FlagSwapCache) {
		k.swapCacheDelete(cpu, pfn, k.evictionShadow(pfn, p))
	} else {
		k.dropShmemPage(pfn)
	}
	k.freePage(cpu, pfn)
	return freed
}

// underWriteback handles a page that is being written: it is taken when the write is done, which kswapd waits for if it meets only such.
func (sc *scanControl) underWriteback(p *phys.Page, res *shrinkResult) verdict {
	st := &sc.t.k.nodes[sc.t.k.zoneOf(p).Node.ID]
	if sc.t.kswapd && p.Test(phys.FlagReclaim) && st.writebackFlag {
		res.immediate++
		return activate
	}
	p.Set(phys.FlagReclaim)
	res.writeback++
	return activate
}

// pageout starts the write of a dirty swap-cache page. stays is false if the page is written already and can be freed.
func (sc *scanControl) pageout(pfn phys.PFN, p *phys.Page, cpu int, res *shrinkResult) (v verdict, stays bool) {
	k := sc.t.k
	if sc.gfp&(phys.GFPFS|phys.GFPIO) == 0 || !sc.mayWritepage {
		return keep, true
	}
	if k.tryToFreeSwap(cpu, pfn) { // nobody has a use for its content any more
		return keep, true
	}
	if p.Kind() == phys.KindShmem && !k.shmemToSwap(sc.t, pfn) {
		return activate, true
	}
	k.zoneOf(p).Node.Stat[vmstat.NRVmscanWrite]++
	res.pageout++
	p.Set(phys.FlagReclaim)
	if k.writeSwap(sc.t, pfn) {
		return keep, true
	}
	p.Clear(phys.FlagReclaim)
	return keep, false
}

// references is what a page's use calls for (enum folio_references).
type references uint8

const (
	refReclaim      references = iota
	refReclaimClean            // if it needs no write
	refKeep
	refActivate
)

// checkReferences gives an anonymous page that was used since the last look another round (folio_check_references).
func (sc *scanControl) checkReferences(pfn phys.PFN, p *phys.Page) references {
	n, locked, _ := sc.references(pfn)
	was := p.TestClear(phys.FlagReferenced)
	switch {
	case locked:
		return refActivate
	case n == 0:
		return refReclaim
	}
	p.Set(phys.FlagReferenced)
	if was || n > 1 {
		return refActivate
	}
	return refKeep
}
