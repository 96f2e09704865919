package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// shmemPage is the page of an object at an index for a fault, in memory (shmem_fault). Page 0: what to do instead says the result.
func (p *Process) shmemPage(o *shmem, index uint64) (phys.PFN, faultResult) {
	for {
		pfn, r, err := p.shmemGetPage(o, index, sgpCache, true)
		p.pay()
		switch {
		case err == ENOMEM:
			return 0, faultOOM
		case err != 0: // beyond its end, or nothing more can be charged
			return 0, faultSigbus
		}
		if e, swapped := o.at(index); !swapped && phys.PFN(e) == pfn {
			return pfn, r
		}
	}
}

// shmemSwapIn brings a page of an object back from swap; it leaves the swap cache and is dirty then (shmem_swapin_folio).
// Only a fault counts as major. The time that it takes is the caller's to spend (pay).
func (t *task) shmemSwapIn(o *shmem, index uint64, e swap.Entry, fault bool) (phys.PFN, faultResult) {
	k := t.k
	r := faultDone
	pfn := phys.PFN(k.swap.Cached(e))
	if pfn != 0 {
		k.noteReadaheadHit(nil, pfn, 0)
	} else {
		r = faultMajor
		if fault {
			k.count(vmstat.PgMajfault, 1)
		}
		if pfn = t.swapinCluster(e); pfn == 0 {
			if now, swapped := o.at(index); !swapped || now != uint32(e) {
				return 0, faultRetry
			}
			return 0, faultOOM
		}
	}
	t.waitFlags(pfn, phys.FlagLocked|phys.FlagWriteback)
	if now, swapped := o.at(index); !swapped || now != uint32(e) || phys.PFN(k.swap.Cached(e)) != pfn {
		return 0, faultRetry
	}
	k.swapCacheDelete(t.cpu(), pfn, 0)
	k.swap.Put(t.cpu(), e)
	o.swapped--
	k.addShmemPage(o, index, pfn)
	k.recalcInode(t.cpu(), o)
	k.Mem.Page(pfn).Set(phys.FlagDirty)
	t.owes += k.cost.SwapInFault
	return pfn, r
}

// clusterState is what readahead by slots remembers, for the whole machine (swapin_readahead_hits, prev_offset, last_readahead_pages).
type clusterState struct {
	hits, last uint32
	prev       int
}

// firstHits are the hits that the first readahead assumes (swapin_readahead_hits).
const firstHits = 4

// swapinCluster reads the aligned group of slots around an entry that the latest hits call for, and returns the entry's page
// (swap_cluster_readahead). 0: no memory, or the slot is not used any more.
func (t *task) swapinCluster(e swap.Entry) phys.PFN {
	k := t.k
	if n := k.clusterWindow(e.Offset()); n > 1 {
		first := e.Offset() &^ (n - 1)
		area := k.swap.Areas[e.Area()]
		plugged := t.startPlug()
		for o := max(first, 1); o <= min(first|(n-1), area.Slots); o++ {
			f := area.Entry(o)
			if k.swap.Count(f) > 0 && k.swap.Cached(f) == 0 {
				t.readSwap(f, f != e.Slot())
			}
		}
		t.spendReads()
		t.finishPlug(plugged)
		t.waitBios()
		k.lruAddDrain(t.cpu())
	}
	return t.readSwapAsked(e)
}

// clusterWindow is the number of slots to read, a power of two (swapin_nr_pages).
func (k *Kernel) clusterWindow(offset int) int {
	c := &k.cluster
	limit := uint32(1) << min(k.sysctl.pageCluster, 16)
	if limit <= 1 {
		return 1
	}
	hits := c.hits
	c.hits = 0
	n := swapinWindow(hits, offset == c.prev+1 || offset == c.prev-1, limit, c.last)
	if hits == 0 {
		c.prev = offset
	}
	c.last = n
	return int(n)
}
