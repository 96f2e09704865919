package mm

import (
	"math/bits"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// Mprotect changes what a range allows (mprotect(2), do_mprotect_pkey). EINVAL: the address is not aligned; ENOMEM: part of the range is not mapped (what
// comes before it has been changed), a limit, or the commit limit, which private memory that becomes writable is charged to; EACCES: a right
// that the mapping cannot have.
func (p *Process) Mprotect(addr, length uint64, prot Prot) Errno {
	p.syscall(p.k.cost.Mprotect)
	if addr&(addrspace.PageSize-1) != 0 {
		return EINVAL
	}
	if length == 0 {
		return 0
	}
	end := addr + addrspace.PageAlign(length)
	if end <= addr {
		return ENOMEM
	}
	defer p.k.finishGather(p.mm, false)
	return p.eachVMA(addr, end, func(prev, v *addrspace.VMA, from, to uint64) (*addrspace.VMA, Errno) {
		flags := v.Flags&^addrspace.VMAccess | addrspace.VMFlags(prot)
		if flags&^(flags>>4)&addrspace.VMAccess != 0 {
			return nil, EACCES
		}
		return p.mprotectFixup(prev, v, from, to, flags)
	})
}

// mprotectFixup changes the flags of [start, end) of a VMA and its page-table entries (mprotect_fixup).
func (p *Process) mprotectFixup(prev, v *addrspace.VMA, start, end uint64, flags addrspace.VMFlags) (*addrspace.VMA, Errno) {
	old := v.Flags
	if flags == old {
		return v, 0
	}
	pages := (end - start) >> addrspace.PageShift
	charged := false
	if flags&addrspace.VMWrite != 0 {
		if !p.mayExpand(flags, pages) && p.mayExpand(old, pages) {
			return nil, ENOMEM
		}
		if old&(addrspace.VMAccount|addrspace.VMWrite|addrspace.VMShared|addrspace.VMNoReserve) == 0 {
			if !p.charge(pages) {
				return nil, ENOMEM
			}
			charged = true
			flags |= addrspace.VMAccount
		}
	}
	m := p.mm.Change(prev, v, start, end, flags, p.k.sysctl.maxMapCount)
	if m == nil {
		if charged {
			p.k.acct(p.cpu(), -int64(pages))
		}
		return nil, ENOMEM
	}
	notify := m.Object != nil && p.k.mappingOf(m).wantsWriteNotify()
	n := p.k.changeProtection(p.mm, start, end, old, flags, notify)
	p.mm.WriteLocked = true
	p.spend(engine.Time(n) * p.k.cost.ProtectPage)
	p.mm.Reaccount(old, flags, int64(pages))
	p.mm.WriteLocked = false
	if old&(addrspace.VMWrite|addrspace.VMShared|addrspace.VMLocked) == addrspace.VMLocked && flags&addrspace.VMWrite != 0 {
		p.populateVMA(m, start, end, true)
	}
	return m, 0
}

// changeProtection makes the entries of a range what the flags allow (change_protection): shared memory is writable at once, pages of a file whose file
// system is notified of writes if it has been; private pages are if they are dirty and nobody else has them, else with the fault that the first write
// takes. It returns the number of entries that are present.
func (k *Kernel) changeProtection(s *addrspace.Space, start, end uint64, old, flags addrspace.VMFlags, notify bool) int {
	n := 0
	eachLeaf(s, start, end, func(l *addrspace.Leaf, first, last uint, base uint64) bool {
		for w := first / 64; w*64 < last; w++ {
			m := l.Present[w] & addrspace.WordMask(w, first, last)
			n += bits.OnesCount64(m)
			writable, none := l.Writable[w], l.ProtNone[w]
			l.Writable[w] &^= m
			l.ProtNone[w] &^= m
			switch {
			case flags&addrspace.VMAccess == 0:
				l.ProtNone[w] |= m
			case flags&addrspace.VMWrite == 0:
			case flags&addrspace.VMShared != 0 && notify:
				l.Writable[w] |= m & l.Dirty[w]
			case flags&addrspace.VMShared != 0:
				l.Writable[w] |= m
			default:
				for b := m & l.Dirty[w]; b != 0; b &= b - 1 {
					i := uint(bits.TrailingZeros64(b))
					if k.Mem.Page(phys.PFN(l.PTE[w*64+i])).Test(phys.FlagExclusive) {
						l.Writable[w] |= 1 << i
					}
				}
			}
			changed := l.Writable[w] ^ writable | l.ProtNone[w]
			if (old^flags)&addrspace.VMExec != 0 {
				changed = m
			}
			k.gatherWord(s, base, w, m&^none&changed) // pte_needs_flush
		}
		return true
	})
	return n
}
