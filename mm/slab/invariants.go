package slab

import (
	"fmt"

	"mmsim/mm/phys"
)

// CheckInvariants recomputes every cache's counts from the rows and lists and returns the first difference. pages is the sum of the pages of all slabs
// with rows, for comparison with the frame table.
func (s *Slabs) CheckInvariants() (pages int, err error) {
	owned := 0
	for _, c := range s.Caches {
		n, p, err := c.check()
		if err != nil {
			return 0, fmt.Errorf("slab cache %s: %w", c.Name, err)
		}
		owned += n
		pages += p
	}
	if live := len(s.rows) - 1 - len(s.free); owned > live {
		return 0, fmt.Errorf("%d slabs are on lists or CPUs, %d rows are in use", owned, live)
	}
	return pages, nil
}

// check walks a cache's lists. Full slabs are on none, so what is not found there must be full.
func (c *Cache) check() (listed, pages int, err error) {
	rows := c.s.rows
	objects, free := 0, 0
	see := func(id ID, want place) error {
		r := &rows[id]
		if r.place != want {
			return fmt.Errorf("slab %d is in place %d and says %d", id, want, r.place)
		}
		if r.free > r.objects {
			return fmt.Errorf("slab %d has %d of %d objects free", id, r.free, r.objects)
		}
		listed++
		objects += int(r.objects)
		free += int(r.free)
		if r.pfn != 0 {
			if k := c.s.mem.Page(r.pfn).Kind(); k != phys.KindSlab {
				return fmt.Errorf("slab %d is in a page of kind %v", id, k)
			}
			pages += 1 << r.order
		}
		return nil
	}
	for cpu := range c.cpus {
		cs := &c.cpus[cpu]
		if cs.slab != 0 {
			if err := see(cs.slab, active); err != nil {
				return 0, 0, err
			}
		}
		free += int(cs.free)
		for id := cs.partial; id != 0; id = rows[id].next {
			if err := see(id, cpuPartial); err != nil {
				return 0, 0, err
			}
		}
	}
	for n := range c.nodes {
		ns := &c.nodes[n]
		count, prev := 0, ID(0)
		for id := ns.head; id != 0; prev, id = id, rows[id].next {
			if rows[id].prev != prev || int(rows[id].node) != n {
				return 0, 0, fmt.Errorf("slab %d is linked wrongly on the partial list of node %d", id, n)
			}
			if err := see(id, nodePartial); err != nil {
				return 0, 0, err
			}
			count++
		}
		if count != ns.partial || ns.tail != prev {
			return 0, 0, fmt.Errorf("node %d has %d partial slabs and says %d", n, count, ns.partial)
		}
	}
	for id := range rows {
		if rows[id].cache == c.index && rows[id].place == full {
			if err := see(ID(id), full); err != nil {
				return 0, 0, err
			}
		}
	}
	if objects != c.objects || listed != c.slabs {
		return 0, 0, fmt.Errorf("%d slabs with %d objects, counted %d with %d", listed, objects, c.slabs, c.objects)
	}
	if objects-free != c.used {
		return 0, 0, fmt.Errorf("%d objects in use, counted %d", objects-free, c.used)
	}
	return listed, pages, nil
}
