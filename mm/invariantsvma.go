package mm

import (
	"fmt"

	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// space compares the sums of an address space with its VMAs.
func (c *checker) space(s *addrspace.Space) error {
	var data, stack, exec, locked uint64
	for _, v := range s.List() {
		n := v.Pages()
		switch f := v.Flags; {
		case f&(addrspace.VMExec|addrspace.VMWrite|addrspace.VMGrowsDown) == addrspace.VMExec:
			exec += n
		case f&addrspace.VMGrowsDown != 0:
			stack += n
		case addrspace.DataMapping(f):
			data += n
		}
		if v.Flags&addrspace.VMLocked != 0 {
			locked += n
		}
		if v.Object != nil {
			o := c.k.objects.get(v.Object.ID)
			if o == nil || &o.Object != v.Object {
				return fmt.Errorf("VMA %x-%x maps an object that is gone", v.Start, v.End)
			}
			found := false
			for _, w := range v.Object.VMAs() {
				found = found || w == v
			}
			if !found {
				return fmt.Errorf("VMA %x-%x is not among those of its object", v.Start, v.End)
			}
		}
	}
	if s.WriteLocked {
		return nil
	}
	if s.DataVM != data || s.StackVM != stack || s.ExecVM != exec || s.LockedVM != locked {
		return fmt.Errorf("data, stack, exec and locked pages are %d %d %d %d, the VMAs have %d %d %d %d",
			s.DataVM, s.StackVM, s.ExecVM, s.LockedVM, data, stack, exec, locked)
	}
	return nil
}

// access compares what an entry allows with its VMA.
func (c *checker) access(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64) error {
	none := addrspace.Test(&l.ProtNone, i)
	switch {
	case none && addrspace.Test(&l.Writable, i):
		return fmt.Errorf("entry at %x is writable and forbidden", addr)
	case none != (v.Flags&addrspace.VMAccess == 0):
		return fmt.Errorf("entry at %x is forbidden: %v, its VMA has flags %x", addr, none, v.Flags)
	case addrspace.Test(&l.Writable, i) && v.Flags&addrspace.VMWrite == 0:
		return fmt.Errorf("entry at %x is writable, its VMA is not", addr)
	}
	return nil
}

// objectEntry checks an entry that maps a page of an object.
func (c *checker) objectEntry(v *addrspace.VMA, l *addrspace.Leaf, i uint, pfn phys.PFN, addr uint64) error {
	p := c.k.Mem.Page(pfn)
	if v.Object == nil || p.Mapping != v.Object.ID || p.Index != uint32(v.Index(addr)) {
		return fmt.Errorf("entry at %x maps page %d of object %d at %d", addr, pfn, p.Mapping, p.Index)
	}
	m := c.k.mappingOf(v)
	write := addrspace.Test(&l.Writable, i)
	switch e, value := m.tree.Get(v.Index(addr)); {
	case e != uint64(pfn) || value:
		return fmt.Errorf("entry at %x maps page %d, the object has %d there", addr, pfn, e)
	case write && v.Flags&addrspace.VMShared == 0:
		return fmt.Errorf("entry at %x of a private mapping writes page %d of an object", addr, pfn)
	case m.wantsWriteNotify() && write && !p.Test(phys.FlagDirty):
		return fmt.Errorf("entry at %x writes page %d of a file, which is clean", addr, pfn)
	case m.wantsWriteNotify() && write != addrspace.Test(&l.Dirty, i) && v.Flags&addrspace.VMWrite != 0:
		return fmt.Errorf("entry at %x of a file: writable %v, dirty %v", addr, write, !write)
	case v.Index(addr) >= m.host.filePages():
		return fmt.Errorf("entry at %x maps page %d beyond the end of the file", addr, pfn)
	}
	return nil
}

// objects compares every piece of shared memory with its sums and with the page table entries, and the counters of all with their sums.
func (c *checker) objects() error {
	k := c.k
	shmem, mapped := int64(0), int64(0)
	for _, m := range k.objects.byID {
		if m == nil {
			continue
		}
		if err := m.tree.Check(); err != nil {
			return fmt.Errorf("mapping %d: %w", m.ID, err)
		}
		o := m.host.shm
		if o == nil {
			n, err := c.filePages(m)
			if err != nil {
				return err
			}
			mapped += n
			continue
		}
		if len(o.VMAs()) == 0 && o.nlink == 0 && o.opens == 0 {
			return fmt.Errorf("object %d is nobody's", o.ID)
		}
		if o.reserve {
			c.committed += int64(o.filePages())
		} else {
			c.committed += o.alloced + o.coming
		}
		c.blocks[o.tmpfs()] += o.alloced + o.coming
		resident, swapped := int64(0), int64(0)
		for index, ok := o.tree.NextEntry(0, pagecache.MaxIndex); ok; index, ok = o.tree.NextEntry(index+1, pagecache.MaxIndex) {
			e, s := o.at(index)
			switch {
			case s:
				swapped++
				c.slots[swap.Entry(e).Slot()]++
			default:
				resident++
				p := k.Mem.Page(phys.PFN(e))
				if p.Kind() != phys.KindShmem || p.Mapping != o.ID || p.Index != uint32(index) || p.Mapcount != c.mapped[phys.PFN(e)] {
					return fmt.Errorf("page %d of object %d at %d says %d at %d, mapped %d times; %d entries do", e, o.ID, index,
						p.Mapping, p.Index, p.Mapcount, c.mapped[phys.PFN(e)])
				}
				if p.Mapcount > 0 {
					mapped++
				}
			}
		}
		if o.resident != resident || o.swapped != swapped || o.alloced < resident+swapped {
			return fmt.Errorf("object %d of %d pages says %d in memory, %d in swap, %d charged; %d and %d are", o.ID, o.filePages(), o.resident, o.swapped,
				o.alloced, resident, swapped)
		}
		shmem += resident
	}
	// A block is taken from the file system before its page is there, for which a task may have to reclaim; each task is at one page at most.
	if n := k.shmMount.used; n < c.blocks[k.shmMount] || n > c.blocks[k.shmMount]+int64(k.live) {
		return fmt.Errorf("memory without a name uses %d pages, its objects are charged for %d", n, c.blocks[k.shmMount])
	}
	for _, m := range k.vfs.mounts {
		if fs, ok := m.fs.(*tmpfs); ok && (fs.used < c.blocks[fs] || fs.used > c.blocks[fs]+int64(k.live) || fs.used > fs.limit) {
			return fmt.Errorf("%s uses %d pages of %d, its files are charged for %d", m.prefix, fs.used, fs.limit, c.blocks[fs])
		}
	}
	st := k.nodeSums()
	if k.cfg.Boot != nil { // what was there when the machine was started is in the sums, too
		return nil
	}
	if n := st[vmstat.NRShmem]; n != shmem {
		return fmt.Errorf("nr_shmem is %d, the objects have %d pages", n, shmem)
	}
	if n := st[vmstat.NRMapped]; n != mapped {
		return fmt.Errorf("nr_mapped is %d, %d pages are mapped", n, mapped)
	}
	return nil
}

// locks compares the pages that are marked as locked with those that a locked VMA maps. As in the kernel a page may lack its mark only when one of several
// locked mappings came while it was marked and on no list, or went while it was on none; reclaim finds it.
func (c *checker) locks() error {
	k := c.k
	if k.cfg.Boot != nil {
		return nil
	}
	marked, unevictable := int64(0), int64(0)
	for pfn := range c.mapped {
		p := k.Mem.Page(pfn)
		if p.Test(phys.FlagMlocked) {
			marked++
		}
		if p.Test(phys.FlagUnevictable) {
			unevictable++
		}
		want, marked := c.locked[pfn], p.Test(phys.FlagMlocked)
		switch {
		case marked && want == 0, !marked && want > 0 && k.missedMlocks != nil && !k.missedMlocks[pfn]:
			return fmt.Errorf("page %d is marked as locked: %v; %d locked VMAs map it", pfn, marked, want)
		case p.Test(phys.FlagUnevictable) && int(p.Prev) > want:
			return fmt.Errorf("page %d counts %d locked mappings and has %d", pfn, p.Prev, want)
		}
	}
	for pfn := range k.missedMlocks {
		if c.mapped[pfn] == 0 {
			delete(k.missedMlocks, pfn)
		}
	}
	if n := k.zoneSums()[vmstat.NRMlock]; marked != k.mlocked || n != k.mlocked {
		return fmt.Errorf("%d pages are marked as locked, counted are %d, nr_mlock is %d", marked, k.mlocked, n)
	}
	n := int64(0)
	for _, v := range k.lruvecs {
		n += v.Len(lru.Unevictable)
	}
	if st := k.nodeSums()[vmstat.NRUnevictable]; n != unevictable || st != n {
		return fmt.Errorf("%d pages are unevictable, counted are %d, nr_unevictable is %d", unevictable, n, st)
	}
	return nil
}
