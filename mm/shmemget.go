package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// sgpType is what a page of shared memory is wanted for (enum sgp_type).
type sgpType uint8

const (
	sgpRead   sgpType = iota // a system call reads it: a hole stays one
	sgpCache                 // a fault
	sgpWrite                 // a system call writes it, and may make the file longer
	sgpFalloc                // it shall be there, whatever it holds
)

// A shmemFalloc is a fallocate that is under way (struct shmem_falloc): reclaim leaves its pages, which hold nothing, and counts how often it met one.
type shmemFalloc struct {
	start, next         uint64 // pages made so far
	falloced, unswapped int
	done                engine.Cond
}

// shmemGetPage is the page of shared memory at an index: as it is in memory, read from swap, or new (shmem_get_folio_gfp). 0 without an error: a hole
// that stays one. The result tells whether a device was waited for. EINVAL: beyond the end of the file; ENOSPC: the file system or the commit limit is
// full; ENOMEM. Nothing blocks between the page's being there and the return, so it is still there then; the time that it took is the caller's to
// spend (pay).
func (p *Process) shmemGetPage(o *shmem, index uint64, sgp sgpType, fault bool) (phys.PFN, faultResult, Errno) {
	k := p.k
	for {
		if sgp <= sgpCache && index >= o.filePages() {
			return 0, faultDone, EINVAL
		}
		e, swapped := o.at(index)
		switch {
		case swapped:
			pfn, r := p.shmemSwapIn(o, index, swap.Entry(e), fault)
			switch r {
			case faultRetry:
				continue
			case faultOOM:
				return 0, r, ENOMEM
			}
			if sgp == sgpWrite {
				k.markAccessed(p.cpu(), pfn)
			}
			return pfn, r, 0
		case e != 0:
			pfn := phys.PFN(e)
			if sgp == sgpWrite {
				k.markAccessed(p.cpu(), pfn)
			}
			if k.Mem.Private(pfn) != 0 { // made by fallocate, and holds nothing
				if sgp == sgpRead {
					return 0, faultDone, 0
				}
				if sgp != sgpWrite {
					k.Mem.SetPrivate(pfn, 0)
				}
			}
			if sgp == sgpCache {
				p.owes += k.cost.ZeroPageFault
			}
			return pfn, faultDone, 0
		case sgp == sgpRead:
			return 0, faultDone, 0
		}
		pfn, err := p.shmemNewPage(o, index, sgp)
		if pfn != 0 || err != 0 {
			return pfn, faultDone, err
		}
	}
}

// shmemNewPage makes the page at an index. 0 without an error: somebody else was faster.
func (p *Process) shmemNewPage(o *shmem, index uint64, sgp sgpType) (phys.PFN, Errno) {
	k := p.k
	if err := p.acctBlock(o); err != 0 {
		return 0, err
	}
	o.coming++
	pfn := p.allocPage(gfpCopy)
	o.coming--
	now, _ := o.at(index)
	if pfn == 0 || now != 0 {
		k.unacctBlocks(p.cpu(), o, 1)
		if pfn == 0 {
			return 0, ENOMEM
		}
		k.Mem.FreePage(p.cpu(), pfn)
		return 0, 0
	}
	if sgp <= sgpCache && index >= o.filePages() { // truncated meanwhile
		k.unacctBlocks(p.cpu(), o, 1)
		k.Mem.FreePage(p.cpu(), pfn)
		return 0, EINVAL
	}
	k.addShmemPage(o, index, pfn)
	k.Mem.SetPrivate(pfn, 0)
	switch sgp {
	case sgpWrite:
		k.Mem.Page(pfn).Set(phys.FlagReferenced)
	case sgpFalloc:
		k.Mem.SetPrivate(pfn, 1)
	}
	k.lruAdd(p.cpu(), pfn)
	o.alloced++
	k.recalcInode(p.cpu(), o)
	if sgp == sgpCache {
		p.owes += k.cost.ShmemFault
	} else {
		p.owes += k.cost.File.TmpfsNewPage
	}
	return pfn, 0
}
