package addrspace

// gaps are what is known of the gaps between VMAs: none that begins at from or above is as large as unknown bytes. Without it each of 65,530 calls of
// mmap would walk all mappings before; the kernel keeps the largest gap in every node of its tree for that, and before 3.7 remembered as much as this
// (cached_hole_size, free_area_cache).
//
// Invariant: from lies in a VMA, so that a gap can only become smaller, or begin above from, by the removal of a VMA. unknown is 0 if nothing is known.
type gaps struct{ from, unknown uint64 }

// start is where the search for n bytes below limit begins, and the bytes that no gap which it leaves out exceeds.
func (g *gaps) start(limit, n uint64) (from, largest uint64) {
	if g.unknown == 0 || n < g.unknown {
		return limit, 0
	}
	return min(limit, g.from), g.unknown - 1
}

// removed tells that a VMA is about to go.
func (g *gaps) removed(v *VMA) {
	switch {
	case v.End <= g.from:
	case v.next == nil:
		*g = gaps{}
	default:
		g.from = v.next.Start
	}
}
