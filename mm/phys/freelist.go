package phys

import "mmsim/mm/vmstat"

// FreeList gives back single pages through the CPU's lists, the last first, as the kernel frees what it has collected on a list from its head
// (free_unref_page_list). It does what FreePage for each would do.
func (m *Memory) FreeList(cpu int, pages []PFN) {
	var z *Zone
	var c *PerCPUPages
	zone := ^uint32(0)
	for i := len(pages) - 1; i >= 0; i-- {
		pfn := pages[i]
		p := m.Page(pfn)
		if !p.Kind().Allocated() {
			m.badPage(pfn, 0)
		}
		if id := p.flags & zoneIDMask; id != zone {
			zone, z = id, m.byID[id]
			c = &z.pcp[cpu]
		}
		mt := m.BlockType(pfn)
		if mt == MigrateIsolate {
			z.freeOne(pfn, 0, mt, false)
			continue
		}
		list := mt
		if mt >= MigratePCPTypes {
			list = MigrateMovable
		}
		p.flags = z.headFlags(KindPCP, 0, mt)
		l := &c.lists[list]
		p.Next, p.Prev = l.Head, 0
		if l.Head != 0 {
			m.Page(l.Head).Prev = pfn
		} else {
			l.Tail = pfn
		}
		l.Head = pfn
		c.Count++
		high := c.High
		if high != 0 && z.Flags&ZoneReclaimActive != 0 {
			high = min(4*c.Batch, high)
		}
		if c.Count >= high {
			z.freeBulk(c, c.toFree(high, false), int(list))
		}
	}
	m.Events[vmstat.PgFree] += uint64(len(pages))
}
