package mm

import (
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
	"mmsim/mm/writeback"
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
	if f := i.flusher; f != nil {
		f.wb.Reclaimable++
		f.wb.Dirtied++
	}
	k.markInodeDirty(i, writeback.DirtyPages)
	return true
}

// cancelDirty forgets that a page is dirty: it goes with its data (folio_account_cleaned).
func (k *Kernel) cancelDirty(m *mapping, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	p.Clear(phys.FlagDirty)
	m.tree.ClearTag(uint64(p.Index), pagecache.Dirty)
	m.tree.ClearTag(uint64(p.Index), pagecache.Towrite)
	k.countClean(m, p)
}

func (k *Kernel) countClean(m *mapping, p *phys.Page) {
	if f := m.host.flusher; f != nil {
		f.wb.Reclaimable--
	}
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
	k.countClean(m, p)
	p.Set(phys.FlagWriteback)
	m.tree.ClearTag(index, pagecache.Dirty)
	m.tree.ClearTag(index, pagecache.Towrite)
	if f := m.host.flusher; f != nil {
		if m.tree.Tagged(pagecache.Writeback) == 0 {
			f.wb.WritebackInodes++ // wb_inode_writeback_start
		}
		f.wb.Writeback++
	}
	m.tree.SetTag(index, pagecache.Writeback)
	z := k.zoneOf(p)
	z.Node.Stat[vmstat.NRWriteback]++
	z.Stat[vmstat.NRZoneWritePending]++
}

// endWriteback is the end of a page's write (folio_end_writeback): if reclaim waits for the page, it is next to be taken.
func (k *Kernel) endWriteback(cpu int, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	m := k.objects.get(p.Mapping)
	m.tree.ClearTag(uint64(p.Index), pagecache.Writeback)
	if f := m.host.flusher; f != nil {
		f.wrote(1, m.tree.Tagged(pagecache.Writeback) == 0)
	}
	k.endSwapWrite(cpu, pfn, false)
}
