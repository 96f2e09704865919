package mm

import "mmsim/mm/addrspace"

// Brk moves the end of the heap (brk(2), with the C library's check: success is that the break is not below addr, so that a break which
// could not be lowered is no error). ENOMEM: it stays where it is, because of a limit, a mapping in the way or the commit limit.
func (p *Process) Brk(addr uint64) Errno {
	p.syscall(p.k.cost.Brk)
	if p.moveBrk(addr) < addr {
		return ENOMEM
	}
	return 0
}

// Sbrk moves the end of the heap by an increment of bytes and returns where it was (sbrk(3)). ENOMEM as for Brk.
func (p *Process) Sbrk(increment int64) (uint64, Errno) {
	old := p.mm.Brk
	if increment == 0 {
		return old, 0
	}
	target := old + uint64(increment)
	if increment > 0 && target < old || increment < 0 && target > old {
		return 0, ENOMEM
	}
	if e := p.Brk(target); e != 0 {
		return 0, e
	}
	return old, 0
}

// moveBrk is the kernel's side of brk: it returns the break after the call, which is the old one on failure.
func (p *Process) moveBrk(addr uint64) uint64 {
	s := p.mm
	old := s.Brk
	if addr < s.StartBrk {
		return old
	}
	if p.rlimit.Data != Unlimited && addr-s.StartBrk > p.rlimit.Data {
		return old
	}
	from, to := addrspace.PageAlign(old), addrspace.PageAlign(addr)
	switch {
	case to < from:
		// What lies below the old break must be mapped: else another mapping may have come in between.
		if v := s.FindNext(to); v == nil || v.Start >= from || p.unmapRange(to, from) != 0 {
			return old
		}
	case to > from:
		if !p.growBrk(from, to) {
			return old
		}
	case to < addr: // wrapped
		return old
	}
	s.Brk = addr
	if to > from && s.DefFlags&addrspace.VMLocked != 0 {
		p.populate(from, to, true)
	}
	return addr
}

// growBrk maps [from, to) as heap, extending what ends there if it is of the same kind (do_brk_flags). A page must stay free between the heap
// and the next mapping.
func (p *Process) growBrk(from, to uint64) bool {
	s := p.mm
	pages := (to - from) >> addrspace.PageShift
	flags := addrspace.VMRead | addrspace.VMWrite | addrspace.VMMayRead | addrspace.VMMayWrite | addrspace.VMMayExec | addrspace.VMAccount | s.DefFlags
	switch {
	case to > s.Layout.TaskSize || !p.mayLock(s.DefFlags, pages) || !s.Free(from, to-from+addrspace.PageSize):
		return false
	case !p.mayExpand(flags, pages) || uint64(s.MapCount()) > p.k.sysctl.maxMapCount || !p.charge(pages):
		return false
	}
	if prev := s.FindPrev(from); prev != nil && prev.End == from && prev.CanExtend(flags) {
		s.ExtendHeap(prev, to)
	} else {
		s.Adopt(&addrspace.VMA{Start: from, End: to, PgOff: from >> addrspace.PageShift, Flags: flags})
	}
	if flags&addrspace.VMLocked != 0 {
		s.LockedVM += pages
	}
	return true
}
