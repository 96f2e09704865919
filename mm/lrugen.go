package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// lruGen is what the multi-generational LRU keeps for the whole machine. Its lists are in package mglru; aging is in lrugenage.go and lrugenwalk.go,
// eviction in lrugenevict.go.
type lruGen struct {
	column mglru.Column
	batch  uint64      // pages that are taken at least at a time: a machine word's bits (MIN_LRU_BATCH)
	minTTL engine.Time // how long pages are kept from eviction at least, rather killing a process (lru_gen_min_ttl)
}

// maxLRUBatch is how many times its least batch eviction looks at in one go (MAX_LRU_BATCH / MIN_LRU_BATCH).
const maxLRUBatch = 64

// enableLRUGen moves every evictable page to generations (lru_gen_change_state).
func (k *Kernel) enableLRUGen() {
	k.lruGen = &lruGen{batch: 64}
	if k.Mem.Arch == phys.I386 {
		k.lruGen.batch = 32
	}
	for _, v := range k.lruvecs {
		v.EnableGens(&k.lruGen.column, int64(k.Sim.Now()))
	}
}

// SetMinTTL sets how long pages that were used stay in memory at least: if every generation is younger, kswapd has a process killed
// (/sys/kernel/mm/lru_gen/min_ttl_ms). 0, as at boot, is none. It means something only where the machine has generations.
func (k *Kernel) SetMinTTL(d engine.Time) {
	if k.lruGen != nil {
		k.lruGen.minTTL = d
	}
}

// inFault tells whether a fault in a mapping says something about how its pages are used: in one that is read in sequence or at random it does not
// (lru_gen_enter_fault).
func inFault(v *addrspace.VMA) bool { return v.Flags&(addrspace.VMSeqRead|addrspace.VMRandRead) == 0 }

// lruAdd queues a new page for its list. One that the task is faulting in will be of the youngest generation (folio_add_lru).
func (t *task) lruAdd(pfn phys.PFN) {
	if t.k.lruGen != nil && t.lruFault && !t.memalloc {
		t.k.Mem.Page(pfn).Set(phys.FlagActive)
	}
	t.k.lruAdd(t.cpu(), pfn)
}

// refault is called for a page that comes back, with the shadow that it left (workingset_refault).
func (t *task) refault(pfn phys.PFN, shadow uint64) {
	if k := t.k; k.lruGen != nil {
		k.lruGenRefault(pfn, shadow, t.lruFault)
	} else {
		k.refault(k.Mem.Page(pfn), shadow)
	}
}

// lruGenEviction counts a page that is evicted and returns its shadow: the oldest generation of its kind, and its accesses (lru_gen_eviction).
func (k *Kernel) lruGenEviction(pfn phys.PFN, p *phys.Page) uint64 {
	n := k.zoneOf(p).Node
	g := k.lruvecs[n.ID].Gens
	kind, refs := mglru.KindOf(p), k.lruGen.column.Refs(pfn, p)
	g.Tiers[kind].Evicted[mglru.TierOf(refs)]++
	token := g.MinSeq[kind]<<mglru.RefsWidth | uint64(max(refs-1, 0))
	s := token&shadowAgeMask<<shadowAgeShift | uint64(n.ID)<<shadowNodeShift | shadowValid
	if refs > 0 {
		s |= shadowWorkingset
	}
	return s
}

// lruGenRefault counts a page that comes back while the generation that it was evicted from is still the oldest, and makes it one of the working
// set if it is faulted in or had been accessed often (lru_gen_refault).
func (k *Kernel) lruGenRefault(pfn phys.PFN, shadow uint64, inFault bool) {
	p := k.Mem.Page(pfn)
	n := k.zoneOf(p).Node
	if shadow == 0 || shadow>>shadowNodeShift&(1<<shadowNodeBits-1) != uint64(n.ID) {
		return
	}
	g := k.lruvecs[n.ID].Gens
	kind := mglru.KindOf(p)
	token := shadow >> shadowAgeShift & shadowAgeMask
	if token>>mglru.RefsWidth != g.MinSeq[kind]&(shadowAgeMask>>mglru.RefsWidth) {
		return
	}
	refs := int(token & (1<<mglru.RefsWidth - 1))
	if shadow&shadowWorkingset != 0 {
		refs++
	}
	g.Tiers[kind].Refaulted[mglru.TierOf(refs)]++
	n.Stat[vmstat.WorkingsetRefaultAnon+vmstat.NodeItem(kind)]++
	if inFault || refs >= 1<<mglru.RefsWidth-1 {
		k.lruGen.column.SetWorkingset(pfn, p)
		n.Stat[vmstat.WorkingsetRestoreAnon+vmstat.NodeItem(kind)]++
	}
}

// moveActive makes a page active (folio_activate_fn).
func (k *Kernel) moveActive(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if !p.Test(phys.FlagLRU) || p.Test(phys.FlagActive|phys.FlagUnevictable) {
		return
	}
	v := k.lruvecOf(p)
	v.Del(pfn)
	p.Set(phys.FlagActive)
	v.Add(pfn)
	k.count(vmstat.PgActivate, 1)
}

// lruGenActivate queues a page to become active (folio_activate).
func (k *Kernel) lruGenActivate(cpu int, pfn phys.PFN) {
	if p := k.Mem.Page(pfn); p.Test(phys.FlagLRU) && !p.Test(phys.FlagActive|phys.FlagUnevictable) {
		k.queueMove(cpu, pfn, &k.batches[cpu].activate)
	}
}
