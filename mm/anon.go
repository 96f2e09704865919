package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// gfpAnon is what a fault on anonymous memory asks with (vma_alloc_zeroed_movable_folio); a copy needs no clearing.
const (
	gfpAnon = phys.GFPHighuserMovable | phys.GFPComp | phys.GFPZero
	gfpCopy = phys.GFPHighuserMovable | phys.GFPComp
)

// newAnon makes a page that was just allocated an anonymous page of a VMA, exclusive to it and mapped once (folio_add_new_anon_rmap,
// folio_add_lru_vma). Its page-table entry is the caller's to set.
func (k *Kernel) newAnon(cpu int, pfn phys.PFN, v *addrspace.VMA, addr uint64) {
	as := k.anonRow(v, addr)
	k.Mem.Page(pfn).Become(&as)
	k.newAnonRun(cpu, []phys.PFN{pfn}, v)
	if lockedVMA(v) {
		k.mlockPage(pfn)
	}
}

// anonRow is what the row of a new anonymous page of a VMA becomes that is mapped at an address only.
func (k *Kernel) anonRow(v *addrspace.VMA, addr uint64) phys.Page {
	flags := phys.FlagSwapbacked | phys.FlagExclusive
	if k.lruGen != nil && inFault(v) {
		flags |= phys.FlagActive
	}
	as := phys.Page{Mapping: v.AnonVMA.ID, Index: uint32(v.Index(addr)), Mapcount: 1}
	as.Begin(phys.KindAnon, flags)
	return as
}

// newAnonRun is newAnon for pages of one zone whose rows are those of the VMA's pages already, but for locking them in memory.
func (k *Kernel) newAnonRun(cpu int, pages []phys.PFN, v *addrspace.VMA) {
	k.zoneOf(k.Mem.Page(pages[0])).Node.Stat[vmstat.NRAnonPages] += int64(len(pages))
	v.Space.RSS[addrspace.RSSAnon] += int64(len(pages))
	k.lruAddPages(cpu, pages)
}

// unmapPage takes the mapping of a page in a VMA away, whose entry is none already, and frees what only it held.
func (k *Kernel) unmapPage(cpu int, v *addrspace.VMA, pfn phys.PFN) {
	if lockedVMA(v) {
		k.munlockPage(pfn)
	}
	p := k.Mem.Page(pfn)
	if p.Kind() == phys.KindAnon {
		v.Space.RSS[addrspace.RSSAnon]--
		k.dropMapping(cpu, pfn)
		return
	}
	k.removeFileRmap(v, p)
}

// addFileRmap counts one more mapping of an object's page, in a VMA (page_add_file_rmap).
func (k *Kernel) addFileRmap(v *addrspace.VMA, p *phys.Page) {
	if p.Mapcount++; p.Mapcount == 1 {
		k.zoneOf(p).Node.Stat[vmstat.NRMapped]++
	}
	v.Space.RSS[rssOf(p)]++
}

// removeFileRmap takes the mapping of an object's page in a VMA away (page_remove_rmap).
func (k *Kernel) removeFileRmap(v *addrspace.VMA, p *phys.Page) {
	v.Space.RSS[rssOf(p)]--
	if p.Mapcount--; p.Mapcount == 0 {
		k.zoneOf(p).Node.Stat[vmstat.NRMapped]--
	}
}

// dropMapping takes one mapping off an anonymous page and frees the page with the last one unless the swap cache or a write to the swap
// device still holds it (page_remove_rmap, free_page_and_swap_cache).
func (k *Kernel) dropMapping(cpu int, pfn phys.PFN) {
	if !k.removeAnonRmap(pfn) {
		return
	}
	if k.Mem.Page(pfn).Test(phys.FlagSwapCache) {
		k.freeSwapCache(cpu, pfn)
		return
	}
	k.freeAnon(cpu, pfn)
}

// removeAnonRmap takes one mapping off an anonymous page and tells whether it was the last (page_remove_rmap).
func (k *Kernel) removeAnonRmap(pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	if p.Mapcount--; p.Mapcount > 0 {
		return false
	}
	k.zoneOf(p).Node.Stat[vmstat.NRAnonPages]--
	return true
}

// freeAnon gives an anonymous page back that nothing refers to.
func (k *Kernel) freeAnon(cpu int, pfn phys.PFN) {
	k.lruForget(pfn)
	k.freePage(cpu, pfn)
}

// freeSwapCache frees the page of a swap-cache entry that no page table refers to, neither mapped nor as a swap entry; while it is being
// read or written it stays, for reclaim to find (free_swap_cache, try_to_free_swap).
func (k *Kernel) freeSwapCache(cpu int, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if p.Mapcount == 0 && k.tryToFreeSwap(cpu, pfn) {
		k.freeAnon(cpu, pfn)
	}
}

// refs is the page's reference count without the caller's: its mappings, the swap cache, a batch or a reclaimer (folio_ref_count).
func (k *Kernel) refs(pfn phys.PFN) int {
	p := k.Mem.Page(pfn)
	n := int(p.Mapcount)
	if p.Test(phys.FlagSwapCache) {
		n++
	}
	if k.inBatch(pfn) {
		n++
	}
	return n
}
