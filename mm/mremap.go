package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// Mremap makes a mapping smaller or larger, in place or, if it may move, elsewhere with its pages, and returns where it is then (mremap(2)). EINVAL: the
// address is not aligned, the new length is 0, or the old one is 0 and the memory private; EFAULT: nothing is mapped there, or less than the
// old length; EAGAIN: RLIMIT_MEMLOCK; ENOMEM: no room, a limit or the commit limit.
func (p *Process) Mremap(addr, oldLen, newLen uint64, mayMove bool) (uint64, Errno) {
	p.syscall(p.k.cost.Mremap)
	s := p.mm
	if addr&(addrspace.PageSize-1) != 0 {
		return 0, EINVAL
	}
	oldLen, newLen = addrspace.PageAlign(oldLen), addrspace.PageAlign(newLen)
	if newLen == 0 {
		return 0, EINVAL
	}
	v := s.Find(addr)
	if v == nil {
		return 0, EFAULT
	}
	if oldLen >= newLen {
		if oldLen > newLen {
			if e := p.munmap(addr+newLen, oldLen-newLen); e != 0 {
				return 0, e
			}
		}
		return addr, 0
	}
	if e := p.mayResize(v, addr, oldLen, newLen); e != 0 {
		return 0, e
	}
	if oldLen == v.End-addr && p.expandable(v, newLen-oldLen) {
		return p.growInPlace(v, addr, oldLen, newLen)
	}
	if !mayMove {
		return 0, ENOMEM
	}
	to, ok := p.unmappedFor(v, addr, newLen)
	if !ok {
		return 0, ENOMEM
	}
	locked := v.Flags&addrspace.VMLocked != 0
	if e := p.moveVMA(v, addr, oldLen, newLen, to); e != 0 {
		return 0, e
	}
	if locked {
		p.populate(to+oldLen, to+newLen, true)
	}
	return to, 0
}

// mayResize makes the checks for a mapping that grows (vma_to_resize).
func (p *Process) mayResize(v *addrspace.VMA, addr, oldLen, newLen uint64) Errno {
	more := (newLen - oldLen) >> addrspace.PageShift
	switch {
	case oldLen == 0 && v.Flags&(addrspace.VMShared|addrspace.VMMayShare) == 0:
		return EINVAL
	case oldLen > v.End-addr:
		return EFAULT
	case v.Flags&(addrspace.VMDontExpand|addrspace.VMPFNMap) != 0:
		return EFAULT
	case !p.mayLock(v.Flags, more):
		return EAGAIN
	case !p.mayExpand(v.Flags, more):
		return ENOMEM
	}
	return 0
}

// expandable tells whether n bytes behind a VMA are free (vma_expandable). A stack's guard gap there is not kept.
func (p *Process) expandable(v *addrspace.VMA, n uint64) bool {
	end := v.End + n
	next := p.mm.FindNext(v.End)
	return end >= v.End && end <= p.mm.Layout.TaskSize && (next == nil || next.Start >= end)
}

func (p *Process) growInPlace(v *addrspace.VMA, addr, oldLen, newLen uint64) (uint64, Errno) {
	more := (newLen - oldLen) >> addrspace.PageShift
	accounted, locked := v.Flags&addrspace.VMAccount != 0, v.Flags&addrspace.VMLocked != 0
	if accounted && !p.charge(more) {
		return 0, ENOMEM
	}
	if !p.mm.Extend(v, addr+newLen) {
		if accounted {
			p.k.acct(p.cpu(), -int64(more))
		}
		return 0, ENOMEM
	}
	if locked {
		p.mm.LockedVM += more
		p.populate(addr+oldLen, addr+newLen, true)
	}
	return addr, 0
}

// moveVMA makes a VMA at another address, moves the page-table entries of the old range there and unmaps that (move_vma). The commit charge moves along.
func (p *Process) moveVMA(v *addrspace.VMA, addr, oldLen, newLen, to uint64) Errno {
	s := p.mm
	if int64(s.MapCount()) >= int64(p.k.sysctl.maxMapCount)-3 {
		return ENOMEM
	}
	flags := v.Flags
	more := (newLen - oldLen) >> addrspace.PageShift
	if flags&addrspace.VMAccount != 0 && !p.charge(more) {
		return ENOMEM
	}
	hiwater := s.HiwaterVM // both ranges count for a moment, which is no peak
	defer func() { s.HiwaterVM = hiwater }()
	s.Copy(v, to, newLen, v.Index(addr))
	s.WriteLocked = true
	n := 0
	p.flushMoved(addr, to, oldLen)
	done := s.MoveEntries(addrspace.Move{From: addr, To: to, N: oldLen}, p, func(entries int) { n += entries })
	p.spend(engine.Time(n) * p.k.cost.MovePage)
	s.Account(flags, int64(newLen>>addrspace.PageShift))
	if flags&addrspace.VMLocked != 0 {
		s.LockedVM += newLen >> addrspace.PageShift
	}
	s.WriteLocked = false
	if done < oldLen {
		// No memory for a page table: what was moved goes back and the new mapping goes away.
		s.MoveEntries(addrspace.Move{From: to, To: addr, N: done}, p, func(int) {})
		p.unmapMoved(flags, to, newLen, (newLen-oldLen)>>addrspace.PageShift)
		return ENOMEM
	}
	p.unmapMoved(flags, addr, oldLen, 0)
	return 0
}

// unmapMoved takes a range away whose commit charge, but for some pages, stays: it belongs to another range now.
func (p *Process) unmapMoved(flags addrspace.VMFlags, addr, n, uncharge uint64) {
	p.unmapCharged(addr, addr+n)
	p.mm.Uncharged = 0
	if flags&addrspace.VMAccount != 0 {
		p.k.acct(p.cpu(), -int64(uncharge))
	}
}
