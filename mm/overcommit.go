package mm

// Values of vm.overcommit_memory.
const (
	overcommitGuess  = 0
	overcommitAlways = 1
	overcommitNever  = 2
)

// charge adds pages to Committed_AS if the overcommit policy allows them (__vm_enough_memory). A process is an ordinary user's: the admin
// reserve counts against it.
func (p *Process) charge(pages uint64) bool {
	k := p.k
	k.acct(p.cpu(), int64(pages))
	if k.enoughMemory(int64(pages), int64(p.mm.TotalVM)) {
		return true
	}
	k.acct(p.cpu(), -int64(pages))
	k.printk("__vm_enough_memory: pid: %d, comm: %s, no enough memory for the allocation", p.pid, p.comm())
	return false
}

func (k *Kernel) enoughMemory(pages, totalVM int64) bool {
	return k.enoughMemoryFor(pages, totalVM, false)
}

// enoughMemoryFor tells whether the policy allows what is charged already, the pages among it. The admin reserve does not count against a task with
// all capabilities.
func (k *Kernel) enoughMemoryFor(pages, totalVM int64, admin bool) bool {
	switch k.sysctl.overcommitMemory {
	case overcommitAlways:
		return true
	case overcommitGuess:
		return pages <= k.totalRAM()+int64(k.swap.Total)
	}
	allowed := k.commitLimit()
	if !admin {
		allowed -= int64(k.sysctl.adminReserveKbytes / 4)
	}
	allowed -= min(totalVM/32, int64(k.sysctl.userReserveKbytes/4))
	return k.committed-k.commitBehind.sum < allowed
}

// commitLimit is CommitLimit in pages (vm_commit_limit).
func (k *Kernel) commitLimit() int64 {
	allowed := int64(k.sysctl.overcommitKbytes / 4)
	if allowed == 0 {
		allowed = k.totalRAM() * int64(k.sysctl.overcommitRatio) / 100
	}
	return allowed + int64(k.swap.Total)
}

// totalRAM is the number of managed pages (totalram_pages).
func (k *Kernel) totalRAM() int64 { return int64(k.Mem.Managed()) }
