package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// mkclean makes the entries through which shared mappings may write a page of a file clean and read-only, so that the next write is heard of again; the
// page is on its way to the device (folio_mkclean).
func (k *Kernel) mkclean(m *mapping, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	left := p.Mapcount
	for _, v := range m.VMAs() {
		if left == 0 {
			return
		}
		l, i := k.mappedAt(v, pfn, p.Index)
		if l == nil {
			continue
		}
		left--
		if v.Flags&addrspace.VMShared != 0 {
			if addrspace.Test(&l.Writable, i) || addrspace.Test(&l.Dirty, i) {
				k.flushMapping(v, p.Index)
			}
			addrspace.Clear(&l.Writable, i)
			addrspace.Clear(&l.Dirty, i)
		}
	}
}

// entryDirty passes on to a page of an object that an entry knew of a write (set_page_dirty).
func (k *Kernel) entryDirty(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if p.Kind() != phys.KindFile {
		p.Set(phys.FlagDirty)
		return
	}
	k.setFileDirty(k.objects.get(p.Mapping).host, pfn)
}

// unmapMappingRange takes the entries of pages [from, end) of an object out of every address space, with cows also the copies that private mappings have
// made of them, and returns their number (unmap_mapping_pages).
func (k *Kernel) unmapMappingRange(cpu int, m *mapping, from, end uint64, cows bool) int {
	n := 0
	for _, v := range m.VMAs() {
		first, last := max(from, v.PgOff), min(end, v.PgOff+v.Pages())
		if first >= last {
			continue
		}
		start, stop := v.Start+(first-v.PgOff)<<addrspace.PageShift, v.Start+(last-v.PgOff)<<addrspace.PageShift
		if cows || v.AnonVMA == nil {
			n += k.zapRange(nil, cpu, v, start, stop)
			continue
		}
		noteHiwater(v.Space)
		g := k.gatherMMU(nil, cpu)
		eachLeaf(v.Space, start, stop, func(l *addrspace.Leaf, lo, hi uint, base uint64) bool {
			for i := lo; i < hi; i++ {
				if addrspace.Test(&l.Present, i) && l.PTE[i] != k.zeroPage && k.Mem.Page(phys.PFN(l.PTE[i])).Kind() != phys.KindAnon {
					k.gather(v.Space, l, base, i, i+1)
					k.zapPage(g, v, l, i)
					n++
				}
			}
			return true
		})
		g.finish(v.Space, false)
	}
	return n
}
