package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// genericFadvise is posix_fadvise of a file on a device (generic_fadvise).
func (p *Process) genericFadvise(f *file, off, n uint64, advice Fadvice) Errno {
	k, i := p.k, f.inode
	end := off + n
	if n == 0 || end < off {
		end = (maxIndex + 1) << addrspace.PageShift
	}
	switch advice {
	case FadvNormal:
		f.ra.pages, f.random = raPages, false
	case FadvRandom:
		f.random = true
	case FadvSequential:
		f.ra.pages, f.random = 2*raPages, false
	case FadvWillneed:
		from := off >> addrspace.PageShift
		p.forceReadahead(&i.mapping, &f.ra, from, (end-1)>>addrspace.PageShift-from+1)
	case FadvDontneed:
		p.startWrite(i, off>>addrspace.PageShift, (end-1)>>addrspace.PageShift+1, false)
		from := addrspace.PageAlign(off) >> addrspace.PageShift
		stop := end >> addrspace.PageShift // a page that is only partly in the range stays, unless it is the file's last
		if end >= i.size {
			stop = max(stop, i.filePages())
		}
		if stop <= from {
			return 0
		}
		k.lruAddDrain(p.cpu())
		count, failed := k.invalidatePages(p.cpu(), &i.mapping, from, stop)
		if failed > 0 {
			k.lruAddDrainAll()
			more, _ := k.invalidatePages(p.cpu(), &i.mapping, from, stop)
			count += more
		}
		p.spend(engine.Time(count) * k.cost.File.InvalidatePage)
	case FadvNoreuse:
	}
	return 0
}

// lruAddDrainAll moves what every CPU has collected (lru_add_drain_all).
func (k *Kernel) lruAddDrainAll() {
	for cpu := range k.batches {
		k.lruAddDrain(cpu)
	}
}

// invalidatePages throws the pages of [from, end) out that are clean, unmapped and of no use to anybody else, and moves the others to where reclaim looks
// first (invalidate_mapping_pagevec). It returns how many went, and how many stayed because they wait in a batch.
func (k *Kernel) invalidatePages(cpu int, m *mapping, from, end uint64) (gone, batched int) {
	for index, ok := m.tree.Next(from, end); ok; index, ok = m.tree.Next(index+1, end) {
		pfn := phys.PFN(m.tree.Page(index))
		page := k.Mem.Page(pfn)
		switch {
		case page.Test(phys.FlagLocked):
			continue
		case page.Test(phys.FlagDirty|phys.FlagWriteback) || page.Mapcount > 0 || k.pinned(m, index):
		case !page.Test(phys.FlagLRU) || page.Test(phys.FlagBatched):
			batched++
		default:
			k.deleteFromPageCache(cpu, pfn)
			gone++
			continue
		}
		k.deactivateFilePage(cpu, pfn)
	}
	return gone, batched
}

// deactivateFilePage queues a page that could not be thrown out for the place where reclaim finds it soon (deactivate_file_folio).
func (k *Kernel) deactivateFilePage(cpu int, pfn phys.PFN) {
	if !k.Mem.Page(pfn).Test(phys.FlagUnevictable) {
		k.queueMove(cpu, pfn, &k.batches[cpu].deactivateFile)
	}
}

// moveFileInactive moves a page to the tail of the inactive list, or to its head and marked for reclaim if it must be written first
// (lru_deactivate_file_fn).
func (k *Kernel) moveFileInactive(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if !p.Test(phys.FlagLRU) || p.Test(phys.FlagUnevictable) || p.Mapcount > 0 {
		return
	}
	v := k.lruvecOf(p)
	active := p.Test(phys.FlagActive)
	v.Del(pfn)
	p.Clear(phys.FlagActive | phys.FlagReferenced)
	if p.Test(phys.FlagDirty | phys.FlagWriteback) {
		v.Add(pfn)
		p.Set(phys.FlagReclaim)
	} else {
		v.AddTail(pfn)
		k.count(vmstat.PgRotated, 1)
	}
	if active {
		k.count(vmstat.PgDeactivate, 1)
	}
}
