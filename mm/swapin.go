package mm

import (
	"mmsim/engine"
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
		k.noteReadaheadHit(v, pfn, addr)
	case k.synchronous(e) && k.swap.Count(e) == 1:
		if pfn = p.readSynchronous(e); pfn == 0 {
			if !holdsSwap(l, i, e) {
				return faultRetry
			}
			return faultOOM
		}
		major, direct = true, true
		k.count(vmstat.PgMajfault, 1)
	default:
		if pfn = p.swapinReadahead(v, l, addr, e); pfn == 0 {
			if !holdsSwap(l, i, e) {
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
	if !holdsSwap(l, i, e) || !direct && phys.PFN(k.swap.Cached(e)) != pfn {
		if direct {
			k.freeAnon(p.cpu(), pfn)
		}
		return faultRetry
	}
	k.mapSwapped(v, l, i, addr, e, pfn, p.cpu(), write, direct)
	p.spend(k.cost.SwapInFault)
	if !addrspace.Test(&l.Present, i) { // reclaimed again meanwhile
		return faultRetry
	}
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
	if !direct && (k.swap.Full() || v.Flags&addrspace.VMLocked != 0 || write && page.Mapcount == 0 && !k.inBatch(pfn)) {
		k.tryToFreeSwap(cpu, pfn)
	}
	v.Space.RSS[addrspace.RSSSwap]--
	v.Space.RSS[addrspace.RSSAnon]++
	exclusive := e.Exclusive() || k.refs(pfn) == 0
	k.addAnonRmap(v, addr, pfn, exclusive)
	l.Map(i, uint32(pfn), write && exclusive)
	if lockedVMA(v) {
		k.mlockPage(pfn)
	}
}

// rootOf is the AnonVMA through which every VMA that could share the page is found: the oldest that this one is linked to
// (__page_set_anon_rmap, anon_vma->root).
func rootOf(v *addrspace.VMA) *addrspace.AnonVMA { return v.OldestAnonVMA() }

// readSynchronous reads a page from a device that answers at once, past the swap cache. 0: no memory, or the slot is not used any more.
func (p *Process) readSynchronous(e swap.Entry) phys.PFN {
	k := p.k
	pfn := p.allocPage(gfpCopy)
	if pfn == 0 {
		return 0
	}
	if k.swap.Count(e) == 0 { // somebody else has brought it back
		k.Mem.FreePage(p.cpu(), pfn)
		return 0
	}
	page := k.Mem.Page(pfn)
	page.SetKind(phys.KindAnon)
	page.SetFlags(phys.FlagSwapbacked | phys.FlagLocked) // nobody maps it yet: reclaim must not take it
	p.refault(pfn, k.swap.Shadow(e))
	p.lruAdd(pfn)
	k.count(vmstat.Pswpin, 1) // and no pgpgin: a page goes to such a device without a request (bdev_read_page)
	p.transferStalled(page, k.device(e))
	page.Clear(phys.FlagLocked)
	return pfn
}

// transferStalled spends the time of reading a page from a device that answers at once; it is a stall if the page was in use when it was evicted
// (swap_readpage).
func (t *task) transferStalled(page *phys.Page, d *engine.Device) {
	if page.Test(phys.FlagWorkingset) {
		defer t.endMemstall(t.memstall())
	}
	t.spend(transferTime(d))
}

// readSwap starts the read of a swap entry's page into a new page of the swap cache, locked until it is there (__read_swap_cache_async).
// 0: no memory, or somebody else was faster.
func (t *task) readSwap(e swap.Entry, readahead bool) phys.PFN {
	k := t.k
	pfn := t.allocPage(gfpCopy)
	if pfn == 0 {
		return 0
	}
	if !k.swap.Pin(e) {
		k.Mem.FreePage(t.cpu(), pfn)
		return 0
	}
	reserved := t.reserveSwapCache(e, gfpCopy&gfpReclaimMask)
	k.swap.Unpin(e)
	if !reserved || k.swap.Count(e) == 0 || k.swap.Cached(e) != 0 {
		if reserved {
			k.swap.CacheCancel(e.Slot())
		}
		k.Mem.FreePage(t.cpu(), pfn)
		return 0
	}
	page := k.Mem.Page(pfn)
	page.SetKind(phys.KindAnon)
	page.SetFlags(phys.FlagSwapbacked | phys.FlagLocked)
	t.refault(pfn, k.swapCacheAdd(e, pfn))
	if readahead {
		page.Set(phys.FlagReadahead)
		k.count(vmstat.SwapRa, 1)
	}
	t.lruAdd(pfn)
	k.count(vmstat.Pswpin, 1)
	if k.synchronous(e) {
		t.transferStalled(page, k.device(e))
		k.endSwapRead(pfn)
	} else {
		k.count(vmstat.PgPgin, 4)
		t.submitSwap(e, pfn, false)
	}
	return pfn
}

// noteReadaheadHit counts the first use of a page that was read ahead, and remembers where a VMA was used (swap_cache_get_folio). v is nil for a page
// that no VMA asks for.
func (k *Kernel) noteReadaheadHit(v *addrspace.VMA, pfn phys.PFN, addr uint64) {
	hit := k.Mem.Page(pfn).TestClear(phys.FlagReadahead)
	if hit {
		k.count(vmstat.SwapRaHit, 1)
	}
	if v == nil || k.swap.Rotational() {
		if hit {
			k.cluster.hits++
		}
		return
	}
	ra := readaheadOf(v)
	if hit {
		ra.Hits = min(ra.Hits+1, maxReadaheadHits)
	}
	ra.Last = addr &^ (addrspace.PageSize - 1)
}

// maxReadaheadHits is the most that a VMA remembers (SWAP_RA_HITS_MAX).
const maxReadaheadHits = 63

// readaheadOf is what a VMA remembers. Before its first fault it is taken to have had some hits (GET_SWAP_RA_VAL).
func readaheadOf(v *addrspace.VMA) *addrspace.Readahead {
	if v.Swapin == (addrspace.Readahead{}) {
		v.Swapin.Hits = firstHits
	}
	return &v.Swapin
}

// swapinReadahead reads the page of an entry of a VMA with what is likely to be wanted next: neighbours in the VMA, or, as soon as one area is on a device
// that turns, neighbours on the device (swapin_readahead). It returns the page asked for; 0: no memory, or the slot is not used any more.
func (t *task) swapinReadahead(v *addrspace.VMA, l *addrspace.Leaf, addr uint64, e swap.Entry) phys.PFN {
	if t.k.swap.Rotational() {
		return t.swapinCluster(e)
	}
	return t.swapinVMA(v, l, addr, e)
}

// swapinVMA reads the page of an entry and, depending on how well that went lately, its neighbours in the VMA that are swapped out, within one page
// table (swap_vma_readahead). The entries are copied first, since the page table may go while pages are allocated.
func (t *task) swapinVMA(v *addrspace.VMA, l *addrspace.Leaf, addr uint64, e swap.Entry) phys.PFN {
	k := t.k
	addr &^= addrspace.PageSize - 1
	window, last := k.readaheadWindow(v, addr)
	if window > 1 {
		first, end := readaheadRange(v, addr, last, window)
		var entries [maxReadahead]swap.Entry
		n := 0
		for a := first; a < end; a += addrspace.PageSize {
			if j := addrspace.Slot(a); !addrspace.Test(&l.Present, j) {
				entries[n] = swap.Entry(l.PTE[j])
			}
			n++
		}
		plugged := t.startPlug()
		for i, f := range entries[:n] {
			if f != 0 && k.swap.Cached(f) == 0 {
				t.readSwap(f, first+uint64(i)*addrspace.PageSize != addr)
			}
		}
		t.spendReads()
		t.finishPlug(plugged)
		t.waitBios()
		k.lruAddDrain(t.cpu())
	}
	return t.readSwapAsked(e)
}

// readSwapAsked is the page of an entry, read if it is not in the swap cache (read_swap_cache_async). 0: no memory, or the slot is not used any more.
func (t *task) readSwapAsked(e swap.Entry) phys.PFN {
	k := t.k
	if pfn := k.swap.Cached(e); pfn != 0 {
		return phys.PFN(pfn)
	}
	if k.swap.Count(e) == 0 {
		return 0
	}
	plugged := t.startPlug()
	pfn := t.readSwap(e, false)
	t.spendReads()
	t.finishUnplugged(plugged)
	t.waitBios()
	if pfn == 0 { // no memory, or another has read it meanwhile
		pfn = phys.PFN(k.swap.Cached(e))
	}
	return pfn
}

// readaheadWindow is the number of pages to read around a fault at a page of a VMA, and the address of the fault before (swap_ra_info).
func (k *Kernel) readaheadWindow(v *addrspace.VMA, addr uint64) (window, last uint64) {
	limit := uint32(1) << min(k.sysctl.pageCluster, 3)
	if limit <= 1 {
		return 1, 0
	}
	ra := readaheadOf(v)
	last = ra.Last
	next := addr == last+addrspace.PageSize || addr == last-addrspace.PageSize
	*ra = addrspace.Readahead{Last: addr, Window: swapinWindow(ra.Hits, next, limit, ra.Window)}
	return uint64(ra.Window), last
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
