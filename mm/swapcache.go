package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// allocSwap gives the page that reclaim is at a slot and the swap cache the nodes for it (folio_alloc_swap, add_to_swap_cache). 0: swap is full, or
// there is no memory for the nodes.
func (k *Kernel) allocSwap(t *task) swap.Entry {
	cpu := t.cpu()
	e := k.swap.Alloc(cpu)
	if e != 0 && !t.reserveSwapCache(e, gfpAddToSwap) {
		k.swap.Release(cpu, e)
		return 0
	}
	return e
}

// addToSwap gives a page a slot and puts it into the swap cache, dirty (add_to_swap). False: there is no slot, or no memory.
func (k *Kernel) addToSwap(t *task, pfn phys.PFN) bool {
	e := k.allocSwap(t)
	if e == 0 {
		return false
	}
	k.swapCacheAdd(e, pfn)
	k.Mem.Page(pfn).Set(phys.FlagDirty)
	return true
}

// swapCacheAdd puts a page into the swap cache and returns the shadow that its last eviction left.
func (k *Kernel) swapCacheAdd(e swap.Entry, pfn phys.PFN) (shadow uint64) {
	p := k.Mem.Page(pfn)
	p.Set(phys.FlagSwapCache)
	k.Mem.SetPrivate(pfn, uint32(e.Slot()))
	st := &k.zoneOf(p).Node.Stat
	st[vmstat.NRSwapcached]++
	st[vmstat.NRFilePages]++
	return k.swap.CacheAdd(e.Slot(), uint32(pfn))
}

// swapCacheDelete takes a page out of the swap cache, leaving a shadow if it is not 0.
func (k *Kernel) swapCacheDelete(cpu int, pfn phys.PFN, shadow uint64) {
	p := k.Mem.Page(pfn)
	k.swap.CacheDelete(cpu, swap.Entry(k.Mem.Private(pfn)), shadow)
	k.Mem.SetPrivate(pfn, 0)
	p.Clear(phys.FlagSwapCache)
	st := &k.zoneOf(p).Node.Stat
	st[vmstat.NRSwapcached]--
	st[vmstat.NRFilePages]--
}

// tryToFreeSwap gives a cached page's slot up if no page table names it and the page is not under way, and makes the page dirty since its
// copy is gone (folio_free_swap).
func (k *Kernel) tryToFreeSwap(cpu int, pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	if !p.Test(phys.FlagSwapCache) || p.Test(phys.FlagWriteback|phys.FlagLocked) || k.swap.Count(swap.Entry(k.Mem.Private(pfn))) > 0 {
		return false
	}
	k.swapCacheDelete(cpu, pfn, 0)
	p.Set(phys.FlagDirty)
	return true
}

// putSwap drops a page table's reference to a slot. When it was the last one, a page in the swap cache that nobody maps goes too
// (free_swap_and_cache).
func (k *Kernel) putSwap(cpu int, e swap.Entry) {
	frame := k.swap.Cached(e)
	if k.swap.Put(cpu, e) > 0 || frame == 0 {
		return
	}
	k.freeSwapCache(cpu, phys.PFN(frame))
}

// swapCached tells whether the page of a swap entry is in memory.
func (k *Kernel) swapCached(pte uint32) bool { return k.swap.Cached(swap.Entry(pte)) != 0 }

// device is the device of an area; nil: the area is in memory (zram) and is read and written by the CPU.
func (k *Kernel) device(e swap.Entry) *engine.Device { return k.devs[e.Area()] }

// synchronous tells whether an area's pages come and go at once (SWP_SYNCHRONOUS_IO).
func (k *Kernel) synchronous(e swap.Entry) bool { return k.swap.Areas[e.Area()].Device == "zram" }

// unmapCost is the time that it takes to unmap a page and hand it to what will keep it.
func (k *Kernel) unmapCost(p *phys.Page, pfn phys.PFN) engine.Time {
	if p.Test(phys.FlagSwapCache) && k.synchronous(swap.Entry(k.Mem.Private(pfn))) {
		return k.cost.CompressPage
	}
	return k.cost.SwapOutPage
}

// writeSwap starts the write of a swap-cache page (swap_writepage). It returns false if the page is written already, as on zram.
func (k *Kernel) writeSwap(t *task, pfn phys.PFN) (underWay bool) {
	p := k.Mem.Page(pfn)
	e := swap.Entry(k.Mem.Private(pfn))
	k.count(vmstat.Pswpout, 1)
	z := k.zoneOf(p)
	p.Clear(phys.FlagDirty)
	if k.synchronous(e) {
		k.zramWrite(t, e)
		z.Node.Stat[vmstat.NRWritten]++
		return false
	}
	k.count(vmstat.PgPgout, 4)
	p.Set(phys.FlagWriteback)
	z.Node.Stat[vmstat.NRWriteback]++
	z.Stat[vmstat.NRZoneWritePending]++
	t.submitSwap(e, pfn, true)
	return true
}

// endSwapWrite is the end of a write: the page is clean, and if reclaim waits for it, next to be taken (end_swap_bio_write,
// folio_end_writeback). isolated tells that reclaim still has it off its list, where it cannot be moved.
func (k *Kernel) endSwapWrite(cpu int, pfn phys.PFN, isolated bool) {
	p := k.Mem.Page(pfn)
	z := k.zoneOf(p)
	p.Clear(phys.FlagWriteback)
	z.Node.Stat[vmstat.NRWriteback]--
	z.Stat[vmstat.NRZoneWritePending]--
	z.Node.Stat[vmstat.NRWritten]++
	if p.TestClear(phys.FlagReclaim) && !isolated {
		k.lruRotate(cpu, pfn)
	}
	k.pageWaits.wake(pfn)
	k.accountWritten(z.Node)
}

// endSwapRead is the end of a read: the page can be mapped (end_swap_bio_read).
func (k *Kernel) endSwapRead(pfn phys.PFN) {
	k.Mem.Page(pfn).Clear(phys.FlagLocked)
	k.pageWaits.wake(pfn)
}

// waitPage blocks until a page that is being read is there.
func (t *task) waitPage(pfn phys.PFN) { t.waitFlags(pfn, phys.FlagLocked) }

// transferTime is how long the CPU takes for a page of a device that it reads and writes itself.
func transferTime(d *engine.Device) engine.Time {
	bps := d.Config().BytesPerSec
	if bps <= 0 {
		return 0
	}
	return engine.Time(4096 * int64(engine.Second) / bps)
}
