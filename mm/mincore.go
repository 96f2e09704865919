package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// Mincore counts the pages of a range that are in memory (mincore(2)): mapped here, in the swap cache or, of shared memory, in memory for
// whoever. EINVAL: the address is not aligned; ENOMEM: part of the range is not mapped.
func (p *Process) Mincore(addr, length uint64) (int64, Errno) {
	p.syscall(0)
	s := p.mm
	if addr&(addrspace.PageSize-1) != 0 {
		return 0, EINVAL
	}
	n := addrspace.PageAlign(length)
	if n > s.Layout.TaskSize || addr > s.Layout.TaskSize-n {
		return 0, ENOMEM
	}
	end := addr + n
	if p.mappedPages(addr, end) != n>>addrspace.PageShift {
		return 0, ENOMEM
	}
	resident := int64(0)
	for v := s.FindNext(addr); v != nil && v.Start < end; v = s.FindNext(v.End) {
		from, to := max(addr, v.Start), min(end, v.End)
		if v.Object != nil {
			resident += p.objectResident(v, from, to)
			continue
		}
		eachLeaf(s, from, to, func(l *addrspace.Leaf, first, last uint, _ uint64) bool {
			for i := first; i < last; i++ {
				if addrspace.Test(&l.Present, i) || l.PTE[i] != 0 && p.k.swapCached(l.PTE[i]) {
					resident++
				}
			}
			return true
		})
	}
	return resident, 0
}

// objectResident counts the pages of [from, to) of a VMA of an object that are mapped or in the object.
func (p *Process) objectResident(v *addrspace.VMA, from, to uint64) int64 {
	m := p.k.mappingOf(v)
	n := int64(0)
	for a := from; a < to; a += addrspace.PageSize {
		i := addrspace.Slot(a)
		l := p.mm.Leaf(a)
		switch {
		case l != nil && addrspace.Test(&l.Present, i), l != nil && l.PTE[i] != 0 && p.k.swapCached(l.PTE[i]):
			n++
		case l == nil || l.PTE[i] == 0:
			if e, value := m.tree.Get(v.Index(a)); e != 0 && p.k.inCore(m, e, value) {
				n++
			}
		}
	}
	return n
}

// inCore tells whether an entry of a mapping is a page whose content is in memory (mincore_page).
func (k *Kernel) inCore(m *mapping, e uint64, value bool) bool {
	if value {
		return m.host.shm != nil && k.swapCached(uint32(e))
	}
	if m.host.shm != nil && k.Mem.Private(phys.PFN(e)) != 0 { // fallocate made it, and it holds nothing
		return false
	}
	return !k.Mem.Page(phys.PFN(e)).Test(phys.FlagLocked)
}

// eachLeaf calls f for the tables of entries of [start, end) that exist, with the entries [first, last) of each that lie in the range and the
// address of entry 0, until it returns false.
func eachLeaf(s *addrspace.Space, start, end uint64, f func(l *addrspace.Leaf, first, last uint, base uint64) bool) {
	for addr := start; addr < end; {
		l, base := s.NextLeaf(addr, end)
		if l == nil {
			return
		}
		first, last := addrspace.Slot(max(addr, base)), uint(addrspace.LeafPages)
		if end < base+1<<addrspace.LeafShift {
			last = addrspace.Slot(end)
		}
		if !f(l, first, last, base) {
			return
		}
		addr = base + 1<<addrspace.LeafShift
	}
}
