package mm

import (
	"fmt"
	"slices"

	"mmsim/mm/phys"
	"mmsim/mm/slab"
)

// slabs compares the slabs with the frames of that kind and their counters, and the objects in use with those who use them.
func (c *checker) slabs() error {
	k := c.k
	pages, err := k.slabs.all.CheckInvariants()
	if err != nil {
		return err
	}
	frames := 0
	for _, z := range k.Mem.Zones() {
		z.EachInUse(func(pfn phys.PFN) bool {
			if k.Mem.Page(pfn).Kind() == phys.KindSlab {
				frames += 1 << k.Mem.AllocatedOrder(pfn)
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
	bios := 0
	for _, id := range append(slices.Clone(k.bioPool.spare), k.bioPool.given...) {
		if id != 0 {
			bios++
		}
	}
	bios += k.bioPool.backed
	for _, u := range []struct {
		cache *slab.Cache
		boot  int
		users int
	}{
		{k.slabs.nodes, k.slabs.bootNodes, k.swap.CacheNodes() + k.pendingRCU(k.slabs.nodes)},
		{k.slabs.bios, k.slabs.bootBios, bios},
	} {
		if got := u.cache.Used() - u.boot; got != u.users {
			return fmt.Errorf("slab cache %s has %d objects in use, those who use them have %d", u.cache.Name, got, u.users)
		}
	}
	return nil
}
