package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// A page on the unevictable list counts the locked mappings that it has in Prev, since that list is not linked (mlock_count).

// lockedVMA tells whether the pages mapped in a VMA are locked in memory.
func lockedVMA(v *addrspace.VMA) bool {
	return v.Flags&(addrspace.VMLocked|addrspace.VMSpecial) == addrspace.VMLocked
}

// mlockPage marks a page that a locked VMA maps, and takes it off the lists that reclaim looks at (mlock_folio, __mlock_page). A page that is on no
// list yet goes to the unevictable one when it is added.
func (k *Kernel) mlockPage(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	marked := p.Test(phys.FlagMlocked)
	if !marked {
		p.Set(phys.FlagMlocked)
		k.zoneOf(p).Stat[vmstat.NRMlock]++
		k.mlocked++
		k.count(vmstat.UnevictablePgsMlocked, 1)
	}
	if !p.Test(phys.FlagLRU) {
		if marked {
			k.miss(pfn)
		}
		return
	}
	if p.Test(phys.FlagUnevictable) {
		p.Prev++
		return
	}
	v := k.lruvecOf(p)
	v.Del(pfn)
	k.addUnevictable(v, pfn)
}

// restoreMlock marks a page again that a locked VMA turns out to map: what another mapping of it took back was the last that it counted, or it was on no
// list (mlock_vma_folio in folio_referenced_one and try_to_unmap_one).
func (k *Kernel) restoreMlock(v *addrspace.VMA, pfn phys.PFN) {
	if lockedVMA(v) && !k.Mem.Page(pfn).Test(phys.FlagMlocked) {
		k.mlockPage(pfn)
	}
}

// miss notes, where a test has asked for it, that a page does not count all its locked mappings.
func (k *Kernel) miss(pfn phys.PFN) {
	if k.missedMlocks != nil {
		k.missedMlocks[pfn] = true
	}
}

// addUnevictable puts a page, which is on no list and marked, on the unevictable list.
func (k *Kernel) addUnevictable(v *lru.Lruvec, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	k.cull(p)
	v.Add(pfn)
	p.Prev = 1
}

// cull makes a page, which is on no list, one of the unevictable list.
func (k *Kernel) cull(p *phys.Page) {
	p.Clear(phys.FlagActive)
	if !p.Test(phys.FlagUnevictable) {
		p.Set(phys.FlagUnevictable)
		k.count(vmstat.UnevictablePgsCulled, 1)
	}
}

// munlockPage takes back one locked mapping of a page; with the last one the page returns to the lists that reclaim looks at (__munlock_page).
func (k *Kernel) munlockPage(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	onList := p.Test(phys.FlagLRU)
	if onList && p.Test(phys.FlagUnevictable) {
		if p.Prev > 0 {
			p.Prev--
		}
		if p.Prev > 0 {
			return
		}
	}
	if !onList {
		k.miss(pfn)
	}
	if p.TestClear(phys.FlagMlocked) {
		k.zoneOf(p).Stat[vmstat.NRMlock]--
		k.mlocked--
		if onList || !p.Test(phys.FlagUnevictable) {
			k.count(vmstat.UnevictablePgsMunlocked, 1)
		} else {
			k.stranded = true
			k.count(vmstat.UnevictablePgsStranded, 1)
		}
	}
	if onList && p.Test(phys.FlagUnevictable) {
		v := k.lruvecOf(p)
		v.Del(pfn)
		p.Clear(phys.FlagUnevictable)
		v.Add(pfn)
		k.count(vmstat.UnevictablePgsRescued, 1)
	}
}

// clearMlock is for a page that is freed while it is marked (__page_cache_release).
func (k *Kernel) clearMlock(p *phys.Page) {
	p.Clear(phys.FlagMlocked)
	k.zoneOf(p).Stat[vmstat.NRMlock]--
	k.mlocked--
	k.count(vmstat.UnevictablePgsCleared, 1)
}

// addLocked puts a page that is marked on the unevictable list, the others of a batch on theirs, also those that were unevictable (lru_add_fn).
func (k *Kernel) addLocked(pages []phys.PFN) {
	for _, pfn := range pages {
		p := k.Mem.Page(pfn)
		v := k.lruvecOf(p)
		if !p.Test(phys.FlagMlocked) {
			if p.TestClear(phys.FlagUnevictable) {
				k.count(vmstat.UnevictablePgsRescued, 1)
			}
			v.Add(pfn)
			continue
		}
		k.addUnevictable(v, pfn)
	}
}
