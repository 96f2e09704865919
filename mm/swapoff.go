package mm

import (
	"slices"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// Swapoff takes every area out of use, in the order of /proc/swaps (swapoff -a), on behalf of a process, or of the administrator for nil. All are tried;
// the error is that of the last that failed. ENOMEM: the commit limit without the area, or no memory for what is in it; EINTR: the caller was killed,
// which the OOM killer does to it first. killed: that was the administrator.
func (k *Kernel) Swapoff(p *Process) (err Errno, killed bool) {
	alive := k.privileged(p, "swapoff", func(t *task) {
		for _, a := range k.swap.Active() {
			t.spend(k.cost.Syscall)
			if a.Off || t.fatalSignal() { // another's swapoff has it
				continue
			}
			if e := t.swapoff(a); e != 0 {
				err = e
			}
		}
	})
	return err, !alive
}

// swapoff takes one area out of use: nobody gets slots of it any more, and everything in it is brought back (swapoff(2)).
func (t *task) swapoff(a *swap.Area) Errno {
	k := t.k
	if !t.mayLose(a) {
		return ENOMEM
	}
	k.swap.Disable(a)
	t.oomOrigin = true
	k.oom.origins = append(k.oom.origins, t)
	err := t.tryToUnuse(a)
	t.oomOrigin = false
	k.oom.origins = slices.DeleteFunc(k.oom.origins, func(o *task) bool { return o == t })
	if err != 0 {
		k.swap.Reinsert(a)
		return err
	}
	for a.Pins > 0 { // of tasks in the middle of reading a slot that was in use when they began
		t.proc.Sleep(jiffy)
	}
	d := k.swapDeviceOf(a)
	d.area = nil
	k.swap.Remove(a)
	return 0
}

// mayLose tells whether the overcommit policy would allow as much memory as the area has (security_vm_enough_memory). The caller has all capabilities.
func (t *task) mayLose(a *swap.Area) bool {
	k := t.k
	total := int64(0)
	if t.process != nil {
		total = int64(t.process.mm.TotalVM)
	}
	k.acct(t.cpu(), int64(a.Slots))
	ok := k.enoughMemoryFor(int64(a.Slots), total, true)
	k.acct(t.cpu(), -int64(a.Slots))
	if !ok {
		k.printk("__vm_enough_memory: pid: %d, comm: %s, no enough memory for the allocation", t.pid(), t.comm())
	}
	return ok
}

// tryToUnuse brings everything back that is in an area: shared memory first, then what page tables refer to, then what only the swap cache holds; and
// again as long as something is left (try_to_unuse).
func (t *task) tryToUnuse(a *swap.Area) Errno {
	k := t.k
	for a.Used > 0 {
		if err := t.unuseShmem(a); err != 0 {
			return err
		}
		if err := t.unuseSpaces(a); err != 0 {
			return err
		}
		for o := a.NextUsed(0); o != 0 && !t.fatalSignal(); o = a.NextUsed(o) {
			t.unuseCached(a.Entry(o))
		}
		if t.fatalSignal() && a.Used > 0 {
			return EINTR
		}
		t.spend(k.cost.ScanPage) // for looking at all of it, so that time passes while others hold slots
	}
	return 0
}

// unuseCached gives a slot up that only the swap cache holds.
func (t *task) unuseCached(e swap.Entry) {
	k := t.k
	pfn := phys.PFN(k.swap.Cached(e))
	if pfn == 0 {
		return
	}
	t.waitFlags(pfn, phys.FlagLocked|phys.FlagWriteback)
	if phys.PFN(k.swap.Cached(e)) == pfn {
		k.releaseUnused(t.cpu(), pfn)
	}
}

// releaseUnused gives up the slot of a cached page that nobody refers to any more, and the page if nobody maps it.
func (k *Kernel) releaseUnused(cpu int, pfn phys.PFN) {
	if k.tryToFreeSwap(cpu, pfn) && k.Mem.Page(pfn).Mapcount == 0 {
		k.freeAnon(cpu, pfn)
	}
}

// unuseShmem brings back the pages of every object that are in an area (shmem_unuse).
func (t *task) unuseShmem(a *swap.Area) Errno {
	k := t.k
	for i := len(k.swapfiles) - 1; i >= 0; {
		o := k.swapfiles[i]
		err := t.unuseObject(o, a)
		if o.swapped == 0 {
			k.forgetSwapfile(o)
		}
		if err != 0 {
			return err
		}
		i = min(i, len(k.swapfiles))
		if j := slices.Index(k.swapfiles, o); j >= 0 {
			i = j
		}
		i--
	}
	return 0
}

func (t *task) unuseObject(o *shmem, a *swap.Area) Errno {
	for index, ok := o.nextSwapped(0, a.Index); ok; index, ok = o.nextSwapped(index+1, a.Index) {
		e, _ := o.at(index)
		_, r := t.shmemSwapIn(o, index, swap.Entry(e), false)
		t.owes = 0
		if r == faultOOM {
			return ENOMEM
		}
		t.spend(t.k.cost.UnusePage)
	}
	return 0
}

// noteSwapped puts an address space on the list of those that swapoff looks at; a child's goes behind its parent's.
func (k *Kernel) noteSwapped(s, parent *addrspace.Space) {
	if s.Swapped {
		return
	}
	s.Swapped = true
	if at := slices.Index(k.mmlist, parent); at >= 0 {
		k.mmlist = slices.Insert(k.mmlist, at, s)
		return
	}
	k.mmlist = append(k.mmlist, s)
}

// forgetSwapped takes an address space that goes off the list.
func (k *Kernel) forgetSwapped(s *addrspace.Space) {
	if s.Swapped {
		s.Swapped = false
		k.mmlist = slices.DeleteFunc(k.mmlist, func(o *addrspace.Space) bool { return o == s })
	}
}

// noteSwapfile puts an object on the list of those with pages in swap slots.
func (k *Kernel) noteSwapfile(o *shmem) {
	if !o.listed {
		o.listed = true
		k.swapfiles = append(k.swapfiles, o)
	}
}

func (k *Kernel) forgetSwapfile(o *shmem) {
	if o.listed {
		o.listed = false
		k.swapfiles = slices.DeleteFunc(k.swapfiles, func(p *shmem) bool { return p == o })
	}
}

// unuseSpaces replaces the swap entries of an area in every address space, the one that joined the list last first.
func (t *task) unuseSpaces(a *swap.Area) Errno {
	k := t.k
	for i := len(k.mmlist) - 1; i >= 0 && a.Used > 0 && !t.fatalSignal(); {
		s := k.mmlist[i]
		if err := t.unuseSpace(s, a); err != 0 {
			return err
		}
		i = min(i, len(k.mmlist))
		if j := slices.Index(k.mmlist, s); j >= 0 {
			i = j
		}
		i--
	}
	return 0
}

// unuseSpace replaces the swap entries of an area in one address space, in the order of addresses (unuse_mm). Its processes may change it meanwhile.
func (t *task) unuseSpace(s *addrspace.Space, a *swap.Area) Errno {
	for addr := uint64(0); ; {
		v := s.FindNext(addr)
		if v == nil {
			return 0
		}
		addr = max(addr, v.Start)
		l, base := s.NextLeaf(addr, v.End)
		if v.AnonVMA == nil || l == nil {
			addr = v.End
			continue
		}
		addr = max(addr, base)
		for end := min(v.End, base+1<<addrspace.LeafShift); addr < end; addr += addrspace.PageSize {
			i := addrspace.Slot(addr)
			if l.PTE[i] == 0 || addrspace.Test(&l.Present, i) || swap.Entry(l.PTE[i]).Area() != a.Index {
				continue
			}
			if err := t.unuseEntry(v, l, addr); err != 0 {
				return err
			}
			addr += addrspace.PageSize
			break // it may have blocked: look everything up again
		}
	}
}

// unuseEntry brings the page of a swap entry back, maps it and gives the slot up unless others refer to it (unuse_pte_range, for one entry).
func (t *task) unuseEntry(v *addrspace.VMA, l *addrspace.Leaf, addr uint64) Errno {
	k, s := t.k, v.Space
	e := swap.Entry(l.PTE[addrspace.Slot(addr)])
	pfn := phys.PFN(k.swap.Cached(e))
	if pfn != 0 {
		k.noteReadaheadHit(v, pfn, addr)
	} else if pfn = t.swapinReadahead(v, l, addr, e); pfn == 0 {
		if k.swap.Count(e) == 0 {
			return 0
		}
		return ENOMEM
	}
	t.waitFlags(pfn, phys.FlagLocked|phys.FlagWriteback)
	if phys.PFN(k.swap.Cached(e)) != pfn {
		return 0
	}
	if v, l = s.Find(addr), s.Leaf(addr); v != nil && l != nil && holdsSwap(l, addrspace.Slot(addr), e) {
		k.unusePTE(t.cpu(), v, l, addr, e, pfn)
	}
	k.releaseUnused(t.cpu(), pfn)
	t.spend(k.cost.UnusePage)
	return 0
}

// holdsSwap tells whether an entry of a page table is a given swap entry.
func holdsSwap(l *addrspace.Leaf, i uint, e swap.Entry) bool {
	return l.PTE[i] == uint32(e) && !addrspace.Test(&l.Present, i)
}

// unusePTE maps a page in place of its swap entry, neither writable nor accessed (unuse_pte).
func (k *Kernel) unusePTE(cpu int, v *addrspace.VMA, l *addrspace.Leaf, addr uint64, e swap.Entry, pfn phys.PFN) {
	i := addrspace.Slot(addr)
	v.Space.RSS[addrspace.RSSSwap]--
	v.Space.RSS[addrspace.RSSAnon]++
	k.addAnonRmap(v, addr, pfn, e.Exclusive())
	l.Map(i, uint32(pfn), false)
	addrspace.Clear(&l.Accessed, i)
	if lockedVMA(v) {
		k.mlockPage(pfn)
	}
	k.swap.Put(cpu, e)
}

// addAnonRmap counts one more mapping of an anonymous page that comes back from swap (page_add_anon_rmap).
func (k *Kernel) addAnonRmap(v *addrspace.VMA, addr uint64, pfn phys.PFN, exclusive bool) {
	page := k.Mem.Page(pfn)
	if page.Mapcount == 0 {
		k.zoneOf(page).Node.Stat[vmstat.NRAnonPages]++
		if exclusive {
			k.anons.Prepare(v)
			page.Mapping, page.Index = v.AnonVMA.ID, uint32(v.Index(addr))
		} else {
			page.Mapping, page.Index = rootOf(v).ID, uint32(v.Index(addr))
		}
	}
	page.Mapcount++
	if exclusive {
		page.Set(phys.FlagExclusive)
	}
}
