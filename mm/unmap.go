package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// zap clears the page-table entries of [start, end), which lies in a VMA, and frees what only they held (unmap_page_range). It returns the
// number of entries cleared.
func (k *Kernel) zap(v *addrspace.VMA, start, end uint64, cpu int) int {
	noteHiwater(v.Space)
	k.lruAddDrain(cpu)
	cleared := 0
	eachLeaf(v.Space, start, end, func(l *addrspace.Leaf, from, to uint, base uint64) bool {
		if l.Used > 0 {
			k.gather(v.Space, l, base, from, to)
			cleared += k.zapLeaf(v, l, from, to, cpu)
		}
		return true
	})
	return cleared
}

func (k *Kernel) zapLeaf(v *addrspace.VMA, l *addrspace.Leaf, from, to uint, cpu int) int {
	s := v.Space
	plain := v.Object == nil && !lockedVMA(v)
	cleared := 0
	for i := from; i < to && l.Used > 0; i++ {
		pte := l.PTE[i]
		if pte == 0 {
			continue
		}
		cleared++
		switch {
		case !addrspace.Test(&l.Present, i):
			l.Zap(i)
			s.RSS[addrspace.RSSSwap]--
			k.putSwap(cpu, swap.Entry(pte))
		case pte == k.zeroPage:
			l.Zap(i)
		case plain:
			l.Zap(i)
			s.RSS[addrspace.RSSAnon]--
			k.dropMapping(cpu, phys.PFN(pte))
		default:
			k.zapPage(v, l, i, cpu)
		}
	}
	return cleared
}

// zapPage clears the entry of a page that is locked in memory or belongs to an object, which learns what the entry knows of its use.
func (k *Kernel) zapPage(v *addrspace.VMA, l *addrspace.Leaf, i uint, cpu int) {
	pfn := phys.PFN(l.PTE[i])
	if p := k.Mem.Page(pfn); p.Kind() != phys.KindAnon {
		if addrspace.Test(&l.Dirty, i) {
			k.entryDirty(pfn)
		}
		if addrspace.Test(&l.Accessed, i) && v.Flags&addrspace.VMSeqRead == 0 {
			k.markAccessed(cpu, pfn)
		}
	}
	l.Zap(i)
	k.unmapPage(cpu, v, pfn)
}

// dropVMA takes a VMA out whose entries are none, with its commit charge and what nobody else maps.
func (k *Kernel) dropVMA(v *addrspace.VMA, cpu int) {
	if v.Flags&addrspace.VMAccount != 0 {
		k.committed -= int64(v.Pages())
	}
	if v.Flags&addrspace.VMLocked != 0 {
		v.Space.LockedVM -= v.Pages()
	}
	v.Space.Drop(v)
	if v.Object != nil {
		k.putInode(cpu, k.mappingOf(v).host)
	}
}

// unmapVMA takes one VMA away, whole, with its pages and the page tables that its neighbours do not need, and spends the time
// (unmap_region, remove_vma).
func (p *Process) unmapVMA(v *addrspace.VMA) {
	s := p.mm
	n := p.k.zap(v, v.Start, v.End, p.cpu())
	floor, ceiling := uint64(0), uint64(0)
	if prev := v.Prev(); prev != nil {
		floor = prev.End
	}
	if next := v.Next(); next != nil {
		ceiling = next.Start
	}
	start, end := v.Start, v.End
	p.k.dropVMA(v, p.cpu())
	s.FreeTables(start, end, floor, ceiling, p)
	p.spend(engine.Time(n) * p.k.cost.UnmapPage)
}

// unmapAll takes every VMA of an address space away on a CPU, in the order of addresses, and then its page tables. each, unless nil, is told how many
// entries a VMA had.
func (k *Kernel) unmapAll(s *addrspace.Space, cpu int, tables addrspace.TableAllocator, each func(n int)) {
	for _, v := range s.List() {
		n := k.zap(v, v.Start, v.End, cpu)
		k.dropVMA(v, cpu)
		if each != nil {
			each(n)
		}
	}
	s.FreeTables(0, s.Layout.TaskSize, 0, 0, tables)
	k.flushTLBMM(s, true)
}

// exitMM takes the whole address space away (exit_mmap).
func (p *Process) exitMM() {
	s := p.mm
	if s == nil {
		return
	}
	p.k.lazyTLB(s)
	p.k.unmapAll(s, p.cpu(), p, func(n int) {
		if n > 0 && !p.proc.Killed() {
			p.spend(engine.Time(n) * p.k.cost.UnmapPage)
		}
	})
	p.k.forgetSwapped(s)
	p.freeStack()
	p.freePgd()
	p.oomSkip = true
	p.mm = nil
	if p.victim {
		p.k.exitOOMVictim(p)
	}
}
