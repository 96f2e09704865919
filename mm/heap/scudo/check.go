package scudo

import "fmt"

// Check recomputes the invariants from the tables and tells the first that does not hold.
func (h *Heap) Check() error {
	if !h.ready {
		return nil
	}
	if err := h.checkRegions(); err != nil {
		return err
	}
	batchUse := make([]uint8, len(h.batches))
	for c := range h.regions {
		r := &h.regions[c]
		n := uint32(r.used / r.size)
		if r.used > r.mapped || c > 0 && int(n) != len(r.blocks) {
			return fmt.Errorf("class %d: %d bytes used of %d, %d blocks in the table", c, r.used, r.mapped, len(r.blocks))
		}
		where := make([]uint8, n)
		put := func(i uint32) bool {
			if i >= n || where[i] != 0 {
				return false
			}
			where[i] = 1
			return c == 0 || r.blocks[i].state != allocated
		}
		for _, i := range r.cache[:r.cached] {
			if !put(i) {
				return fmt.Errorf("class %d: block %d is cached wrongly", c, i)
			}
		}
		listed := uint64(0)
		last := int32(0)
		for b := r.first; b != 0; b = h.batches[b-1].next {
			x := &h.batches[b-1]
			if x.count == 0 || uint32(x.count) > r.max {
				return fmt.Errorf("class %d: a batch of %d blocks", c, x.count)
			}
			if c > 0 {
				batchUse[b-1]++
			}
			for _, i := range x.blocks[:x.count] {
				if !put(i) {
					return fmt.Errorf("class %d: block %d is in the list wrongly", c, i)
				}
			}
			listed += uint64(x.count)
			last = b
		}
		if last != r.last || listed != uint64(n)-(r.popped-r.pushed) {
			return fmt.Errorf("class %d: %d blocks in the list, of %d with %d out", c, listed, n, r.popped-r.pushed)
		}
		for i := range r.blocks {
			if (r.blocks[i].state == allocated) == (where[i] != 0) {
				return fmt.Errorf("class %d: block %d in state %d is lost", c, i, r.blocks[i].state)
			}
		}
		if c == 0 {
			for i := range where {
				batchUse[i] += where[i]
			}
		}
	}
	for i, n := range batchUse {
		if n != 1 && uint64(i) < h.regions[0].used/h.g.batch {
			return fmt.Errorf("batch %d is in %d places", i, n)
		}
	}
	kept := 0
	for i := range h.entries {
		if e := &h.entries[i]; e.commit != 0 {
			kept++
		}
	}
	if kept != h.kept || kept > maxEntries {
		return fmt.Errorf("%d mappings are kept, counted as %d", kept, h.kept)
	}
	n := 0
	for i := h.ring[0][1]; i != 0; i = h.ring[i][1] {
		l := &h.large[i]
		if h.byUser.Get(l.user) != i || l.user+l.size > l.commit+l.commitLen || l.commit+l.commitLen+pageSize != l.base+l.baseLen {
			return fmt.Errorf("the block of %d bytes at %#x is damaged", l.size, l.user)
		}
		n++
	}
	if n != h.byUser.Len() {
		return fmt.Errorf("%d blocks with mappings, %d found by address", n, h.byUser.Len())
	}
	return nil
}

// checkRegions compares the regions of 32 bits with their owners.
func (h *Heap) checkRegions() error {
	owned := 0
	for c := range h.regions {
		r := &h.regions[c]
		owned += len(r.bases)
		if h.g.narrow && r.mapped != uint64(len(r.bases))<<regionShift32 {
			return fmt.Errorf("class %d: %d bytes mapped, %d regions", c, r.mapped, len(r.bases))
		}
		for i, base := range r.bases {
			if base%(1<<regionShift32) != 0 || h.owners[base>>regionShift32] != (owner{uint8(c) + 1, uint32(i)}) {
				return fmt.Errorf("class %d: region %d at %#x is not its own", c, i, base)
			}
		}
	}
	for _, o := range h.owners {
		if o.class != 0 {
			owned--
		}
	}
	if owned != 0 {
		return fmt.Errorf("%d regions have no owner", owned)
	}
	for _, base := range h.spare {
		if h.owners[base>>regionShift32].class != 0 {
			return fmt.Errorf("the spare region at %#x has an owner", base)
		}
	}
	return nil
}
