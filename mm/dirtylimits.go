package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// Defaults of vm.dirty_ratio and vm.dirty_background_ratio, in percent of the memory that may become dirty.
const (
	dirtyRatio           = 20
	dirtyBackgroundRatio = 10
)

// dirtyLimits are the dirty pages at which a writer is slowed down and at which the flusher begins, for a reader that is no real-time task
// (global_dirty_limits).
func (k *Kernel) dirtyLimits() (threshold, background uint64) {
	const page = 4096 // ratios are cut to parts of the page size
	m := uint64(k.dirtyableMemory())
	threshold, background = dirtyRatio*page/100*m/page, dirtyBackgroundRatio*page/100*m/page
	if background >= threshold {
		background = threshold / 2
	}
	return threshold, background
}

// dirtyableMemory is the pages that may hold dirty data: free ones above the reserves, and the page cache, but not in high memory
// (global_dirtyable_memory, highmem_dirtyable_memory).
func (k *Kernel) dirtyableMemory() int64 {
	n, z := k.nodeSums(), k.zoneSums()
	x := max(z[vmstat.NRFreePages]-int64(k.Mem.TotalreservePages), 0) + n[vmstat.NRInactiveFile] + n[vmstat.NRActiveFile]
	high := int64(0)
	for _, z := range k.Mem.Zones() {
		if z.Populated() && z.IsHighmem() {
			high += max(z.FreePages()-int64(z.Wmark(phys.WmarkHigh)), 0) + z.Stat[vmstat.NRZoneInactiveFile] + z.Stat[vmstat.NRZoneActiveFile]
		}
	}
	return x - min(high, x) + 1
}
