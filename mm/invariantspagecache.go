package mm

import (
	"fmt"

	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// files compares the pages of every file with their rows, their tags with their flags, and the counters of all with their sums.
func (c *checker) files() error {
	k := c.k
	var pages, dirty, writeback, held uint64
	for _, m := range k.objects.byID {
		if m == nil || m.host.shm != nil {
			continue
		}
		i := m.host
		for index, ok := m.tree.Next(0, maxIndex+1); ok; index, ok = m.tree.Next(index+1, maxIndex+1) {
			if err := c.filePage(m, index); err != nil {
				return fmt.Errorf("file %d (%s) at %d: %w", i.ino, i.Name, index, err)
			}
		}
		pages += m.tree.Pages()
		dirty += m.tree.Tagged(pagecache.Dirty)
		writeback += m.tree.Tagged(pagecache.Writeback)
		held += i.delayed.Blocks()
	}
	if held != k.vfs.disk.held {
		return fmt.Errorf("%d blocks are promised to files, counted are %d", held, k.vfs.disk.held)
	}
	if k.cfg.Boot != nil { // what was there when the machine was started is in the sums, too
		return nil
	}
	st := k.nodeSums()
	if n := st[vmstat.NRFilePages] - st[vmstat.NRShmem] - st[vmstat.NRSwapcached]; n != int64(pages) {
		return fmt.Errorf("nr_file_pages less nr_shmem and nr_swapcached is %d, the files have %d pages", n, pages)
	}
	if n := st[vmstat.NRDirty]; n != int64(dirty) {
		return fmt.Errorf("nr_dirty is %d, %d pages are tagged", n, dirty)
	}
	swapping := uint64(0)
	for _, a := range k.swap.Areas {
		if a == nil {
			continue
		}
		for o := 1; o <= a.Slots; o++ {
			if pfn := k.swap.Cached(a.Entry(o)); pfn != 0 && k.Mem.Page(phys.PFN(pfn)).Test(phys.FlagWriteback) {
				swapping++
			}
		}
	}
	if n := st[vmstat.NRWriteback]; n != int64(writeback+swapping) {
		return fmt.Errorf("nr_writeback is %d, %d pages of files are tagged and %d are swapped out", n, writeback, swapping)
	}
	if n := k.zoneSums()[vmstat.NRZoneWritePending]; n != int64(dirty+writeback+swapping) {
		return fmt.Errorf("nr_zone_write_pending is %d, %d pages are", n, dirty+writeback+swapping)
	}
	return nil
}

// filePage compares a cached page with its row.
func (c *checker) filePage(m *mapping, index uint64) error {
	k := c.k
	pfn := phys.PFN(m.tree.Page(index))
	p := k.Mem.Page(pfn)
	switch {
	case p.Kind() != phys.KindFile || p.Mapping != m.ID || p.Index != uint32(index):
		return fmt.Errorf("page %d is of kind %v and says %d at %d", pfn, p.Kind(), p.Mapping, p.Index)
	case p.Mapcount != c.mapped[pfn]:
		return fmt.Errorf("page %d says it is mapped %d times; %d entries do", pfn, p.Mapcount, c.mapped[pfn])
	case p.Test(phys.FlagDirty) != m.tree.HasTag(index, pagecache.Dirty), p.Test(phys.FlagWriteback) != m.tree.HasTag(index, pagecache.Writeback):
		return fmt.Errorf("page %d has flags %x, tagged dirty: %v, under writeback: %v", pfn, p.Flags(), m.tree.HasTag(index, pagecache.Dirty),
			m.tree.HasTag(index, pagecache.Writeback))
	case p.Test(phys.FlagSwapbacked | phys.FlagSwapCache):
		return fmt.Errorf("page %d has flags %x of anonymous memory", pfn, p.Flags())
	case p.Test(phys.FlagLRU) == k.inBatch(pfn):
		return fmt.Errorf("page %d is on a list and waits for one, or neither", pfn)
	}
	return nil
}
