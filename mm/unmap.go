package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// zap clears the page-table entries of [start, end) of an address space and frees what only they held (unmap_page_range). It returns
// the number of entries cleared.
func (k *Kernel) zap(s *addrspace.Space, start, end uint64, cpu int) int {
	noteHiwater(s)
	k.lruAddDrain(cpu)
	cleared := 0
	for addr := start; addr < end; {
		l, base := s.NextLeaf(addr, end)
		if l == nil {
			break
		}
		from, to := addrspace.Slot(max(addr, base)), uint(addrspace.LeafPages)
		if end < base+1<<addrspace.LeafShift {
			to = addrspace.Slot(end)
		}
		if l.Used > 0 {
			cleared += k.zapLeaf(s, l, from, to, cpu)
		}
		addr = base + 1<<addrspace.LeafShift
	}
	return cleared
}

func (k *Kernel) zapLeaf(s *addrspace.Space, l *addrspace.Leaf, from, to uint, cpu int) int {
	cleared := 0
	for i := from; i < to && l.Used > 0; i++ {
		pte := l.PTE[i]
		if pte == 0 {
			continue
		}
		present := addrspace.Test(&l.Present, i)
		l.Zap(i)
		cleared++
		switch {
		case !present:
			s.RSS[addrspace.RSSSwap]--
			k.putSwap(cpu, swap.Entry(pte))
		case pte != k.zeroPage:
			s.RSS[addrspace.RSSAnon]--
			k.dropMapping(cpu, phys.PFN(pte))
		}
	}
	return cleared
}

// unmapVMA takes one VMA away, whole, with its pages and the page tables that its neighbours do not need, and spends the time
// (unmap_region, remove_vma).
func (p *Process) unmapVMA(v *addrspace.VMA) {
	s := p.mm
	n := p.k.zap(s, v.Start, v.End, p.cpu())
	floor, ceiling := uint64(0), uint64(0)
	if prev := s.FindPrev(v.Start); prev != nil {
		floor = prev.End
	}
	if next := s.FindNext(v.End); next != nil {
		ceiling = next.Start
	}
	if v.Flags&addrspace.VMAccount != 0 {
		p.k.committed -= int64(v.Pages())
	}
	start, end := v.Start, v.End
	s.Drop(v)
	s.FreeTables(start, end, floor, ceiling, p)
	p.spend(engine.Time(n) * p.k.cost.UnmapPage)
}

// exitMM takes the whole address space away (exit_mmap), in the order of addresses.
func (p *Process) exitMM() {
	s := p.mm
	if s == nil {
		return
	}
	for _, v := range s.List() {
		n := p.k.zap(s, v.Start, v.End, p.cpu())
		if v.Flags&addrspace.VMAccount != 0 {
			p.k.committed -= int64(v.Pages())
		}
		s.Drop(v)
		if n > 0 && !p.proc.Killed() {
			p.spend(engine.Time(n) * p.k.cost.UnmapPage)
		}
	}
	s.FreeTables(0, s.Layout.TaskSize, 0, 0, p)
	p.freeStack()
	p.oomSkip = true
	p.mm = nil
	if p.victim {
		p.k.exitOOMVictim(p)
	}
}
