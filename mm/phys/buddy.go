package phys

import "math/bits"

// addToFreeList puts a free block on its list.
func (z *Zone) addToFreeList(pfn PFN, order int, mt Migratetype, tail bool) {
	m := z.mem
	m.Page(pfn).flags = z.headFlags(KindBuddy, order, mt)
	a := &z.free[order]
	a.nrFree++
	if tail {
		m.PushTail(&a.lists[mt], pfn)
	} else {
		m.Push(&a.lists[mt], pfn)
	}
}

// delFromFreeList takes a free block off its list; its row becomes the interior of a block. The block must not be virgin.
func (z *Zone) delFromFreeList(pfn PFN, order int) {
	p := z.mem.Page(pfn)
	a := &z.free[order]
	a.nrFree--
	z.mem.Remove(&a.lists[p.freeType()], pfn)
	p.flags = z.id
}

// moveToFreeList moves a free block to the tail of another type's list (move_to_free_list).
func (z *Zone) moveToFreeList(pfn PFN, order int, mt Migratetype) {
	p := z.mem.Page(pfn)
	z.mem.Remove(&z.free[order].lists[p.freeType()], pfn)
	p.flags = z.headFlags(KindBuddy, order, mt)
	z.mem.PushTail(&z.free[order].lists[mt], pfn)
}

// freeHead returns the first block of a list as one with rows of its own, 0 if the list is empty.
func (z *Zone) freeHead(order int, mt Migratetype) PFN {
	pfn := z.free[order].lists[mt].Head
	if order == MaxOrder-1 && pfn != 0 && z.virgin.holds(pfn) {
		z.touchFirst()
	}
	return pfn
}

// freeOne gives a block back to the buddy lists, merged with its free buddies as far as possible (__free_one_page). tail puts the
// result at the tail of its list in any case.
func (z *Zone) freeOne(pfn PFN, order int, mt Migratetype, tail bool) {
	m := z.mem
	if mt != MigrateIsolate {
		z.addFree(1<<order, mt)
	}
	rows := m.sections[pfn>>sectionShift] // no block reaches beyond a section
	rows[pfn&sectionMask].flags = z.id
	for order < MaxOrder-1 {
		if m.Capture != nil && m.Capture.take(z, pfn, order, mt) {
			if mt != MigrateIsolate {
				z.addFree(-1<<order, mt)
			}
			return
		}
		if z.free[order].nrFree == 0 { // not to look at the row, which is far from the processor
			break
		}
		buddy := pfn ^ 1<<order
		p := &rows[buddy&sectionMask]
		if p.flags&freeHeadMask != z.headFlags(KindBuddy, order, 0) {
			break
		}
		if order >= m.pageblockOrder {
			if bt := m.BlockType(buddy); bt != mt && !(bt.mergeable() && mt.mergeable()) {
				break
			}
		}
		a := &z.free[order]
		a.nrFree--
		m.unlink(&a.lists[p.freeType()%NrMigratetypes], p)
		p.flags = z.id
		pfn &= buddy
		order++
	}
	z.addToFreeList(pfn, order, mt, tail || z.buddyMergeLikely(pfn, order))
}

// freeHeadMask covers what tells a free block of one zone and order apart in a row's flags.
const freeHeadMask = zoneIDMask | kindMask | orderMask

// isFree reports whether pfn is the head of a free block of exactly that order in this zone.
func (z *Zone) isFree(pfn PFN, order int) bool {
	return z.mem.Page(pfn).flags&freeHeadMask == z.headFlags(KindBuddy, order, 0)
}

// buddyMergeLikely reports whether the block that this one would merge into has a free buddy itself: then this one goes to the tail, to be
// handed out last (buddy_merge_likely).
func (z *Zone) buddyMergeLikely(pfn PFN, order int) bool {
	if order >= MaxOrder-2 || z.free[order+1].nrFree == 0 {
		return false
	}
	merged := pfn &^ (1 << order)
	return z.isFree(merged^1<<(order+1), order+1)
}

// rmqueueSmallest takes a block of one type off the lists, from the smallest order that has one, and splits it (__rmqueue_smallest). It
// returns 0 if there is none. The block's row keeps order and type; NRFreePages is the caller's to adjust.
func (z *Zone) rmqueueSmallest(order int, mt Migratetype) PFN {
	for o := order; o < MaxOrder; o++ {
		if z.free[o].lists[mt].Head == 0 {
			continue
		}
		pfn := z.freeHead(o, mt)
		z.delFromFreeList(pfn, o)
		rows := z.mem.sections[pfn>>sectionShift]
		for o > order { // expand: the upper halves go back, the lowest part is taken
			o--
			half := pfn + 1<<o
			// This list is empty, or the walk would have stopped there.
			a := &z.free[o]
			a.nrFree++
			a.lists[mt] = List{half, half}
			p := &rows[half&sectionMask]
			p.flags = z.headFlags(KindBuddy, o, mt)
			p.Next, p.Prev = 0, 0
		}
		rows[pfn&sectionMask].flags = z.headFlags(KindNone, order, mt)
		return pfn
	}
	return 0
}

// rmqueueRun takes up to n blocks that lie one behind the other, at least one unless there is none, with the result of as many calls of
// rmqueueSmallest: those take the smallest larger block apart from its start before they look at another. No list of an order from order to below from may have
// a block. It also returns the order of the block it took them from: as long as blocks are only taken, that is from of the next call.
func (z *Zone) rmqueueRun(order, from int, mt Migratetype, n int) (pfn PFN, got, found int) {
	for o := from; o < MaxOrder; o++ {
		if z.free[o].lists[mt].Head == 0 {
			continue
		}
		pfn := z.freeHead(o, mt)
		z.delFromFreeList(pfn, o)
		n = min(n, 1<<(o-order))
		rows := z.mem.sections[pfn>>sectionShift]
		end := pfn + 1<<o
		for at := pfn + PFN(n)<<order; at < end; {
			k := bits.TrailingZeros32(uint32(at)) // what is left of the block, one part of each order at most
			a := &z.free[k]
			a.nrFree++
			a.lists[mt] = List{at, at}
			p := &rows[at&sectionMask]
			p.flags = z.headFlags(KindBuddy, k, mt)
			p.Next, p.Prev = 0, 0
			at += 1 << k
		}
		return pfn, n, o
	}
	return 0, 0, 0
}

// rmqueueType takes a block for a request of type mt from the buddy lists, stealing from other types if need be (__rmqueue).
func (z *Zone) rmqueueType(order int, mt Migratetype, flags AllocFlags) PFN {
	if flags&AllocCMA != 0 && z.CMAPages > 0 && z.cmaFirst() {
		if pfn := z.rmqueueSmallest(order, MigrateCMA); pfn != 0 {
			return pfn
		}
	}
	for {
		if pfn := z.rmqueueSmallest(order, mt); pfn != 0 {
			return pfn
		}
		if flags&AllocCMA != 0 && z.CMAPages > 0 {
			if pfn := z.rmqueueSmallest(order, MigrateCMA); pfn != 0 {
				return pfn
			}
		}
		if !z.rmqueueFallback(order, mt, flags) {
			return 0
		}
	}
}
