package mm

import (
	"testing"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// TestPopulateDirtiesPages: populating for writing what can be written to already leaves the entry as it is, and makes the page dirty for everybody; what
// has to be faulted in gets a dirty entry.
func TestPopulateDirtiesPages(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a, err := p.Mmap(MmapArgs{Len: 4096, Prot: ProtRead | ProtWrite, Shared: true})
		if err != 0 {
			t.Fatal(err)
		}
		p.Touch(TouchArgs{Addr: a, Len: 4096, N: -1})
		bits := func(a uint64) (entry, page bool) {
			l := p.mm.Leaf(a)
			i := addrspace.Slot(a)
			return addrspace.Test(&l.Dirty, i), k.Mem.Page(phys.PFN(l.PTE[i])).Test(phys.FlagDirty)
		}
		if entry, page := bits(a); entry || page {
			t.Errorf("after a read the entry is dirty: %t, the page: %t", entry, page)
		}
		p.Madvise(a, 4096, MadvPopulateWrite)
		if entry, page := bits(a); entry || !page {
			t.Errorf("after populating, the entry is dirty: %t, the page: %t; only the page should be", entry, page)
		}
		b := p.mustMmap(t, 4096)
		p.Madvise(b, 4096, MadvPopulateWrite)
		if entry, _ := bits(b); !entry {
			t.Error("an entry that was faulted in for writing is not dirty")
		}
		// Lazily freed memory that is locked is not lost.
		p.Madvise(b, 4096, MadvFree)
		if entry, page := bits(b); entry || page {
			t.Errorf("after MADV_FREE the entry is dirty: %t, the page: %t", entry, page)
		}
		p.Mlock(b, 4096)
		if entry, page := bits(b); entry || !page {
			t.Errorf("after mlock, the entry is dirty: %t, the page: %t; only the page should be", entry, page)
		}
		k.check(t)
	})
	k.run(t)
}
