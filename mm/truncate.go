package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
)

// truncatePages takes the pages from an index on out of a file whatever they hold, waiting for those on their way to or from the device, and unmaps them
// first (truncate_inode_pages_range).
func (p *Process) truncatePages(i *inode, from uint64) {
	k, m := p.k, &i.mapping
	n := k.unmapMappingRange(p.cpu(), m, from, maxIndex+1, true)
	n += k.dropPages(p.cpu(), i, from)
	for {
		index, ok := m.tree.Next(from, maxIndex+1)
		if !ok {
			break
		}
		p.waitFlags(phys.PFN(m.tree.Page(index)), phys.FlagLocked|phys.FlagWriteback)
		n += k.dropPages(p.cpu(), i, from)
	}
	i.dropShadows(from)
	k.syncNodes(m)
	if fs, ok := i.fs.(*ext4); ok {
		fs.held -= i.delayed.Remove(from, maxIndex+1)
	}
	p.spend(engine.Time(n) * k.cost.UnmapPage)
}

// dropPages takes those pages from an index on out of a file that are on no way, and returns their number.
func (k *Kernel) dropPages(cpu int, i *inode, from uint64) int {
	m := &i.mapping
	n := 0
	for index, ok := m.tree.Next(from, maxIndex+1); ok; index, ok = m.tree.Next(index+1, maxIndex+1) {
		pfn := phys.PFN(m.tree.Page(index))
		page := k.Mem.Page(pfn)
		if page.Test(phys.FlagLocked | phys.FlagWriteback) {
			continue
		}
		if page.Mapcount > 0 {
			k.unmapObjectPage(cpu, pfn)
		}
		k.deleteFromPageCache(cpu, pfn)
		n++
	}
	return n
}

// deleteFromPageCache takes a page out of its file without a trace and frees it.
func (k *Kernel) deleteFromPageCache(cpu int, pfn phys.PFN) {
	if k.Mem.Page(pfn).Kind() == phys.KindShmem {
		k.dropShmemPage(pfn)
	} else {
		k.removeFromPageCache(pfn, 0)
	}
	k.lruForget(pfn)
	k.freePage(cpu, pfn)
}

// dropShadows forgets what was evicted from an index on.
func (i *inode) dropShadows(from uint64) {
	for i.tree.Values() > 0 {
		index, ok := i.tree.NextValue(from, maxIndex+1)
		if !ok {
			return
		}
		i.tree.Delete(index)
	}
}

// invalidateRange throws the pages of [from, end) out that nobody writes, clean ones only unless dirty; mapped ones are unmapped first, and those on their way
// waited for (invalidate_inode_pages2_range). It returns the number of pages.
func (p *Process) invalidateRange(i *inode, from, end uint64, dirty bool) (n int) {
	k, m := p.k, &i.mapping
	for index, ok := m.tree.Next(from, end); ok; index, ok = m.tree.Next(index+1, end) {
		pfn := phys.PFN(m.tree.Page(index))
		p.waitFlags(pfn, phys.FlagLocked|phys.FlagWriteback)
		if phys.PFN(m.tree.Page(index)) != pfn {
			continue
		}
		if k.Mem.Page(pfn).Mapcount > 0 {
			k.unmapObjectPage(p.cpu(), pfn)
		}
		if dirty || !k.Mem.Page(pfn).Test(phys.FlagDirty) {
			k.deleteFromPageCache(p.cpu(), pfn)
			n++
		}
	}
	return n
}
