package phys

import (
	"errors"
	"fmt"

	"mmsim/mm/vmstat"
)

// CheckInvariants recomputes from the frame table everything that the package keeps beside it and returns the first differences, nil if there
// are none. It visits every touched frame: use it in tests.
func (m *Memory) CheckInvariants() error {
	c := &checker{m: m, seen: map[PFN]place{}, blocks: map[*Zone]*tally{}}
	for _, z := range m.zones {
		c.blocks[z] = &tally{}
		c.buddyLists(z)
		c.pcpLists(z)
	}
	for _, r := range m.ranges {
		c.frames(r)
	}
	for _, z := range m.zones {
		c.totals(z)
	}
	if len(c.seen) > 0 {
		for pfn := range c.seen {
			c.fail("pfn %d is on a list, but the frame table has no such block there", pfn)
			break
		}
	}
	return errors.Join(c.errs...)
}

// place is where a free block was found: on a buddy list or in a CPU's stock.
type place struct {
	stock bool
	order int
	mt    Migratetype
	zone  *Zone
}

// tally is what the frame table says about a zone.
type tally struct {
	free, freeIsolate, freeCMA, pcp, reserved, allocated, isolated uint64
	blocks                                                         [MaxOrder]uint64
}

type checker struct {
	m      *Memory
	seen   map[PFN]place
	blocks map[*Zone]*tally
	errs   []error
}

func (c *checker) fail(format string, args ...any) {
	if len(c.errs) < 20 {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

func (c *checker) buddyLists(z *Zone) {
	for o := range z.free {
		for mt := range z.free[o].lists {
			c.list(z, &z.free[o].lists[mt], o, Migratetype(mt))
		}
	}
}

func (c *checker) pcpLists(z *Zone) {
	for cpu := range z.pcp {
		p := &z.pcp[cpu]
		n := 0
		for i := range p.lists {
			order := c.m.pindexOrder(i)
			n += c.stock(z, &p.lists[i], order) << order
		}
		if n != p.Count {
			c.fail("%s/%d: cpu %d: count %d, but %d pages on its lists", z.Name(), z.Node.ID, cpu, p.Count, n)
		}
	}
}

// stock walks one list of a CPU's stock, checks its runs and remembers its blocks. It returns their number.
func (c *checker) stock(z *Zone, s *stock, order int) int {
	n := 0
	for i := range s.len {
		r := *s.at(i)
		last := r.first + PFN(max(r.n, 1)-1)<<order
		if r.n == 0 || r.first>>sectionShift != last>>sectionShift {
			c.fail("%s/%d: a stock has a run of %d blocks of order %d at %d", z.Name(), z.Node.ID, r.n, order, r.first)
		}
		for pfn := r.first; pfn <= last; pfn += 1 << order {
			c.saw(pfn, place{true, order, r.mt, z})
		}
		n += int(r.n)
	}
	return n
}

// saw remembers where a free block is.
func (c *checker) saw(pfn PFN, at place) bool {
	if _, dup := c.seen[pfn]; dup {
		c.fail("pfn %d: on two lists", pfn)
		return false
	}
	c.seen[pfn] = at
	return true
}

// list walks one list, checks its links and remembers its blocks.
func (c *checker) list(z *Zone, l *List, order int, mt Migratetype) {
	prev := PFN(0)
	for pfn := l.Head; pfn != 0; {
		p := c.m.Page(pfn)
		if p.Prev != prev {
			c.fail("pfn %d: on a list behind %d, but its link back is %d", pfn, prev, p.Prev)
			return
		}
		if order == MaxOrder-1 && z.virgin.holds(pfn) {
			if pfn != z.virgin.sentinel() {
				c.fail("pfn %d: inside the untouched run, but on a list", pfn)
			}
		} else if !c.saw(pfn, place{false, order, mt, z}) {
			return
		}
		prev, pfn = pfn, p.Next
	}
	if l.Tail != prev {
		c.fail("%s/%d: a list of order %d ends at %d, but its tail is %d", z.Name(), z.Node.ID, order, prev, l.Tail)
	}
}

// frames walks the blocks of one range of RAM.
func (c *checker) frames(r ramRange) {
	m := c.m
	for at := r.start; at < r.end; {
		z := r.zone
		t := c.blocks[z]
		if z.virgin.holds(PFN(at)) {
			n := z.virgin.end<<sectionShift - at
			t.free += n
			t.blocks[MaxOrder-1] += n / maxBlock
			at += n
			continue
		}
		if m.sections[at>>sectionShift] == z.reservedRows && z.reservedRows != nil {
			n := min(r.end, (at>>sectionShift+1)<<sectionShift) - at
			t.reserved += n
			at += n
			continue
		}
		at += c.block(r, PFN(at), t)
	}
}

// block checks the block whose head is at pfn and returns its pages.
func (c *checker) block(r ramRange, pfn PFN, t *tally) uint64 {
	m, z := c.m, r.zone
	p := m.Page(pfn)
	k := p.Kind()
	at, listed := c.seen[pfn]
	stocked := k == KindNone && at.stock // the row of such a block says nothing, not even its zone
	if p.ZoneID() != z.id && !stocked {
		c.fail("pfn %d: in zone %d, but its row says %d", pfn, z.id, p.ZoneID())
	}
	if stocked && p.flags&tailMark != 0 { // AllocatedOrder of the page before it is wrong then
		c.fail("pfn %d: in a CPU's stock, but its row says the order of a block", pfn)
	}
	order := 0
	switch {
	case stocked:
		order = at.order
	case k == KindBuddy, k == KindIsolated:
		order = p.BuddyOrder()
	case k.Allocated():
		order = m.AllocatedOrder(pfn)
	case k == KindNone:
		c.fail("pfn %d: not inside any block", pfn)
		return 1
	}
	n := uint64(1) << order
	if uint64(pfn)&(n-1) != 0 || uint64(pfn)+n > r.end {
		c.fail("pfn %d: %s block of order %d is not aligned or leaves the zone", pfn, k, order)
		return 1
	}
	for i := PFN(1); i < PFN(n); i++ {
		if m.Page(pfn+i).Kind() != KindNone {
			c.fail("pfn %d: %s inside the %s block at %d", pfn+i, m.Page(pfn+i).Kind(), k, pfn)
			break
		}
		if f := m.Page(pfn + i).flags; f&tailMark != 0 && !(k.Allocated() && i == 1) {
			c.fail("pfn %d: inside the %s block at %d, but it says an order", pfn+i, k, pfn)
		}
	}
	delete(c.seen, pfn)
	if onList := k == KindBuddy || stocked; onList != listed || listed && (at.stock != stocked || at.order != order || at.zone != z) {
		c.fail("pfn %d: %s of order %d, found on lists: %v %+v", pfn, k, order, listed, at)
	}
	switch {
	case k == KindBuddy:
		if at.mt != p.freeType() {
			c.fail("pfn %d: on the list of %s, but its row says %s", pfn, at.mt, p.freeType())
		}
		c.merged(z, pfn, order)
		t.blocks[order]++
		t.free += n
		switch p.freeType() {
		case MigrateIsolate:
			t.freeIsolate += n
		case MigrateCMA:
			t.freeCMA += n
		}
	case stocked:
		t.pcp += n
	case k == KindReserved:
		t.reserved += n
	case k == KindIsolated:
		t.isolated += n
	default:
		t.allocated += n
	}
	return n
}

// merged checks that a free block could not have been merged with its buddy. Whole pageblocks are left out: when the type of one changes, the kernel
// does not merge it with its neighbour until it is freed again.
func (c *checker) merged(z *Zone, pfn PFN, order int) {
	if buddy := pfn ^ 1<<order; order < c.m.pageblockOrder && z.isFree(buddy, order) {
		c.fail("pfn %d: free block of order %d beside its free buddy", pfn, order)
	}
}

// totals compares a zone's counters with the tally.
func (c *checker) totals(z *Zone) {
	t := c.blocks[z]
	where := fmt.Sprintf("%s/%d", z.Name(), z.Node.ID)
	for o := range z.free {
		if z.free[o].nrFree != t.blocks[o] {
			c.fail("%s: nr_free of order %d is %d, but there are %d", where, o, z.free[o].nrFree, t.blocks[o])
		}
	}
	if got := z.Stat[vmstat.NRFreePages]; got != int64(t.free-t.freeIsolate) {
		c.fail("%s: nr_free_pages is %d, but %d pages are free", where, got, t.free-t.freeIsolate)
	}
	if got := z.Stat[vmstat.NRFreeCma]; got != int64(t.freeCMA) {
		c.fail("%s: nr_free_cma is %d, but %d pages are", where, got, t.freeCMA)
	}
	if sum := t.free + t.pcp + t.allocated + t.isolated; sum != z.Managed {
		c.fail("%s: %d pages managed, but %d free + %d on per-CPU lists + %d allocated + %d isolated", where, z.Managed, t.free, t.pcp,
			t.allocated, t.isolated)
	}
	if z.Managed+t.reserved != z.Present {
		c.fail("%s: %d pages present, but %d managed and %d reserved", where, z.Present, z.Managed, t.reserved)
	}
	types := c.pageblocks(z)
	// A pageblock may leave the highatomic reserve without being counted out, when a page freed under its old type merges it into a larger
	// block that is then stolen. The kernel's count is an upper bound in the same way.
	if types[MigrateHighAtomic] > 0 && z.NrReservedHighatomic == 0 {
		c.fail("%s: %d highatomic pageblocks, but none counted", where, types[MigrateHighAtomic])
	}
	if z.NrIsolatedBlocks != types[MigrateIsolate] {
		c.fail("%s: %d isolated pageblocks, but %d have the type", where, z.NrIsolatedBlocks, types[MigrateIsolate])
	}
}

// pageblocks counts the pageblocks that touch the zone by type.
func (c *checker) pageblocks(z *Zone) (n [NrMigratetypes]uint64) {
	m := c.m
	for _, r := range m.ranges {
		if r.zone != z {
			continue
		}
		for b := r.start >> m.pageblockOrder; b<<m.pageblockOrder < r.end; b++ {
			n[m.BlockType(PFN(b<<m.pageblockOrder))]++
		}
	}
	return n
}
