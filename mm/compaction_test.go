package mm

import (
	"testing"

	"pgregory.net/rapid"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// holes maps n bytes, writes them and gives every other page back.
func (p *Process) holes(tb testing.TB, n uint64) uint64 {
	tb.Helper()
	a := p.mustMmap(tb, n)
	p.write(a, n)
	for off := uint64(0); off < n; off += 2 * addrspace.PageSize {
		if err := p.Munmap(a+off, addrspace.PageSize); err != 0 {
			tb.Fatalf("munmap: %v", err)
		}
	}
	return a
}

// TestCompactMemory fragments memory and compacts it: what was single free pages becomes large blocks, and every process still has its pages.
func TestCompactMemory(t *testing.T) {
	k := testMachine{ram: 256 * mib, sys: []Sysctl{{"vm.compaction_proactiveness", "0"}}}.boot(t)
	k.spawn(t, "app", func(p *Process) {
		z := k.Mem.Nodes[0].Zone(phys.ZoneDMA32)
		n := uint64(z.FreePages()) * 3 / 4 * addrspace.PageSize
		a := p.holes(t, n)
		k.Mem.DrainAll(nil)
		before, rss := z.ExternalFragmentation(9), p.mm.Resident()
		k.CompactMemory(p)
		k.check(t)
		k.Mem.DrainAll(nil)
		if after := z.ExternalFragmentation(9); before < 50 || after > before/2 {
			t.Errorf("%d%% of the free memory was in small blocks, and %d%% still are", before, after)
		}
		if p.mm.Resident() != rss || k.vm(t, "pgmigrate_success") == 0 || k.vm(t, "compact_isolated") < 2*k.vm(t, "pgmigrate_success") {
			t.Errorf("RSS %d pages, was %d; %d pages moved, %d isolated", p.mm.Resident(), rss, k.vm(t, "pgmigrate_success"),
				k.vm(t, "compact_isolated"))
		}
		if f := k.vm(t, "pgmajfault"); f != 0 {
			t.Errorf("%d major faults", f)
		}
		faults := k.vm(t, "pgfault")
		p.Touch(TouchArgs{Addr: a + addrspace.PageSize, Len: n - addrspace.PageSize, N: int64(n/2/addrspace.PageSize) - 1, Stride: 2 * addrspace.PageSize})
		if now := k.vm(t, "pgfault"); now != faults {
			t.Errorf("%d faults on memory that had been moved", now-faults)
		}
		if k.Sim.Now() == 0 {
			t.Error("compaction took no time")
		}
	})
	k.run(t)
}

// TestDirectCompact asks for a large block of fragmented memory: the task makes one itself and takes it, and kcompactd is not needed.
func TestDirectCompact(t *testing.T) {
	k := testMachine{ram: 256 * mib, sys: []Sysctl{{"vm.compaction_proactiveness", "0"}}}.boot(t)
	k.spawn(t, "app", func(p *Process) {
		z := k.Mem.Nodes[0].Zone(phys.ZoneDMA32)
		p.holes(t, uint64(z.FreePages())*9/10*addrspace.PageSize)
		k.Mem.DrainAll(nil)
		var held []phys.PFN
		for { // whatever blocks of the order are left
			pfn := k.Mem.GetPageFromFreelist(contextOf(p), 9, phys.AllocWmarkLow)
			if pfn == 0 {
				break
			}
			held = append(held, pfn)
		}
		pfn := p.allocPages(phys.GFPTranshuge, 9)
		if pfn == 0 || k.vm(t, "compact_stall") == 0 || k.vm(t, "compact_success") != 1 {
			t.Errorf("page %d after %d stalls with %d successes, want one", pfn, k.vm(t, "compact_stall"), k.vm(t, "compact_success"))
		}
		for _, q := range append(held, pfn) {
			if q != 0 {
				k.Mem.FreePages(p.cpu(), q, 9)
			}
		}
		k.check(t)
	})
	k.run(t)
}

func contextOf(p *Process) *phys.AllocContext {
	ac := new(phys.AllocContext)
	p.prepare(ac, phys.GFPHighuserMovable)
	return ac
}

// TestProactiveCompaction lets kcompactd find out by itself that memory is in pieces; with vm.compaction_proactiveness = 0 it does not look.
func TestProactiveCompaction(t *testing.T) {
	for _, c := range []struct {
		value string
		works bool
	}{{"0", false}, {"20", true}} {
		k := testMachine{ram: 256 * mib, sys: []Sysctl{{"vm.compaction_proactiveness", c.value}}}.boot(t)
		k.spawn(t, "app", func(p *Process) {
			p.holes(t, uint64(k.Mem.Nodes[0].Zone(phys.ZoneDMA32).FreePages()-1200)*addrspace.PageSize)
			p.Sleep(2 * engine.Second)
		})
		k.run(t)
		if got := k.vm(t, "compact_migrate_scanned") > 0; got != c.works || k.vm(t, "compact_daemon_migrate_scanned") != 0 {
			t.Errorf("vm.compaction_proactiveness = %s: kcompactd worked: %v", c.value, got)
		}
	}
}

// TestDefer fails to compact n times and counts how many attempts are put off.
func TestDefer(t *testing.T) {
	var c compactState
	for fails, want := range []int{0, 1, 3, 7, 15, 31, 63, 63} {
		if fails > 0 {
			c.deferCompaction(9)
		}
		c.considered = 0
		got := 0
		for c.deferred(9) {
			got++
		}
		if got != want {
			t.Errorf("after %d failures %d attempts are put off, want %d", fails, got, want)
		}
	}
	if !c.restarting(9) || c.deferred(8) {
		t.Error("the longest deferral ends without a fresh start, or holds for lower orders, too")
	}
	c.deferReset(9, true)
	if c.deferred(9) || c.orderFailed != 10 {
		t.Errorf("after a success order %d fails", c.orderFailed)
	}
}

// TestCompactionKeepsEverything compacts a machine that swaps, forks and shares, at random moments, and checks it after each step.
func TestCompactionKeepsEverything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := testMachine{ram: 64 * mib, swap: []SwapConfig{{Size: 64 * mib, Device: "ssd"}}}.boot(t)
		steps := rapid.SliceOfN(rapid.IntRange(0, 6), 4, 16).Draw(rt, "steps")
		k.spawn(t, "app", func(p *Process) {
			a := p.mustMmap(t, 40*mib)
			s, err := p.Mmap(MmapArgs{Len: 8 * mib, Prot: rw, Shared: true})
			if err != 0 {
				t.Fatal(err)
			}
			for _, step := range steps {
				switch step {
				case 0:
					p.write(a, 40*mib)
				case 1:
					p.Touch(TouchArgs{Addr: a, Len: 40 * mib, Write: true, N: 500, Order: TouchRandom})
				case 2:
					p.write(s, 8*mib)
				case 3:
					p.Fork("", func(c *Process) {
						c.Touch(TouchArgs{Addr: a, Len: 40 * mib, Write: true, N: 500, Order: TouchRandom})
						c.write(s, 4*mib)
						c.Sleep(5 * engine.Millisecond)
					})
				case 4:
					p.Madvise(a+8*mib, 16*mib, MadvDontneed)
				case 5:
					p.Madvise(a, 8*mib, MadvPageout)
				case 6:
					k.CompactMemory(p)
				}
				k.check(rt)
			}
		})
		k.runRapid(rt)
	})
}
