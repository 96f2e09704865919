package phys

import "mmsim/mm/vmstat"

// FreeList gives back single pages through the CPU's lists, the last first, as the kernel frees what it has collected on a list from its head
// (free_unref_page_list). It does what FreePage for each would do. Pages of one pageblock in a row go to one list, and as many of them as it has room for
// are linked at once.
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

// stockPages puts pages from the last on at the head of a CPU's list, most of them at most and only those of the last one's pageblock and zone, and returns how
// many those are.
func (z *Zone) stockPages(l *List, pages []PFN, most int, mt Migratetype) int {
	m := z.mem
	i := len(pages) - 1
	end := max(len(pages)-most, 0)
	shift := m.pageblockOrder
	block := pages[i] >> shift
	rows := m.sections[pages[i]>>sectionShift] // no block reaches beyond a section
	flags := z.headFlags(KindPCP, 0, mt)
	head := l.Head
	var above *Page
	if head != 0 {
		above = m.Page(head)
	}
	for ; i >= end && pages[i]>>shift == block; i-- {
		pfn := pages[i]
		p := &rows[pfn&sectionMask]
		if p.flags&zoneIDMask != z.id {
			break
		}
		if !p.Kind().Allocated() {
			m.badPage(pfn, 0)
		}
		p.flags = flags
		p.Next, p.Prev = head, 0
		if above != nil {
			above.Prev = pfn
		} else {
			l.Tail = pfn
		}
		head, above = pfn, p
	}
	l.Head = head
	return len(pages) - 1 - i
}
