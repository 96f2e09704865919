package phys

import "mmsim/mm/vmstat"

// cmaFirst reports whether movable requests should take CMA pages before others: more than half of the free pages are CMA's.
func (z *Zone) cmaFirst() bool {
	return z.Stat[vmstat.NRFreeCma] > z.Stat[vmstat.NRFreePages]/2
}

// canStealFallback reports whether a request may claim the whole pageblock of a free block of another type (can_steal_fallback).
func (m *Memory) canStealFallback(order int, want Migratetype) bool {
	return order >= m.pageblockOrder || order >= m.pageblockOrder/2 || want == MigrateReclaimable || want == MigrateUnmovable ||
		!m.MobilityGrouping
}

// findFallback returns the preferred type with a free block of exactly that order (find_suitable_fallback).
func (z *Zone) findFallback(order int, want Migratetype) (Migratetype, bool) {
	if z.free[order].nrFree == 0 {
		return 0, false
	}
	for _, mt := range fallbackTypes[want] {
		if !z.free[order].lists[mt].Empty() {
			return mt, true
		}
	}
	return 0, false
}

// rmqueueFallback moves a free block of another type to the lists of the wanted one (__rmqueue_fallback). The largest block is
// taken, so that types mix as rarely as possible; but a movable request that may not claim a whole pageblock takes the smallest.
func (z *Zone) rmqueueFallback(order int, want Migratetype, flags AllocFlags) bool {
	m := z.mem
	minOrder := order
	if flags&AllocNoFragment != 0 && order < m.pageblockOrder {
		minOrder = m.pageblockOrder
	}
	for o := MaxOrder - 1; o >= minOrder; o-- {
		mt, ok := z.findFallback(o, want)
		if !ok {
			continue
		}
		whole := m.canStealFallback(o, want)
		if !whole && want == MigrateMovable && o > order {
			for o = order; ; o++ {
				if mt, ok = z.findFallback(o, want); ok {
					break
				}
			}
		}
		z.steal(z.freeHead(o, mt), o, want, flags, whole)
		if m.Hooks.ExtFrag != nil {
			m.Hooks.ExtFrag(z, order, o, want, mt)
		}
		return true
	}
	return false
}

// steal moves a free block, or all free blocks of its pageblock, to the lists of type want (steal_suitable_fallback).
func (z *Zone) steal(pfn PFN, order int, want Migratetype, flags AllocFlags, whole bool) {
	m := z.mem
	old := m.BlockType(pfn)
	if old == MigrateHighAtomic {
		z.moveToFreeList(pfn, order, want)
		return
	}
	if order >= m.pageblockOrder {
		for b := PFN(0); b < 1<<order; b += 1 << m.pageblockOrder {
			m.setBlockType(pfn+b, want)
		}
		z.moveToFreeList(pfn, order, want)
		return
	}
	if z.boostWatermark() && flags&AllocKswapd != 0 {
		z.Flags |= ZoneBoostedWatermark
	}
	if !whole {
		z.moveToFreeList(pfn, order, want)
		return
	}
	free, movable := z.moveFreePagesBlock(pfn, want)
	if free == 0 { // the pageblock is cut by the zone's end
		z.moveToFreeList(pfn, order, want)
		return
	}
	alike := 0
	switch {
	case want == MigrateMovable:
		alike = movable
	case old == MigrateMovable:
		alike = 1<<m.pageblockOrder - (free + movable)
	}
	if free+alike >= 1<<(m.pageblockOrder-1) || !m.MobilityGrouping {
		m.setBlockType(pfn, want)
	}
}

// moveFreePagesBlock moves the free blocks of pfn's pageblock to the lists of type mt, in ascending order
// (move_freepages_block). It returns the pages moved and the base pages in use that are movable. Nothing is moved when the zone ends inside the
// pageblock; a pageblock that begins in another zone is looked at from pfn on.
func (z *Zone) moveFreePagesBlock(pfn PFN, mt Migratetype) (moved, movable int) {
	m := z.mem
	start := pfn &^ (1<<m.pageblockOrder - 1)
	end := uint64(start) + 1<<m.pageblockOrder
	if !z.Spans(start) {
		start = pfn
	}
	if end > z.EndPFN {
		return 0, 0
	}
	m.Touch(start)
	for b := uint64(start); b < end; {
		p := m.Page(PFN(b))
		switch k := p.Kind(); {
		case k == KindBuddy && p.ZoneID() == z.id:
			o := p.BuddyOrder()
			z.moveToFreeList(PFN(b), o, mt)
			moved += 1 << o
			b += 1 << o
		case k.Allocated():
			n := min(uint64(1)<<m.AllocatedOrder(PFN(b)), end-b)
			if p.Test(FlagLRU) {
				movable += int(n)
			}
			b += n
		default:
			b++
		}
	}
	return moved, movable
}

// boostWatermark raises the zone's boost because types mix (boost_watermark). It reports whether the boost is in use.
func (z *Zone) boostWatermark() bool {
	m := z.mem
	if m.sysctl.WatermarkBoostFactor == 0 {
		return false
	}
	block := uint64(1) << m.pageblockOrder
	if block*4 > z.Managed {
		return false
	}
	most := mulDiv(z.Watermark[WmarkHigh], uint64(m.sysctl.WatermarkBoostFactor), 10000)
	if most == 0 {
		return false
	}
	z.WatermarkBoost = min(z.WatermarkBoost+block, max(most, block))
	return true
}
