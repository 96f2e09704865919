package lru

import (
	"math"
	"slices"

	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// A cut is pages that are being taken off the tail of a list.
type cut struct {
	out []phys.PFN // the pages, and room for more
	n   int        // how many there are

	// What the first page is, so that those behind it can be compared with it while their rows are at hand.
	flags                 phys.Flag
	state, mapping, index uint32
	unlike                int // the first page that differs
}

// CutTail takes up to nr pages off the tail of a list, none of zones above highest, and appends them to out in the order in which they were taken. It stops
// at the first page of a higher zone. The first alike of them follow one another in their owner, mapped by nobody, with the same zone, kind and those of some
// flags.
func (v *Lruvec) CutTail(l List, nr uint64, highest phys.ZoneType, flags phys.Flag, out []phys.PFN) (pages []phys.PFN, alike int) {
	q := &v.lists[l]
	pfn := q.Tail
	if pfn == 0 {
		return out, 0
	}
	first, most := len(out), int(min(nr, uint64(v.len[l])))
	out = slices.Grow(out, most)[:first+most]
	p := v.mem.Page(pfn)
	c := cut{out: out[first:], flags: flags, state: p.State(flags), mapping: p.Mapping, index: p.Index, unlike: math.MaxInt}
	var zone *phys.Zone
	var zoneID uint32
	for pfn != 0 && c.n < most {
		rows := v.mem.Following(pfn)
		if id := rows[0].ZoneID(); zone == nil || id != zoneID {
			zone, zoneID = v.mem.ZoneByID(id), id
			if zone.Type > highest {
				break
			}
		}
		had := c.n
		pfn = c.stretch(rows, pfn)
		zone.Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)] -= int64(c.n - had)
	}
	if c.n == 0 {
		return out[:first], 0
	}
	if q.Tail = pfn; pfn == 0 {
		q.Head = 0
	} else {
		v.mem.Page(pfn).Next = 0
	}
	v.len[l] -= int64(c.n)
	v.node.Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)] -= int64(c.n)
	return out[:first+c.n], min(c.unlike, c.n)
}

// stretch takes a page, whose row is the first of rows, and those that come next on the list as long as they are the next frames and of one zone: pages were
// mostly added in the order of their frames, and so the next row is known before the link is read, which the processor has to fetch from far. It returns the
// page that comes next.
func (c *cut) stretch(rows []phys.Page, pfn phys.PFN) (next phys.PFN) {
	out := c.out[c.n:]
	rows = rows[:min(len(rows), len(out))]
	out = out[:len(rows)]
	zone := rows[0].ZoneID()
	state, mapping, index := c.state, c.mapping, c.index+uint32(c.n)
	for i := range rows {
		p := &rows[i]
		if (p.State(c.flags)^state)|(p.Mapping^mapping)|(p.Index^index)|uint32(p.Mapcount) != 0 {
			if p.ZoneID() != zone {
				c.n += i
				return pfn
			}
			c.unlike = min(c.unlike, c.n+i)
		}
		index++
		prev := p.Prev
		p.Clear(phys.FlagLRU)
		p.Next, p.Prev = 0, 0
		out[i] = pfn
		if pfn++; prev != pfn {
			c.n += i + 1
			return prev
		}
	}
	c.n += len(rows)
	return pfn
}
