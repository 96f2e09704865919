package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// markAccessed notes a use of a page that no accessed bit shows: the first makes it referenced, the second active (folio_mark_accessed).
func (k *Kernel) markAccessed(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if k.lruGen != nil {
		k.lruGen.column.IncRefs(pfn, p)
		return
	}
	switch {
	case !p.Test(phys.FlagReferenced):
		p.Set(phys.FlagReferenced)
	case p.Test(phys.FlagUnevictable | phys.FlagActive):
	default:
		if v := k.lruvecOf(p); p.Test(phys.FlagLRU) {
			v.Del(pfn)
			p.Set(phys.FlagActive)
			v.Add(pfn)
			k.count(vmstat.PgActivate, 1)
			v.NonresidentAge++
		} else {
			p.Set(phys.FlagActive)
		}
		p.Clear(phys.FlagReferenced)
	}
}
