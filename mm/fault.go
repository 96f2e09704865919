package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// faultResult is what a step of a page fault came to (vm_fault_t).
type faultResult uint8

const (
	faultDone   faultResult = iota
	faultMajor              // done, and the device was waited for
	faultRetry              // something changed meanwhile: look again
	faultAgain              // the address space was let go meanwhile: the fault begins anew, and counts once more (VM_FAULT_RETRY)
	faultOOM                // no memory, though the OOM killer was asked
	faultSigbus             // there is nothing to map
)

// fault resolves one access that the page tables do not allow (handle_mm_fault). It does not return if the access kills the process.
func (p *Process) fault(addr uint64, write bool) {
	p.k.count(vmstat.PgFault, 1)
	major := false
	p.tried = false
	for {
		p.checkSignals()
		v := p.mm.Find(addr)
		if v == nil {
			v = p.growStack(addr)
		}
		if v == nil || !allowed(v, write) {
			p.send("SIGSEGV", false)
			p.checkSignals()
		}
		p.lruFault = inFault(v)
		r := p.handleFault(v, addr, write)
		p.lruFault = false
		switch r {
		case faultDone:
			if major {
				p.majFlt++
			} else {
				p.minFlt++
			}
			p.checkSignals()
			return
		case faultMajor:
			p.majFlt++
			p.checkSignals()
			return
		case faultRetry:
			major = true
		case faultAgain:
			p.k.count(vmstat.PgFault, 1)
			major, p.tried = true, true
		case faultOOM:
			// The allocator has called the OOM killer or will: the access is tried again (pagefault_out_of_memory).
			p.spend(p.k.cost.Syscall)
		}
	}
}

func allowed(v *addrspace.VMA, write bool) bool {
	if write {
		return v.Flags&addrspace.VMWrite != 0
	}
	return v.Flags&addrspace.VMAccess != 0
}

// handleFault looks at the page-table entry and does what it calls for (handle_pte_fault).
func (p *Process) handleFault(v *addrspace.VMA, addr uint64, write bool) faultResult {
	l := p.mm.EnsureLeaf(addr, p)
	if l == nil {
		return faultOOM
	}
	i := addrspace.Slot(addr)
	switch pte := l.PTE[i]; {
	case addrspace.Test(&l.Present, i):
		if write && !addrspace.Test(&l.Writable, i) {
			p.dropFaulting(addr)
			return p.writeProtected(v, l, i, addr)
		}
		return faultDone
	case pte == 0 && v.Object != nil:
		return p.objectFault(v, l, i, addr, write)
	case pte == 0 && p.isVDSO(v):
		p.mapVDSOPage(v, l, addr)
		p.spend(p.k.cost.ZeroPageFault)
		return faultDone
	case pte == 0:
		return p.anonymous(v, l, i, addr, write)
	default:
		return p.swapIn(v, l, i, addr, swap.Entry(pte), write)
	}
}

// anonymous gives an entry that is none the zero page for a read and a page of its own for a write (do_anonymous_page).
func (p *Process) anonymous(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64, write bool) faultResult {
	k := p.k
	if !write {
		l.Map(i, k.zeroPage, false)
		p.spend(k.cost.ZeroPageFault)
		return faultDone
	}
	k.anons.Prepare(v)
	pfn := p.allocPage(gfpAnon)
	if pfn == 0 {
		return faultOOM
	}
	if l.PTE[i] != 0 { // reclaim let others run: the entry is not none any more
		k.Mem.FreePage(p.cpu(), pfn)
		return faultRetry
	}
	k.newAnon(p.cpu(), pfn, v, addr)
	l.Map(i, uint32(pfn), true)
	p.spend(k.cost.AnonFault)
	return faultDone
}

// writeProtected resolves a write to a page that is mapped read-only: it is reused if the process is the only one that has it, else
// copied (do_wp_page).
func (p *Process) writeProtected(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64) faultResult {
	k := p.k
	if v.Flags&(addrspace.VMShared|addrspace.VMMayShare) != 0 {
		return p.sharedWriteProtected(v, l, i, addr)
	}
	if old := l.PTE[i]; old != k.zeroPage && k.Mem.Page(phys.PFN(old)).Kind() == phys.KindAnon && k.reusable(p.cpu(), phys.PFN(old)) {
		k.Mem.Page(phys.PFN(old)).Set(phys.FlagExclusive)
		l.Map(i, old, true)
		k.count(vmstat.PgReuse, 1)
		p.spend(k.cost.ReuseFault)
		return faultDone
	}
	old := l.PTE[i]
	gfp, cost := gfpCopy, k.cost.COWFault
	if old == k.zeroPage {
		gfp, cost = gfpAnon, k.cost.AnonFault
	}
	k.anons.Prepare(v)
	pfn := p.allocPage(gfp)
	if pfn == 0 {
		return faultOOM
	}
	if l.PTE[i] != old || !addrspace.Test(&l.Present, i) {
		k.Mem.FreePage(p.cpu(), pfn)
		return faultRetry
	}
	k.flushCopied(p.cpu(), v.Space, addr)
	k.newAnon(p.cpu(), pfn, v, addr)
	l.Map(i, uint32(pfn), true)
	if old != k.zeroPage {
		k.unmapPage(p.cpu(), v, phys.PFN(old))
	}
	p.spend(cost)
	return faultDone
}

// reusable tells whether a write fault may take the page over because nobody else has it (the first half of do_wp_page).
func (k *Kernel) reusable(cpu int, pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	if p.Test(phys.FlagExclusive) {
		return true
	}
	if k.refs(pfn) > 3 {
		return false
	}
	if !p.Test(phys.FlagLRU) {
		k.lruAddDrain(cpu)
	}
	cached := 0
	if p.Test(phys.FlagSwapCache) {
		cached = 1
	}
	if k.refs(pfn) > 1+cached || p.Test(phys.FlagLocked) {
		return false
	}
	if cached == 1 {
		k.tryToFreeSwap(cpu, pfn)
	}
	return k.refs(pfn) == 1
}

// growStack extends a stack that lies above addr down to it, within RLIMIT_STACK and away from its neighbour (expand_stack). Nil: the
// address is nobody's.
func (p *Process) growStack(addr uint64) *addrspace.VMA {
	s := p.mm
	v := s.FindNext(addr)
	if v == nil || v.Flags&addrspace.VMGrowsDown == 0 || addr < s.Layout.MmapMinAddr {
		return nil
	}
	start := addr &^ (addrspace.PageSize - 1)
	grow := (v.Start - start) >> addrspace.PageShift
	prev := v.Prev()
	switch {
	case v.End-start > p.rlimit.Stack:
		return nil
	case prev != nil && prev.Flags&addrspace.VMGrowsDown == 0 && prev.Flags&addrspace.VMAccess != 0 && start < prev.End+addrspace.StackGuardGap:
		return nil
	case !p.mayExpand(v.Flags, grow) || !p.mayLock(v.Flags, grow):
		return nil
	case !p.charge(grow):
		return nil
	}
	if v.Flags&addrspace.VMAccount == 0 {
		p.k.leaked += int64(grow) // acct_stack_growth charges whatever the mapping, and nothing gives that back
	}
	s.Grow(v, start)
	if v.Flags&addrspace.VMLocked != 0 {
		s.LockedVM += grow
	}
	return v
}

// AllocTable takes a page for a page table (pte_alloc_one). It may reclaim.
func (p *Process) AllocTable(level addrspace.Level) (uint32, bool) {
	pfn := p.allocPage(phys.GFPKernelAccount | phys.GFPZero)
	if pfn == 0 {
		return 0, false
	}
	page := p.k.Mem.Page(pfn)
	page.SetKind(phys.KindPageTable)
	if level != addrspace.LevelPUD {
		p.k.zoneOf(page).Node.Stat[vmstat.NRPageTablePages]++
	}
	return uint32(pfn), true
}
