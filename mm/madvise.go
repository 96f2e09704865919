package mm

import (
	"mmsim/mm/addrspace"
)

// An Advice says how a range of memory will be used (madvise(2)).
type Advice uint8

// The advices, with Linux's numbers.
const (
	MadvNormal        Advice = 0
	MadvRandom        Advice = 1
	MadvSequential    Advice = 2
	MadvWillneed      Advice = 3
	MadvDontneed      Advice = 4
	MadvFree          Advice = 8
	MadvRemove        Advice = 9
	MadvDontfork      Advice = 10
	MadvDofork        Advice = 11
	MadvMergeable     Advice = 12
	MadvUnmergeable   Advice = 13
	MadvHugepage      Advice = 14
	MadvNohugepage    Advice = 15
	MadvDontdump      Advice = 16
	MadvDodump        Advice = 17
	MadvWipeonfork    Advice = 18
	MadvKeeponfork    Advice = 19
	MadvCold          Advice = 20
	MadvPageout       Advice = 21
	MadvPopulateRead  Advice = 22
	MadvPopulateWrite Advice = 23
	MadvCollapse      Advice = 25
)

var advices = []struct {
	name string
	a    Advice
}{
	{"NORMAL", MadvNormal},
	{"RANDOM", MadvRandom},
	{"SEQUENTIAL", MadvSequential},
	{"WILLNEED", MadvWillneed},
	{"DONTNEED", MadvDontneed},
	{"FREE", MadvFree},
	{"REMOVE", MadvRemove},
	{"DONTFORK", MadvDontfork},
	{"DOFORK", MadvDofork},
	{"MERGEABLE", MadvMergeable},
	{"UNMERGEABLE", MadvUnmergeable},
	{"HUGEPAGE", MadvHugepage},
	{"NOHUGEPAGE", MadvNohugepage},
	{"DONTDUMP", MadvDontdump},
	{"DODUMP", MadvDodump},
	{"WIPEONFORK", MadvWipeonfork},
	{"KEEPONFORK", MadvKeeponfork},
	{"COLD", MadvCold},
	{"PAGEOUT", MadvPageout},
	{"POPULATE_READ", MadvPopulateRead},
	{"POPULATE_WRITE", MadvPopulateWrite},
	{"COLLAPSE", MadvCollapse},
}

// AdviceNames are the names that AdviceByName knows, without MADV_.
func AdviceNames() []string {
	names := make([]string, len(advices))
	for i, a := range advices {
		names[i] = a.name
	}
	return names
}

// AdviceByName is an advice by its name without MADV_.
func AdviceByName(name string) (Advice, bool) {
	for _, a := range advices {
		if a.name == name {
			return a.a, true
		}
	}
	return 0, false
}

// Madvise says how a range will be used, or asks for something to be done with it (madvise(2), do_madvise). Parts that are not mapped are passed over.
// EINVAL: the address is not aligned, the range wraps, or a mapping to which the advice does not apply; ENOMEM: part of the range was not
// mapped; EAGAIN: vm.max_map_count; EFAULT: a page cannot be populated.
func (p *Process) Madvise(addr, length uint64, a Advice) Errno {
	p.syscall(p.k.cost.Madvise)
	n := addrspace.PageAlign(length)
	end := addr + n
	switch {
	case addr&(addrspace.PageSize-1) != 0, length != 0 && n == 0, end < addr, end > p.mm.Layout.LastAddress:
		return EINVAL
	case n == 0:
		return 0
	}
	defer p.finishPlug(p.startPlug())
	s := p.mm
	v := s.FindNext(addr)
	var prev *addrspace.VMA
	if v != nil {
		if prev = v; addr <= v.Start {
			prev = v.Prev()
		}
	}
	hole := Errno(0)
	for at := addr; ; {
		if v == nil {
			return ENOMEM
		}
		if at < v.Start {
			hole = ENOMEM
			if at = v.Start; at >= end {
				return hole
			}
		}
		to := min(v.End, end)
		m, e := p.madviseVMA(prev, v, at, to, a)
		if e != 0 {
			return e
		}
		prev = m
		if at = max(to, min(m.End, end)); at >= end {
			return hole
		}
		v = s.FindNext(m.End)
	}
}

// madviseVMA does what an advice asks for with [start, end) of a VMA, and returns the VMA that covers the end of it then (madvise_vma_behavior).
func (p *Process) madviseVMA(prev, v *addrspace.VMA, start, end uint64, a Advice) (*addrspace.VMA, Errno) {
	switch a {
	case MadvDontneed, MadvFree:
		return v, p.madviseFree(v, start, end, a)
	case MadvCold, MadvPageout:
		if v.Flags&(addrspace.VMLocked|addrspace.VMPFNMap) != 0 {
			return v, EINVAL
		}
		p.madviseCold(v, start, end, a == MadvPageout)
		return v, 0
	case MadvWillneed:
		p.madviseWillneed(v, start, end)
		return v, 0
	case MadvPopulateRead, MadvPopulateWrite:
		return v, p.madvisePopulate(v, start, end, a == MadvPopulateWrite)
	case MadvRemove:
		return v, p.madviseRemove(v, start, end)
	case MadvCollapse:
		return v, EINVAL // transparent huge pages are never enabled
	}
	flags, e := advisedFlags(v, a)
	if e != 0 || flags == v.Flags {
		return v, e
	}
	m := p.mm.Change(prev, v, start, end, flags, p.k.sysctl.maxMapCount)
	if m == nil {
		return v, EAGAIN
	}
	return m, 0
}

// advisedFlags are the flags of a VMA after an advice that does nothing but set flags.
func advisedFlags(v *addrspace.VMA, a Advice) (addrspace.VMFlags, Errno) {
	f := v.Flags
	switch a {
	case MadvNormal:
		return f &^ (addrspace.VMRandRead | addrspace.VMSeqRead), 0
	case MadvSequential:
		return f&^addrspace.VMRandRead | addrspace.VMSeqRead, 0
	case MadvRandom:
		return f&^addrspace.VMSeqRead | addrspace.VMRandRead, 0
	case MadvDontfork:
		return f | addrspace.VMDontCopy, 0
	case MadvDofork:
		if f&addrspace.VMIO != 0 {
			return f, EINVAL
		}
		return f &^ addrspace.VMDontCopy, 0
	case MadvWipeonfork:
		if v.Object != nil || f&addrspace.VMShared != 0 {
			return f, EINVAL
		}
		return f | addrspace.VMWipeOnFork, 0
	case MadvKeeponfork:
		return f &^ addrspace.VMWipeOnFork, 0
	case MadvDontdump:
		return f | addrspace.VMDontDump, 0
	case MadvDodump:
		if f&addrspace.VMSpecial != 0 {
			return f, EINVAL
		}
		return f &^ addrspace.VMDontDump, 0
	case MadvMergeable:
		if f&(addrspace.VMShared|addrspace.VMMayShare|addrspace.VMSpecial) != 0 {
			return f, 0
		}
		return f | addrspace.VMMergeable, 0
	case MadvUnmergeable:
		return f &^ addrspace.VMMergeable, 0
	case MadvHugepage:
		return f&^addrspace.VMNoHugePage | addrspace.VMHugePage, 0
	case MadvNohugepage:
		return f&^addrspace.VMHugePage | addrspace.VMNoHugePage, 0
	}
	return f, EINVAL
}

// madvisePopulate faults [start, end) of a VMA in (madvise_populate). EINVAL: it does not allow the access, or holds no pages.
func (p *Process) madvisePopulate(v *addrspace.VMA, start, end uint64, write bool) Errno {
	need := addrspace.VMRead
	if write {
		need = addrspace.VMWrite
	}
	if v.Flags&need == 0 || v.Flags&(addrspace.VMIO|addrspace.VMPFNMap) != 0 {
		return EINVAL
	}
	return p.populateVMA(v, start, end, write)
}
