package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// A shmem is a piece of shared memory: a file of a tmpfs, what MAP_SHARED anonymous mappings map, a System V segment (struct shmem_inode_info). A
// page of it is a frame, in a swap slot, or a hole. Its pages are page cache, counted as NR_FILE_PAGES and NR_SHMEM, and swap-backed, on the anonymous
// lists. Of a page that fallocate made and nobody has written since, which holds nothing, the frame's private word is 1.
type shmem struct {
	inode
	reserve bool   // charged as a whole when it was made; else page by page (VM_NORESERVE)
	key     int    // of a System V segment
	segment uint64 // and its size in bytes, as it was asked for
	alloced int64  // pages charged: those in memory and in swap, and clean ones that are gone since the last look
	coming  int64  // pages charged that are being allocated
	resident,
	swapped int64
	falloc *shmemFalloc // nil: nobody is in fallocate
	listed bool         // it is on the list of objects with pages in swap slots
}

// tmpfs is the file system that it is on.
func (o *shmem) tmpfs() *tmpfs { return o.fs.(*tmpfs) }

// shmemOf is the shared memory that a VMA maps, nil if it maps a file of another file system.
func (k *Kernel) shmemOf(v *addrspace.VMA) *shmem { return k.objects.get(v.Object.ID).host.shm }

// newShmem makes shared memory of some pages that has no name, charging the process for all of it if reserve (shmem_kernel_file_setup). Nil: the
// commit limit.
func (p *Process) newShmem(name string, pages uint64, reserve bool) *shmem {
	if reserve && !p.charge(pages) {
		return nil
	}
	o := p.k.shmMount.newShmem()
	o.Name, o.size, o.reserve = name, pages<<addrspace.PageShift, reserve
	if !p.anonInode(o) {
		p.k.putInode(p.cpu(), &o.inode)
		return nil
	}
	return o
}

// at is the entry of a page: 0, a frame, or a swap entry.
func (o *shmem) at(index uint64) (entry uint32, swapped bool) {
	e, swapped := o.tree.Get(index)
	return uint32(e), swapped
}

// nextSwapped is the first index from one on whose page is in a slot of an area.
func (o *shmem) nextSwapped(from uint64, area int) (uint64, bool) {
	for {
		index, ok := o.tree.NextValue(from, maxIndex+1)
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
	k.syncNodes(&o.mapping)
}

// forgetShmemPage takes a frame out of the counts of the object's pages; its entry is the caller's to change.
func (k *Kernel) forgetShmemPage(o *shmem, pfn phys.PFN) {
	st := &k.zoneOf(k.Mem.Page(pfn)).Node.Stat
	st[vmstat.NRFilePages]--
	st[vmstat.NRShmem]--
	o.resident--
}

// shmemToSwap moves a page that nobody maps from its object to the swap cache, dirty, so that it can be written (shmem_writepage). False: there
// is no slot or no memory, or fallocate has just made the page.
func (k *Kernel) shmemToSwap(t *task, pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	o := k.objects.get(p.Mapping).host.shm
	if k.Mem.Private(pfn) != 0 {
		if fa := o.falloc; fa != nil && uint64(p.Index) >= fa.start && uint64(p.Index) < fa.next {
			fa.unswapped++
			return false
		}
	}
	e := k.allocSwap(t)
	if e == 0 {
		return false
	}
	k.swapCacheAdd(e, pfn)
	k.swap.Dup(e)
	k.recalcInode(t.cpu(), o)
	k.forgetShmemPage(o, pfn)
	o.swapped++
	k.noteSwapfile(o)
	o.tree.SetValue(uint64(p.Index), uint64(e.Slot()))
	p.SetKind(phys.KindAnon)
	p.Mapping, p.Index = 0, 0
	return true
}

// dropShmemPage takes a clean page out of its object: it was read and never written, and holds zeros (__remove_mapping). It stays charged
// until the object is looked at again.
func (k *Kernel) dropShmemPage(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	o := k.objects.get(p.Mapping).host.shm
	o.tree.Delete(uint64(p.Index))
	k.syncNodes(&o.mapping)
	k.forgetShmemPage(o, pfn)
}
