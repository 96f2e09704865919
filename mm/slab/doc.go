// Package slab is the kernel's allocator of objects, SLUB (mm/slub.c): caches of objects of one size, cut from blocks of pages. It knows how many
// objects of which slab are in use, not which; it has no policy of when to allocate.
//
// Invariants:
//   - A slab is one row. It is in exactly one place: a CPU's slab, on a CPU's partial list, on its node's partial list, or full and on none.
//   - Objects in use of a cache are those of all its slabs less the free ones: those that a CPU has taken for itself (its free count) and those
//     that are in the slabs.
//   - A slab with no object in use is on a list or a CPU's, never beside.
//   - The pages of a cache's slabs, and nothing else, are counted in nr_slab_reclaimable or nr_slab_unreclaimable of their nodes.
//   - What a record of /proc/slabinfo tells and nobody asks for again is kept as sums (held): it has no rows.
package slab
