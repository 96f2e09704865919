package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// pgdOrder is the order of the block that an address space's topmost page table takes (PGD_ALLOCATION_ORDER): two pages on x86-64, since Debian builds page-table
// isolation in, whether a machine uses it or not; one on i386. They count in nobody's VmPTE and not in nr_page_table_pages. That one block of order 1 comes
// free when a process ends empties the CPU's lists of free pages (free_high).
func (k *Kernel) pgdOrder() int {
	if k.Mem.Arch == phys.X86_64 {
		return 1
	}
	return 0
}

// bootPgd takes the topmost table of a process while the machine boots: of what a record says is in use, or else as allocStack does.
func (p *Process) bootPgd() {
	k, s := p.k, p.mm
	order := k.pgdOrder()
	if k.cfg.Boot != nil {
		if s.PGD = uint32(k.takeRecorded(order)); s.PGD != 0 {
			return
		}
	}
	s.PGD = uint32(k.bootPages(phys.GFPKernelAccount|phys.GFPZero, order))
}

// allocPgd takes the topmost table of a new address space on behalf of a task (pgd_alloc). False: no memory.
func (t *task) allocPgd(s *addrspace.Space) bool {
	s.PGD = uint32(t.allocPages(phys.GFPKernelAccount|phys.GFPZero, t.k.pgdOrder()))
	return s.PGD != 0
}

// freePgd gives the topmost table of an address space back (pgd_free).
func (k *Kernel) freePgd(cpu int, s *addrspace.Space) {
	if s.PGD != 0 {
		k.Mem.FreePages(cpu, phys.PFN(s.PGD), k.pgdOrder())
		s.PGD = 0
	}
}

// takeRecorded makes a block of neighbouring frames that a record has in use for the kernel, 0 if it has none.
func (k *Kernel) takeRecorded(order int) phys.PFN {
	found := phys.PFN(0)
	zones := k.Mem.Nodes[0].Zones // the highest first, as such requests have it
	for i := len(zones) - 1; i >= 0 && found == 0; i-- {
		z := zones[i]
		if z.IsHighmem() || !z.Populated() {
			continue
		}
		z.EachInUse(func(pfn phys.PFN) bool {
			if k.Mem.JoinPages(pfn, order) {
				found = pfn
			}
			return found == 0
		})
	}
	if found != 0 {
		k.Mem.Page(found).SetKind(phys.KindOther)
	}
	return found
}
