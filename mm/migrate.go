package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// migratePages moves the isolated pages of a run of compaction to free ones (migrate_pages), the one isolated last first. What is left in sources could not be
// moved. noMemory: there was no free page to move to.
func (k *Kernel) migratePages(cc *compactControl) (failed, noMemory bool) {
	cpu := cc.t.cpu()
	moved, kept := 0, 0
	for i := len(cc.sources) - 1; i >= 0; i-- {
		old := cc.sources[i]
		p := k.Mem.Page(old)
		if !canMigrate(p) {
			kept++
			continue
		}
		to := cc.target()
		if to == 0 {
			noMemory = true
			kept++ // the pages after it are not tried
			break
		}
		k.migratePage(cpu, old, to)
		cc.sources[i] = 0
		moved++
	}
	left := cc.sources[:0]
	for _, pfn := range cc.sources {
		if pfn != 0 {
			left = append(left, pfn)
		}
	}
	cc.sources = left
	cc.moved += moved
	k.count(vmstat.PgMigrateSuccess, uint64(moved))
	k.count(vmstat.PgMigrateFail, uint64(kept))
	return kept > 0, noMemory
}

// canMigrate tells whether nobody holds a page beside its mappings, its cache and the one who isolated it (folio_migrate_mapping), and whether it is not being
// read or written.
func canMigrate(p *phys.Page) bool {
	return !p.Test(phys.FlagLocked | phys.FlagBatched | phys.FlagWriteback)
}

// migratePage puts a free page in the place of one that is on no list: in every page table, in the swap cache or in its file (migrate_folio,
// remove_migration_ptes). The old page goes back to the allocator, the new one on the list.
func (k *Kernel) migratePage(cpu int, old, to phys.PFN) {
	p, q := k.Mem.Page(old), k.Mem.Page(to)
	locks := 0
	if p.Mapcount > 0 {
		left := p.Mapcount
		for _, v := range k.mappers(p) {
			l, i := k.mappedAt(v, old, p.Index)
			if l == nil {
				continue
			}
			if addrspace.Test(&l.Dirty, i) {
				p.Set(phys.FlagDirty)
			}
			k.flushMapping(v, p.Index)
			l.PTE[i] = uint32(to)
			if lockedVMA(v) {
				k.munlockPage(old)
				locks++
			}
			if left--; left == 0 {
				break
			}
		}
	}
	q.SetKind(p.Kind())
	q.SetFlags(p.Flags() &^ phys.FlagLRU)
	q.Mapping, q.Index, q.Mapcount = p.Mapping, p.Index, p.Mapcount
	if private := k.Mem.Private(old); private != 0 {
		k.Mem.SetPrivate(to, private)
		k.Mem.SetPrivate(old, 0)
	}
	if p.Test(phys.FlagSwapCache) {
		k.swap.CacheReplace(swap.Entry(k.Mem.Private(to)), uint32(to))
	} else if m := k.objects.get(p.Mapping); m != nil && p.Kind() != phys.KindAnon {
		m.tree.Replace(uint64(p.Index), uint32(to))
	}
	p.Mapcount, p.Mapping, p.Index = 0, 0, 0
	p.SetFlags(0)
	k.freePage(cpu, old)
	k.lruAdd(cpu, to)
	if q.Mapcount > 0 {
		k.lruAddDrain(cpu)
	}
	for range locks { // now that it is on a list, it counts them all
		k.mlockPage(to)
	}
}
