package pagecache

import (
	"fmt"
	"math/bits"
)

// Check computes the tree's sums again from its entries and compares them. It is for tests.
func (t *Tree) Check() error {
	var pages, values uint64
	var tagged [nrTags]uint64
	nodes, shadow, inUse := 0, 0, 0
	for hi, d := range t.dirs {
		if d == nil {
			continue
		}
		inUse++
		nodes++
		leaves := int32(0)
		var mid [leafPages / 8]uint8
		for at, l := range d.leaf {
			if l == nil {
				continue
			}
			leaves++
			used := int32(0)
			for i, e := range l.entry {
				w, b := i>>6, uint64(1)<<(i&63)
				page, value := l.present[w]&b != 0, l.value[w]&b != 0
				if page && value || (page || value) != (e != 0) {
					return fmt.Errorf("index %d holds %#x; page %v, value %v", hi<<dirShift+at<<leafShift+i, e, page, value)
				}
				if e != 0 {
					used++
				}
			}
			if used != l.used || used == 0 {
				return fmt.Errorf("leaf %d of directory %d says %d entries and has %d", at, hi, l.used, used)
			}
			for w := range words {
				pages += uint64(bits.OnesCount64(l.present[w]))
				values += uint64(bits.OnesCount64(l.value[w]))
				for tag := range nrTags {
					if l.tags[tag][w]&^l.present[w] != 0 {
						return fmt.Errorf("leaf %d of directory %d tags what is no page", at, hi)
					}
					tagged[tag] += uint64(bits.OnesCount64(l.tags[tag][w]))
				}
				if l.present[w]|l.value[w] != 0 {
					nodes++
					mid[at/8]++
					if l.present[w] == 0 {
						shadow++
						group := uint32(hi<<dirShift+at<<leafShift)>>6 + uint32(w)
						if s := t.Shadows; s != nil && (s.node[l.shadow[w]].tree != t || s.node[l.shadow[w]].group != group) {
							return fmt.Errorf("group %d holds values only and is not on the list of those", group)
						}
					}
				}
			}
		}
		for _, n := range mid {
			if n > 0 {
				nodes++
			}
		}
		if leaves != d.n || mid != d.mid || leaves == 0 {
			return fmt.Errorf("directory %d says %d leaves and has %d; groups %v, %v", hi, d.n, leaves, d.mid, mid)
		}
	}
	if pages != t.pages || values != t.values || tagged != t.tagged {
		return fmt.Errorf("%d pages, %d values, tags %v are counted; %d, %d, %v are there", t.pages, t.values, t.tagged, pages, values, tagged)
	}
	if nodes != int(t.nodes) || shadow != int(t.shadow) || inUse != int(t.inUse) {
		return fmt.Errorf("%d nodes, %d of values, %d directories are counted; %d, %d, %d are there", t.nodes, t.shadow, t.inUse, nodes, shadow, inUse)
	}
	return nil
}
