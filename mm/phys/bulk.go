package phys

// AllocBulk takes up to len(out) single pages from one zone of the preferred node, straight from the CPU's list (__alloc_pages_bulk). It
// returns how many it got; 0 means that the caller should ask for one page in the ordinary way, as the kernel does. flags are those of
// Prepare.
func (m *Memory) AllocBulk(ac *AllocContext, flags AllocFlags, out []PFN) int {
	if ac.Preferred < 0 || len(out) < 2 {
		return 0
	}
	preferred := ac.Zonelist.Zones[ac.Preferred]
	var z *Zone
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		c := ac.Zonelist.Zones[i]
		if c.Node != preferred.Node {
			return 0
		}
		if c.watermarkFast(0, c.Wmark(WmarkLow)+uint64(len(out)), preferred.Type, flags&^AllocNoFragment, ac.GFP) {
			z = c
			break
		}
	}
	if z == nil {
		return 0
	}
	c := &z.pcp[ac.CPU]
	s := &c.lists[pindex(0, ac.Migratetype)]
	n := 0
	for n < len(out) && (s.len > 0 || z.refill(c, s, 0, ac.Migratetype, flags&^AllocNoFragment)) {
		got := z.take(s, &Page{flags: uint32(KindKernel) << kindShift}, out[n:])
		c.Count -= got
		n += got
	}
	if n > 0 {
		m.count(preferred, z, ac.CPU, 0, n)
	}
	return n
}
