package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// kernelStackPages is the size of a task's kernel stack (THREAD_SIZE: 16 KiB on x86-64, 8 KiB on i386).
func (k *Kernel) kernelStackPages() int {
	if k.Mem.Arch == phys.I386 {
		return 2
	}
	return 4
}

// allocStack takes the pages of the process's kernel stack while the machine boots.
func (p *Process) allocStack() {
	if p.adoptStack() {
		return
	}
	for range p.k.kernelStackPages() {
		p.addStackPage(p.k.bootPages(phys.GFPKernelAccount, 0))
	}
}

// cachedStacks is how many stacks of ended tasks each CPU keeps for new ones (NR_CACHED_STACKS, on x86-64, where stacks are mapped page by page).
const cachedStacks = 2

// allocStackAs takes a child's kernel stack on behalf of its parent: one that the CPU has kept, or new pages (alloc_thread_stack_node).
func (p *Process) allocStackAs(parent *task) {
	kept := &p.k.stacks[parent.cpu()]
	if n := len(*kept); n > 0 {
		for _, pfn := range (*kept)[n-1] {
			p.addStackPage(pfn)
		}
		*kept = (*kept)[:n-1]
		return
	}
	for range p.k.kernelStackPages() {
		p.addStackPage(parent.allocPage(phys.GFPKernelAccount))
	}
}

func (p *Process) addStackPage(pfn phys.PFN) {
	if pfn == 0 {
		return
	}
	page := p.k.Mem.Page(pfn)
	page.SetKind(phys.KindStack)
	p.k.zoneOf(page).Node.Stat[vmstat.NRKernelStack] += 4
	p.stack = append(p.stack, pfn)
}

// freeStack gives the kernel stack back, to its CPU if that has room (try_release_thread_stack_to_cache).
func (p *Process) freeStack() {
	k := p.k
	cpu := 0
	if p.proc != nil {
		cpu = p.cpu()
	}
	keep := k.Mem.Arch == phys.X86_64 && len(p.stack) > 0 && len(k.stacks[cpu]) < cachedStacks
	for _, pfn := range p.stack {
		page := k.Mem.Page(pfn)
		k.zoneOf(page).Node.Stat[vmstat.NRKernelStack] -= 4
		if keep {
			page.SetKind(phys.KindOther)
		} else {
			k.Mem.FreePage(cpu, pfn)
		}
	}
	if keep {
		k.stacks[cpu] = append(k.stacks[cpu], p.stack)
	}
	p.stack = nil
}
