package mm

import (
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

// allocPgd takes the topmost table of a process while the machine boots: of what a record says is in use, or else as allocStack does.
func (p *Process) allocPgd() {
	k := p.k
	order := k.pgdOrder()
	if k.cfg.Boot != nil {
		if p.pgd = k.takeRecorded(order); p.pgd != 0 {
			return
		}
	}
	var ac phys.AllocContext
	flags := k.Mem.Prepare(&ac, phys.GFPKernelAccount|phys.GFPZero, 0, k.nodeOfCPU[0].ID, nil)
	p.pgd = k.Mem.GetPageFromFreelist(&ac, order, flags)
}

// allocPgdAs takes the topmost table of a new address space on behalf of a task (pgd_alloc). False: no memory.
func (p *Process) allocPgdAs(t *task) bool {
	p.pgd = t.allocPages(phys.GFPKernelAccount|phys.GFPZero, p.k.pgdOrder())
	return p.pgd != 0
}

// freePgd gives the topmost table back (pgd_free).
func (p *Process) freePgd() {
	if p.pgd == 0 {
		return
	}
	cpu := 0
	if p.proc != nil {
		cpu = p.cpu()
	}
	p.k.Mem.FreePages(cpu, p.pgd, p.k.pgdOrder())
	p.pgd = 0
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
