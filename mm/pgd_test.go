package mm

import (
	"testing"

	"mmsim/mm/phys"
)

// TestPgdComesAndGoes forks, execs and ends: every address space has a topmost table of two pages while it lives, and its end empties the CPU's list of free
// pages once that has been cut back before.
func TestPgdComesAndGoes(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "app", func(p *Process) {
		if k.Mem.AllocatedOrder(phys.PFN(p.mm.PGD)) != 1 {
			t.Errorf("the topmost table of a declared process is of order %d", k.Mem.AllocatedOrder(phys.PFN(p.mm.PGD)))
		}
		if _, err := p.Fork("", func(c *Process) {
			if c.mm.PGD == 0 || c.mm.PGD == p.mm.PGD || k.Mem.AllocatedOrder(phys.PFN(c.mm.PGD)) != 1 {
				t.Errorf("the child's topmost table is at %d, its parent's at %d", c.mm.PGD, p.mm.PGD)
			}
			c.write(c.mustMmap(t, 16*mib), 16*mib)
		}); err != 0 {
			t.Fatal(err)
		}
		p.Wait(-1)
		k.check(t)
		if n := k.Mem.Nodes[0].Zone(phys.ZoneDMA32).PCP(0).Count; n > 2 {
			t.Errorf("%d pages on the CPU's list after the child's end", n)
		}
	})
	k.run(t)
}

// TestJoinPages makes blocks of what a record has in use only where the allocator could have handed them out.
func TestJoinPages(t *testing.T) {
	k := testMachine{}.boot(t)
	var ac phys.AllocContext
	flags := k.Mem.Prepare(&ac, phys.GFPKernel, 0, 0, nil)
	block := k.Mem.GetPageFromFreelist(&ac, 1, flags)
	k.Mem.FreePages(0, block, 1)
	k.Mem.DrainAll(nil)
	var pages []phys.PFN
	for range 64 {
		pages = append(pages, k.Mem.GetPageFromFreelist(&ac, 0, flags))
	}
	joined := 0
	for _, pfn := range pages {
		if pfn&1 == 1 && k.Mem.JoinPages(pfn, 1) {
			t.Errorf("joined %d, which is not aligned", pfn)
		}
		if pfn&1 == 0 && k.Mem.AllocatedOrder(pfn) == 0 && k.Mem.JoinPages(pfn, 1) {
			joined++
			if k.Mem.AllocatedOrder(pfn) != 1 || k.Mem.JoinPages(pfn, 1) {
				t.Errorf("block %d is of order %d", pfn, k.Mem.AllocatedOrder(pfn))
			}
		}
	}
	if joined == 0 {
		t.Error("no two of 64 pages were joined")
	}
	if err := k.Mem.CheckInvariants(); err != nil {
		t.Error(err)
	}
}
