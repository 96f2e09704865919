package mm

import (
	"mmsim/mm/addrspace"
)

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
	Fixed     bool // exactly at Addr; what was there goes
	Noreserve bool
	Populate  bool
	Stack     bool // MAP_STACK: no effect, as on Linux
}

// Mmap makes a private anonymous mapping (mmap(2), do_mmap). EINVAL: length 0, or an unaligned fixed address; ENOMEM: no room, a limit
// (vm.max_map_count, RLIMIT_AS, RLIMIT_DATA) or the commit limit; EPERM: below vm.mmap_min_addr.
func (p *Process) Mmap(a MmapArgs) (uint64, Errno) {
	p.syscall(p.k.cost.Mmap)
	s := p.mm
	if a.Len == 0 {
		return 0, EINVAL
	}
	n := addrspace.PageAlign(a.Len)
	if n == 0 {
		return 0, ENOMEM
	}
	if uint64(s.MapCount()) > p.k.sysctl.maxMapCount {
		return 0, ENOMEM
	}
	addr, err := p.place(a, n)
	if err != 0 {
		return 0, err
	}
	flags := addrspace.VMMayRead | addrspace.VMMayWrite | addrspace.VMMayExec | addrspace.VMFlags(a.Prot)
	if a.Noreserve && p.k.sysctl.overcommitMemory != overcommitNever {
		flags |= addrspace.VMNoReserve
	}
	pages := n >> addrspace.PageShift
	replaced := uint64(0)
	if a.Fixed {
		replaced = p.mappedPages(addr, addr+n)
	}
	if !p.withinAS(pages-replaced) || flags&addrspace.VMWrite != 0 && !p.withinData(pages) {
		return 0, ENOMEM
	}
	if a.Fixed {
		if e := p.unmapRange(addr, addr+n); e != 0 {
			return 0, e
		}
	}
	if addrspace.Accountable(flags) {
		if !p.charge(pages) {
			return 0, ENOMEM
		}
		flags |= addrspace.VMAccount
	}
	s.Insert(&addrspace.VMA{Start: addr, End: addr + n, PgOff: addr >> addrspace.PageShift, Flags: flags})
	if a.Populate {
		p.populate(addr, addr+n)
	}
	return addr, 0
}

// place decides where a mapping of n bytes goes (get_unmapped_area).
func (p *Process) place(a MmapArgs, n uint64) (uint64, Errno) {
	l := p.mm.Layout
	if a.Fixed {
		switch {
		case a.Addr&(addrspace.PageSize-1) != 0:
			return 0, EINVAL
		case n > l.TaskSize || a.Addr > l.TaskSize-n:
			return 0, ENOMEM
		case a.Addr < l.MmapMinAddr:
			return 0, EPERM
		}
		return a.Addr, 0
	}
	addr, ok := p.mm.Unmapped(a.Addr, n)
	if !ok {
		return 0, ENOMEM
	}
	return addr, 0
}

// populate faults a range in that was just mapped (mm_populate). Failures are not reported.
func (p *Process) populate(start, end uint64) {
	v := p.mm.Find(start)
	if v == nil || v.Flags&addrspace.VMAccess == 0 {
		return
	}
	p.touchSeq(start, (end-start)>>addrspace.PageShift, v.Flags&addrspace.VMWrite != 0, false)
}

// withinAS tells whether the address space may grow by some pages (may_expand_vm, RLIMIT_AS).
func (p *Process) withinAS(pages uint64) bool {
	return p.rlimit.AS == Unlimited || p.mm.TotalVM+pages <= p.rlimit.AS>>addrspace.PageShift
}

// withinData tells whether private writable memory may grow by some pages (may_expand_vm, RLIMIT_DATA).
func (p *Process) withinData(pages uint64) bool {
	return p.rlimit.Data == Unlimited || p.mm.DataVM+pages <= p.rlimit.Data>>addrspace.PageShift
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
	n := addrspace.PageAlign(length)
	l := p.mm.Layout
	if addr&(addrspace.PageSize-1) != 0 || n == 0 || addr > l.TaskSize || n > l.TaskSize-addr {
		return EINVAL
	}
	return p.unmapRange(addr, addr+n)
}

// unmapRange splits the VMAs at the ends of a range and unmaps what lies between (do_mas_align_munmap).
func (p *Process) unmapRange(start, end uint64) Errno {
	s := p.mm
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
	for v != nil && v.Start < end {
		if end < v.End {
			s.Split(v, end)
		}
		next := v.End
		p.unmapVMA(v)
		v = s.FindNext(next)
	}
	return 0
}

// Brk moves the end of the heap (brk(2)). ENOMEM: it stays where it is, because of a limit, a mapping in the way or the commit limit.
func (p *Process) Brk(addr uint64) Errno {
	p.syscall(p.k.cost.Brk)
	if p.moveBrk(addr) != addr {
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
	case to < addr: // wrapped
		return old
	case to < from:
		if p.unmapRange(to, from) != 0 {
			return old
		}
	case to > from:
		if !p.growBrk(from, to) {
			return old
		}
	}
	s.Brk = addr
	return addr
}

// growBrk maps [from, to) as heap (do_brk_flags). A page must stay free between the heap and the next mapping.
func (p *Process) growBrk(from, to uint64) bool {
	s := p.mm
	pages := (to - from) >> addrspace.PageShift
	const flags = addrspace.VMRead | addrspace.VMWrite | addrspace.VMMayRead | addrspace.VMMayWrite | addrspace.VMMayExec | addrspace.VMAccount
	switch {
	case to > s.Layout.TaskSize-addrspace.PageSize || !s.Free(from, to-from+addrspace.PageSize):
		return false
	case !p.withinAS(pages) || !p.withinData(pages) || uint64(s.MapCount()) > p.k.sysctl.maxMapCount || !p.charge(pages):
		return false
	}
	s.Insert(&addrspace.VMA{Start: from, End: to, PgOff: from >> addrspace.PageShift, Flags: flags})
	return true
}

// Mincore counts the pages of a range that are in memory (mincore(2)). EINVAL: the address is not aligned; ENOMEM: part of the range is
// not mapped.
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
	for addr < end {
		l, base := s.NextLeaf(addr, end)
		if l == nil {
			break
		}
		for i := addrspace.Slot(max(addr, base)); i < addrspace.LeafPages && base+uint64(i)<<addrspace.PageShift < end; i++ {
			if addrspace.Test(&l.Present, i) || l.PTE[i] != 0 && p.k.swapCached(l.PTE[i]) {
				resident++
			}
		}
		addr = base + 1<<addrspace.LeafShift
	}
	return resident, 0
}
