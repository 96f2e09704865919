package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// referenced counts the mappings through which an anonymous page was accessed since the last look, clearing their accessed bits, and
// tells whether one of them is locked in memory (folio_referenced). Mappings that are read in sequence do not count.
func (k *Kernel) referenced(pfn phys.PFN) (n int, locked bool) {
	p := k.Mem.Page(pfn)
	left := p.Mapcount
	if left == 0 {
		return 0, false
	}
	for _, v := range k.anons.Get(p.Mapping).VMAs() {
		l, i := k.mappedAt(v, pfn, p.Index)
		if l == nil {
			continue
		}
		if v.Flags&addrspace.VMLocked != 0 {
			return n, true
		}
		if addrspace.Test(&l.Accessed, i) {
			addrspace.Clear(&l.Accessed, i)
			if v.Flags&addrspace.VMSeqRead == 0 {
				n++
			}
		}
		if left--; left == 0 {
			break
		}
	}
	return n, false
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

// tryToUnmap replaces every mapping of a swap-cache page by its swap entry and tells whether none is left (try_to_unmap).
func (k *Kernel) tryToUnmap(pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	e := swap.Entry(k.Mem.Private(pfn)).WithExclusive(p.Test(phys.FlagExclusive))
	for _, v := range k.anons.Get(p.Mapping).VMAs() {
		l, i := k.mappedAt(v, pfn, p.Index)
		if l == nil {
			continue
		}
		if v.Flags&addrspace.VMLocked != 0 {
			return false
		}
		if addrspace.Test(&l.Dirty, i) {
			p.Set(phys.FlagDirty)
		}
		k.swap.Dup(e)
		l.SetSwap(i, uint32(e))
		noteHiwater(v.Space)
		v.Space.RSS[addrspace.RSSAnon]--
		v.Space.RSS[addrspace.RSSSwap]++
		if p.Mapcount--; p.Mapcount == 0 {
			break
		}
	}
	if p.Mapcount > 0 {
		return false
	}
	p.Clear(phys.FlagExclusive)
	k.zoneOf(p).Node.Stat[vmstat.NRAnonPages]--
	return true
}

// noteHiwater keeps the largest resident set before it shrinks (update_hiwater_rss).
func noteHiwater(s *addrspace.Space) {
	if r := uint64(max(s.Resident(), 0)); r > s.HiwaterRSS {
		s.HiwaterRSS = r
	}
}
