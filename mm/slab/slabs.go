package slab

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// Slabs is all caches of a machine.
type Slabs struct {
	Caches []*Cache // in the order of creation
	// Freed counts the pages of slabs that were given back (reclaimed_slab): reclaim takes what is added while it runs for its own work.
	Freed uint64

	mem  *phys.Memory
	rows []slab // by ID; row 0 is unused
	free []ID
}

// New makes the machine's caches: none yet.
func New(mem *phys.Memory) *Slabs {
	return &Slabs{mem: mem, rows: make([]slab, 1)}
}

// Create adds a cache (kmem_cache_create). It does not look for one that it could be merged with.
func (s *Slabs) Create(name string, flags Flags, g Geometry) *Cache {
	c := &Cache{
		Name: name, Flags: flags, Geometry: g, s: s, minPartial: minPartial(g.Size), cpuPartial: cpuPartialSlabs(g),
		cpus: make([]cpuSlab, s.mem.CPUs()), nodes: make([]nodeSlabs, len(s.mem.Nodes)),
	}
	s.Caches = append(s.Caches, c)
	c.index = uint16(len(s.Caches))
	return c
}

// Find returns the cache with a name, nil if there is none.
func (s *Slabs) Find(name string) *Cache {
	for _, c := range s.Caches {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Node is the node of the machine in whose memory an object is.
func (s *Slabs) Node(id ID) int { return int(s.rows[id].node) }

func (s *Slabs) nodeOfCPU(cpu int) int { return s.mem.NodeOfCPU(cpu) }

// addSlab makes a block of pages a slab with all objects free. pfn 0 is a recorded slab: nobody knows its pages, so it is never given back.
func (c *Cache) addSlab(pfn phys.PFN, order int) ID {
	s := c.s
	var id ID
	if n := len(s.free); n > 0 {
		id = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		id = ID(len(s.rows))
		s.rows = append(s.rows, slab{})
	}
	n := uint16(c.Objects(order))
	node := uint8(0)
	if pfn != 0 {
		s.mem.Page(pfn).SetKind(phys.KindSlab)
		node = uint8(c.account(pfn, 1<<order))
	}
	s.rows[id] = slab{pfn: pfn, objects: n, free: n, cache: c.index, order: uint8(order), node: node}
	c.slabs++
	c.objects += int(n)
	return id
}

// account adds pages to the counter of the pages' node, which it returns (account_slab, unaccount_slab).
func (c *Cache) account(pfn phys.PFN, pages int64) int {
	n := c.s.mem.ZoneOf(pfn).Node
	item := vmstat.NRSlabUnreclaimable
	if c.Flags&ReclaimAccount != 0 {
		item = vmstat.NRSlabReclaimable
	}
	n.Stat[item] += pages
	return n.ID
}

// discard frees an empty slab that is on no list (discard_slab).
func (c *Cache) discard(cpu int, id ID) {
	s := c.s
	r := s.rows[id]
	s.rows[id] = slab{}
	s.free = append(s.free, id)
	c.slabs--
	c.objects -= int(r.objects)
	c.account(r.pfn, -1<<r.order)
	s.Freed += 1 << r.order
	s.mem.FreePages(cpu, r.pfn, int(r.order))
}

// link puts a slab on a node's partial list (add_partial).
func (c *Cache) link(ns *nodeSlabs, id ID, tail bool) {
	rows := c.s.rows
	r := &rows[id]
	r.place, r.next, r.prev = nodePartial, 0, 0
	ns.partial++
	switch {
	case ns.head == 0:
		ns.head, ns.tail = id, id
	case tail:
		r.prev = ns.tail
		rows[ns.tail].next = id
		ns.tail = id
	default:
		r.next = ns.head
		rows[ns.head].prev = id
		ns.head = id
	}
}

// unlink takes a slab off a node's partial list (remove_partial).
func (c *Cache) unlink(ns *nodeSlabs, id ID) {
	rows := c.s.rows
	r := &rows[id]
	ns.partial--
	if r.prev != 0 {
		rows[r.prev].next = r.next
	} else {
		ns.head = r.next
	}
	if r.next != 0 {
		rows[r.next].prev = r.prev
	} else {
		ns.tail = r.prev
	}
	r.next, r.prev = 0, 0
}
