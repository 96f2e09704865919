package mm

import (
	"fmt"

	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
	"mmsim/mm/writeback"
)

// writeback compares the tags of every file with its pages, the lists of dirty inodes with the files, and the counters with the tags.
func (c *checker) writeback() error {
	k := c.k
	type sums struct {
		reclaimable, writeback uint64
		inodes                 int
	}
	of := map[*flusher]*sums{}
	lists := map[*writeback.Inode]writeback.ListID{}
	for _, f := range k.dirty.flushers {
		of[f] = &sums{}
		for id := writeback.OnDirty; id <= writeback.OnDirtyTime; id++ {
			f.lists.Each(id, func(i *writeback.Inode) { lists[i] = id })
		}
	}
	dirty, underWay := int64(0), k.swapPagesUnderWay()
	for _, m := range k.objects.byID {
		if m == nil || m.host.flusher == nil {
			continue
		}
		i := m.host
		s := of[i.flusher]
		for index, ok := m.tree.Next(0, maxIndex+1); ok; index, ok = m.tree.Next(index+1, maxIndex+1) {
			p := k.Mem.Page(phys.PFN(m.tree.Page(index)))
			d, w := m.tree.HasTag(index, pagecache.Dirty), m.tree.HasTag(index, pagecache.Writeback)
			if d != p.Test(phys.FlagDirty) || w != p.Test(phys.FlagWriteback) {
				return fmt.Errorf("page %d of inode %d: tagged dirty %v, under writeback %v; the page says %v, %v", index, i.ino, d, w,
					p.Test(phys.FlagDirty), p.Test(phys.FlagWriteback))
			}
		}
		d, w := m.tree.Tagged(pagecache.Dirty), m.tree.Tagged(pagecache.Writeback)
		s.reclaimable += d
		s.writeback += w
		if w > 0 {
			s.inodes++
		}
		dirty += int64(d)
		underWay += int64(w)
		if list := lists[&i.io]; list != i.io.List || d > 0 && (list == writeback.OnNone || list == writeback.OnDirtyTime) {
			return fmt.Errorf("inode %d with %d dirty pages is on list %d and says %d", i.ino, d, list, i.io.List)
		}
	}
	for _, f := range k.dirty.flushers {
		if s := of[f]; f.wb.Reclaimable != s.reclaimable || f.wb.Writeback != s.writeback || f.wb.WritebackInodes != s.inodes {
			return fmt.Errorf("%s counts %d dirty pages, %d under writeback of %d inodes; the files have %d, %d, %d", f.proc.Name(), f.wb.Reclaimable,
				f.wb.Writeback, f.wb.WritebackInodes, s.reclaimable, s.writeback, s.inodes)
		}
	}
	if k.cfg.Boot != nil { // what was there when the machine was started is in the sums, too
		return nil
	}
	n, z := k.nodeSums(), k.zoneSums()
	if n[vmstat.NRDirty] != dirty || n[vmstat.NRWriteback] != underWay || z[vmstat.NRZoneWritePending] != dirty+underWay {
		return fmt.Errorf("nr_dirty %d, nr_writeback %d, nr_zone_write_pending %d; tagged are %d and %d", n[vmstat.NRDirty], n[vmstat.NRWriteback],
			z[vmstat.NRZoneWritePending], dirty, underWay)
	}
	return nil
}

// swapPagesUnderWay counts the pages that are being written to swap.
func (k *Kernel) swapPagesUnderWay() (n int64) {
	for _, a := range k.swap.Active() {
		for o := 1; o <= a.Slots; o++ {
			if pfn := phys.PFN(k.swap.Cached(a.Entry(o))); pfn != 0 && k.Mem.Page(pfn).Test(phys.FlagWriteback) {
				n++
			}
		}
	}
	return n
}
