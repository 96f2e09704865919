package mm

import (
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// cpuBatches are the pages that one CPU is about to move, by kind of move (struct cpu_fbatches, lru_rotate).
type cpuBatches struct {
	add    lru.Batch // new pages, on no list yet
	rotate lru.Batch // to the tail of the inactive list, so that they are taken next

	deactivate lru.Batch // from the active to the head of the inactive list
	lazyfree   lru.Batch // to the inactive file list, to be dropped
	activate   lru.Batch // to the head of the active list

	deactivateFile lru.Batch // to the tail of the inactive list, or the head if it has to be written first
}

// lruAdd queues a new page for the list that its flags say (folio_add_lru).
func (k *Kernel) lruAdd(cpu int, pfn phys.PFN) {
	if k.batches[cpu].add.Push(pfn) {
		k.drainAdd(cpu)
	}
}

// lruAddRun is lruAdd for pages in a row.
func (t *task) lruAddRun(pages []phys.PFN) {
	if t.k.lruGen != nil {
		for _, pfn := range pages {
			t.lruAdd(pfn)
		}
		return
	}
	t.k.lruAddPages(t.cpu(), pages)
}

// lruAddPages is lruAdd for many pages. Those that fill the batch go to their lists without passing through it.
func (k *Kernel) lruAddPages(cpu int, pages []phys.PFN) {
	b := &k.batches[cpu].add
	if through := (b.Len()+len(pages))/lru.BatchSize*lru.BatchSize - b.Len(); through > 0 {
		k.drainAdd(cpu)
		k.addToLists(pages[:through])
		pages = pages[through:]
	}
	b.PushAll(pages)
}

func (k *Kernel) drainAdd(cpu int) {
	b := &k.batches[cpu].add
	k.addToLists(b.Pages())
	b.Reset()
}

// addToLists puts new pages on the lists that their flags say.
func (k *Kernel) addToLists(pages []phys.PFN) {
	switch {
	case k.mlocked > 0 || k.stranded:
		k.addLocked(pages)
	case len(k.lruvecs) == 1:
		k.lruvecs[0].AddAll(pages)
	default:
		for _, pfn := range pages {
			k.lruvecOf(k.Mem.Page(pfn)).Add(pfn)
		}
	}
}

// lruRotate queues a page whose writeback has ended for the tail of its inactive list (folio_rotate_reclaimable).
func (k *Kernel) lruRotate(cpu int, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if !p.Test(phys.FlagLRU) || p.Test(phys.FlagUnevictable|phys.FlagDirty|phys.FlagLocked) || p.Test(phys.FlagBatched) {
		return
	}
	p.Set(phys.FlagBatched)
	if k.batches[cpu].rotate.Push(pfn) {
		k.drainRotate(cpu)
	}
}

func (k *Kernel) drainRotate(cpu int) {
	b := &k.batches[cpu].rotate
	for _, pfn := range b.Pages() {
		p := k.Mem.Page(pfn)
		p.Clear(phys.FlagBatched)
		if !p.Test(phys.FlagLRU) || p.Test(phys.FlagUnevictable) {
			continue
		}
		v := k.lruvecOf(p)
		v.Del(pfn)
		p.Clear(phys.FlagActive)
		v.AddTail(pfn)
		k.count(vmstat.PgRotated, 1)
	}
	b.Reset()
}

// queueMove queues a page for one of the CPU's other moves. A page that waits for one already moves there first.
func (k *Kernel) queueMove(cpu int, pfn phys.PFN, b *lru.Batch) {
	p := k.Mem.Page(pfn)
	if p.Test(phys.FlagBatched) {
		k.lruAddDrain(cpu)
	}
	if p.Test(phys.FlagBatched) {
		return
	}
	p.Set(phys.FlagBatched)
	if b.Push(pfn) {
		k.drainMoves(cpu)
	}
}

func (k *Kernel) drainMoves(cpu int) {
	for _, m := range [...]struct {
		b    *lru.Batch
		move func(phys.PFN)
	}{
		{&k.batches[cpu].deactivate, k.moveInactive},
		{&k.batches[cpu].lazyfree, k.moveLazily},
		{&k.batches[cpu].deactivateFile, k.moveFileInactive},
		{&k.batches[cpu].activate, k.moveActive},
	} {
		for _, pfn := range m.b.Pages() {
			k.Mem.Page(pfn).Clear(phys.FlagBatched)
			m.move(pfn)
		}
		m.b.Reset()
	}
}

// lruAddDrain moves everything that a CPU has collected (lru_add_drain).
func (k *Kernel) lruAddDrain(cpu int) {
	if k.batches[cpu].add.Len() > 0 {
		k.drainAdd(cpu)
	}
	if k.batches[cpu].rotate.Len() > 0 {
		k.drainRotate(cpu)
	}
	if b := &k.batches[cpu]; b.deactivate.Len()+b.lazyfree.Len()+b.deactivateFile.Len()+b.activate.Len() > 0 {
		k.drainMoves(cpu)
	}
}

// lruForget takes a page that is being freed off its list or out of the batch in which it waits for one.
func (k *Kernel) lruForget(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	if p.Test(phys.FlagMlocked) {
		k.clearMlock(p)
	}
	if p.Test(phys.FlagLRU) {
		k.lruvecOf(p).Del(pfn)
	} else {
		for i := range k.batches {
			k.batches[i].add.Forget(pfn)
		}
		k.forgetHeld(pfn)
	}
}

// freePage gives a page back that is on no list. It may still wait to be moved, on another CPU: there it is forgotten.
func (k *Kernel) freePage(cpu int, pfn phys.PFN) {
	if k.Mem.Page(pfn).Test(phys.FlagBatched) {
		k.forgetMoves(pfn)
	}
	k.Mem.FreePage(cpu, pfn)
}

// forgetMoves takes a page out of the batches of pages that CPUs are about to move.
func (k *Kernel) forgetMoves(pfn phys.PFN) {
	for i := range k.batches {
		b := &k.batches[i]
		b.rotate.Forget(pfn)
		b.deactivate.Forget(pfn)
		b.lazyfree.Forget(pfn)
		b.deactivateFile.Forget(pfn)
		b.activate.Forget(pfn)
	}
}

// inBatch tells whether a page waits to be put on a list, or a reclaimer keeps it: both have a reference to it.
func (k *Kernel) inBatch(pfn phys.PFN) bool {
	if k.Mem.Page(pfn).Test(phys.FlagLRU) {
		return false
	}
	for i := range k.batches {
		if k.batches[i].add.Contains(pfn) {
			return true
		}
	}
	return k.isHeld(pfn)
}
