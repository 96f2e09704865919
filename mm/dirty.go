package mm

import (
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// setFileDirty notes that a page of a file differs from the device, and tells whether it did not so far (filemap_dirty_folio,
// folio_account_dirtied, __mark_inode_dirty).
func (k *Kernel) setFileDirty(i *inode, pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	if p.Test(phys.FlagDirty) {
		return false
	}
	p.Set(phys.FlagDirty)
	i.tree.SetTag(uint64(p.Index), pagecache.Dirty)
	z := k.zoneOf(p)
	z.Node.Stat[vmstat.NRDirty]++
	z.Node.Stat[vmstat.NRDirtied]++
	z.Stat[vmstat.NRZoneWritePending]++
	k.inodeDirty(i)
	return true
}

// cancelDirty forgets that a page is dirty: it goes with its data (folio_account_cleaned).
func (k *Kernel) cancelDirty(m *mapping, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	p.Clear(phys.FlagDirty)
	m.tree.ClearTag(uint64(p.Index), pagecache.Dirty)
	k.countClean(p)
}

func (k *Kernel) countClean(p *phys.Page) {
	z := k.zoneOf(p)
	z.Node.Stat[vmstat.NRDirty]--
	z.Stat[vmstat.NRZoneWritePending]--
}

// startWriteback marks a dirty page as clean and on its way to the device (folio_clear_dirty_for_io, folio_start_writeback). The request is the
// caller's to make.
func (k *Kernel) startWriteback(m *mapping, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	index := uint64(p.Index)
	if p.Mapcount > 0 {
		k.mkclean(m, pfn)
	}
	p.Clear(phys.FlagDirty)
	k.countClean(p)
	p.Set(phys.FlagWriteback)
	m.tree.ClearTag(index, pagecache.Dirty)
	m.tree.ClearTag(index, pagecache.Towrite)
	m.tree.SetTag(index, pagecache.Writeback)
	z := k.zoneOf(p)
	z.Node.Stat[vmstat.NRWriteback]++
	z.Stat[vmstat.NRZoneWritePending]++
}

// endWriteback is the end of a page's write (folio_end_writeback): if reclaim waits for the page, it is next to be taken.
func (k *Kernel) endWriteback(cpu int, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	k.objects.get(p.Mapping).tree.ClearTag(uint64(p.Index), pagecache.Writeback)
	k.endSwapWrite(cpu, pfn, false)
}

// inodeDirty puts an inode at the end of the list of those that have something to write, with the time, unless it is there (__mark_inode_dirty).
func (k *Kernel) inodeDirty(i *inode) {
	if i.onDirty {
		return
	}
	i.onDirty, i.dirtiedWhen = true, k.Sim.Now()
	l := &k.dirtyInodes
	i.dirtyPrev, i.dirtyNext = l.tail, nil
	if l.tail == nil {
		l.head = i
	} else {
		l.tail.dirtyNext = i
	}
	l.tail = i
}

// inodeClean takes an inode off that list.
func (k *Kernel) inodeClean(i *inode) {
	if !i.onDirty {
		return
	}
	l := &k.dirtyInodes
	if i.dirtyPrev == nil {
		l.head = i.dirtyNext
	} else {
		i.dirtyPrev.dirtyNext = i.dirtyNext
	}
	if i.dirtyNext == nil {
		l.tail = i.dirtyPrev
	} else {
		i.dirtyNext.dirtyPrev = i.dirtyPrev
	}
	i.onDirty, i.dirtyNext, i.dirtyPrev = false, nil, nil
}

// inodeList is a list of inodes, the one that became dirty first at the head (wb.b_dirty).
type inodeList struct{ head, tail *inode }
