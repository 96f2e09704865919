package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// Sizes in pages of what the kernel maps into every process (map_vdso), and of the heap that the C library's start-up takes for the thread's own data.
const (
	vvarPages = 4
	vdsoPages = 2
	startHeap = 1
)

// A new program's stack: the page with its arguments, and the room below it that the kernel maps at once (setup_arg_pages).
const (
	argPages    = 1
	stackExpand = 128 << 10
)

// What a mapping may become, and the flags of private memory that is charged.
const (
	vmMayAll = addrspace.VMMayRead | addrspace.VMMayWrite | addrspace.VMMayExec
	vmData   = addrspace.VMRead | addrspace.VMWrite | vmMayAll | addrspace.VMAccount
)

// exec gives a process that is not running yet its first address space. Its program has used what it needs to get where it is: a page of the stack
// and one of the heap are there, and the table of entries of the kernel's pages.
func (p *Process) exec() {
	s, r := p.newSpace()
	p.mapStack(s, r)
	p.mapStatic(s, r)
	p.mm = s
	s.EnsureLeaf(s.VDSO, startTables{p})
	p.startPage(s.StartBrk)
	p.startPage(s.Stack)
	p.allocStack()
	p.bootPgd()
}

// newSpace is an address space in which nothing is (mm_alloc).
func (p *Process) newSpace() (*addrspace.Space, randomness) {
	s := addrspace.NewSpace(p.k.layout, p.rlimit.Stack, &p.k.anons)
	r := p.k.drawRandom()
	s.SetRandom(p.rlimit.Stack, r.Mmap, r.On, p.k.sysctl.legacyVALayout)
	return s, r
}

// mapStack gives an address space its stack, to which execve(2) adds a program (setup_arg_pages). It is charged for, and empty of pages.
func (p *Process) mapStack(s *addrspace.Space, r randomness) {
	const page = addrspace.PageSize
	l := p.k.layout
	top := addrspace.PageAlign(l.StackTop - r.Stack)
	size := min(uint64(argPages*page+stackExpand), p.rlimit.Stack&^(page-1))
	p.mapImage(s, &addrspace.VMA{Start: top - size, End: top, PgOff: (top - size) >> addrspace.PageShift, Flags: vmData | addrspace.VMGrowsDown})
	s.Stack = top - page
}

// mapStatic lays out what a declared process has beside its stack: the kernel's pages where mappings begin, and a heap behind the image of a static
// program, which is not there itself.
func (p *Process) mapStatic(s *addrspace.Space, r randomness) {
	const page = addrspace.PageSize
	s.StartBrk = p.k.heapStart() + r.Brk
	s.Brk = s.StartBrk + startHeap*page
	p.mapImage(s, &addrspace.VMA{Start: s.StartBrk, End: s.Brk, PgOff: s.StartBrk >> addrspace.PageShift, Flags: vmData})
	p.mapVDSO(s, r)
}

// mapImage adds a part of a program's image, whose address is free, to an address space that is being made.
func (p *Process) mapImage(s *addrspace.Space, v *addrspace.VMA) {
	s.Adopt(v)
	if v.Flags&addrspace.VMAccount != 0 {
		p.k.committed += int64(v.Pages())
	}
}

// mapVDSO maps the kernel's own pages: above the stack if randomisation has left room there, else where mappings begin (vdso_addr, map_vdso).
func (p *Process) mapVDSO(s *addrspace.Space, r randomness) {
	const n = (vvarPages + vdsoPages) * addrspace.PageSize
	hint := uint64(0)
	if s.Layout.Levels > 2 {
		hint = vdsoAddr(s, r.VDSO)
	}
	vvar, ok := s.Unmapped(hint, n)
	if !ok {
		return
	}
	s.VDSO = vvar
	vdso := vvar + vvarPages*addrspace.PageSize
	p.mapImage(s, &addrspace.VMA{
		Start: vvar, End: vdso, Flags: addrspace.VMRead | addrspace.VMMayRead | addrspace.VMSpecial | addrspace.VMDontDump, Name: "[vvar]",
	})
	p.mapImage(s, &addrspace.VMA{
		Start: vdso, End: vvar + n, Flags: addrspace.VMRead | addrspace.VMExec | vmMayAll | addrspace.VMDontExpand, Name: "[vdso]",
	})
}

// populateImage touches what a new program has used when it begins, by faults of its own.
func (p *Process) populateImage() {
	s := p.mm
	if s.VDSO != 0 {
		s.EnsureLeaf(s.VDSO, p)
	}
	if s.Brk > s.StartBrk {
		p.touchSeq(s.StartBrk, 1, true, false)
	}
	p.touchSeq(s.Stack, 1, true, false)
}

// startPage gives a process that is not running yet an anonymous page. A recorded machine has it already, among those of its boot processes; without
// memory, too, there is just the table of entries.
func (p *Process) startPage(addr uint64) {
	k := p.k
	l := p.mm.EnsureLeaf(addr, startTables{p})
	if k.cfg.Boot != nil {
		return
	}
	pfn := k.bootPages(gfpAnon, 0)
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
	pfn := k.bootPages(phys.GFPKernelAccount, 0)
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
