package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// The pages of the vdso are part of the kernel's image. A process that uses one has it in its resident set among the pages of files, and nobody ever
// writes, moves or reclaims it. The first page has the tables in which the C library looks its functions up when a program starts; on i386 the entry to the
// kernel, too, and the second one the clock; on x86-64 the clock is in the first.

// takeVDSO sets frames of the kernel's aside as those pages, as takeZeroPage does.
func (k *Kernel) takeVDSO() {
	if k.recorder() == nil {
		return
	}
	for i := range k.vdso {
		k.vdso[i] = k.takeImagePage(phys.KindZero)
		k.Mem.Page(k.vdso[i]).Mapcount = 1 // by the recorder's first process, which nr_mapped of the record has
	}
}

// isVDSO tells whether a VMA is that of the vdso.
func (p *Process) isVDSO(v *addrspace.VMA) bool {
	return p.k.vdso[0] != 0 && p.mm.VDSO != 0 && v.Start == p.mm.VDSO+vvarPages*addrspace.PageSize
}

// mapVDSOPage maps a page of the vdso (vdso_fault, do_set_pte).
func (p *Process) mapVDSOPage(v *addrspace.VMA, l *addrspace.Leaf, addr uint64) {
	k := p.k
	pfn := k.vdso[(addr-v.Start)>>addrspace.PageShift%vdsoPages]
	k.addFileRmap(v, k.Mem.Page(pfn))
	l.Map(addrspace.Slot(addr), uint32(pfn), false)
}

// zapVDSO takes the entry of such a page away.
func (k *Kernel) zapVDSO(v *addrspace.VMA, l *addrspace.Leaf, i uint) {
	page := k.Mem.Page(phys.PFN(l.PTE[i]))
	l.Zap(i)
	k.removeFileRmap(v, page)
}

// A vdsoUse is what a process uses of the vdso.
type vdsoUse uint8

const (
	vdsoTables vdsoUse = iota
	vdsoEntry
	vdsoClock
)

// useVDSO touches what the recorder uses of the vdso: its tables when it starts, the entry to the kernel at every system call, the clock when it notes what
// happens. Other programs are not known so well.
func (p *Process) useVDSO(use vdsoUse, boot bool) {
	if len(p.carried) == 0 || p.mm.VDSO == 0 {
		return
	}
	addr := p.mm.VDSO + vvarPages*addrspace.PageSize
	i386 := p.k.Mem.Arch == phys.I386
	if use == vdsoEntry && !i386 {
		return
	}
	if use == vdsoClock && i386 {
		addr += addrspace.PageSize
	}
	l := p.mm.Leaf(addr)
	if l != nil && addrspace.Test(&l.Present, addrspace.Slot(addr)) {
		return
	}
	if boot {
		if v := p.mm.Find(addr); v != nil {
			p.mapVDSOPage(v, p.mm.EnsureLeaf(addr, startTables{p}), addr)
		}
		return
	}
	p.touchSeq(addr, 1, false, false)
}

// ReadClock is what a recorder does when it notes something: it reads the clock, by way of the vdso.
func (p *Process) ReadClock() { p.useVDSO(vdsoClock, false) }
