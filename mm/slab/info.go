package slab

// Info is what /proc/slabinfo shows of a cache (get_slabinfo).
type Info struct{ Active, Objects, Slabs int }

// Info counts all but the free objects of the nodes' partial slabs as active, as SLUB does.
func (c *Cache) Info() Info {
	i := Info{Objects: c.objects + c.held.objects, Slabs: c.slabs + c.held.slabs}
	i.Active = i.Objects
	for n := range c.nodes {
		for id := c.nodes[n].head; id != 0; id = c.s.rows[id].next {
			i.Active -= int(c.s.rows[id].free)
		}
	}
	return i
}

// Restore gives a new cache the slabs that a record of /proc/slabinfo tells. Which objects are whose it does not tell, so they stay in use for good;
// free ones are put in as few partial slabs of the node as can be, since those that CPUs have for themselves count as active.
func (c *Cache) Restore(i Info) {
	per := c.Objects(c.Order)
	free := max(i.Objects-i.Active, 0)
	for free > 0 && per > 1 && i.Slabs > 0 {
		n := min(free, per-1)
		id := c.addSlab(0, c.Order)
		c.s.rows[id].free = uint16(n)
		c.used += per - n
		c.link(&c.nodes[0], id, true)
		free -= n
		i.Slabs--
		i.Objects -= per
	}
	c.held = sum{i.Slabs, max(i.Objects, 0)}
}

// Release says that of the recorded objects only so many are in use, the others being free in the slabs that CPUs have for themselves: each CPU gets one
// slab, as far as there are any.
func (c *Cache) Release(inUse int) {
	per := c.Objects(c.Order)
	for cpu := range c.cpus {
		if c.held.slabs == 0 || c.held.objects < per || c.cpus[cpu].slab != 0 {
			return
		}
		n := min(inUse, per-1)
		inUse -= n
		id := c.addSlab(0, c.Order)
		c.s.rows[id].free = 0
		c.held.slabs--
		c.held.objects -= per
		c.activate(&c.cpus[cpu], id)
		c.cpus[cpu].free = uint16(per - n)
		c.used += n
	}
}
