package slab

import "math/bits"

const pageSize = 4096

// Limits of the choice of a slab's order (mm/slub.c): slub_max_order, and the least order whose waste is looked at.
const (
	slubMaxOrder = 3
	maxOrder     = 10
)

// Flags are a cache's properties (SLAB_ flags) that decide its layout or its pages.
type Flags uint8

// The flags.
const (
	HWCacheAlign   Flags = 1 << iota // objects begin at cache lines (SLAB_HWCACHE_ALIGN)
	ReclaimAccount                   // pages count as reclaimable and are grouped as such (SLAB_RECLAIM_ACCOUNT)
	TypesafeByRCU                    // slabs outlive their objects (SLAB_TYPESAFE_BY_RCU)
	Constructor                      // objects keep their content while free
	Account                          // charged to memory cgroups (SLAB_ACCOUNT)
)

// Geometry is how a cache cuts its slabs.
type Geometry struct {
	Size     int // bytes from one object to the next
	Order    int // of a slab's block of pages
	MinOrder int // of the smallest block that holds an object: taken when there is none of Order
}

// Objects returns how many objects a block of the order has room for.
func (g Geometry) Objects(order int) int { return pageSize << order / g.Size }

// NewGeometry computes a cache's layout for objects of so many bytes on a machine with so many CPUs (calculate_sizes, calculate_alignment,
// calculate_order). Where a free object may be read or keeps its content, the link to the next free one has no place inside it.
func NewGeometry(object int, flags Flags, cpus int) Geometry {
	align := 8
	if flags&HWCacheAlign != 0 {
		line := 64
		for object <= line/2 {
			line /= 2
		}
		align = max(line, align)
	}
	size := roundUp(object, 8)
	if flags&(TypesafeByRCU|Constructor) != 0 {
		size += 8
	}
	size = roundUp(size, align)
	return Geometry{Size: size, Order: calculateOrder(size, cpus), MinOrder: orderFor(size)}
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// orderFor is the order of the smallest block of so many bytes (get_order).
func orderFor(bytes int) int {
	return bits.Len(uint((bytes - 1) / pageSize))
}

// calculateOrder finds the smallest order that holds enough objects, more the more CPUs there are, with little waste (calculate_order).
func calculateOrder(size, cpus int) int {
	least := min(4*(bits.Len(uint(cpus))+1), pageSize<<slubMaxOrder/size)
	for ; least > 1; least-- {
		for fraction := 16; fraction >= 4; fraction /= 2 {
			if o := slabOrder(size, least, slubMaxOrder, fraction); o <= slubMaxOrder {
				return o
			}
		}
	}
	if o := slabOrder(size, 1, slubMaxOrder, 1); o <= slubMaxOrder {
		return o
	}
	return slabOrder(size, 1, maxOrder, 1)
}

// slabOrder is the smallest order up to most that holds so many objects and wastes at most a fraction; above most if there is none
// (calc_slab_order).
func slabOrder(size, objects, most, fraction int) int {
	o := orderFor(objects * size)
	for ; o <= most; o++ {
		if bytes := pageSize << o; bytes%size <= bytes/fraction {
			break
		}
	}
	return o
}

// minPartial is the number of partial slabs that a node keeps even if they are empty (set_min_partial).
func minPartial(size int) int { return max(5, min(10, (bits.Len(uint(size))-1)/2)) }

// cpuPartialSlabs is the number of slabs on a CPU's partial list at which the list goes to the nodes (set_cpu_partial).
func cpuPartialSlabs(g Geometry) int {
	objects := 120
	switch {
	case g.Size >= pageSize:
		objects = 6
	case g.Size >= 1024:
		objects = 24
	case g.Size >= 256:
		objects = 52
	}
	per := g.Objects(g.Order)
	return (2*objects + per - 1) / per
}

// RecordedGeometry is the layout that a line of /proc/slabinfo shows: bytes and objects of a slab, and its pages. False: the line is not one of SLUB.
func RecordedGeometry(size, objects, pages uint64) (Geometry, bool) {
	if size == 0 || size > pageSize<<maxOrder || pages == 0 || pages > 1<<maxOrder || pages&(pages-1) != 0 {
		return Geometry{}, false
	}
	g := Geometry{Size: int(size), Order: bits.Len64(pages) - 1, MinOrder: orderFor(int(size))}
	return g, g.MinOrder <= g.Order && uint64(g.Objects(g.Order)) == objects
}
