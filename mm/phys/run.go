package phys

// GetPageRun takes up to len(out) single pages, as that many calls of GetPageFromFreelist would, and returns how many it got. The first one's row becomes as, but
// for its zone, and those of the others are the same with an Index that counts up: a page that many write to one after another is written to once. It stops
// early where a call might do more than take the next page of the same per-CPU list: when that list is empty, and when the zone would fail its
// watermark since the list was refilled. Pages on per-CPU lists do not count as free, so taking them changes no watermark test between.
func (m *Memory) GetPageRun(ac *AllocContext, flags AllocFlags, as *Page, out []PFN) int {
	if len(out) == 0 || ac.Preferred < 0 {
		return 0
	}
	if z := m.plainZone(ac, flags); z != nil {
		c := &z.pcp[ac.CPU]
		if s := &c.lists[ac.Migratetype]; s.len > 0 {
			n := z.take(s, as, out)
			c.took(n)
			m.count(ac.Zonelist.Zones[ac.Preferred], z, ac.CPU, 0, n)
			return n
		}
	}
	out[0] = m.GetPageFromFreelist(ac, 0, flags)
	if out[0] == 0 {
		return 0
	}
	p := m.Page(out[0])
	p.Become(as)
	if len(out) == 1 {
		return 1
	}
	z := m.byID[p.ZoneID()]
	c := &z.pcp[ac.CPU]
	s := &c.lists[pindex(0, ac.Migratetype)]
	if s.len == 0 || flags&(AllocHighatomic|AllocNoWatermarks) != 0 || ac.SpreadDirty ||
		!z.watermarkFast(0, z.Wmark(Wmark(flags&AllocWmarkMask)), ac.HighestZone, flags, ac.GFP) {
		return 1
	}
	next := *as
	next.Index++
	n := z.take(s, &next, out[1:])
	c.took(n)
	m.count(ac.Zonelist.Zones[ac.Preferred], z, ac.CPU, 0, n)
	return n + 1
}
