package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/swap"
)

// The flags with which the nodes of the swap cache are asked for: at first without waiting, as the tree is locked (xas_alloc), and then with the
// caller's, which for reclaim are these (add_to_swap).
const (
	gfpNodeLocked = phys.GFPNowait | phys.GFPNowarn
	gfpAddToSwap  = phys.GFPHigh | phys.GFPNomemalloc | phys.GFPNowarn
	// What of a page's flags goes for the nodes, too (GFP_RECLAIM_MASK).
	gfpReclaimMask = phys.GFPReclaim | phys.GFPHigh | phys.GFPIO | phys.GFPFS | phys.GFPNowarn | phys.GFPRetryMayfail | phys.GFPNofail |
		phys.GFPNoretry | phys.GFPMemalloc | phys.GFPNomemalloc | phys.GFPAtomicFlag
)

// reserveSwapCache sees to it that the swap cache has the nodes for a page at a slot (add_to_swap_cache, xas_nomem). False: there is no memory for
// them. It may block if gfp lets the allocator; then somebody else may use the slot meanwhile.
func (t *task) reserveSwapCache(e swap.Entry, gfp phys.GFP) bool {
	k := t.k
	e = e.Slot()
	if k.swap.CacheReady(e) {
		return true
	}
	spare := slab.ID(0) // taken without the lock
	alloc := func() uint32 {
		id := spare
		if spare = 0; id == 0 {
			id = t.object(k.slabs.nodes, gfpNodeLocked)
		}
		return uint32(id)
	}
	for !k.swap.CacheReserve(e, alloc) {
		if spare = t.object(k.slabs.nodes, gfp); spare == 0 {
			return false
		}
	}
	if spare != 0 {
		k.slabs.nodes.Free(t.cpu(), spare)
	}
	return true
}

// freeSwapNode takes a node of the swap cache back (radix_tree_node_rcu_free).
func (k *Kernel) freeSwapNode(object uint32) { k.callRCU(k.slabs.nodes, slab.ID(object)) }
