package mm

import (
	"fmt"

	"mmsim/mm/lru"
	"mmsim/mm/phys"
)

// generations checks a node's generations and notes the pages that are on their lists. Nothing may wait to be counted, and the classic lists are empty.
func (c *checker) generations(v *lru.Lruvec, listed map[phys.PFN]bool) error {
	for l := lru.InactiveAnon; l < lru.Unevictable; l++ {
		if v.Head(l) != 0 {
			return fmt.Errorf("list %d holds page %d", l, v.Head(l))
		}
	}
	if !c.k.nodes[v.Node().ID].walk.moved.Empty() {
		return fmt.Errorf("pages that were promoted are not counted")
	}
	return v.Gens.CheckInvariants(func(pfn phys.PFN) error {
		if listed[pfn] {
			return fmt.Errorf("page %d is on two lists", pfn)
		}
		listed[pfn] = true
		return nil
	})
}
