package mm

import "mmsim/mm/addrspace"

// Prot is what a mapping allows (mmap(2)).
type Prot uint8

// The rights of a mapping.
const (
	ProtRead  Prot = 1
	ProtWrite Prot = 2
	ProtExec  Prot = 4
)

// MmapArgs are the arguments of Mmap. Addr and Len are bytes.
type MmapArgs struct {
	Addr, Len uint64
	Prot      Prot
	Shared    bool // MAP_SHARED: what is written is seen by the children that fork makes
	Fixed     bool // exactly at Addr; what was there goes
	Noreserve bool
	Populate  bool
	Locked    bool // MAP_LOCKED
	Stack     bool // MAP_STACK and MAP_GROWSDOWN: an access below makes it larger

	File   bool // of a file, from Offset on, whose descriptor is FD; else of anonymous memory
	FD     int
	Offset uint64 // bytes
}

// Mmap makes a mapping of anonymous memory or of a file (mmap(2), do_mmap). EINVAL: length 0, an unaligned fixed address or offset, a shared
// mapping or one of a file that grows; ENOMEM: no room, a limit (vm.max_map_count, RLIMIT_AS, RLIMIT_DATA) or the commit limit; EPERM: below
// vm.mmap_min_addr, or locked while RLIMIT_MEMLOCK is 0; EAGAIN: locked beyond RLIMIT_MEMLOCK; EBADF: no such descriptor; EACCES: the file is not
// open for what is asked; ENODEV: a folder; EOVERFLOW: beyond what a file can be.
func (p *Process) Mmap(a MmapArgs) (uint64, Errno) {
	p.syscall(p.k.cost.Mmap)
	s := p.mm
	var f *file
	if a.Offset&(addrspace.PageSize-1) != 0 {
		return 0, EINVAL
	}
	if a.File {
		if f = p.fd(a.FD); f == nil {
			return 0, EBADF
		}
	}
	if a.Len == 0 {
		return 0, EINVAL
	}
	n := addrspace.PageAlign(a.Len)
	if n == 0 {
		return 0, ENOMEM
	}
	pages := n >> addrspace.PageShift
	if uint64(s.MapCount()) > p.k.sysctl.maxMapCount {
		return 0, ENOMEM
	}
	if f != nil && a.Offset+n < a.Offset {
		return 0, EOVERFLOW
	}
	addr, err := p.place(a, f, n)
	if err != 0 {
		return 0, err
	}
	flags, err := p.mmapFlags(a, f, pages)
	if err != 0 {
		return 0, err
	}
	if !p.mayExpand(flags, pages) && (!a.Fixed || !p.mayExpand(flags, pages-p.mappedPages(addr, addr+n))) {
		return 0, ENOMEM
	}
	if a.Fixed {
		if e := p.unmapRange(addr, addr+n); e != 0 {
			return 0, e
		}
	}
	v := &addrspace.VMA{Start: addr, End: addr + n, PgOff: addr >> addrspace.PageShift, Flags: flags}
	if f != nil {
		v.Object, v.File, v.PgOff = &f.inode.Object, f, a.Offset>>addrspace.PageShift
	}
	if !p.back(v) {
		return 0, ENOMEM
	}
	s.Insert(v)
	if flags&addrspace.VMLocked != 0 {
		s.LockedVM += pages
	}
	if a.Populate || flags&addrspace.VMLocked != 0 {
		p.populate(addr, addr+n, true)
	}
	return addr, 0
}

// mmapFlags are the flags of a new mapping, after the checks that depend on its kind (the middle of do_mmap).
func (p *Process) mmapFlags(a MmapArgs, f *file, pages uint64) (addrspace.VMFlags, Errno) {
	flags := addrspace.VMMayRead | addrspace.VMMayWrite | addrspace.VMMayExec | addrspace.VMFlags(a.Prot) | p.mm.DefFlags
	if a.Stack {
		flags |= addrspace.VMGrowsDown
	}
	if a.Locked {
		if p.rlimit.Memlock == 0 {
			return 0, EPERM
		}
		flags |= addrspace.VMLocked
	}
	if !p.mayLock(flags, pages) {
		return 0, EAGAIN
	}
	if f != nil {
		var err Errno
		if flags, err = p.fileFlags(a, f, flags, pages<<addrspace.PageShift); err != 0 {
			return 0, err
		}
	} else if a.Shared {
		if a.Stack {
			return 0, EINVAL
		}
		flags |= addrspace.VMShared | addrspace.VMMayShare
	}
	if a.Noreserve && p.k.sysctl.overcommitMemory != overcommitNever {
		flags |= addrspace.VMNoReserve
	}
	return flags, 0
}

// back charges the commit limit with a new mapping and gives shared memory the object that it maps (the middle of mmap_region).
func (p *Process) back(v *addrspace.VMA) bool {
	switch {
	case addrspace.Accountable(v.Flags):
		if !p.charge(v.Pages()) {
			return false
		}
		v.Flags |= addrspace.VMAccount
	case v.Object == nil && v.Flags&addrspace.VMShared != 0:
		o := p.newShmem("/dev/zero (deleted)", v.Pages(), v.Flags&addrspace.VMNoReserve == 0)
		if o == nil {
			return false
		}
		v.Object, v.PgOff = &o.Object, 0
	}
	return true
}

// place decides where a mapping of n bytes goes (get_unmapped_area).
func (p *Process) place(a MmapArgs, f *file, n uint64) (uint64, Errno) {
	l := p.mm.Layout
	if a.Fixed {
		switch {
		case n > l.TaskSize || a.Addr > l.TaskSize-n:
			return 0, ENOMEM
		case a.Addr&(addrspace.PageSize-1) != 0:
			return 0, EINVAL
		case a.Addr < l.MmapMinAddr && !p.rawIO():
			return 0, EPERM
		}
		return a.Addr, 0
	}
	addr, ok := uint64(0), false
	if f != nil {
		addr, ok = p.unmappedFile(f, a.Addr, n, a.Offset)
	} else {
		addr, ok = p.mm.Unmapped(a.Addr, n)
	}
	if !ok {
		return 0, ENOMEM
	}
	return addr, 0
}

// mappedPages counts the pages of [start, end) that some VMA covers (count_vma_pages_range).
func (p *Process) mappedPages(start, end uint64) uint64 {
	n := uint64(0)
	for v := p.mm.FindNext(start); v != nil && v.Start < end; v = p.mm.FindNext(v.End) {
		n += (min(v.End, end) - max(v.Start, start)) >> addrspace.PageShift
	}
	return n
}

// Munmap takes the mappings of a range away (munmap(2)). EINVAL: the address is not aligned, the length is 0 or goes beyond the address
// space; ENOMEM: a mapping would be split and vm.max_map_count is reached.
func (p *Process) Munmap(addr, length uint64) Errno {
	p.syscall(p.k.cost.Mmap)
	return p.munmap(addr, length)
}

func (p *Process) munmap(addr, length uint64) Errno {
	n := addrspace.PageAlign(length)
	l := p.mm.Layout
	if addr&(addrspace.PageSize-1) != 0 || n == 0 || addr > l.TaskSize || n > l.TaskSize-addr {
		return EINVAL
	}
	return p.unmapRange(addr, addr+n)
}

// unmapRange splits the VMAs at the ends of a range and unmaps what lies between (do_mas_align_munmap).
func (p *Process) unmapRange(start, end uint64) Errno {
	err := p.unmapCharged(start, end)
	p.k.unacct(p.mm, p.cpu())
	return err
}

// unmapCharged is unmapRange but for the commit charge, which it leaves to be given back.
func (p *Process) unmapCharged(start, end uint64) Errno {
	s := p.mm
	if start == end {
		return 0
	}
	v := s.FindNext(start)
	if v == nil || v.Start >= end {
		return 0
	}
	if start > v.Start {
		if end < v.End && uint64(s.MapCount()) >= p.k.sysctl.maxMapCount {
			return ENOMEM
		}
		v = s.Split(v, start)
	}
	for last := v; last != nil && last.Start < end; last = last.Next() {
		if end < last.End {
			s.Split(last, end)
		}
	}
	p.unmapRegion(v, end)
	return 0
}
