package mm

import (
	"testing"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// lockedTwice gives f a page of shared memory that two processes have mapped and locked, on the unevictable list.
func lockedTwice(t *testing.T, f func(k *Kernel, parent, child *Process, pfn phys.PFN, addr uint64)) {
	t.Helper()
	k := testMachine{}.boot(t)
	k.spawn(t, "a", func(p *Process) {
		addr, e := p.Mmap(MmapArgs{Len: addrspace.PageSize, Prot: rw, Shared: true, Locked: true})
		if e != 0 {
			t.Fatal(e)
		}
		p.Fork("", func(c *Process) {
			c.Mlock(addr, addrspace.PageSize)
			pfn := phys.PFN(c.mm.Leaf(addr).PTE[addrspace.Slot(addr)])
			k.lruAddDrain(0)
			if page := k.Mem.Page(pfn); !page.Test(phys.FlagUnevictable) || page.Prev != 2 {
				t.Errorf("the page is unevictable: %v, and counts %d locked mappings, want 2", page.Test(phys.FlagUnevictable), page.Prev)
			}
			f(k, p, c, pfn, addr)
			k.check(t)
		})
		p.Wait(-1)
	})
	k.run(t)
}

// TestMlockCount unlocks a page in one process after the other: it stays unevictable until the last.
func TestMlockCount(t *testing.T) {
	lockedTwice(t, func(k *Kernel, _, c *Process, pfn phys.PFN, addr uint64) {
		page := k.Mem.Page(pfn)
		c.Munlock(addr, addrspace.PageSize)
		if !page.Test(phys.FlagMlocked) || page.Prev != 1 {
			t.Errorf("the page is marked: %v, and counts %d, while one process has it locked", page.Test(phys.FlagMlocked), page.Prev)
		}
		c.Mlock(addr, addrspace.PageSize)
	})
}

// TestMunlockOffList unlocks a page in one of two processes while it is on no list: as in the kernel it loses its mark, and when it is put back it is
// evictable, until reclaim meets the mapping that still has it locked.
func TestMunlockOffList(t *testing.T) {
	lockedTwice(t, func(k *Kernel, _, c *Process, pfn phys.PFN, addr uint64) {
		page := k.Mem.Page(pfn)
		k.lruvecOf(page).Del(pfn)
		c.Munlock(addr, addrspace.PageSize)
		k.lruAdd(0, pfn)
		k.lruAddDrain(0)
		if page.Test(phys.FlagMlocked|phys.FlagUnevictable) || !page.Test(phys.FlagLRU) {
			t.Errorf("the page has flags %x, want it on a list that reclaim looks at", page.Flags())
		}
		if n, m := k.events[vmstat.UnevictablePgsStranded], k.events[vmstat.UnevictablePgsRescued]; n != 1 || m != 1 {
			t.Errorf("%d pages were stranded and %d rescued, want 1 and 1", n, m)
		}
		k.check(t)
		if _, locked, _ := k.referenced(pfn, nil); !locked || !page.Test(phys.FlagMlocked) || !page.Test(phys.FlagUnevictable) || page.Prev != 1 {
			t.Errorf("reclaim found the lock: %v; the page has flags %x and counts %d", locked, page.Flags(), page.Prev)
		}
	})
}

// TestMigrateLocked moves a page that two processes have locked: the new one counts both, though the old one had missed one.
func TestMigrateLocked(t *testing.T) {
	for _, missed := range []bool{false, true} {
		lockedTwice(t, func(k *Kernel, _, c *Process, pfn phys.PFN, addr uint64) {
			page := k.Mem.Page(pfn)
			k.lruvecOf(page).Del(pfn)
			if missed {
				c.Munlock(addr, addrspace.PageSize)
				c.Mlock(addr, addrspace.PageSize)
			}
			to := c.allocPage(phys.GFPHighuserMovable)
			k.migratePage(0, pfn, to)
			q := k.Mem.Page(to)
			if !q.Test(phys.FlagMlocked) || !q.Test(phys.FlagUnevictable) || q.Prev != 2 {
				t.Errorf("the new page has flags %x and counts %d locked mappings, want 2", q.Flags(), q.Prev)
			}
		})
	}
}
