package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// referenced counts the mappings through which a page was accessed since the last look, clearing their accessed bits, and tells whether one of them is locked
// in memory, which ends the look, and whether one of them is executable (folio_referenced). Mappings that are read in sequence do not count. With generations
// the neighbours of an access are looked at for around, too (folio_referenced_one); nil: without.
func (k *Kernel) referenced(pfn phys.PFN, around *scanControl) (n int, locked, exec bool) {
	p := k.Mem.Page(pfn)
	left := p.Mapcount
	if left == 0 {
		return 0, false, false
	}
	for _, v := range k.mappers(p) {
		l, i := k.mappedAt(v, pfn, p.Index)
		if l == nil {
			continue
		}
		if v.Flags&addrspace.VMLocked != 0 {
			k.restoreMlock(v, pfn)
			return n, true, exec
		}
		if addrspace.Test(&l.Accessed, i) {
			exec = exec || v.Flags&(addrspace.VMExec|addrspace.VMSeqRead) == addrspace.VMExec
			if around != nil && inFault(v) {
				addr, _ := v.AddressOf(p.Index)
				around.lookAround(v, l, addr, k.zoneOf(p).Node)
				n++
			}
			if addrspace.Test(&l.Accessed, i) {
				addrspace.Clear(&l.Accessed, i)
				if v.Flags&addrspace.VMSeqRead == 0 {
					n++
				}
			}
		}
		if left--; left == 0 {
			break
		}
	}
	return n, false, exec
}

// mappedAt is the page-table entry through which a VMA maps the page at an index, or nil if it does not (page_vma_mapped_walk).
func (k *Kernel) mappedAt(v *addrspace.VMA, pfn phys.PFN, index uint32) (*addrspace.Leaf, uint) {
	addr, ok := v.AddressOf(index)
	if !ok {
		return nil, 0
	}
	l := v.Space.Leaf(addr)
	i := addrspace.Slot(addr)
	if l == nil || l.PTE[i] != uint32(pfn) || !addrspace.Test(&l.Present, i) {
		return nil, 0
	}
	return l, i
}

// tryToUnmap takes every mapping of a page away and tells whether none is left (try_to_unmap): of a swap-cache page the entries become swap
// entries; of one that is to be freed lazily they become none unless something was written; of shared memory they become none, since the
// object knows where the page is. A mapping that is locked in memory stays, and stops the walk.
func (k *Kernel) tryToUnmap(pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	anon := p.Kind() == phys.KindAnon
	lazy := anon && !p.Test(phys.FlagSwapbacked)
	e := swap.Entry(0)
	if anon && !lazy {
		e = swap.Entry(k.Mem.Private(pfn)).WithExclusive(p.Test(phys.FlagExclusive))
	}
	for _, v := range k.mappers(p) {
		l, i := k.mappedAt(v, pfn, p.Index)
		if l == nil {
			continue
		}
		if v.Flags&addrspace.VMLocked != 0 {
			k.restoreMlock(v, pfn)
			return false
		}
		if addrspace.Test(&l.Dirty, i) {
			k.entryDirty(pfn)
		}
		if lazy && p.Test(phys.FlagDirty) {
			p.Set(phys.FlagSwapbacked)
			return false
		}
		noteHiwater(v.Space)
		if k.tlb != nil {
			addr, _ := v.AddressOf(p.Index)
			k.flushUnmapped(v.Space, addr, addrspace.Test(&l.Dirty, i))
		} else if k.unmapped != nil {
			k.unmapped.add(k, v.Space, addrspace.Test(&l.Dirty, i))
		}
		switch {
		case !anon:
			l.Zap(i)
			v.Space.RSS[rssOf(p)]--
		case lazy:
			l.Zap(i)
			v.Space.RSS[addrspace.RSSAnon]--
		default:
			k.swap.Dup(e)
			l.SetSwap(i, uint32(e))
			k.noteSwapped(v.Space, nil)
			v.Space.RSS[addrspace.RSSAnon]--
			v.Space.RSS[addrspace.RSSSwap]++
		}
		if p.Mapcount--; p.Mapcount == 0 {
			break
		}
	}
	if p.Mapcount > 0 {
		return false
	}
	if anon {
		p.Clear(phys.FlagExclusive)
		k.zoneOf(p).Node.Stat[vmstat.NRAnonPages]--
	} else {
		k.zoneOf(p).Node.Stat[vmstat.NRMapped]--
	}
	return true
}

// unmapObjectPage takes every mapping of a page of an object away because the page goes (unmap_mapping_folio).
func (k *Kernel) unmapObjectPage(cpu int, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	for _, v := range k.mappers(p) {
		if p.Mapcount == 0 {
			return
		}
		if l, i := k.mappedAt(v, pfn, p.Index); l != nil {
			noteHiwater(v.Space)
			k.flushMapping(v, p.Index)
			l.Zap(i)
			k.unmapPage(cpu, v, pfn)
		}
	}
}

// mappers are the VMAs in which a mapped page may be found.
func (k *Kernel) mappers(p *phys.Page) []*addrspace.VMA {
	if p.Kind() == phys.KindAnon {
		return k.anons.Get(p.Mapping).VMAs()
	}
	return k.objects.get(p.Mapping).VMAs()
}

// noteHiwater keeps the largest resident set before it shrinks (update_hiwater_rss).
func noteHiwater(s *addrspace.Space) {
	if r := uint64(max(s.Resident(), 0)); r > s.HiwaterRSS {
		s.HiwaterRSS = r
	}
}
