package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// A shrinker gives memory back that a cache of the kernel's own holds (struct shrinker).
type shrinker struct {
	name  string
	seeks uint64 // how dear an object is to make again; 0: half of them are looked at each time
	batch uint64 // objects looked at at a time
	fs    bool   // it calls into file systems: only requests with __GFP_FS may use it

	count func(k *Kernel, n *phys.Node) uint64                  // objects that could be freed
	scan  func(t *task, n *phys.Node, nr uint64) (freed uint64) // looks at so many of them
	left  []uint64                                              // by node: what was called for and not done yet (nr_deferred)
}

// Batches and seeks of shrinkers (SHRINK_BATCH, super_block's, DEFAULT_SEEKS).
const (
	shrinkBatch      = 128
	superShrinkBatch = 1024
	defaultSeeks     = 2
)

// initShrinkers registers the shrinkers in the order in which they are asked: file systems as they were mounted, then the nodes of shadows.
func (k *Kernel) initShrinkers() {
	k.shrinkers = []*shrinker{
		{name: "sb-proc", seeks: defaultSeeks, batch: superShrinkBatch, fs: true, count: countProcDentries, scan: scanProcDentries},
		{name: "mm-shadow", batch: shrinkBatch, count: countShadowNodes, scan: scanShadowNodes},
	}
	for _, s := range k.shrinkers {
		s.left = make([]uint64, len(k.Mem.Nodes))
	}
}

// addShrinker registers one more, which is asked last (register_shrinker).
func (k *Kernel) addShrinker(s *shrinker) {
	s.left = make([]uint64, len(k.Mem.Nodes))
	k.shrinkers = append(k.shrinkers, s)
}

// shrinkSlab asks every shrinker for objects in proportion to what reclaim looks at of the lists at its priority (shrink_slab). It returns how many
// were freed.
func (t *task) shrinkSlab(gfp phys.GFP, n *phys.Node, priority int) (freed uint64) {
	for _, s := range t.k.shrinkers {
		freed += t.doShrinkSlab(s, gfp, n, priority)
	}
	return freed
}

// doShrinkSlab is one shrinker's part. What is too little for a batch is remembered for the next time (do_shrink_slab).
func (t *task) doShrinkSlab(s *shrinker, gfp phys.GFP, n *phys.Node, priority int) (freed uint64) {
	k := t.k
	freeable := s.count(k, n)
	if freeable == 0 {
		return 0
	}
	left := s.left[n.ID]
	s.left[n.ID] = 0
	delta := freeable / 2
	if s.seeks > 0 {
		delta = freeable >> priority * 4 / s.seeks
	}
	total, scanned := min(left>>priority+delta, 2*freeable), uint64(0)
	for total >= s.batch || total >= freeable {
		if s.fs && gfp&phys.GFPFS == 0 {
			break
		}
		nr := min(s.batch, total)
		freed += s.scan(t, n, nr)
		k.count(vmstat.SlabsScanned, nr)
		total -= nr
		scanned += nr
		t.spend(engine.Time(nr) * k.cost.ScanPage)
	}
	s.left[n.ID] += min(left+delta-min(left+delta, scanned), 2*freeable)
	return freed
}

// procDentries are the names in /proc that somebody has looked up and that nobody uses: those of a record's files, which its recorder read. Of each, true
// if it was used again since it was put on the list (DCACHE_REFERENCED).
type procDentries struct{ referenced []bool }

// recordDentries puts the names that the recorder of the machine's state read on the list: of the files, of the settings in sysctl_vm, of stat_refresh, to
// which it writes first, and of uptime.
func (k *Kernel) recordDentries() {
	s := k.cfg.Boot
	if s == nil {
		return
	}
	n := 2
	for _, present := range []bool{
		s.Zoneinfo != nil, s.Buddyinfo != nil, s.Meminfo != nil, s.Vmstat != nil, s.Pagetypeinfo != nil, s.Slabinfo != nil, s.Swaps != nil,
		s.Vmallocinfo != nil, s.Iomem != nil,
	} {
		if present {
			n++
		}
	}
	if s.SysctlVM != nil {
		n += len(s.SysctlVM.Values)
	}
	k.procNames.referenced = make([]bool, n)
}

// countProcDentries counts unused names (super_cache_count, vfs_pressure_ratio). They are on the first node.
func countProcDentries(k *Kernel, n *phys.Node) uint64 {
	if n.ID != 0 {
		return 0
	}
	return k.vfsPressureRatio(uint64(len(k.procNames.referenced)))
}

// scanProcDentries drops unused names from the one that is unused for longest on; those used again since get another round (super_cache_scan,
// prune_dcache_sb, dentry_lru_isolate).
func scanProcDentries(t *task, _ *phys.Node, nr uint64) (freed uint64) {
	l := &t.k.procNames.referenced
	total := uint64(len(*l)) + 1
	for nr = nr*(total-1)/total + 1; nr > 0 && len(*l) > 0; nr-- {
		again := (*l)[0]
		*l = (*l)[1:]
		if again {
			*l = append(*l, false)
		} else {
			freed++
		}
	}
	return freed
}
