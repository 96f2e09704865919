package phys

import "mmsim/mm/vmstat"

// GetPageRun takes up to len(out) single pages, as that many calls of GetPageFromFreelist would, and returns how many it got. It stops
// early where a call might do more than take the next page of the same per-CPU list: when that list is empty, and when the zone would fail its
// watermark since the list was refilled. Pages on per-CPU lists do not count as free, so taking them changes no watermark test between.
func (m *Memory) GetPageRun(ac *AllocContext, flags AllocFlags, out []PFN) int {
	if len(out) == 0 {
		return 0
	}
	out[0] = m.GetPageFromFreelist(ac, 0, flags)
	if out[0] == 0 {
		return 0
	}
	if len(out) == 1 {
		return 1
	}
	z := m.ZoneOf(out[0])
	c := &z.pcp[ac.CPU]
	l := &c.lists[pindex(0, ac.Migratetype)]
	if l.Head == 0 || flags&(AllocHighatomic|AllocNoWatermarks) != 0 || ac.SpreadDirty ||
		!z.watermarkFast(0, z.Wmark(Wmark(flags&AllocWmarkMask)), ac.HighestZone, flags, ac.GFP) {
		return 1
	}
	flagsOut := z.id | uint32(KindKernel)<<kindShift
	n := 1
	pfn := l.Head
	for pfn != 0 && n < len(out) {
		rows := m.sections[pfn>>sectionShift]
		for { // as long as the next page is the next frame, its row is known before the link is read
			p := &rows[pfn&sectionMask]
			out[n] = pfn
			n++
			next := p.Next
			*p = Page{flags: flagsOut}
			if next != pfn+1 || next&sectionMask == 0 || n == len(out) {
				pfn = next
				break
			}
			pfn++
		}
	}
	l.Head = pfn
	if pfn == 0 {
		l.Tail = 0
	}
	c.Count -= n - 1
	c.freeFactor >>= min(uint(n-1), 7)
	m.Events[vmstat.PgAllocDma+vmstat.Event(z.Type)] += uint64(n - 1)
	z.countNuma(ac.Zonelist.Zones[ac.Preferred], ac.CPU, uint64(n-1))
	return n
}
