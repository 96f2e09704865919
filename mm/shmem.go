package mm

import (
	"math/bits"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// A shmem is a piece of shared memory: what MAP_SHARED anonymous mappings and System V segments map (struct shmem_inode_info and its
// address_space). A page of it is a frame, in a swap slot, or was never touched. Its pages are page cache, counted as NR_FILE_PAGES and
// NR_SHMEM, and swap-backed, on the anonymous lists.
type shmem struct {
	addrspace.Object
	pages   uint64 // length
	reserve bool   // charged as a whole when it was made; else page by page
	handles int    // who keeps it beside its mappings: a System V id
	inode   uint64 // its number in /proc/PID/maps
	key     int    // of a System V segment
	size    uint64 // of a System V segment, in bytes
	charged int64  // pages in Committed_AS
	resident,
	swapped int64
	listed bool // it is on the list of objects with pages in swap slots
	dirs   []*shmemDir
}

// A table of entries of a shmem covers 512 pages, a directory of those 1 GiB.
type (
	shmemDir  [512]*shmemLeaf
	shmemLeaf struct {
		entry   [512]uint32 // a frame, or a swap entry; 0 is neither
		swapped [8]uint64
	}
)

// objectTable finds objects by ID.
type objectTable struct {
	byID  []*shmem // entry 0 is unused
	free  []uint32
	inode uint64 // the last number given
}

func (t *objectTable) add(o *shmem) {
	if len(t.byID) == 0 {
		t.byID = append(t.byID, nil)
	}
	t.inode++
	o.inode = t.inode
	if n := len(t.free); n > 0 {
		o.ID = t.free[n-1]
		t.free = t.free[:n-1]
		t.byID[o.ID] = o
		return
	}
	o.ID = uint32(len(t.byID))
	t.byID = append(t.byID, o)
}

func (t *objectTable) remove(o *shmem) {
	t.byID[o.ID] = nil
	t.free = append(t.free, o.ID)
}

// get is the object with that ID, or nil for a page that was there when the machine was started and that nobody owns.
func (t *objectTable) get(id uint32) *shmem {
	if int(id) >= len(t.byID) {
		return nil
	}
	return t.byID[id]
}

// shmemOf is the object that a VMA maps.
func (k *Kernel) shmemOf(v *addrspace.VMA) *shmem { return k.objects.get(v.Object.ID) }

// newShmem makes shared memory of some pages, charging the process for all of it if reserve (shmem_kernel_file_setup). Nil: the commit limit.
func (p *Process) newShmem(name string, pages uint64, reserve bool) *shmem {
	o := &shmem{pages: pages, reserve: reserve}
	o.Name = name
	if reserve {
		if !p.charge(pages) {
			return nil
		}
		o.charged = int64(pages)
	}
	p.k.objects.add(o)
	return o
}

// releaseShmem frees what nobody maps or names any more (shmem_evict_inode).
func (k *Kernel) releaseShmem(cpu int, o *shmem) {
	if len(o.VMAs()) > 0 || o.handles > 0 {
		return
	}
	for _, d := range o.dirs {
		if d == nil {
			continue
		}
		for _, l := range d {
			if l == nil {
				continue
			}
			for i, e := range l.entry {
				switch {
				case e == 0:
				case l.isSwapped(uint64(i)):
					o.swapped--
					k.putSwap(cpu, swap.Entry(e))
				default:
					k.forgetShmemPage(o, phys.PFN(e))
					k.lruForget(phys.PFN(e))
					k.freePage(cpu, phys.PFN(e))
				}
			}
		}
	}
	k.forgetSwapfile(o)
	k.committed -= o.charged
	k.objects.remove(o)
}

func (l *shmemLeaf) isSwapped(i uint64) bool { return l.swapped[i>>6&7]>>(i&63)&1 != 0 }

// at is the entry of a page: 0, a frame, or a swap entry.
func (o *shmem) at(index uint64) (entry uint32, swapped bool) {
	l := o.leaf(index, false)
	if l == nil {
		return 0, false
	}
	return l.entry[index&511], l.isSwapped(index & 511)
}

func (o *shmem) leaf(index uint64, create bool) *shmemLeaf {
	hi, mid := int(index>>18), index>>9&511
	if hi >= len(o.dirs) {
		if !create {
			return nil
		}
		o.dirs = append(o.dirs, make([]*shmemDir, hi+1-len(o.dirs))...)
	}
	d := o.dirs[hi]
	if d == nil {
		if !create {
			return nil
		}
		d = new(shmemDir)
		o.dirs[hi] = d
	}
	if d[mid] == nil && create {
		d[mid] = new(shmemLeaf)
	}
	return d[mid]
}

func (o *shmem) set(index uint64, entry uint32, swapped bool) {
	l := o.leaf(index, true)
	i := index & 511
	l.entry[i] = entry
	l.swapped[i>>6] &^= 1 << (i & 63)
	if swapped {
		l.swapped[i>>6] |= 1 << (i & 63)
	}
}

// nextSwapped is the first index from one on whose page is in a slot of an area.
func (o *shmem) nextSwapped(from uint64, area int) (uint64, bool) {
	for hi := from >> 18; hi < uint64(len(o.dirs)); hi++ {
		d := o.dirs[hi]
		if d == nil {
			continue
		}
		for mid := range d {
			l, base := d[mid], hi<<18|uint64(mid)<<9
			if l == nil || base+512 <= from {
				continue
			}
			for w, m := range l.swapped {
				for ; m != 0; m &= m - 1 {
					index := base + uint64(w*64+bits.TrailingZeros64(m))
					if index >= from && swap.Entry(l.entry[index&511]).Area() == area {
						return index, true
					}
				}
			}
		}
	}
	return 0, false
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
	o.set(index, uint32(pfn), false)
}

// forgetShmemPage takes a frame out of the counts of the object's pages; its entry is the caller's to change.
func (k *Kernel) forgetShmemPage(o *shmem, pfn phys.PFN) {
	st := &k.zoneOf(k.Mem.Page(pfn)).Node.Stat
	st[vmstat.NRFilePages]--
	st[vmstat.NRShmem]--
	o.resident--
}

// shmemToSwap moves a page that nobody maps from its object to the swap cache, dirty, so that it can be written (shmem_writepage). False: swap
// is full.
func (k *Kernel) shmemToSwap(cpu int, pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	o := k.objects.get(p.Mapping)
	e := k.swap.Alloc(cpu)
	if e == 0 {
		return false
	}
	k.swapCacheAdd(e, pfn)
	k.swap.Dup(e)
	k.forgetShmemPage(o, pfn)
	o.swapped++
	k.noteSwapfile(o)
	o.set(uint64(p.Index), uint32(e.Slot()), true)
	p.SetKind(phys.KindAnon)
	p.Mapping, p.Index = 0, 0
	return true
}

// dropShmemPage takes a clean page out of its object: it was read and never written, and holds zeros (__remove_mapping).
func (k *Kernel) dropShmemPage(pfn phys.PFN) {
	p := k.Mem.Page(pfn)
	o := k.objects.get(p.Mapping)
	o.set(uint64(p.Index), 0, false)
	k.forgetShmemPage(o, pfn)
	if !o.reserve {
		o.charged--
		k.committed--
	}
}
