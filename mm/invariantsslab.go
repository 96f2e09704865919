package mm

import (
	"fmt"
	"slices"

	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/vmstat"
)

// slabs compares the slabs with the frames of that kind and their counters, and the objects in use with those who use them.
func (c *checker) slabs() error {
	k := c.k
	pages, err := k.slabs.all.CheckInvariants()
	if err != nil {
		return err
	}
	frames, buffers := 0, 0
	for _, z := range k.Mem.Zones() {
		z.EachInUse(func(pfn phys.PFN) bool {
			switch k.Mem.Page(pfn).Kind() {
			case phys.KindSlab:
				frames += 1 << k.Mem.AllocatedOrder(pfn)
			case phys.KindFile:
				if b := k.Mem.Private(pfn); b != 0 && b != recordedBuffers {
					buffers++
				}
			}
			return true
		})
	}
	if k.slabs.bootFrames == 0 {
		k.slabs.bootFrames = frames - pages
	}
	if frames != k.slabs.bootFrames+pages {
		return fmt.Errorf("%d frames are slabs; %d were at boot and %d came since", frames, k.slabs.bootFrames, pages)
	}
	if got, want := int(k.slabStat()), k.slabs.bootStat+pages; got != want {
		return fmt.Errorf("nr_slab_reclaimable and nr_slab_unreclaimable are %d, the slabs have %d pages", got, want)
	}
	nodes := k.swap.CacheNodes() + k.pendingRCU(k.slabs.nodes)
	shadows, runs, reclaimable := 0, 0, 0
	for _, m := range k.objects.byID {
		if m == nil {
			continue
		}
		nodes += len(m.nodes.objects)
		for _, e := range m.host.status.Runs() {
			if e.Object != 0 {
				runs++
			}
		}
		reclaimable += m.host.status.Reclaimable()
		shadows += int(m.nodes.shadows)
		if got, want := len(m.nodes.objects), m.tree.Nodes(); got > want {
			return fmt.Errorf("mapping %d has %d nodes, its tree needs %d", m.ID, got, want)
		}
		if m.host.shm == nil && int(m.nodes.shadows) != m.tree.ShadowNodes() {
			return fmt.Errorf("mapping %d counts %d nodes of shadows, its tree has %d", m.ID, m.nodes.shadows, m.tree.ShadowNodes())
		}
	}
	if got := k.nodeSums()[vmstat.WorkingsetNodes] - k.slabs.bootShadows; got != int64(shadows) {
		return fmt.Errorf("workingset_nodes grew by %d, files have %d nodes of shadows", got, shadows)
	}
	if got := k.vfs.disk.status.count; got != reclaimable {
		return fmt.Errorf("%d runs of blocks may be forgotten, files have %d", got, reclaimable)
	}
	bios := 0
	for _, id := range append(slices.Clone(k.bioPool.spare), k.bioPool.given...) {
		if id != 0 {
			bios++
		}
	}
	bios += k.bioPool.backed
	names, err := c.names()
	if err != nil {
		return err
	}
	for _, u := range []struct {
		cache *slab.Cache
		boot  int
		users int
	}{
		{k.slabs.nodes, k.slabs.bootNodes, nodes},
		{k.slabs.bios, k.slabs.bootBios, bios},
		{k.slabs.dentries, k.slabs.bootDentries, names.dentries + k.pendingRCU(k.slabs.dentries)},
		{k.slabs.ext4Inodes, k.slabs.bootExt4Inodes, names.ext4Inodes + k.pendingRCU(k.slabs.ext4Inodes)},
		{k.slabs.bufferHeads, k.slabs.bootBufferHeads, buffers},
		{k.slabs.extentStatus, k.slabs.bootExtentStatus, runs},
		{k.slabs.journalHeads, k.slabs.bootJournalHeads, len(k.vfs.disk.journal.heads)},
		{k.slabs.shmemInodes, k.slabs.bootShmemInodes, names.shmemInodes + k.pendingRCU(k.slabs.shmemInodes)},
	} {
		if got := u.cache.Used() - u.boot; got != u.users {
			return fmt.Errorf("slab cache %s has %d objects in use, those who use them have %d", u.cache.Name, got, u.users)
		}
	}
	return nil
}
