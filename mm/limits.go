package mm

import "mmsim/mm/addrspace"

// mayExpand tells whether the address space may grow by some pages of a kind of mapping (may_expand_vm, RLIMIT_AS, RLIMIT_DATA).
func (p *Process) mayExpand(flags addrspace.VMFlags, pages uint64) bool {
	s := p.mm
	if s.TotalVM+pages > p.rlimit.AS>>addrspace.PageShift {
		return false
	}
	if addrspace.DataMapping(flags) && s.DataVM+pages > p.rlimit.Data>>addrspace.PageShift {
		if !p.k.dataWarned {
			p.k.dataWarned = true
			p.k.printk("%s (%d): VmData %d exceed data ulimit %d. Update limits or use boot option ignore_rlimit_data.",
				p.comm(), p.pid, (s.DataVM+pages)<<addrspace.PageShift, p.rlimit.Data)
		}
		return false
	}
	return true
}

// mayLock tells whether RLIMIT_MEMLOCK allows some more pages, if the mapping is locked at all (mlock_future_check).
func (p *Process) mayLock(flags addrspace.VMFlags, pages uint64) bool {
	return flags&addrspace.VMLocked == 0 || p.mm.LockedVM+pages <= p.memlockPages()
}

func (p *Process) memlockPages() uint64 { return p.rlimit.Memlock >> addrspace.PageShift }

// countFromHere raises the limits by what the process has mapped already, since a scenario's limits count from there.
func (p *Process) countFromHere() {
	p.rlimit = p.declared
	add := func(limit *uint64, pages uint64) {
		if n := *limit + pages<<addrspace.PageShift; *limit != Unlimited && n > *limit {
			*limit = n
		}
	}
	add(&p.rlimit.AS, p.mm.TotalVM)
	add(&p.rlimit.Data, p.mm.DataVM)
	add(&p.rlimit.Memlock, p.mm.LockedVM)
}
