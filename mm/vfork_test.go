package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// TestVforkLendsTheAddressSpace has a child write, map and allocate in its parent's memory while the parent waits.
func TestVforkLendsTheAddressSpace(t *testing.T) {
	k := testMachine{}.boot(t)
	ended := false
	k.spawn(t, "app", func(p *Process) {
		a := p.mustMmap(t, 64*addrspace.PageSize)
		before, _ := p.Heap().Malloc(100)
		rss, faults := p.mm.RSS[addrspace.RSSAnon], p.minFlt
		var b, after uint64
		pid, err := p.Vfork("", func(c *Process) {
			if c.mm != p.mm || c.name != "app/1" || c.badness(1000) >= 0 {
				t.Errorf("child %s has its own address space, or may be killed for memory", c.name)
			}
			c.write(a, 32*addrspace.PageSize)
			b = c.mustMmap(t, 8*addrspace.PageSize)
			after, _ = c.Heap().Malloc(100)
			c.Sleep(engine.Second)
			k.check(t)
			ended = true
		})
		if err != 0 || !ended {
			t.Fatalf("vfork: %v; the child had ended: %v", err, ended)
		}
		if got := p.mm.RSS[addrspace.RSSAnon] - rss; got != 32 || p.minFlt != faults {
			t.Errorf("the child's writes made %d pages resident by %d faults of the parent", got, p.minFlt-faults)
		}
		if p.mm.Find(b) == nil || after != before+112 {
			t.Errorf("the child mapped %#x and allocated %#x after %#x", b, after, before)
		}
		if next, _ := p.Heap().Malloc(100); next != after+112 {
			t.Errorf("the parent allocates %#x after the child's %#x", next, after)
		}
		if got, _, err := p.Wait(-1); got != pid || err != 0 {
			t.Errorf("wait: %d, %v", got, err)
		}
		if p.mm.Sharers != 0 {
			t.Errorf("%d share the address space", p.mm.Sharers)
		}
		k.check(t)
	})
	k.run(t)
	if k.Sim.Now() < engine.Second {
		t.Errorf("the run ended at %v", k.Sim.Now())
	}
}

// TestVforkEndsAtExec lets the parent go on once the child has another program, with its memory as it was.
func TestVforkEndsAtExec(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "app", func(p *Process) {
		a := p.mustMmap(t, 64*addrspace.PageSize)
		p.write(a, 64*addrspace.PageSize)
		pgd := p.mm.PGD
		if _, err := p.Vfork("", func(c *Process) {
			c.Exec("program", func(c *Process) {
				if c.mm == p.mm || c.mm.PGD == pgd || k.Mem.AllocatedOrder(phys.PFN(c.mm.PGD)) != 1 {
					t.Error("the new program has its parent's address space")
				}
				c.Sleep(engine.Second)
			})
		}); err != 0 {
			t.Fatal(err)
		}
		if k.Sim.Now() >= engine.Second {
			t.Errorf("the parent went on at %v", k.Sim.Now())
		}
		if p.mm.RSS[addrspace.RSSAnon] < 64 || p.mm.Sharers != 0 {
			t.Errorf("%d pages are left, %d sharers", p.mm.RSS[addrspace.RSSAnon], p.mm.Sharers)
		}
		k.check(t)
		p.Wait(-1)
		k.check(t)
	})
	k.run(t)
}

// TestVforkParentKilled kills the waiting parent: the child keeps the memory, and gives it back when it ends.
func TestVforkParentKilled(t *testing.T) {
	k := testMachine{}.boot(t)
	free := k.Mem.FreeTotal() + k.onCPULists()
	app := k.spawn(t, "app", func(p *Process) {
		a := p.mustMmap(t, 64*addrspace.PageSize)
		p.write(a, 64*addrspace.PageSize)
		p.Vfork("", func(c *Process) {
			c.Sleep(engine.Second)
			if !p.Ended() || c.mm.Sharers != 0 || c.inVfork() {
				t.Errorf("the parent has ended: %v; %d sharers", p.Ended(), c.mm.Sharers)
			}
			c.write(a, 64*addrspace.PageSize)
			k.check(t)
		})
		t.Error("the parent went on")
	})
	k.Sim.At(engine.Second/2, func() { app.send("SIGKILL", false) })
	k.run(t)
	k.check(t)
	slabs, _ := k.slabs.all.CheckInvariants() // empty ones are kept
	if got := k.Mem.FreeTotal() + k.onCPULists() + int64(len(k.stacks[0])*k.kernelStackPages()+slabs); got != free {
		t.Errorf("%d pages are free, were %d", got, free)
	}
}

// TestVforkOOM kills parent and child together: they have the same memory.
func TestVforkOOM(t *testing.T) {
	k := testMachine{}.boot(t)
	killed := map[string]bool{}
	k.OnExit = func(e ExitEvent) { killed[e.Process] = e.OOM }
	k.spawn(t, "app", func(p *Process) {
		p.Vfork("", func(c *Process) {
			for range 4 {
				a := c.mustMmap(t, 16*mib)
				c.write(a, 16*mib)
			}
			t.Error("the child wrote more than there is")
		})
		t.Error("the parent went on")
	})
	k.run(t)
	if !killed["app"] || !killed["app/1"] {
		t.Errorf("killed: %v", killed)
	}
	k.check(t)
}
