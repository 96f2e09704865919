package mglru

import "mmsim/mm/phys"

// IncMaxSeq begins a new generation at a time, in nanoseconds (inc_max_seq). A kind that has as many generations as there can be merges its two
// oldest; it returns how many pages it moved for that. canSwap tells whether anonymous pages are evicted; if not, their oldest generation is
// dropped by number only and its pages become part of the youngest.
func (g *Gens) IncMaxSeq(canSwap bool, now int64) (moved int) {
	for k := NrKinds; k > 0; k-- {
		if g.NrGens(k-1) == MaxGens {
			moved += g.incMinSeq(k-1, canSwap)
		}
	}
	// The generation before the youngest stops being active, and the new one, which holds pages only if swapping is not possible, begins.
	prev, next := Slot(g.MaxSeq-1), Slot(g.MaxSeq+1)
	for k := range NrKinds {
		for _, z := range g.node.Zones {
			if delta := g.nr[prev][k][z.Type] - g.nr[next][k][z.Type]; delta != 0 {
				g.account(k, false, z, delta)
				g.account(k, true, z, -delta)
			}
		}
	}
	g.Birth[next] = now
	g.MaxSeq++
	return moved
}

// incMinSeq makes the oldest generation of a kind part of the next one, behind which its pages are older still (inc_min_seq).
func (g *Gens) incMinSeq(k Kind, canSwap bool) (moved int) {
	if k == File || canSwap {
		old := Slot(g.MinSeq[k])
		for _, z := range g.node.Zones {
			for l := &g.lists[old][k][z.Type]; l.Tail != 0; moved++ {
				g.Keep(l.Tail, g.mem.Page(l.Tail), k, z, false)
			}
		}
	}
	g.Tiers[k].carryOver()
	g.MinSeq[k]++
	return moved
}

// TryToIncMinSeq moves the numbers of the oldest generations past those that are empty, as far as at least MinGens stay, and tells whether one
// moved. The anonymous one does not pass that of files (try_to_inc_min_seq).
func (g *Gens) TryToIncMinSeq(canSwap bool) bool {
	minSeq := g.MinSeq
	first := Anon
	if !canSwap {
		first = File
	}
	for k := first; k < NrKinds; k++ {
		for minSeq[k]+MinGens <= g.MaxSeq && g.empty(Slot(minSeq[k]), k) {
			minSeq[k]++
		}
	}
	if canSwap {
		minSeq[Anon] = min(minSeq[Anon], minSeq[File])
		minSeq[File] = max(minSeq[Anon], g.MinSeq[File])
	}
	moved := false
	for k := first; k < NrKinds; k++ {
		if minSeq[k] != g.MinSeq[k] {
			g.Tiers[k].carryOver()
			g.MinSeq[k] = minSeq[k]
			moved = true
		}
	}
	return moved
}

// empty tells whether no list of a generation and kind has a page.
func (g *Gens) empty(slot int, k Kind) bool {
	for t := range phys.NrZoneTypes {
		if !g.lists[slot][k][t].Empty() {
			return false
		}
	}
	return true
}

// Ages are the sizes that decide whether a new generation is due: of the pages of the kinds that can be evicted, in pages.
type Ages struct {
	Young int64 // in the youngest generation
	Old   int64 // in the one MinGens before it
	Total int64 // in all
}

// Ages adds up the generations (the first half of should_run_aging).
func (g *Gens) Ages(canSwap bool) (a Ages) {
	k := Anon
	if !canSwap {
		k = File
	}
	for ; k < NrKinds; k++ {
		for seq := g.MinSeq[k]; seq <= g.MaxSeq; seq++ {
			n := g.Sum(Slot(seq), k)
			a.Total += n
			if seq == g.MaxSeq {
				a.Young += n
			} else if seq+MinGens == g.MaxSeq {
				a.Old += n
			}
		}
	}
	return a
}

// ShouldAge tells whether a new generation is due: fewer than three are left, or exactly three, of which the youngest has more than half of the pages
// or the oldest less than a quarter (the second half of should_run_aging).
func (g *Gens) ShouldAge(canSwap bool, a Ages) bool {
	k := Anon
	if !canSwap {
		k = File
	}
	switch oldest := g.MinSeq[k] + MinGens; {
	case oldest > g.MaxSeq:
		return true
	case oldest < g.MaxSeq:
		return false
	}
	return a.Young*MinGens > a.Total || a.Old*(MinGens+2) < a.Total
}
