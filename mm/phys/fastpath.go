package phys

import "mmsim/mm/vmstat"

// AllocContext is what stays the same while one request is served (struct alloc_context, and the caller's CPU and flags).
type AllocContext struct {
	CPU         int
	GFP         GFP
	Zonelist    *Zonelist
	Nodemask    *Nodemask // nil: all nodes
	Preferred   int       // position of the preferred zone in the zonelist, -1 if no zone is allowed
	Migratetype Migratetype
	HighestZone ZoneType
	SpreadDirty bool // keep __GFP_WRITE pages off nodes over their dirty limit
}

// Hooks are what the allocator calls upwards. A nil hook does nothing and allows everything.
type Hooks struct {
	// WakeKswapd wakes the zone's node's kswapd (wakeup_kswapd).
	WakeKswapd func(z *Zone, gfp GFP, order int, highest ZoneType)
	// NodeDirtyOK reports whether the node is below its dirty limit (node_dirty_ok).
	NodeDirtyOK func(n *Node) bool
	// NodeReclaim reclaims from the node because vm.zone_reclaim_mode asks for it (node_reclaim) and returns whether it scanned.
	NodeReclaim func(n *Node, gfp GFP, order int) bool
	// ExtFrag tells that a request of type want took a block of another type (trace_mm_page_alloc_extfrag).
	ExtFrag func(z *Zone, order, fallbackOrder int, want, fallback Migratetype)
}

// Capture takes a block that is being freed while its owner compacts the zone for exactly that (struct capture_control).
type Capture struct {
	Zone  *Zone
	Order int
	Page  PFN // the block taken, 0 as long as there is none
	// Migratetype is the type of the pageblock the block came from.
	Migratetype Migratetype
}

// take decides about one block (compaction_capture).
func (c *Capture) take(z *Zone, pfn PFN, order int, mt Migratetype) bool {
	if c.Page != 0 || c.Zone != z || c.Order != order || mt == MigrateCMA || mt == MigrateIsolate ||
		order < z.mem.pageblockOrder && mt == MigrateMovable {
		return false
	}
	c.Page, c.Migratetype = pfn, mt
	return true
}

// HighestZone returns the highest type of zone that the flags allow (gfp_zone).
func (m *Memory) HighestZone(gfp GFP) ZoneType {
	switch {
	case gfp&(GFPMovable|GFPHighmem) == GFPMovable|GFPHighmem:
		return ZoneMovable
	case gfp&GFPDma != 0:
		return ZoneDMA
	case gfp&GFPDma32 != 0 && m.Arch == X86_64:
		return ZoneDMA32
	case gfp&GFPHighmem != 0 && m.Arch == I386:
		return ZoneHighMem
	}
	return ZoneNormal
}

// Migratetype returns the type of block that the flags ask for: UNMOVABLE for all when mobility grouping is off (gfp_migratetype).
func (m *Memory) Migratetype(gfp GFP) Migratetype {
	if !m.MobilityGrouping {
		return MigrateUnmovable
	}
	return gfp.Migratetype()
}

// Prepare fills ac for a request by a CPU that prefers a node and returns the flags of the fast path (prepare_alloc_pages and the
// start of __alloc_pages). mask is nil for all nodes; it is kept in ac.
func (m *Memory) Prepare(ac *AllocContext, gfp GFP, cpu, node int, mask *Nodemask) AllocFlags {
	list := 0
	if gfp&GFPThisnode != 0 {
		list = 1
	}
	// Field by field: a literal would be put together elsewhere and copied, which waits for its parts to be written.
	ac.CPU, ac.GFP, ac.Nodemask, ac.Zonelist = cpu, gfp, mask, &m.Nodes[node].Zonelist[list]
	ac.Migratetype, ac.HighestZone, ac.SpreadDirty = m.Migratetype(gfp), m.HighestZone(gfp), gfp&GFPWrite != 0
	ac.Preferred = ac.Zonelist.First(ac.HighestZone, mask)
	flags := AllocWmarkLow
	if gfp&GFPKswapdReclaim != 0 {
		flags |= AllocKswapd
	}
	return m.cmaFlag(ac, flags) | m.noFragment(ac)
}

// cmaFlag adds ALLOC_CMA for movable requests (gfp_to_alloc_flags_cma).
func (m *Memory) cmaFlag(ac *AllocContext, flags AllocFlags) AllocFlags {
	if m.HasCMA && ac.Migratetype == MigrateMovable {
		flags |= AllocCMA
	}
	return flags
}

// noFragment returns ALLOC_NOFRAGMENT if the request should rather go to another zone than mix types: when it prefers Normal and there is
// a DMA32 to go to (alloc_flags_nofragment).
func (m *Memory) noFragment(ac *AllocContext) AllocFlags {
	if ac.Preferred < 0 || m.Arch != X86_64 {
		return 0
	}
	z := ac.Zonelist.Zones[ac.Preferred]
	if z.Type != ZoneNormal {
		return 0
	}
	if len(m.Nodes) > 1 && !z.Node.Zone(ZoneDMA32).Populated() {
		return 0
	}
	return AllocNoFragment
}

// SlowFlags returns the alloc flags of the slow path (gfp_to_alloc_flags). realtime tells that the caller is a real-time task.
func (m *Memory) SlowFlags(ac *AllocContext, order int, realtime bool) AllocFlags {
	gfp := ac.GFP
	flags := AllocWmarkMin | AllocCpuset
	if gfp&GFPHigh != 0 {
		flags |= AllocMinReserve
	}
	if gfp&GFPKswapdReclaim != 0 {
		flags |= AllocKswapd
	}
	if gfp&GFPDirectReclaim == 0 {
		if gfp&GFPNomemalloc == 0 {
			flags |= AllocNonBlock
			if order > 0 && flags&AllocMinReserve != 0 {
				flags |= AllocHighatomic
			}
		}
		if flags&AllocMinReserve != 0 {
			flags &^= AllocCpuset
		}
	} else if realtime {
		flags |= AllocMinReserve
	}
	return m.cmaFlag(ac, flags)
}

// GetPageFromFreelist walks the zones that ac allows and takes a block of 2^order pages from the first that may give one
// (get_page_from_freelist). It returns 0 if none can. The block's head row is KindKernel without flags; SetKind changes that. order must be
// 0 to MaxOrder-1.
func (m *Memory) GetPageFromFreelist(ac *AllocContext, order int, flags AllocFlags) PFN {
	if ac.Preferred < 0 {
		return 0
	}
	if pfn := m.fromStock(ac, order, flags); pfn != 0 {
		return pfn
	}
	for {
		pfn, again := m.walkZones(ac, order, flags)
		if pfn != 0 {
			return pfn
		}
		// Better to mix types than to fail or to leave the node.
		if !again && flags&AllocNoFragment == 0 {
			return 0
		}
		flags &^= AllocNoFragment
	}
}

// fromStock is the walk below for what most requests are: a single page from the CPU's list of the first zone that has enough. It returns 0 when anything is
// different.
func (m *Memory) fromStock(ac *AllocContext, order int, flags AllocFlags) PFN {
	if order != 0 {
		return 0
	}
	z := m.plainZone(ac, flags)
	if z == nil {
		return 0
	}
	c := &z.pcp[ac.CPU]
	s := &c.lists[ac.Migratetype]
	if s.len == 0 {
		return 0
	}
	c.took(1)
	pfn := s.pop(0)
	*m.Page(pfn) = Page{flags: z.id | uint32(KindKernel)<<kindShift}
	m.count(ac.Zonelist.Zones[ac.Preferred], z, ac.CPU, 0, 1)
	return pfn
}

// plainZone returns the zone that the walk below takes a single page from, if there is no more to it than to find the first of the preferred node that is above
// its mark: nothing special about the request, and nothing to tell kswapd. Otherwise nil.
func (m *Memory) plainZone(ac *AllocContext, flags AllocFlags) *Zone {
	if flags&(allocReserves|AllocNoWatermarks) != 0 || ac.SpreadDirty || m.HasCMA {
		return nil
	}
	zones := ac.Zonelist.Zones[ac.Preferred:]
	for i, z := range zones {
		if z.Flags&ZoneBoostedWatermark != 0 || i > 0 && (z.Node != zones[0].Node || m.sysctl.ZoneReclaimMode != 0 || ac.GFP&GFPAtomicFlag != 0) {
			return nil
		}
		mark := z.Wmark(Wmark(flags&AllocWmarkMask)) + z.LowmemReserve[ac.HighestZone] + z.NrReservedHighatomic
		if z.FreePages() > int64(mark) {
			return z
		}
	}
	return nil
}

// walkZones is one walk; again tells that NOFRAGMENT was about to send the request to another node.
func (m *Memory) walkZones(ac *AllocContext, order int, flags AllocFlags) (pfn PFN, again bool) {
	zones := ac.Zonelist.Zones
	preferred := zones[ac.Preferred]
	var overDirty *Node
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := zones[i]
		if ac.SpreadDirty && m.Hooks.NodeDirtyOK != nil {
			if z.Node == overDirty {
				continue
			}
			if !m.Hooks.NodeDirtyOK(z.Node) {
				overDirty = z.Node
				continue
			}
		}
		if flags&AllocNoFragment != 0 && z.Node != preferred.Node && len(m.Nodes) > 1 {
			return 0, true
		}
		mark := z.Wmark(Wmark(flags & AllocWmarkMask))
		if flags&AllocNoWatermarks == 0 && !z.watermarkFast(order, mark, ac.HighestZone, flags, ac.GFP) &&
			!m.nodeReclaim(preferred, z, ac, order, mark, flags) {
			continue
		}
		if pfn := m.rmqueue(preferred, z, ac, order, flags); pfn != 0 {
			if flags&AllocHighatomic != 0 {
				z.reserveHighatomic(pfn)
			}
			return pfn, false
		}
	}
	return 0, false
}

// nodeReclaim reclaims locally before the walk goes to a more distant zone, if vm.zone_reclaim_mode says so, and reports whether the zone may
// be used now.
func (m *Memory) nodeReclaim(preferred, z *Zone, ac *AllocContext, order int, mark uint64, flags AllocFlags) bool {
	if m.sysctl.ZoneReclaimMode == 0 || m.Hooks.NodeReclaim == nil ||
		m.Distance(preferred.Node.ID, z.Node.ID) > nodeReclaimDistance {
		return false
	}
	return m.Hooks.NodeReclaim(z.Node, ac.GFP, order) && z.WatermarkOK(order, mark, ac.HighestZone, flags)
}

// nodeReclaimDistance is the distance up to which zone_reclaim_mode reclaims rather than goes there (node_reclaim_distance).
const nodeReclaimDistance = 30

// rmqueue takes a block from a zone whose watermark allows it.
func (m *Memory) rmqueue(preferred, z *Zone, ac *AllocContext, order int, flags AllocFlags) PFN {
	var pfn PFN
	if m.pcpAllowed(order) && (!m.HasCMA || flags&AllocCMA != 0 || ac.Migratetype != MigrateMovable) {
		pfn = z.rmqueuePCP(ac.CPU, order, ac.Migratetype, flags)
	}
	if pfn == 0 {
		if pfn = z.rmqueueBuddy(order, ac.Migratetype, flags); pfn == 0 {
			return 0
		}
	}
	m.count(preferred, z, ac.CPU, order, 1)
	m.handOut(z, pfn, order)
	if flags&AllocKswapd != 0 && z.Flags&ZoneBoostedWatermark != 0 {
		z.Flags &^= ZoneBoostedWatermark
		if m.Hooks.WakeKswapd != nil {
			m.Hooks.WakeKswapd(z, 0, 0, z.Type)
		}
	}
	return pfn
}

// rmqueueBuddy takes a block straight from the buddy lists (rmqueue_buddy).
func (z *Zone) rmqueueBuddy(order int, mt Migratetype, flags AllocFlags) PFN {
	var pfn PFN
	if flags&AllocHighatomic != 0 {
		pfn = z.rmqueueSmallest(order, MigrateHighAtomic)
	}
	if pfn == 0 {
		pfn = z.rmqueueType(order, mt, flags)
		if pfn == 0 && flags&(AllocOOM|AllocNonBlock) != 0 {
			pfn = z.rmqueueSmallest(order, MigrateHighAtomic)
		}
		if pfn == 0 {
			return 0
		}
	}
	z.addFree(-1<<order, z.mem.Page(pfn).freeType())
	return pfn
}

// handOut makes the rows of a block those of an allocated one.
func (m *Memory) handOut(z *Zone, pfn PFN, order int) {
	*m.Page(pfn) = Page{flags: z.id | uint32(KindKernel)<<kindShift}
	if order > 0 {
		m.Page(pfn + 1).flags = z.id | uint32(order)<<orderShift | tailMark
	}
}

// AllocatedOrder returns the order of an allocated block, given its head.
func (m *Memory) AllocatedOrder(pfn PFN) int {
	if pfn&1 == 0 {
		if f := m.Page(pfn + 1).flags; f&(kindMask|tailMark) == tailMark {
			return int(f & orderMask >> orderShift)
		}
	}
	return 0
}

// FreePage gives back a single page through the CPU's list (free_unref_page).
func (m *Memory) FreePage(cpu int, pfn PFN) { m.FreePages(cpu, pfn, 0) }

// FreePages gives back a block of 2^order pages that was allocated as such (__free_pages). It panics if the block is not allocated: the
// caller's state is corrupt then.
func (m *Memory) FreePages(cpu int, pfn PFN, order int) {
	p := m.Page(pfn)
	if !p.Kind().Allocated() {
		m.badPage(pfn, order)
	}
	z := m.byID[p.flags&zoneIDMask]
	mt := m.BlockType(pfn)
	m.Events[vmstat.PgFree] += 1 << order
	p.flags = z.id
	if order > 0 {
		m.Page(pfn + 1).flags = z.id // it said the order
	}
	if m.pcpAllowed(order) && mt != MigrateIsolate {
		z.freePCP(cpu, pfn, order, mt)
		return
	}
	z.freeOne(pfn, order, mt, false)
}
