package lru

import (
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
)

// EnableGens moves every evictable page to generations, from the tails of the lists on: active ones become part of the youngest generation. col is
// the machine's column, now the time in nanoseconds (lru_gen_change_state, fill_evictable).
func (v *Lruvec) EnableGens(col *mglru.Column, now int64) {
	g := mglru.New(v.mem, v.node, &v.len, col, now)
	for l := InactiveAnon; l < Unevictable; l++ {
		for pfn := v.lists[l].Tail; pfn != 0; pfn = v.lists[l].Tail {
			v.Del(pfn)
			g.Add(pfn, v.mem.Page(pfn), false)
		}
	}
	v.Gens = g
}

// addAllGens is AddAll with generations; pages that are unevictable are only counted.
func (v *Lruvec) addAllGens(pages []phys.PFN) {
	first := 0
	for i, pfn := range pages {
		if v.mem.Page(pfn).Test(phys.FlagUnevictable) {
			v.Gens.AddAll(pages[first:i])
			v.Add(pfn)
			first = i + 1
		}
	}
	v.Gens.AddAll(pages[first:])
}
