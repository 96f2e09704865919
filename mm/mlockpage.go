package mm

import (
	"mmsim/mm/addrspace"
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
func (k *Kernel) mlockPage(cpu int, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if !p.Test(phys.FlagMlocked) {
		p.Set(phys.FlagMlocked)
		k.zoneOf(p).Stat[vmstat.NRMlock]++
		k.mlocked++
		k.count(vmstat.UnevictablePgsMlocked, 1)
	}
	if !p.Test(phys.FlagLRU) {
		return
	}
	if p.Test(phys.FlagUnevictable) {
		p.Prev++
		return
	}
	v := k.lruvecOf(p)
	v.Del(pfn)
	k.cull(p)
	v.Add(pfn)
	p.Prev = 1
}

// cull makes a page, which is on no list, one of the unevictable list.
func (k *Kernel) cull(p *phys.Page) {
	p.Clear(phys.FlagActive)
	p.Set(phys.FlagUnevictable)
	k.count(vmstat.UnevictablePgsCulled, 1)
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
	if p.TestClear(phys.FlagMlocked) {
		k.zoneOf(p).Stat[vmstat.NRMlock]--
		k.mlocked--
		k.count(vmstat.UnevictablePgsMunlocked, 1)
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

// addLocked puts a new page that is marked on the unevictable list, the others of a batch on theirs (lru_add_fn).
func (k *Kernel) addLocked(pages []phys.PFN) {
	for _, pfn := range pages {
		p := k.Mem.Page(pfn)
		v := k.lruvecOf(p)
		if !p.Test(phys.FlagMlocked) {
			v.Add(pfn)
			continue
		}
		k.cull(p)
		v.Add(pfn)
		p.Prev = 1
	}
}
