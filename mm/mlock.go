package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// Mlock keeps a range in memory (mlock(2)): its pages are faulted in and taken off the lists that reclaim looks at. EPERM: RLIMIT_MEMLOCK is 0;
// ENOMEM: more than RLIMIT_MEMLOCK, part of the range is not mapped or cannot be accessed, or vm.max_map_count; EINVAL: the range wraps.
func (p *Process) Mlock(addr, length uint64) Errno {
	p.syscall(0)
	s := p.mm
	if p.rlimit.Memlock == 0 {
		return EPERM
	}
	start, n := pageRange(addr, length)
	locked := n>>addrspace.PageShift + s.LockedVM
	if locked > p.memlockPages() {
		locked -= p.lockedPages(start, start+n)
	}
	if locked > p.memlockPages() {
		return ENOMEM
	}
	if e := p.applyLock(start, n, addrspace.VMLocked); e != 0 {
		return e
	}
	if e := p.populate(start, start+n, false); e != 0 {
		return ENOMEM
	}
	return 0
}

// Munlock lets a range be reclaimed again (munlock(2)). ENOMEM: part of the range is not mapped, or vm.max_map_count; EINVAL: it wraps.
func (p *Process) Munlock(addr, length uint64) Errno {
	p.syscall(0)
	start, n := pageRange(addr, length)
	return p.applyLock(start, n, 0)
}

// Mlockall keeps all memory of the process in memory, what it maps later too (mlockall(2) with MCL_CURRENT and MCL_FUTURE). EPERM: RLIMIT_MEMLOCK
// is 0; ENOMEM: the process is larger than that.
func (p *Process) Mlockall() Errno {
	p.syscall(0)
	s := p.mm
	if p.rlimit.Memlock == 0 {
		return EPERM
	}
	if s.TotalVM > p.memlockPages() {
		return ENOMEM
	}
	s.DefFlags |= addrspace.VMLocked
	p.lockAll(addrspace.VMLocked)
	p.populate(0, s.Layout.TaskSize, true)
	return 0
}

// Munlockall undoes Mlockall (munlockall(2)).
func (p *Process) Munlockall() Errno {
	p.syscall(0)
	p.mm.DefFlags &^= addrspace.VMLockMask
	p.lockAll(0)
	p.breakCarried() // the recorder's memory stays locked
	return 0
}

// lockAll locks or unlocks every VMA as far as possible (apply_mlockall_flags).
func (p *Process) lockAll(flags addrspace.VMFlags) {
	var prev *addrspace.VMA
	for v := p.mm.FindNext(0); v != nil; v = p.mm.FindNext(prev.End) {
		if prev = p.mlockFixup(prev, v, v.Start, v.End, v.Flags&^addrspace.VMLockMask|flags); prev == nil {
			prev = v
		}
	}
}

// pageRange is the whole pages that a range of bytes touches: start and length. A length that wraps is 0.
func pageRange(addr, length uint64) (start, n uint64) {
	start = addr &^ (addrspace.PageSize - 1)
	return start, addrspace.PageAlign(length + addr - start)
}

// lockedPages counts the pages of [start, end) in locked VMAs (count_mm_mlocked_page_nr).
func (p *Process) lockedPages(start, end uint64) uint64 {
	n := uint64(0)
	if end < start {
		end = p.mm.Layout.TaskSize
	}
	for v := p.mm.FindNext(start); v != nil && v.Start < end; v = p.mm.FindNext(v.End) {
		if v.Flags&addrspace.VMLocked != 0 {
			n += (min(v.End, end) - max(v.Start, start)) >> addrspace.PageShift
		}
	}
	return n
}

// applyLock locks or unlocks the VMAs of a range one by one, until there is a hole (apply_vma_lock_flags).
func (p *Process) applyLock(start, n uint64, flags addrspace.VMFlags) Errno {
	end := start + n
	if end < start {
		return EINVAL
	}
	if n == 0 {
		return 0
	}
	return p.eachVMA(start, end, func(prev, v *addrspace.VMA, from, to uint64) (*addrspace.VMA, Errno) {
		m := p.mlockFixup(prev, v, from, to, v.Flags&^addrspace.VMLockMask|flags)
		if m == nil {
			return nil, ENOMEM
		}
		return m, 0
	})
}

// eachVMA calls f for the part of each VMA that lies in [start, end), with the VMA before the part, or the one that it is the upper part of. f returns
// the VMA that has the part afterwards. ENOMEM: there is a hole; what comes before it has been done.
func (p *Process) eachVMA(start, end uint64, f func(prev, v *addrspace.VMA, from, to uint64) (*addrspace.VMA, Errno)) Errno {
	s := p.mm
	v := s.Find(start)
	if v == nil {
		return ENOMEM
	}
	prev := v
	if start == v.Start {
		prev = v.Prev()
	}
	for at := start; ; {
		m, e := f(prev, v, at, min(v.End, end))
		if e != 0 {
			return e
		}
		prev = m
		if at = max(min(m.End, end), at); at >= end {
			return 0
		}
		if v = s.FindNext(m.End); v == nil || v.Start != at {
			return ENOMEM
		}
	}
}

// mlockFixup gives [start, end) of a VMA other flags, of which those for locking differ, and moves its pages to or from the unevictable list
// (mlock_fixup). Nil: vm.max_map_count.
func (p *Process) mlockFixup(prev, v *addrspace.VMA, start, end uint64, flags addrspace.VMFlags) *addrspace.VMA {
	old := v.Flags
	if flags == old || old&addrspace.VMSpecial != 0 {
		return v
	}
	m := p.mm.Change(prev, v, start, end, flags, p.k.sysctl.maxMapCount)
	if m == nil {
		return nil
	}
	pages := (end - start) >> addrspace.PageShift
	switch {
	case flags&addrspace.VMLocked == 0:
		p.mm.LockedVM -= pages
	case old&addrspace.VMLocked != 0:
		return m
	default:
		p.mm.LockedVM += pages
	}
	p.mlockPages(start, end, flags&addrspace.VMLocked != 0)
	return m
}

// mlockPages moves the pages that are mapped in a range (mlock_vma_pages_range).
func (p *Process) mlockPages(start, end uint64, lock bool) {
	k := p.k
	cpu := p.cpu()
	k.lruAddDrain(cpu)
	n := 0
	eachLeaf(p.mm, start, end, func(l *addrspace.Leaf, first, last uint, _ uint64) bool {
		for i := first; i < last; i++ {
			if !addrspace.Test(&l.Present, i) || l.PTE[i] == k.zeroPage {
				continue
			}
			if n++; lock {
				k.mlockPage(phys.PFN(l.PTE[i]))
			} else {
				k.munlockPage(phys.PFN(l.PTE[i]))
			}
		}
		return true
	})
	p.spend(engine.Time(n) * k.cost.LockPage)
}

// populate faults the mapped parts of a range in, for writing where that would otherwise be a second fault (__mm_populate). With ignore it goes on
// behind what cannot be faulted in. ENOMEM: a hole; EFAULT: a mapping that nobody may access.
func (p *Process) populate(start, end uint64, ignore bool) Errno {
	for at := start; at < end; {
		v := p.mm.FindNext(at)
		if v == nil || v.Start >= end {
			return 0
		}
		from, to := max(at, v.Start), min(v.End, end)
		at = to
		if v.Flags&(addrspace.VMIO|addrspace.VMPFNMap) != 0 {
			continue
		}
		if v.Flags&addrspace.VMAccess == 0 {
			if ignore {
				continue
			}
			return EFAULT
		}
		write := v.Flags&(addrspace.VMWrite|addrspace.VMShared) == addrspace.VMWrite
		if e := p.populateVMA(v, from, to, write); e != 0 && !ignore {
			return e
		}
	}
	return 0
}

// populateVMA faults a range of one VMA in and marks its pages as used, as get_user_pages does (populate_vma_page_range, FOLL_TOUCH). EFAULT: it goes
// beyond the end of what is mapped, where an access would be a bus error.
func (p *Process) populateVMA(v *addrspace.VMA, from, to uint64, write bool) (e Errno) {
	if v.Object != nil {
		pages := p.k.mappingOf(v).host.filePages()
		end := v.Start + (max(pages, v.PgOff)-v.PgOff)<<addrspace.PageShift
		if end < to {
			to, e = max(end, from), EFAULT
		}
	}
	p.faultIn(from, to, write)
	if e != 0 && !write && p.mm.Leaf(to) != nil {
		p.faultAround(v, p.k.mappingOf(v), p.mm.Leaf(to), to) // the fault that fails maps its neighbours first
	}
	eachLeaf(p.mm, from, to, func(l *addrspace.Leaf, first, last uint, _ uint64) bool {
		for i := first; i < last; i++ {
			if addrspace.Test(&l.Present, i) && l.PTE[i] != p.k.zeroPage && v.Flags&addrspace.VMSpecial == 0 {
				p.k.markAccessed(p.cpu(), phys.PFN(l.PTE[i]))
			}
		}
		return true
	})
	return e
}
