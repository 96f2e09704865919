package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// Sizes in pages of what the kernel maps into every process (map_vdso), and of the heap that the C library's start-up takes for the thread's own data.
const (
	vvarPages  = 4
	vdsoPages  = 2
	startHeap  = 1
	stackPages = 33
)

// exec maps what a program begins with: the kernel's pages at the top of the mapping area, a stack, and a heap behind the image. The program has used
// all of them to get where it is: a page of the stack and one of the heap are there, and the table of entries of the kernel's pages.
func (p *Process) exec() {
	l := p.k.layout
	s := addrspace.NewSpace(l, p.rlimit.Stack, &p.k.anons)
	p.mm = s
	const (
		page = addrspace.PageSize
		may  = addrspace.VMMayRead | addrspace.VMMayWrite | addrspace.VMMayExec
		rw   = addrspace.VMRead | addrspace.VMWrite | may | addrspace.VMAccount
	)
	vdso := s.MmapBase - vdsoPages*page
	vvar := vdso - vvarPages*page
	s.StartBrk = l.ImageBase
	s.Brk = s.StartBrk + startHeap*page
	s.Stack = l.StackTop - page
	for _, v := range []*addrspace.VMA{
		{Start: s.StartBrk, End: s.Brk, PgOff: s.StartBrk >> addrspace.PageShift, Flags: rw},
		{Start: vvar, End: vdso, Flags: addrspace.VMRead | addrspace.VMMayRead | addrspace.VMSpecial | addrspace.VMDontDump, Name: "[vvar]"},
		{Start: vdso, End: s.MmapBase, Flags: addrspace.VMRead | addrspace.VMExec | may | addrspace.VMDontExpand, Name: "[vdso]"},
		{
			Start: l.StackTop - stackPages*page, End: l.StackTop, PgOff: l.StackTop>>addrspace.PageShift - stackPages,
			Flags: rw | addrspace.VMGrowsDown,
		},
	} {
		s.Adopt(v)
	}
	p.k.committed += startHeap + stackPages
	s.EnsureLeaf(vvar, startTables{p})
	p.startPage(s.StartBrk)
	p.startPage(s.Stack)
	p.allocStack()
}

// startPage gives a process that is not running yet an anonymous page. A recorded machine has it already, among those of its boot processes; without
// memory, too, there is just the table of entries.
func (p *Process) startPage(addr uint64) {
	k := p.k
	l := p.mm.EnsureLeaf(addr, startTables{p})
	if k.cfg.Boot != nil {
		return
	}
	var ac phys.AllocContext
	flags := k.Mem.Prepare(&ac, gfpAnon, 0, k.nodeOfCPU[0].ID, nil)
	pfn := k.Mem.GetPageFromFreelist(&ac, 0, flags)
	if l == nil || pfn == 0 {
		return
	}
	v := p.mm.Find(addr)
	k.anons.Prepare(v)
	k.newAnon(0, pfn, v, addr)
	l.Map(addrspace.Slot(addr), uint32(pfn), true)
}

// startTables takes the pages of a process's first page tables, which is not running yet: from those of the recorded machine if there is one.
type startTables struct{ p *Process }

// AllocTable takes a page for a table of a level.
func (t startTables) AllocTable(level addrspace.Level) (uint32, bool) {
	k := t.p.k
	if pfn := takeLast(&k.boot.tables); pfn != 0 {
		return uint32(pfn), true
	}
	var ac phys.AllocContext
	flags := k.Mem.Prepare(&ac, phys.GFPKernelAccount, 0, k.nodeOfCPU[0].ID, nil)
	pfn := k.Mem.GetPageFromFreelist(&ac, 0, flags)
	if pfn == 0 {
		return 0, false
	}
	page := k.Mem.Page(pfn)
	page.SetKind(phys.KindPageTable)
	if level != addrspace.LevelPUD {
		k.zoneOf(page).Node.Stat[vmstat.NRPageTablePages]++
	}
	return uint32(pfn), true
}

// FreeTable gives a table back.
func (t startTables) FreeTable(level addrspace.Level, frame uint32) { t.p.FreeTable(level, frame) }
