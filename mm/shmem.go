package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// A shmem is a piece of shared memory: what MAP_SHARED anonymous mappings and System V segments map (struct shmem_inode_info). A page of it is a
// frame, in a swap slot, or was never touched. Its pages are page cache, counted as NR_FILE_PAGES and NR_SHMEM, and swap-backed, on the
// anonymous lists.
type shmem struct {
	inode
	pages   uint64 // length
	reserve bool   // charged as a whole when it was made; else page by page
	handles int    // who keeps it beside its mappings: a System V id
	key     int    // of a System V segment
	charged int64  // pages in Committed_AS
	resident,
	swapped int64
	listed bool // it is on the list of objects with pages in swap slots
}

// shmemOf is the shared memory that a VMA maps, nil if it maps a file of another file system.
func (k *Kernel) shmemOf(v *addrspace.VMA) *shmem { return k.objects.get(v.Object.ID).host.shm }

// newShmem makes shared memory of some pages, charging the process for all of it if reserve (shmem_kernel_file_setup). Nil: the commit limit.
func (p *Process) newShmem(name string, pages uint64, reserve bool) *shmem {
	o := &shmem{pages: pages, reserve: reserve}
	o.Name, o.size, o.host, o.shm = name, pages<<addrspace.PageShift, &o.inode, o
	if reserve {
		if !p.charge(pages) {
			return nil
		}
		o.charged = int64(pages)
	}
	p.k.objects.add(&o.mapping)
	return o
}

// releaseShmem frees what nobody maps or names any more (shmem_evict_inode).
func (k *Kernel) releaseShmem(cpu int, o *shmem) {
	if len(o.VMAs()) > 0 || o.handles > 0 {
		return
	}
	for index, ok := o.tree.NextEntry(0, o.pages); ok; index, ok = o.tree.NextEntry(index+1, o.pages) {
		e, swapped := o.at(index)
		if swapped {
			o.swapped--
			k.putSwap(cpu, swap.Entry(e))
			continue
		}
		k.forgetShmemPage(o, phys.PFN(e))
		k.lruForget(phys.PFN(e))
		k.freePage(cpu, phys.PFN(e))
	}
	k.forgetSwapfile(o)
	k.committed -= o.charged
	k.objects.remove(&o.mapping)
}

// at is the entry of a page: 0, a frame, or a swap entry.
func (o *shmem) at(index uint64) (entry uint32, swapped bool) {
	e, swapped := o.tree.Get(index)
	return uint32(e), swapped
}

// nextSwapped is the first index from one on whose page is in a slot of an area.
func (o *shmem) nextSwapped(from uint64, area int) (uint64, bool) {
	for {
		index, ok := o.tree.NextValue(from, o.pages)
		if !ok {
			return 0, false
		}
		if e, _ := o.at(index); swap.Entry(e).Area() == area {
			return index, true
		}
		from = index + 1
	}
}

// addShmemPage makes a frame a page of the object (shmem_add_to_page_cache).
func (k *Kernel) addShmemPage(o *shmem, index uint64, pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	p.SetKind(phys.KindShmem)
	p.Set(phys.FlagSwapbacked)
	p.Mapping, p.Index, p.Mapcount = o.ID, uint32(index), 0
	st := &k.zoneOf(p).Node.Stat
	st[vmstat.NRFilePages]++
	st[vmstat.NRShmem]++
	o.resident++
	o.tree.Set(index, uint32(pfn))
}

// forgetShmemPage takes a frame out of the counts of the object's pages; its entry is the caller's to change.
func (k *Kernel) forgetShmemPage(o *shmem, pfn phys.PFN) {
	st := &k.zoneOf(k.Mem.Page(pfn)).Node.Stat
	st[vmstat.NRFilePages]--
	st[vmstat.NRShmem]--
	o.resident--
}

// shmemToSwap moves a page that nobody maps from its object to the swap cache, dirty, so that it can be written (shmem_writepage). False: there
// is no slot, or no memory.
func (k *Kernel) shmemToSwap(t *task, pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	o := k.objects.get(p.Mapping).host.shm
	e := k.allocSwap(t)
	if e == 0 {
		return false
	}
	k.swapCacheAdd(e, pfn)
	k.swap.Dup(e)
	k.forgetShmemPage(o, pfn)
	o.swapped++
	k.noteSwapfile(o)
	o.tree.SetValue(uint64(p.Index), uint64(e.Slot()))
	p.SetKind(phys.KindAnon)
	p.Mapping, p.Index = 0, 0
	return true
}

// dropShmemPage takes a clean page out of its object: it was read and never written, and holds zeros (__remove_mapping).
func (k *Kernel) dropShmemPage(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	o := k.objects.get(p.Mapping).host.shm
	o.tree.Delete(uint64(p.Index))
	k.forgetShmemPage(o, pfn)
	if !o.reserve {
		o.charged--
		k.committed--
	}
}
