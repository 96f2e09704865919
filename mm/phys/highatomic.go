package phys

// reserveHighatomic turns the pageblock of a block that an atomic request just got into part of the highatomic reserve
// (reserve_highatomic_pageblock). The reserve is about 1% of the zone.
func (z *Zone) reserveHighatomic(pfn PFN) {
	m := z.mem
	block := uint64(1) << m.pageblockOrder
	if z.NrReservedHighatomic >= z.Managed/100+block {
		return
	}
	if !m.BlockType(pfn).mergeable() {
		return
	}
	z.NrReservedHighatomic += block
	m.setBlockType(pfn, MigrateHighAtomic)
	z.moveFreePagesBlock(pfn, MigrateHighAtomic)
}

// UnreserveHighatomic gives one pageblock of the highatomic reserve that has free pages to requests of ac's type
// (unreserve_highatomic_pageblock). Without force a zone keeps its last one. It reports whether pages moved.
func (m *Memory) UnreserveHighatomic(ac *AllocContext, force bool) bool {
	block := uint64(1) << m.pageblockOrder
	for i := ac.Zonelist.First(ac.HighestZone, ac.Nodemask); i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		if !force && z.NrReservedHighatomic <= block {
			continue
		}
		for o := range z.free {
			pfn := z.free[o].lists[MigrateHighAtomic].Head
			if pfn == 0 {
				continue
			}
			// The pageblock may have been counted out before, through another of its free blocks.
			if m.BlockType(pfn) == MigrateHighAtomic {
				z.NrReservedHighatomic -= min(block, z.NrReservedHighatomic)
			}
			m.setBlockType(pfn, ac.Migratetype)
			if n, _ := z.moveFreePagesBlock(pfn, ac.Migratetype); n > 0 {
				return true
			}
		}
	}
	return false
}
