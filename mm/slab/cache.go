package slab

import "mmsim/mm/phys"

// ID names a slab, and so each of its objects: objects of one slab cannot be told apart. 0 is none.
type ID uint32

// A Source gives and takes blocks of pages on behalf of whoever runs.
type Source interface {
	// CPU is the CPU that it runs on now.
	CPU() int
	// SlabPages allocates a block (alloc_slab_page). It may block. 0: there is none.
	SlabPages(gfp phys.GFP, order int) phys.PFN
}

// slab is one slab's row (struct slab).
type slab struct {
	pfn        phys.PFN
	next, prev ID     // on its node's partial list; next alone on a CPU's
	objects    uint16 // that it has room for
	free       uint16 // that are free in it; those that a CPU took for itself are not
	chain      uint16 // slabs on the CPU's partial list from here on
	cache      uint16 // its cache's position in Slabs.Caches, and 1
	node       uint8
	order      uint8
	place      place
}

// place is where a slab is.
type place uint8

const (
	full place = iota // on no list
	active
	cpuPartial
	nodePartial
)

// cpuSlab is what a CPU has for itself (struct kmem_cache_cpu).
type cpuSlab struct {
	slab    ID
	free    uint16 // free objects of slab that are the CPU's own
	partial ID     // slabs with free objects; the last one put there first
}

// nodeSlabs is what a node has (struct kmem_cache_node).
type nodeSlabs struct {
	head, tail ID
	partial    int
}

// A Cache hands out objects of one size (struct kmem_cache).
type Cache struct {
	Name  string
	Flags Flags
	Geometry

	s          *Slabs
	index      uint16 // position in s.Caches, and 1
	minPartial int
	cpuPartial int
	cpus       []cpuSlab
	nodes      []nodeSlabs
	slabs      int // with rows
	objects    int // that those have room for
	used       int // of those, in use
	held       sum // recorded ones
}

// sum is slabs that have no rows.
type sum struct{ slabs, objects int }

// Used returns the objects in use that Alloc gave out, and recorded ones in slabs that have rows.
func (c *Cache) Used() int { return c.used }

// Alloc takes an object for whoever src stands for and returns its slab (kmem_cache_alloc). 0: there are no pages for a new slab. It blocks if gfp lets
// the page allocator.
func (c *Cache) Alloc(src Source, gfp phys.GFP) ID {
	cs := &c.cpus[src.CPU()]
	if cs.free > 0 {
		cs.free--
		c.used++
		return cs.slab
	}
	return c.allocSlow(src, gfp)
}

// allocSlow looks for free objects in the CPU's slab, the CPU's other slabs, the node's, and then makes a slab (___slab_alloc).
func (c *Cache) allocSlow(src Source, gfp phys.GFP) ID {
	cpu := src.CPU()
	cs := &c.cpus[cpu]
	for {
		if cs.slab != 0 && c.takeFree(cs) {
			break
		}
		if cs.slab != 0 {
			c.s.rows[cs.slab].place = full
			cs.slab = 0
		}
		if id := cs.partial; id != 0 {
			cs.partial = c.s.rows[id].next
			c.s.rows[id].next = 0
			c.activate(cs, id)
			continue
		}
		if c.getPartial(cpu, cs) {
			continue
		}
		id := c.newSlab(src, gfp)
		if id == 0 {
			return 0
		}
		cpu = src.CPU() // it may have waited, and moved
		cs = &c.cpus[cpu]
		if cs.slab != 0 {
			c.deactivate(cpu, cs)
		}
		c.activate(cs, id)
	}
	cs.free--
	c.used++
	return cs.slab
}

func (c *Cache) activate(cs *cpuSlab, id ID) {
	cs.slab, cs.free = id, 0
	c.s.rows[id].place = active
}

// takeFree gives a CPU the free objects of its slab (get_freelist).
func (c *Cache) takeFree(cs *cpuSlab) bool {
	r := &c.s.rows[cs.slab]
	cs.free, r.free = r.free, 0
	return cs.free > 0
}

// getPartial makes the first partial slab of the CPU's node, or else of another, the CPU's, and moves more of them to the CPU's partial list until it
// holds more than half of what it may (get_partial_node, get_any_partial).
func (c *Cache) getPartial(cpu int, cs *cpuSlab) bool {
	own := c.s.nodeOfCPU(cpu)
	for i := range c.nodes {
		n := (own + i) % len(c.nodes)
		ns := &c.nodes[n]
		id := ns.head
		if id == 0 {
			continue
		}
		c.unlink(ns, id)
		c.activate(cs, id)
		for moved := 1; ns.head != 0; moved++ {
			id := ns.head
			c.unlink(ns, id)
			c.putCPUPartial(cpu, cs, id, false)
			if moved > c.cpuPartial/2 {
				break
			}
		}
		return true
	}
	return false
}

// putCPUPartial puts a slab on a CPU's partial list. If drain is set, a list that is full goes to the nodes first (put_cpu_partial).
func (c *Cache) putCPUPartial(cpu int, cs *cpuSlab, id ID, drain bool) {
	old := cs.partial
	out := ID(0)
	n := uint16(0)
	if old != 0 {
		if n = c.s.rows[old].chain; drain && int(n) >= c.cpuPartial {
			out, old, n = old, 0, 0
		}
	}
	r := &c.s.rows[id]
	r.next, r.prev, r.chain, r.place = old, 0, n+1, cpuPartial
	cs.partial = id
	for out != 0 {
		next := c.s.rows[out].next
		c.unfreeze(cpu, out)
		out = next
	}
}

// unfreeze puts a slab of a CPU's partial list on its node's, or frees it if it is empty and the node has enough (__unfreeze_partials).
func (c *Cache) unfreeze(cpu int, id ID) {
	r := &c.s.rows[id]
	ns := &c.nodes[r.node]
	if r.free == r.objects && r.pfn != 0 && ns.partial >= c.minPartial {
		c.discard(cpu, id)
		return
	}
	c.link(ns, id, true)
}

// deactivate puts a CPU's slab back where it belongs (deactivate_slab).
func (c *Cache) deactivate(cpu int, cs *cpuSlab) {
	id := cs.slab
	r := &c.s.rows[id]
	remote := r.free > 0
	r.free += cs.free
	cs.slab, cs.free = 0, 0
	ns := &c.nodes[r.node]
	switch {
	case r.free == r.objects && r.pfn != 0 && ns.partial >= c.minPartial:
		c.discard(cpu, id)
	case r.free > 0:
		c.link(ns, id, remote)
	default:
		r.place = full
	}
}

// Free gives an object back on behalf of a CPU (kmem_cache_free).
func (c *Cache) Free(cpu int, id ID) {
	cs := &c.cpus[cpu]
	c.used--
	if id == cs.slab {
		cs.free++
		return
	}
	c.freeSlow(cpu, cs, id)
}

// freeSlow gives an object back to a slab that is not the CPU's: one that was full goes on the CPU's partial list, one that is empty then is freed if
// its node has enough (__slab_free).
func (c *Cache) freeSlow(cpu int, cs *cpuSlab, id ID) {
	r := &c.s.rows[id]
	r.free++
	switch r.place {
	case full:
		c.putCPUPartial(cpu, cs, id, true)
	case nodePartial:
		ns := &c.nodes[r.node]
		if r.free == r.objects && r.pfn != 0 && ns.partial >= c.minPartial {
			c.unlink(ns, id)
			c.discard(cpu, id)
		}
	}
}

// newSlab makes a slab: of the usual order without much effort, else of the least order with all the effort that gfp allows (allocate_slab).
func (c *Cache) newSlab(src Source, gfp phys.GFP) ID {
	gfp = gfp&slabGFP | c.gfp()
	first := (gfp | phys.GFPNowarn | phys.GFPNoretry) &^ phys.GFPNofail
	if first&phys.GFPDirectReclaim != 0 && c.Order > c.MinOrder {
		first = (first | phys.GFPNomemalloc) &^ phys.GFPReclaim
	}
	order := c.Order
	pfn := src.SlabPages(first, order)
	if pfn == 0 {
		order = c.MinOrder
		if pfn = src.SlabPages(gfp, order); pfn == 0 {
			return 0
		}
	}
	return c.addSlab(pfn, order)
}

// slabGFP are the flags of a request that its slab's pages are asked for with (GFP_RECLAIM_MASK, GFP_CONSTRAINT_MASK).
const slabGFP = phys.GFPReclaim | phys.GFPHigh | phys.GFPIO | phys.GFPFS | phys.GFPNowarn | phys.GFPRetryMayfail | phys.GFPNofail |
	phys.GFPNoretry | phys.GFPMemalloc | phys.GFPNomemalloc | phys.GFPAtomicFlag | phys.GFPHardwall | phys.GFPThisnode

func (c *Cache) gfp() phys.GFP {
	var g phys.GFP
	if c.Order > 0 {
		g |= phys.GFPComp
	}
	if c.Flags&ReclaimAccount != 0 {
		g |= phys.GFPReclaimable
	}
	return g
}
