package mm

import (
	"testing"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// TestGatherTakesPages unmaps memory and counts the pages that are asked for on the way, which must be those that a real 6.1 kernel asked for (pgalloc before and
// after the call; where two runs differ, by a slab's page, the lesser).
func TestGatherTakesPages(t *testing.T) {
	recorded := []struct{ pages, taken uint64 }{
		{1, 0}, {7, 0}, {8, 1}, {516, 1}, {517, 2}, {518, 2}, {519, 2}, {1028, 3}, {2048, 5}, {9690, 19}, {9698, 19}, {9720, 19}, {20000, 19},
	}
	k := testMachine{}.boot(t)
	k.spawn(t, "app", func(p *Process) {
		for _, r := range recorded {
			a := p.mustMmap(t, r.pages*addrspace.PageSize)
			p.write(a, r.pages*addrspace.PageSize)
			allocated, free := k.allocated(), k.Mem.FreeTotal()+k.onCPULists()
			if err := p.Munmap(a, r.pages*addrspace.PageSize); err != 0 {
				t.Fatal(err)
			}
			if got := k.allocated() - allocated; got != r.taken {
				t.Errorf("unmapping %d pages took %d pages, the real kernel %d", r.pages, got, r.taken)
			}
			if got := k.Mem.FreeTotal() + k.onCPULists() - free; got < int64(r.pages) || got > int64(r.pages)+int64(r.pages)/512+3 {
				t.Errorf("unmapping %d pages freed %d", r.pages, got)
			}
			k.check(t)
		}
	})
	k.run(t)
}

func (k *Kernel) allocated() uint64 {
	n := uint64(0)
	for e := vmstat.PgAllocDma; e <= vmstat.PgAllocMovable; e++ {
		n += k.Mem.Events[e]
	}
	return n
}

func (k *Kernel) onCPULists() int64 {
	n := 0
	for _, z := range k.Mem.Zones() {
		if !z.Populated() {
			continue
		}
		for cpu := range k.Mem.CPUs() {
			n += z.PCP(cpu).Count
		}
	}
	return int64(n)
}

// TestGatherFreesBatchesFromTheirEnds unmaps 150 pages: the first eight are freed first, each batch from its last page on, so that the CPU's list hands out the
// ninth page first.
func TestGatherFreesBatchesFromTheirEnds(t *testing.T) {
	const n = 150
	k := testMachine{}.boot(t)
	k.spawn(t, "app", func(p *Process) {
		a := p.mustMmap(t, n*addrspace.PageSize)
		p.write(a, n*addrspace.PageSize)
		var frames []phys.PFN
		for i := range uint64(n) {
			slot := addrspace.Slot(a + i*addrspace.PageSize)
			l := p.mm.Leaf(a + i*addrspace.PageSize)
			frames = append(frames, phys.PFN(l.PTE[slot]))
		}
		p.Munmap(a, n*addrspace.PageSize)
		b := p.mustMmap(t, n*addrspace.PageSize)
		for i := range uint64(n) {
			p.write(b+i*addrspace.PageSize, addrspace.PageSize)
			slot := addrspace.Slot(b + i*addrspace.PageSize)
			l := p.mm.Leaf(b + i*addrspace.PageSize)
			want := frames[(i+8)%n]
			if got := phys.PFN(l.PTE[slot]); got != want {
				t.Fatalf("page %d of the new mapping is frame %d, not %d", i, got, want)
			}
		}
	})
	k.run(t)
}

// TestStacksAreKept ends two children, whose stacks their CPU keeps for the next ones.
func TestStacksAreKept(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "app", func(p *Process) {
		end := func() phys.PFN {
			var stack phys.PFN
			if _, err := p.Fork("", func(c *Process) { stack = c.stack[0] }); err != 0 {
				t.Fatal(err)
			}
			p.Wait(-1)
			return stack
		}
		first := end()
		if again := end(); again != first {
			t.Errorf("the second child's stack is at %d, the first's was at %d", again, first)
		}
		if n := len(k.stacks[0]); n != 1 {
			t.Errorf("%d stacks are kept", n)
		}
		k.check(t)
	})
	k.run(t)
}
