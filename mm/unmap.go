package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// zap clears the page-table entries of [start, end), which lies in a VMA, and gathers what they held (unmap_page_range). It returns the number of entries
// cleared.
func (k *Kernel) zap(g *mmuGather, v *addrspace.VMA, start, end uint64) int {
	noteHiwater(v.Space)
	k.lruAddDrain(g.cpu)
	cleared := 0
	eachLeaf(v.Space, start, end, func(l *addrspace.Leaf, from, to uint, base uint64) bool {
		if l.Used > 0 {
			k.gather(v.Space, l, base, from, to)
			cleared += k.zapLeaf(g, v, l, from, to)
		}
		return true
	})
	return cleared
}

// zapRange is zap with a gather of its own, on a CPU and, unless nil, on behalf of a task (zap_page_range_single).
func (k *Kernel) zapRange(t *task, cpu int, v *addrspace.VMA, start, end uint64) int {
	g := k.gatherMMU(t, cpu)
	n := k.zap(g, v, start, end)
	g.finish(v.Space, false)
	return n
}

func (k *Kernel) zapLeaf(g *mmuGather, v *addrspace.VMA, l *addrspace.Leaf, from, to uint) int {
	s := v.Space
	plain := v.Object == nil && !lockedVMA(v) && v.Flags&addrspace.VMSpecial == 0
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
			k.putSwap(g.cpu, swap.Entry(pte))
		case pte == k.zeroPage:
			l.Zap(i)
		case plain:
			l.Zap(i)
			s.RSS[addrspace.RSSAnon]--
			k.gatherAnon(g, phys.PFN(pte))
		case pte == uint32(k.vdso[0]), pte == uint32(k.vdso[1]):
			k.zapVDSO(v, l, i)
			g.add(0)
		default:
			k.zapPage(g, v, l, i)
		}
	}
	return cleared
}

// gatherAnon collects an anonymous page, to be freed if that was its last mapping.
func (k *Kernel) gatherAnon(g *mmuGather, pfn phys.PFN) {
	if !k.removeAnonRmap(pfn) {
		pfn = 0
	}
	g.add(pfn)
}

// zapPage clears the entry of a page that is locked in memory or belongs to an object, which learns what the entry knows of its use.
func (k *Kernel) zapPage(g *mmuGather, v *addrspace.VMA, l *addrspace.Leaf, i uint) {
	pfn := phys.PFN(l.PTE[i])
	p := k.Mem.Page(pfn)
	anon := p.Kind() == phys.KindAnon
	if !anon {
		if addrspace.Test(&l.Dirty, i) {
			k.entryDirty(pfn)
		}
		if addrspace.Test(&l.Accessed, i) && v.Flags&addrspace.VMSeqRead == 0 {
			k.markAccessed(g.cpu, pfn)
		}
	}
	l.Zap(i)
	if lockedVMA(v) {
		k.munlockPage(pfn)
	}
	if anon {
		v.Space.RSS[addrspace.RSSAnon]--
		k.gatherAnon(g, pfn)
		return
	}
	k.removeFileRmap(v, p)
	g.add(0) // its object has it
}

// dropVMA takes a VMA out whose entries are none, with what nobody else maps. What it was charged for the caller gives back.
func (k *Kernel) dropVMA(v *addrspace.VMA, cpu int) {
	if v.Flags&addrspace.VMAccount != 0 {
		v.Space.Uncharged += int64(v.Pages())
	}
	if v.Flags&addrspace.VMLocked != 0 {
		v.Space.LockedVM -= v.Pages()
	}
	v.Space.Drop(v)
	if v.Object != nil {
		k.putInode(cpu, k.mappingOf(v).host)
	}
}

// unacct gives back what unmapped memory was charged for.
func (k *Kernel) unacct(s *addrspace.Space, cpu int) {
	k.acct(cpu, -s.Uncharged)
	s.Uncharged = 0
}

// unmapVMA takes one VMA away, whole.
func (p *Process) unmapVMA(v *addrspace.VMA) { p.unmapRegion(v, v.End) }

// unmapRegion takes the VMAs from first on that begin below end away, whole, with their pages and the page tables that their neighbours do not need, and spends
// the time (unmap_region, remove_vma_list).
func (p *Process) unmapRegion(first *addrspace.VMA, end uint64) {
	k, s := p.k, p.mm
	floor := uint64(0)
	if prev := first.Prev(); prev != nil {
		floor = prev.End
	}
	tables := s.TablePages
	g := k.gatherMMU(&p.task, p.cpu())
	n := 0
	for v := first; v != nil && v.Start < end; v = v.Next() {
		n += k.zap(g, v, v.Start, v.End)
	}
	for v := first; v != nil && v.Start < end; {
		next, ceiling := v.Next(), uint64(0)
		if next != nil {
			ceiling = next.Start
		}
		s.FreeTables(v.Start, v.End, floor, ceiling, g)
		v = next
	}
	g.finish(s, s.TablePages < tables)
	for v := first; v != nil && v.Start < end; {
		next := v.Next()
		k.dropVMA(v, p.cpu())
		v = next
	}
	p.spend(engine.Time(n) * k.cost.UnmapPage)
}

// unmapAll takes every VMA of an address space away on a CPU and, unless nil, on behalf of a task, in the order of addresses, with its page tables (exit_mmap).
// It returns how many entries there were.
func (k *Kernel) unmapAll(s *addrspace.Space, t *task, cpu int) int {
	g := k.gatherMMU(t, cpu)
	vmas := s.List()
	n := 0
	for _, v := range vmas {
		n += k.zap(g, v, v.Start, v.End)
	}
	s.FreeTables(0, s.Layout.TaskSize, 0, 0, g)
	g.finishAll(s)
	for _, v := range vmas {
		k.dropVMA(v, cpu)
	}
	k.unacct(s, cpu)
	return n
}

// exitMM ends the process's use of its address space and, if nobody else has it, takes all that is in it away and returns it (exit_mm, exit_mmap).
func (p *Process) exitMM() *addrspace.Space {
	s := p.mm
	if s == nil {
		return nil
	}
	p.endVfork()
	if p.victim {
		defer p.k.exitOOMVictim(p)
	}
	if s.Sharers > 0 {
		s.Sharers--
		p.mm = nil
		return nil
	}
	p.k.lazyTLB(s)
	n := p.k.unmapAll(s, &p.task, p.cpu())
	if n > 0 && !p.proc.Killed() {
		p.spend(engine.Time(n) * p.k.cost.UnmapPage)
	}
	p.k.forgetSwapped(s)
	p.oomSkip = true
	p.mm = nil
	return s
}
