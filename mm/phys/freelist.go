package phys

import "mmsim/mm/vmstat"

// FreeList gives back single pages through the CPU's lists, the last first, as the kernel frees what it has collected on a list from its head
// (free_unref_page_list). It does what FreePage for each would do. Neighbours in ascending order go to a list at once, if they are of one pageblock and there is
// room for them.
func (m *Memory) FreeList(cpu int, pages []PFN) {
	m.Events[vmstat.PgFree] += uint64(len(pages))
	for len(pages) > 0 {
		i := len(pages) - 1
		last := pages[i]
		p := m.Page(last)
		if !p.Kind().Allocated() {
			m.badPage(last, 0)
		}
		z, mt := m.byID[p.flags&zoneIDMask], m.BlockType(last)
		if mt == MigrateIsolate {
			z.freeOne(last, 0, mt, false)
			pages = pages[:i]
			continue
		}
		list := mt
		if mt >= MigratePCPTypes {
			list = MigrateMovable
		}
		c := &z.pcp[cpu]
		high := c.High
		if high != 0 && z.Flags&ZoneReclaimActive != 0 {
			high = min(4*c.Batch, high)
		}
		n := z.stockPages(&c.lists[list], pages, max(high-c.Count, 1), mt)
		pages = pages[:len(pages)-n]
		c.Count += n
		if c.Count >= high {
			z.freeBulk(c, c.toFree(high, false), int(list))
		}
	}
}

// stockPages puts the last of the pages, with the others before it in ascending order that are its neighbours in its pageblock and zone, at the head of a CPU's
// list, most of them at most, and returns how many those are. The last page must be allocated.
func (z *Zone) stockPages(s *stock, pages []PFN, most int, mt Migratetype) int {
	m := z.mem
	last := pages[len(pages)-1]
	most = min(most, len(pages), int(last&(1<<m.pageblockOrder-1))+1)
	pages = pages[len(pages)-most:]
	rows := m.sections[last>>sectionShift][:last&sectionMask+1] // no pageblock reaches beyond a section
	rows = rows[len(rows)-most:]
	alike := rows[most-1].flags & (zoneIDMask | kindMask)
	n := 0
	for j := most - 1; j >= 0 && pages[j] == last-PFN(n); j-- {
		p := &rows[j]
		if p.flags&(zoneIDMask|kindMask) != alike {
			if p.flags&zoneIDMask != z.id {
				break
			}
			if !p.Kind().Allocated() {
				m.badPage(pages[j], 0)
			}
		}
		p.flags = z.id
		n++
	}
	s.push(last-PFN(n-1), 0, n, mt)
	return n
}
