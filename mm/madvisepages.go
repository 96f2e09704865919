package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// madviseFree drops the pages of [start, end) of a VMA now (MADV_DONTNEED) or lets reclaim drop them while nobody writes to them (MADV_FREE)
// (madvise_dontneed_free). EINVAL: the memory is locked, or is not private and anonymous (MADV_FREE).
func (p *Process) madviseFree(v *addrspace.VMA, start, end uint64, a Advice) Errno {
	k := p.k
	switch {
	case v.Flags&(addrspace.VMLocked|addrspace.VMPFNMap) != 0:
		return EINVAL
	case a == MadvDontneed:
		n := k.zapRange(&p.task, p.cpu(), v, start, end)
		p.spend(engine.Time(n) * k.cost.UnmapPage)
		return 0
	case v.Object != nil:
		return EINVAL
	}
	cpu := p.cpu()
	k.lruAddDrain(cpu)
	noteHiwater(p.mm)
	n := 0
	eachLeaf(p.mm, start, end, func(l *addrspace.Leaf, first, last uint, base uint64) bool {
		for w := first / 64; w*64 < last; w++ {
			k.gatherWord(p.mm, base, w, l.Present[w]&(l.Accessed[w]|l.Dirty[w])&addrspace.WordMask(w, first, last))
		}
		for i := first; i < last; i++ {
			switch pte := l.PTE[i]; {
			case pte == 0 || pte == k.zeroPage:
			case !addrspace.Test(&l.Present, i):
				n++
				l.Zap(i)
				p.mm.RSS[addrspace.RSSSwap]--
				k.putSwap(cpu, swap.Entry(pte))
			default:
				n++
				k.freeLazily(cpu, l, i)
			}
		}
		return true
	})
	k.finishGather(p.mm, false)
	p.spend(engine.Time(n) * k.cost.AdvisePage)
	return 0
}

// freeLazily makes a mapped page one that reclaim may drop, and its entry clean (madvise_free_pte_range).
func (k *Kernel) freeLazily(cpu int, l *addrspace.Leaf, i uint) {
	pfn := phys.PFN(l.PTE[i])
	p := k.Mem.Page(pfn)
	if p.Test(phys.FlagSwapCache | phys.FlagDirty) {
		if p.Test(phys.FlagLocked) || p.Mapcount != 1 || p.Test(phys.FlagSwapCache) && !k.tryToFreeSwap(cpu, pfn) {
			return
		}
		p.Clear(phys.FlagDirty)
	}
	addrspace.Clear(&l.Accessed, i)
	addrspace.Clear(&l.Dirty, i)
	if canBeLazy(p) {
		k.queueMove(cpu, pfn, &k.batches[cpu].lazyfree)
	}
}

// canBeLazy tells whether a page may become one that reclaim drops (mark_page_lazyfree).
func canBeLazy(p *phys.Page) bool {
	return p.Test(phys.FlagLRU) && p.Kind() == phys.KindAnon && p.Test(phys.FlagSwapbacked) && !p.Test(phys.FlagSwapCache|phys.FlagUnevictable)
}

// madviseCold lets pages that only this process maps be reclaimed first, or reclaims them now (madvise_cold_or_pageout_pte_range).
func (p *Process) madviseCold(v *addrspace.VMA, start, end uint64, pageout bool) {
	k := p.k
	k.lruAddDrain(p.cpu())
	s := p.mm
	eachLeaf(s, start, end, func(l *addrspace.Leaf, first, last uint, base uint64) bool {
		n := 0
		var out []phys.PFN
		for i := first; i < last; i++ {
			pfn := phys.PFN(l.PTE[i])
			if !addrspace.Test(&l.Present, i) || uint32(pfn) == k.zeroPage {
				continue
			}
			n++
			page := k.Mem.Page(pfn)
			if !page.Test(phys.FlagLRU) || page.Mapcount != 1 {
				continue
			}
			if addrspace.Test(&l.Accessed, i) {
				k.gatherWord(s, base, i/64, 1<<(i&63))
				addrspace.Clear(&l.Accessed, i)
			}
			page.Clear(phys.FlagReferenced)
			switch {
			case !pageout && (page.Test(phys.FlagActive) || k.lruGen != nil) && !page.Test(phys.FlagUnevictable):
				k.queueMove(p.cpu(), pfn, &k.batches[p.cpu()].deactivate)
			case pageout && !page.Test(phys.FlagUnevictable):
				k.lruvecOf(page).Del(pfn)
				out = append(out, pfn)
			}
		}
		p.spendReclaiming(out, engine.Time(n)*k.cost.AdvisePage)
		p.checkSignals()
		return p.mm != nil
	})
	k.finishGather(s, false)
}

// spendReclaiming reclaims pages that were taken off their lists (reclaim_pages), and spends the time that the way there took, and that of reclaim. Until then
// the end of their writing does not rotate them.
func (p *Process) spendReclaiming(pages []phys.PFN, before engine.Time) {
	k := p.k
	k.owed = before
	if len(pages) > 0 {
		sc := scanControl{t: &p.task, gfp: phys.GFPKernel, mayWritepage: true, mayUnmap: true, maySwap: true}
		k.owed += k.scanCost(len(pages), uint64(len(pages)))
		p.memalloc = true // memalloc_noreclaim_save
		for _, pfn := range pages {
			k.Mem.Page(pfn).Clear(phys.FlagActive)
		}
		var res shrinkResult
		p.startBatch()
		defer p.endBatch()
		sc.shrinkPages(pages, 0, 0, p.cpu(), &res)
		p.memalloc = false
	}
	p.spendBatch()
	p.waitBios()
}

// madviseWillneed starts reading what is swapped out of a range, or what of a file is not cached (madvise_willneed).
func (p *Process) madviseWillneed(v *addrspace.VMA, start, end uint64) {
	k := p.k
	var entries []swap.Entry
	if v.Object != nil {
		o := k.shmemOf(v)
		if o == nil {
			f := v.File.(*file)
			f.inode.fs.fadvise(p, f, v.Index(start)<<addrspace.PageShift, end-start, FadvWillneed)
			return
		}
		for a := start; a < end; a += addrspace.PageSize {
			if e, swapped := o.at(v.Index(a)); swapped {
				entries = append(entries, swap.Entry(e))
			}
		}
	} else {
		eachLeaf(p.mm, start, end, func(l *addrspace.Leaf, first, last uint, _ uint64) bool {
			for i := first; i < last; i++ {
				if l.PTE[i] != 0 && !addrspace.Test(&l.Present, i) {
					entries = append(entries, swap.Entry(l.PTE[i]))
				}
			}
			return true
		})
	}
	for _, e := range entries {
		if k.swap.Count(e) > 0 && k.swap.Cached(e) == 0 {
			p.readSwap(e, false)
		}
	}
	p.spendReads()
	p.waitBios()
	k.lruAddDrain(p.cpu())
	p.spend(engine.Time(len(entries)) * k.cost.AdvisePage)
}

// madviseRemove frees the pages of shared memory, or punches a hole in the file, that [start, end) of a VMA shows, for everybody (madvise_remove, shmem_fallocate). EINVAL: it is
// not shared memory, or locked; EACCES: it cannot be made writable.
func (p *Process) madviseRemove(v *addrspace.VMA, start, end uint64) Errno {
	const shared = addrspace.VMShared | addrspace.VMMayWrite
	switch {
	case v.Flags&addrspace.VMLocked != 0 || v.Object == nil:
		return EINVAL
	case v.Flags&shared != shared:
		return EACCES
	}
	k := p.k
	o := k.shmemOf(v)
	if o == nil {
		f := v.File.(*file)
		if fs, ok := f.inode.fs.(*ext4); ok {
			fs.punchHole(p, f.inode, v.Index(start), v.Index(end))
			return 0
		}
		return EOPNOTSUPP
	}
	k.unmapMappingRange(p.cpu(), &o.mapping, v.Index(start), v.Index(end), false)
	n := k.shmemTruncate(p.cpu(), o, v.Index(start), v.Index(end))
	p.spend(engine.Time(n) * k.cost.UnmapPage)
	return 0
}

// moveLazily makes a page one of the inactive file list that reclaim drops if nobody writes to it (lru_lazyfree_fn).
func (k *Kernel) moveLazily(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if !canBeLazy(p) {
		return
	}
	v := k.lruvecOf(p)
	v.Del(pfn)
	p.Clear(phys.FlagActive | phys.FlagReferenced | phys.FlagSwapbacked)
	v.Add(pfn)
	k.count(vmstat.PgLazyfree, 1)
}

// moveInactive makes an active page the newest of its inactive list (lru_deactivate_fn).
func (k *Kernel) moveInactive(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if !p.Test(phys.FlagLRU) || !p.Test(phys.FlagActive) && k.lruGen == nil || p.Test(phys.FlagUnevictable) {
		return
	}
	v := k.lruvecOf(p)
	v.Del(pfn)
	p.Clear(phys.FlagActive | phys.FlagReferenced)
	v.Add(pfn)
	k.count(vmstat.PgDeactivate, 1)
}
