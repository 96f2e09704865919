package mglru

import (
	"fmt"

	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// CheckInvariants computes the numbers of pages again from the lists and compares them with what is kept, and calls visit for each page. It is for
// tests: it looks at every page.
func (g *Gens) CheckInvariants(visit func(phys.PFN) error) error {
	if f, a := g.NrGens(File), g.NrGens(Anon); f < MinGens || f > a || a > MaxGens {
		return fmt.Errorf("generations: the youngest is %d, the oldest are %d and %d", g.MaxSeq, g.MinSeq[Anon], g.MinSeq[File])
	}
	var nr [MaxGens]kindCounts
	for slot := range g.lists {
		for k := range NrKinds {
			for t := range phys.NrZoneTypes {
				if err := g.checkList(slot, k, t, &nr, visit); err != nil {
					return fmt.Errorf("list of slot %d, kind %d, zone %v: %w", slot, k, t, err)
				}
			}
		}
	}
	if nr != g.nr {
		return fmt.Errorf("generations count %v pages; there are %v", g.nr, nr)
	}
	return g.checkSums()
}

// live tells whether a slot is that of a generation that a kind has.
func (g *Gens) live(slot int, k Kind) bool {
	for seq := g.MinSeq[k]; seq <= g.MaxSeq; seq++ {
		if Slot(seq) == slot {
			return true
		}
	}
	return false
}

func (g *Gens) checkList(slot int, k Kind, t phys.ZoneType, nr *[MaxGens]kindCounts, visit func(phys.PFN) error) error {
	l := g.lists[slot][k][t]
	prev := phys.PFN(0)
	for pfn := l.Head; pfn != 0; pfn = g.mem.Page(pfn).Next {
		p := g.mem.Page(pfn)
		zone := g.mem.ZoneByID(p.ZoneID())
		gen := g.col.Gen(pfn)
		switch {
		case !Holds(p) || p.Test(phys.FlagActive):
			return fmt.Errorf("page %d has flags %x", pfn, p.Flags())
		case KindOf(p) != k || zone.Type != t || zone.Node != g.node:
			return fmt.Errorf("page %d belongs elsewhere", pfn)
		case p.Prev != prev:
			return fmt.Errorf("page %d follows %d and says %d", pfn, prev, p.Prev)
		case !g.live(slot, k) || !g.live(gen, k):
			return fmt.Errorf("page %d of slot %d, which is not of %d to %d", pfn, gen, g.MinSeq[k], g.MaxSeq)
		}
		nr[gen][k][t]++
		if err := visit(pfn); err != nil {
			return err
		}
		prev = pfn
	}
	if l.Tail != prev {
		return fmt.Errorf("ends with page %d and says %d", prev, l.Tail)
	}
	return nil
}

// checkSums compares the lengths that /proc shows with the sums over the generations.
func (g *Gens) checkSums() error {
	var total Sizes
	for _, z := range g.node.Zones {
		var sum Sizes
		for slot := range g.nr {
			for k := range NrKinds {
				l := int(k) * 2
				if g.Active(slot) {
					l++
				}
				sum[l] += g.nr[slot][k][z.Type]
			}
		}
		for l := range 4 {
			if n := z.Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)]; n != sum[l] {
				return fmt.Errorf("list %d of zone %v has %d pages, the counter says %d", l, z.Type, sum[l], n)
			}
			total[l] += sum[l]
		}
	}
	for l := range 4 {
		if n := g.node.Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)]; n != total[l] || g.sizes[l] != n {
			return fmt.Errorf("list %d has %d pages, its length says %d, the node's counter %d", l, total[l], g.sizes[l], n)
		}
	}
	return nil
}
