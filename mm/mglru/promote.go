package mglru

import "mmsim/mm/phys"

// Moved collects how many pages changed from one generation to another, so that they are counted once for many (struct lru_gen_mm_walk). The
// zero value is empty.
type Moved struct {
	n  int
	nr [MaxGens]kindCounts
}

// Empty tells whether nothing is waiting to be counted.
func (m *Moved) Empty() bool { return m.n == 0 }

// Promote puts a page that was accessed through a page table into the generation in a slot, where its list does not follow yet. A page that is on
// no list, because somebody is about to evict it, becomes referenced instead (folio_update_gen, update_batch_size).
func (g *Gens) Promote(pfn phys.PFN, p *phys.Page, slot int, m *Moved) {
	if !Holds(p) {
		p.Set(phys.FlagReferenced)
		return
	}
	p.Clear(phys.FlagReferenced | phys.FlagWorkingset)
	b := g.col.at(pfn)
	old := int(*b & genMask)
	if old == slot {
		return
	}
	*b = *b&^genMask | uint8(slot)
	k, z := KindOf(p), g.mem.ZoneByID(p.ZoneID()).Type
	m.n++
	m.nr[old][k][z]--
	m.nr[slot][k][z]++
}

// Count adds what was collected to the numbers of pages (reset_batch_size).
func (g *Gens) Count(m *Moved) {
	for slot := range m.nr {
		active := g.Active(slot)
		for k := range m.nr[slot] {
			for t, n := range m.nr[slot][k] {
				if n != 0 {
					g.nr[slot][k][t] += n
					g.account(Kind(k), active, g.node.Zone(phys.ZoneType(t)), n)
				}
			}
		}
	}
	*m = Moved{}
}

// incGen puts a page of the oldest generation of its kind into the next one, unless it was promoted meanwhile, and returns the slot that it
// is in then (folio_inc_gen).
func (g *Gens) incGen(pfn phys.PFN, p *phys.Page, k Kind, zone *phys.Zone, reclaiming bool) int {
	old := Slot(g.MinSeq[k])
	if now := g.col.Gen(pfn); now != old {
		return now
	}
	slot := (old + 1) % MaxGens
	g.setGen(pfn, slot)
	p.Clear(phys.FlagReferenced | phys.FlagWorkingset)
	if reclaiming {
		p.Set(phys.FlagReclaim)
	}
	g.nr[old][k][zone.Type]--
	g.nr[slot][k][zone.Type]++
	if !g.Active(old) && g.Active(slot) {
		g.account(k, false, zone, -1)
		g.account(k, true, zone, 1)
	}
	return slot
}

// Keep puts a page of the oldest list of its kind on that of the next generation: at the tail, behind those that were there, or, for one under
// writeback, at the head with the flag that has it evicted once it is clean. A page that was promoted meanwhile follows to its own list.
func (g *Gens) Keep(pfn phys.PFN, p *phys.Page, k Kind, zone *phys.Zone, writing bool) {
	from := &g.lists[Slot(g.MinSeq[k])][k][zone.Type]
	slot := g.incGen(pfn, p, k, zone, writing)
	g.mem.Remove(from, pfn)
	if to := &g.lists[slot][k][zone.Type]; writing {
		g.mem.Push(to, pfn)
	} else {
		g.mem.PushTail(to, pfn)
	}
}

// Follow puts a page of the oldest list of its kind that was promoted at the head of the list of its generation.
func (g *Gens) Follow(pfn phys.PFN, k Kind, z phys.ZoneType) {
	g.mem.Remove(&g.lists[Slot(g.MinSeq[k])][k][z], pfn)
	g.mem.Push(&g.lists[g.col.Gen(pfn)][k][z], pfn)
}
