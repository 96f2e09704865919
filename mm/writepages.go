package mm

import (
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
)

// writePages starts the write of pages of [from, end) that carry a tag, Dirty or Towrite, at most limit of them, in requests as large as they can be, and
// returns how many it started and the index behind the last (write_cache_pages, ext4_writepages). Holes among them get their blocks first. Pages
// that are being written already are passed over.
func (k *Kernel) writePages(cpu int, i *inode, from, end, limit uint64, tag pagecache.Tag) (n, next uint64) {
	m := &i.mapping
	fs := i.fs.(*ext4)
	next = from
	for n < limit {
		start, ok := m.tree.NextTagged(tag, next, end)
		if !ok {
			break
		}
		stop := start
		for ; stop < end && n < limit && m.tree.HasTag(stop, tag); stop++ {
			pfn := phys.PFN(m.tree.Page(stop))
			if k.Mem.Page(pfn).Test(phys.FlagWriteback | phys.FlagLocked) {
				break
			}
			k.startWriteback(m, pfn)
			n++
		}
		if stop == start {
			next = start + 1
			continue
		}
		fs.allocateDelayed(i, start, stop)
		k.submitIO(cpu, m, start, stop-start, true)
		next = stop
	}
	if m.tree.Tagged(pagecache.Dirty) == 0 {
		k.inodeClean(i)
	}
	return n, next
}

// fsyncRange writes what is dirty of [from, end) and waits until nothing of it is on its way (file_write_and_wait_range).
func (p *Process) fsyncRange(i *inode, from, end uint64) {
	k := p.k
	m := &i.mapping
	m.tree.TagRange(from, end, pagecache.Dirty, pagecache.Towrite)
	for {
		k.writePages(p.cpu(), i, from, end, maxIndex, pagecache.Towrite)
		index, ok := m.tree.NextTagged(pagecache.Writeback, from, end)
		if !ok {
			return
		}
		p.waitFlags(phys.PFN(m.tree.Page(index)), phys.FlagWriteback)
	}
}
