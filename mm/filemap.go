package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// gfpFile is what a page of a file is allocated with (mapping_gfp_mask).
const gfpFile = phys.GFPHighuserMovable

// addToPageCache makes a frame the page of a file at an index, which holds none, and queues it for its list. One that comes back soon after it was evicted
// begins active, unless it is about to be written whole (filemap_add_folio).
func (t *task) addToPageCache(m *mapping, index uint64, pfn phys.PFN, gfp phys.GFP, flags phys.Flag) {
	as := m.row(index, flags)
	t.k.Mem.Page(pfn).Become(&as)
	t.addRunToPageCache(m, index, []phys.PFN{pfn}, gfp)
}

// row is what the row of a new page of the mapping's file becomes.
func (m *mapping) row(index uint64, flags phys.Flag) phys.Page {
	as := phys.Page{Mapping: m.ID, Index: uint32(index)}
	as.Begin(phys.KindFile, flags)
	return as
}

// addRunToPageCache is addToPageCache for frames whose rows are those of the file's pages from an index on already.
func (t *task) addRunToPageCache(m *mapping, index uint64, pages []phys.PFN, gfp phys.GFP) {
	k := t.k
	var entries [maxRun]uint32
	for j, pfn := range pages {
		entries[j] = uint32(pfn)
	}
	var shadows [maxRun]uint64
	refaults := m.tree.SetRun(index, entries[:len(pages)], shadows[:len(pages)]) && gfp&phys.GFPWrite == 0
	k.syncNodes(m)
	if refaults {
		for j, pfn := range pages {
			t.refault(pfn, shadows[j])
		}
	}
	k.countFilePages(pages)
	t.lruAddRun(pages)
}

// countFilePages counts pages that were added to a file.
func (k *Kernel) countFilePages(pages []phys.PFN) {
	if len(k.Mem.Nodes) == 1 {
		k.Mem.Nodes[0].Stat[vmstat.NRFilePages] += int64(len(pages))
		return
	}
	for _, pfn := range pages {
		k.zoneOf(k.Mem.Page(pfn)).Node.Stat[vmstat.NRFilePages]++
	}
}

// maxRun is the most pages that are added at once.
const maxRun = 32

// removeFromPageCache takes a page out of its file, whose entry becomes the shadow, or none for 0 (__filemap_remove_folio). A dirty page is dirty
// no more: its data is lost.
func (k *Kernel) removeFromPageCache(pfn phys.PFN, shadow uint64) {
	p := k.Mem.Page(pfn)
	m := k.objects.get(p.Mapping)
	if p.Test(phys.FlagDirty) {
		k.cancelDirty(m, pfn)
	}
	k.freeBuffers(pfn)
	if shadow != 0 {
		m.tree.SetValue(uint64(p.Index), shadow)
	} else {
		m.tree.Delete(uint64(p.Index))
	}
	k.syncNodes(m)
	k.zoneOf(p).Node.Stat[vmstat.NRFilePages]--
}

// filemapRead reads from the page cache at a position in the file, page by page in batches of 15, reading ahead as it goes (filemap_read).
func (p *Process) filemapRead(f *file, pos, n uint64) (uint64, Errno) {
	k, i := p.k, f.inode
	m := &i.mapping
	var batch [lru.BatchSize]uint32
	start, end := pos, pos+n
	for pos < end && pos < i.size {
		last := (end + addrspace.PageSize - 1) >> addrspace.PageShift
		got, err := p.filemapGetPages(f, m, pos>>addrspace.PageShift, last, &batch)
		if err != 0 {
			if pos > start {
				break
			}
			return 0, err
		}
		stop := min(end, i.size)
		copied := 0
		if pos < stop {
			first := pos >> addrspace.PageShift
			copied = int(min(uint64(got), (stop+addrspace.PageSize-1)>>addrspace.PageShift-first))
			used := batch[:copied]
			if f.ra.samePage(pos) {
				used = used[1:]
			}
			k.markAllAccessed(p.cpu(), used)
			pos = min((first+uint64(copied))<<addrspace.PageShift, stop)
			f.ra.prevPos = int64(pos)
		}
		p.spend(engine.Time(copied) * k.cost.File.ReadPage)
		if p.fatalSignal() {
			break
		}
	}
	return pos - start, 0
}

// filemapGetPages finds the pages from an index on that can be copied, at most 15 and none from last on, reading them in if need be (filemap_get_pages).
func (p *Process) filemapGetPages(f *file, m *mapping, index, last uint64, batch *[lru.BatchSize]uint32) (int, Errno) {
	k := p.k
	for {
		n := k.readBatch(m, index, last, batch)
		if n == 0 {
			p.pageCacheSyncReadahead(m, f, index, last-index)
			n = k.readBatch(m, index, last, batch)
		}
		if n == 0 {
			pfn, err := p.readPage(m, index, gfpFile)
			if err != 0 {
				return 0, err
			}
			batch[0] = uint32(pfn)
			return 1, 0
		}
		pfn := phys.PFN(batch[n-1])
		page := k.Mem.Page(pfn)
		ran := false // others may have
		if page.Test(phys.FlagReadahead) {
			ran = true
			at := index + uint64(n) - 1
			p.pageCacheAsyncReadahead(m, f, pfn, last-at)
		}
		if page.Test(phys.FlagLocked) && m.tree.Page(index+uint64(n)-1) == uint32(pfn) {
			ran = true
			p.waitPage(pfn)
			if p.fatalSignal() {
				return 0, EINTR
			}
			n--
		}
		if ran {
			n = m.tree.Match(index, batch[:n]) // nothing held the pages
		}
		if n > 0 {
			return n, 0
		}
	}
}

// readBatch collects pages in a row from an index on. The first that is still being read, or marked for readahead, is the last
// (filemap_get_read_batch). Only pages that are being read are locked while anybody looks.
func (k *Kernel) readBatch(m *mapping, index, last uint64, batch *[lru.BatchSize]uint32) int {
	n := m.tree.Run(index, batch[:min(uint64(len(batch)), last-index)])
	rows := k.Mem.Rows()
	for j := range n {
		if rows.Page(phys.PFN(batch[j])).Test(phys.FlagLocked | phys.FlagReadahead) {
			return j + 1
		}
	}
	return n
}

// readPage gives a page of a file that has been read in, making it if it is not cached (filemap_create_folio, read_cache_folio). EINTR: the task was
// killed meanwhile; ENOMEM.
func (t *task) readPage(m *mapping, index uint64, gfp phys.GFP) (phys.PFN, Errno) {
	k := t.k
	for {
		pfn := phys.PFN(m.tree.Page(index))
		if pfn == 0 {
			pfn = t.allocPage(gfp)
			if pfn == 0 {
				return 0, ENOMEM
			}
			if m.tree.Page(index) != 0 {
				k.Mem.FreePage(t.cpu(), pfn)
				continue
			}
			t.addToPageCache(m, index, pfn, gfp, phys.FlagLocked)
			t.spend(k.cost.File.ReadaheadPage + k.cost.SubmitIO)
			t.readExtents(m, index, index+1)
			k.submitRead(t.cpu(), m, index, 1, false)
		}
		if !k.Mem.Page(pfn).Test(phys.FlagLocked) {
			return pfn, 0
		}
		t.waitPage(pfn)
		if t.fatalSignal() {
			return 0, EINTR
		}
	}
}
