package mm

import (
	"mmsim/mm/phys"
)

// markAllAccessed is markAccessed for several pages.
func (k *Kernel) markAllAccessed(cpu int, pages []uint32) {
	rows := k.Mem.Rows()
	classic := k.lruGen == nil
	for _, pfn := range pages {
		if p := rows.Page(phys.PFN(pfn)); classic && !p.Test(phys.FlagReferenced) { // the first use, as most are
			p.Set(phys.FlagReferenced)
		} else {
			k.markAccessed(cpu, phys.PFN(pfn))
		}
	}
}

// markAccessed notes a use of a page that no accessed bit shows, by a task on a CPU: the first makes it referenced, the second active, which it becomes with the
// CPU's next batch of such pages, or at once if it waits in the CPU's batch of new ones (folio_mark_accessed, __lru_cache_activate_folio).
func (k *Kernel) markAccessed(cpu int, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if k.lruGen != nil {
		k.lruGen.column.IncRefs(pfn, p)
		return
	}
	switch {
	case !p.Test(phys.FlagReferenced):
		p.Set(phys.FlagReferenced)
	case p.Test(phys.FlagUnevictable | phys.FlagActive):
	case p.Test(phys.FlagLRU):
		k.queueMove(cpu, pfn, &k.batches[cpu].activate)
		p.Clear(phys.FlagReferenced)
		k.lruvecOf(p).NonresidentAge++
	default:
		if k.batches[cpu].add.Contains(pfn) {
			p.Set(phys.FlagActive)
		}
		p.Clear(phys.FlagReferenced)
		k.lruvecOf(p).NonresidentAge++
	}
}
