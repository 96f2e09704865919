package pagecache

import (
	"fmt"
	"math"
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
			used := uint8(0)
			for i := range l.group {
				g := &l.group[i]
				number := hi<<(dirShift-groupShift) + at<<(leafShift-groupShift) + i
				if err := g.check(); err != nil {
					return fmt.Errorf("group %d: %w", number, err)
				}
				pages += uint64(bits.OnesCount64(g.present))
				values += uint64(bits.OnesCount64(g.value))
				for tag := range nrTags {
					tagged[tag] += uint64(bits.OnesCount64(g.tags[tag]))
				}
				if g.present|g.value == 0 {
					continue
				}
				nodes++
				mid[at/8]++
				used++
				if g.present == 0 {
					shadow++
					if s := t.Shadows; s != nil && (s.node[g.shadow].tree != t || s.node[g.shadow].group != uint32(number)) {
						return fmt.Errorf("group %d holds values only and is not on the list of those", number)
					}
				}
			}
			if used != d.used[at] || used == 0 {
				return fmt.Errorf("leaf %d of directory %d says %d groups and has %d", at, hi, d.used[at], used)
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

// check looks for what no group may be.
func (g *group) check() error {
	switch {
	case g.present&g.value != 0:
		return fmt.Errorf("indices %#x hold both a page and a value", g.present&g.value)
	case (g.low != nil) != (g.present != 0 || g.step == inBlock):
		return fmt.Errorf("pages at %#x and a step of %d, a block: %v", g.present, g.step, g.low != nil)
	case g.step == inBlock && g.value == 0, g.step != inBlock && g.high != nil:
		return fmt.Errorf("values at %#x and a step of %d, a block for the upper halves: %v", g.value, g.step, g.high != nil)
	case g.step == inBlock && g.first&math.MaxUint32 != 0:
		return fmt.Errorf("%#x is no upper half", g.first)
	}
	for i := range uint64(groupPages) {
		if g.present>>i&1 != 0 && g.low[i] == 0 || g.value>>i&1 != 0 && g.valueAt(i) == 0 {
			return fmt.Errorf("index %d holds 0", i)
		}
	}
	for tag, b := range g.tags {
		if b&^g.present != 0 {
			return fmt.Errorf("tag %d at %#x, where no pages are", tag, b&^g.present)
		}
	}
	return nil
}
