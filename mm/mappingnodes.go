package mm

import (
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/vmstat"
)

// mappingNodes is the memory of a mapping's XArray: an object for each of its nodes. Which object is which node is not kept.
type mappingNodes struct {
	objects []slab.ID
	shadows int32 // nodes of shadows only that are counted in workingset_nodes
	boot    int32 // nodes that were there when the machine was started: their objects are among the recorded ones
}

// atomicSource allocates objects for a CPU without waiting and without a task's rights, as code that holds a spin lock does.
type atomicSource struct {
	k   *Kernel
	cpu int
}

// CPU is the CPU that it allocates for.
func (s *atomicSource) CPU() int { return s.cpu }

// SlabPages allocates the pages of a slab.
func (s *atomicSource) SlabPages(gfp phys.GFP, order int) phys.PFN { return s.allocPages(gfp, order) }

// allocPages is a request on nobody's behalf that does not wait. It wakes kswapd when there is little.
func (s *atomicSource) allocPages(gfp phys.GFP, order int) phys.PFN {
	m := s.k.Mem
	var ac phys.AllocContext
	flags := m.Prepare(&ac, gfp, s.cpu, s.k.nodeOfCPU[s.cpu].ID, nil)
	if pfn := m.GetPageFromFreelist(&ac, order, flags); pfn != 0 || ac.Preferred < 0 {
		return pfn
	}
	flags = m.SlowFlags(&ac, order, false)
	if flags&phys.AllocKswapd != 0 {
		s.k.wakeAllKswapds(&ac, gfp, order)
	}
	return m.GetPageFromFreelist(&ac, order, flags)
}

// syncNodes gives a mapping the objects for the nodes that its tree has now, and takes back those that it does not need any more (xas_alloc,
// xa_node_free). Objects that were not to be had are asked for again next time.
func (k *Kernel) syncNodes(m *mapping) {
	n := &m.nodes
	want := max(m.tree.Nodes()-int(n.boot), 0)
	if want > len(n.objects) {
		src := &k.atomic[k.thisCPU()]
		for len(n.objects) < want {
			id := k.slabs.nodes.Alloc(src, gfpNodeLocked|phys.GFPAccount)
			if id == 0 {
				break
			}
			n.objects = append(n.objects, id)
		}
	}
	for i := len(n.objects) - 1; i >= want; i-- {
		k.callRCU(k.slabs.nodes, n.objects[i])
		n.objects = n.objects[:i]
	}
	if want == 0 && m.tree.Pages() == 0 {
		k.inodeAddLRU(m.host, false)
	}
	if s := int32(m.tree.ShadowNodes()); m.host.shm == nil && s != n.shadows { // the entries of shared memory that are values are swapped pages
		k.Mem.Nodes[0].Stat[vmstat.WorkingsetNodes] += int64(s - n.shadows)
		n.shadows = s
	}
}

// countShadowNodes counts the nodes of shadows beyond what is worth keeping: an eighth as many as there are pages whose refaults they could tell
// (count_shadow_nodes).
func countShadowNodes(k *Kernel, n *phys.Node) uint64 {
	nodes := n.Stat[vmstat.WorkingsetNodes]
	if nodes == 0 {
		return 0
	}
	pages := n.Stat[vmstat.NRSlabReclaimable] + n.Stat[vmstat.NRSlabUnreclaimable]
	for l := lru.InactiveAnon; l <= lru.ActiveFile; l++ {
		pages += n.Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)]
	}
	pages += n.Stat[vmstat.NRUnevictable]
	return uint64(max(nodes-pages>>3, 0))
}

// scanShadowNodes drops the oldest nodes of shadows (scan_shadow_nodes, shadow_lru_isolate).
func scanShadowNodes(t *task, n *phys.Node, nr uint64) (freed uint64) {
	k := t.k
	for ; freed < nr; freed++ {
		tree := k.shadows.Reclaim()
		if tree == nil {
			break
		}
		k.syncNodes(k.objects.get(tree.Owner))
		n.Stat[vmstat.WorkingsetNodereclaim]++
	}
	return freed
}
