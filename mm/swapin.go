package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// maxReadahead is the largest window of swap readahead in pages (1 << vm.page-cluster bounds it further).
const maxReadahead = 8

// swapIn resolves a fault on a swap entry: from the swap cache, or from the device with readahead (do_swap_page).
func (p *Process) swapIn(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64, e swap.Entry, write bool) faultResult {
	k := p.k
	major := false
	pfn := phys.PFN(k.swap.Cached(e))
	direct := false
	switch {
	case pfn != 0:
		p.noteReadaheadHit(pfn, addr)
	case k.synchronous(e) && k.swap.Count(e) == 1:
		if pfn = p.readSynchronous(e); pfn == 0 {
			return faultOOM
		}
		major, direct = true, true
		k.count(vmstat.PgMajfault, 1)
	default:
		if pfn = p.swapinReadahead(v, l, i, addr, e); pfn == 0 {
			if l.PTE[i] != uint32(e) {
				return faultRetry
			}
			return faultOOM
		}
		major = true
		k.count(vmstat.PgMajfault, 1)
	}
	if k.Mem.Page(pfn).Test(phys.FlagLocked) {
		p.waitPage(pfn)
		if !major { // another's read: the fault is taken again, and counts as major
			return faultRetry
		}
	}
	if l.PTE[i] != uint32(e) || !direct && phys.PFN(k.swap.Cached(e)) != pfn {
		if direct {
			k.freeAnon(p.cpu(), pfn)
		}
		return faultRetry
	}
	k.mapSwapped(v, l, i, addr, e, pfn, p.cpu(), write, direct)
	p.spend(k.cost.SwapInFault)
	if write && !addrspace.Test(&l.Writable, i) {
		if r := p.writeProtected(v, l, i, addr); r != faultDone {
			return r
		}
	}
	if major {
		return faultMajor
	}
	return faultDone
}

// mapSwapped puts a page that was read in, or found in the swap cache, in place of its swap entry (the second half of do_swap_page).
func (k *Kernel) mapSwapped(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64, e swap.Entry, pfn phys.PFN, cpu int, write, direct bool) {
	page := k.Mem.Page(pfn)
	if write && !direct && !page.Test(phys.FlagLRU) {
		k.lruAddDrain(cpu)
	}
	k.swap.Put(cpu, e)
	// The slot is given up while swap is tight, and when a sole user writes: its copy will be stale.
	if !direct && (k.swap.Full() || v.Flags&addrspace.VMLocked != 0 || write && page.Mapcount == 0 && !k.inAddBatch(pfn)) {
		k.tryToFreeSwap(cpu, pfn)
	}
	v.Space.RSS[addrspace.RSSSwap]--
	v.Space.RSS[addrspace.RSSAnon]++
	exclusive := e.Exclusive() || k.refs(pfn) == 0
	if page.Mapcount == 0 {
		k.zoneOf(page).Node.Stat[vmstat.NRAnonPages]++
		if exclusive {
			k.anons.Prepare(v)
			page.Mapping, page.Index = v.AnonVMA.ID, uint32(v.Index(addr))
		} else {
			page.Mapping, page.Index = rootOf(v).ID, uint32(v.Index(addr))
		}
	}
	page.Mapcount++
	if exclusive {
		page.Set(phys.FlagExclusive)
	}
	l.Map(i, uint32(pfn), write && exclusive)
	if lockedVMA(v) {
		k.mlockPage(cpu, pfn)
	}
}

// rootOf is the AnonVMA through which every VMA that could share the page is found: the oldest that this one is linked to
// (__page_set_anon_rmap, anon_vma->root).
func rootOf(v *addrspace.VMA) *addrspace.AnonVMA { return v.OldestAnonVMA() }

// readSynchronous reads a page from a device that answers at once, past the swap cache.
func (p *Process) readSynchronous(e swap.Entry) phys.PFN {
	k := p.k
	pfn := p.allocPage(gfpCopy)
	if pfn == 0 {
		return 0
	}
	page := k.Mem.Page(pfn)
	page.SetKind(phys.KindAnon)
	page.SetFlags(phys.FlagSwapbacked | phys.FlagLocked) // nobody maps it yet: reclaim must not take it
	k.refault(page, k.swap.Shadow(e))
	k.lruAdd(p.cpu(), pfn)
	k.count(vmstat.Pswpin, 1) // and no pgpgin: a page goes to such a device without a request (bdev_read_page)
	p.spend(transferTime(k.device(e)))
	page.Clear(phys.FlagLocked)
	return pfn
}

// readSwap starts the read of a swap entry's page into a new page of the swap cache, locked until it is there (__read_swap_cache_async).
// 0: no memory, or somebody else was faster.
func (p *Process) readSwap(e swap.Entry, readahead bool) phys.PFN {
	k := p.k
	gfp := gfpCopy
	pfn := p.allocPage(gfp)
	if pfn == 0 {
		return 0
	}
	if k.swap.Count(e) == 0 || k.swap.Cached(e) != 0 {
		k.Mem.FreePage(p.cpu(), pfn)
		return 0
	}
	page := k.Mem.Page(pfn)
	page.SetKind(phys.KindAnon)
	page.SetFlags(phys.FlagSwapbacked | phys.FlagLocked)
	k.refault(page, k.swapCacheAdd(e, pfn))
	if readahead {
		page.Set(phys.FlagReadahead)
		k.count(vmstat.SwapRa, 1)
	}
	k.lruAdd(p.cpu(), pfn)
	k.count(vmstat.Pswpin, 1)
	if k.synchronous(e) {
		p.spend(transferTime(k.device(e)))
		k.endSwapRead(pfn)
	} else {
		k.count(vmstat.PgPgin, 4)
		k.plugIO(p.cpu(), e, pfn, false)
	}
	return pfn
}

// noteReadaheadHit counts the first use of a page that was read ahead (lookup_swap_cache).
func (p *Process) noteReadaheadHit(pfn phys.PFN, addr uint64) {
	if p.k.Mem.Page(pfn).TestClear(phys.FlagReadahead) {
		p.k.count(vmstat.SwapRaHit, 1)
		p.raHits = min(p.raHits+1, maxReadahead)
	}
	p.lastFault = addr
}

// swapinReadahead reads the page of an entry and, depending on how well that went lately, its neighbours in the VMA that are swapped out,
// within one page table (swap_vma_readahead). It returns the page asked for.
func (p *Process) swapinReadahead(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64, e swap.Entry) phys.PFN {
	k := p.k
	window := p.readaheadWindow(addr)
	if window > 1 {
		first, last := readaheadRange(v, addr, p.lastFault, window)
		base := addr &^ (1<<addrspace.LeafShift - 1)
		for a := first; a < last; a += addrspace.PageSize {
			j := addrspace.Slot(a)
			f := swap.Entry(l.PTE[j])
			if a&^(1<<addrspace.LeafShift-1) != base || f == 0 || addrspace.Test(&l.Present, j) || k.swap.Cached(f) != 0 {
				continue
			}
			p.readSwap(f, a != addr)
		}
		k.unplug()
	}
	p.lastFault = addr
	if l.PTE[i] != uint32(e) {
		return 0
	}
	if pfn := k.swap.Cached(e); pfn != 0 {
		return phys.PFN(pfn)
	}
	pfn := p.readSwap(e, false)
	k.unplug()
	return pfn
}

// readaheadWindow is the number of pages to read around a fault of the process (swap_vma_ra_win).
func (p *Process) readaheadWindow(addr uint64) uint64 {
	limit := uint32(1) << min(p.k.sysctl.pageCluster, 3)
	if limit <= 1 {
		return 1
	}
	next := addr == p.lastFault+addrspace.PageSize || addr == p.lastFault-addrspace.PageSize
	p.raWindow = swapinWindow(p.raHits, next, limit, p.raWindow)
	p.raHits = 0
	return uint64(p.raWindow)
}

// swapinWindow is the number of pages to read: a power of two above the hits since the last time, one page when there were none unless this fault is
// next to the last, never more than limit, and never less than half of the last window (__swapin_nr_pages).
func swapinWindow(hits uint32, next bool, limit, last uint32) uint32 {
	n := uint32(1)
	switch {
	case hits > 0:
		for n = 4; n < hits+2; {
			n <<= 1
		}
	case next:
		n = 2
	}
	return max(min(n, limit), last/2)
}

// readaheadRange is the window around a fault: ahead of it in the direction of the last two faults, else around it (swap_vma_ra_init).
func readaheadRange(v *addrspace.VMA, addr, last, window uint64) (from, to uint64) {
	const page = addrspace.PageSize
	addr &^= page - 1
	last &^= page - 1
	left := (window - 1) / 2
	switch addr {
	case last + page:
		left = 0
	case last - page:
		left = window - 1
	}
	base := addr &^ (1<<addrspace.LeafShift - 1)
	from = max(v.Start, base)
	if left*page < addr-from {
		from = addr - left*page
	}
	to = min(addr+(window-left)*page, v.End, base+1<<addrspace.LeafShift)
	return from, to
}
