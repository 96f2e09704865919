package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// What DropCaches drops: the page cache, and what shrinkers can free. Both may be asked for together (vm.drop_caches).
const (
	DropPagecache = 1
	DropSlab      = 2
	dropQuietly   = 4 // drops nothing, and of later ones the kernel's log says nothing
)

// DropCaches throws out what the caches hold and nobody uses, on behalf of a process, or of the administrator for nil (drop_caches_sysctl_handler). Of the
// page cache that is the pages of files that are clean, unmapped and not on their way to or from a device; of shared memory and tmpfs only pages that
// were read and never written are.
func (k *Kernel) DropCaches(p *Process, what int) {
	k.privileged(p, "drop_caches", func(t *task) {
		t.spend(k.cost.Syscall)
		if what&DropPagecache != 0 {
			k.dropPagecache(t)
			k.count(vmstat.DropPagecache, 1)
		}
		if what&DropSlab != 0 {
			k.dropSlab(t)
			k.count(vmstat.DropSlab, 1)
		}
		if !k.dropsQuietly {
			k.printk("%s (%d): drop_caches: %d", t.comm(), t.pid(), what)
		}
		k.dropsQuietly = k.dropsQuietly || what&dropQuietly != 0
	})
}

// dropPagecache invalidates every file, after every page has reached its list (drop_pagecache_sb).
func (k *Kernel) dropPagecache(t *task) {
	k.lruAddDrainAll()
	for id := 1; id < len(k.objects.byID); id++ {
		m := k.objects.byID[id]
		if m == nil || m.host.evicting || m.tree.Pages() == 0 {
			continue
		}
		n, _ := k.invalidatePages(t.cpu(), m, 0, maxIndex+1)
		t.spend(engine.Time(n) * k.cost.File.InvalidatePage)
	}
}

// dropSlab asks every shrinker for all that it has, again as long as that is worth it, which takes more each time (drop_slab).
func (k *Kernel) dropSlab(t *task) {
	for _, n := range k.Mem.Nodes {
		for shift := 0; t.shrinkSlab(phys.GFPKernel, n, 0)>>shift > 1; shift++ {
			if t.fatalSignal() {
				return
			}
		}
	}
}
