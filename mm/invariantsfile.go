package mm

import (
	"fmt"

	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
)

// filePages compares the pages of a file with the frame table and the page-table entries, and returns how many are mapped.
func (c *checker) filePages(m *mapping) (mapped int64, err error) {
	k := c.k
	for index, ok := m.tree.Next(0, pagecache.MaxIndex+1); ok; index, ok = m.tree.Next(index+1, pagecache.MaxIndex+1) {
		pfn := phys.PFN(m.tree.Page(index))
		p := k.Mem.Page(pfn)
		switch {
		case p.Kind() != phys.KindFile || p.Mapping != m.ID || p.Index != uint32(index):
			return 0, fmt.Errorf("page %d of file %d at %d says it is %v of %d at %d", pfn, m.ID, index, p.Kind(), p.Mapping, p.Index)
		case p.Mapcount != c.mapped[pfn]:
			return 0, fmt.Errorf("page %d of file %d says it is mapped %d times; %d entries do", pfn, m.ID, p.Mapcount, c.mapped[pfn])
		case p.Mapcount > 0 && p.Test(phys.FlagLocked):
			return 0, fmt.Errorf("page %d of file %d is mapped and not read yet", pfn, m.ID)
		case p.Test(phys.FlagDirty) != m.tree.HasTag(index, pagecache.Dirty), p.Test(phys.FlagWriteback) != m.tree.HasTag(index, pagecache.Writeback):
			return 0, fmt.Errorf("page %d of file %d has flags %x and other tags", pfn, m.ID, p.Flags())
		}
		if p.Mapcount > 0 {
			mapped++
		}
	}
	return mapped, nil
}
