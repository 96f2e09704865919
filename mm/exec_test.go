package mm

import (
	"testing"

	"mmsim/mm/addrspace"
)

// vmaNamed is the process's mapping that maps shows under a name.
func (p *Process) vmaNamed(name string) *addrspace.VMA {
	for _, v := range p.mm.List() {
		if p.mapping(v).Name == name {
			return v
		}
	}
	return nil
}

// TestExec replaces a process's program: its memory is given back, what belongs to the process and not to its program stays.
func TestExec(t *testing.T) {
	k := testMachine{}.boot(t)
	var pid, kid int
	var charged, pages int64
	k.spawn(t, "old", func(p *Process) {
		pid = p.PID()
		charged, pages = k.committed, p.mm.TablePages
		a := p.mustMmap(t, 8<<20)
		p.write(a, 8<<20)
		p.Mlockall()
		p.SetOOMScoreAdj(300)
		p.malloc = "dlmalloc"
		p.Heap().Malloc(100)
		kid, _ = p.Fork("", func(c *Process) { c.Exit(7) })
		draw := p.rand.Uint64()
		p.Exec("new", func(p *Process) {
			if p.PID() != pid || p.Name() != "new" || p.oomScoreAdj != 300 || k.FindProcess("new") != p || k.FindProcess("old") != nil {
				t.Errorf("pid %d name %s adj %d", p.PID(), p.Name(), p.oomScoreAdj)
			}
			if p.mm.RSS[addrspace.RSSAnon] != 2 || p.mm.TablePages != pages || p.mm.LockedVM != 0 || p.mm.Find(a) != nil {
				t.Errorf("%d anonymous pages, %d locked, %d tables of %d", p.mm.RSS[addrspace.RSSAnon], p.mm.LockedVM, p.mm.TablePages, pages)
			}
			if p.rand.Uint64() == draw {
				t.Error("the stream of random numbers goes on")
			}
			if got, st, err := p.Wait(kid); got != kid || st.Code != 7 || err != 0 {
				t.Errorf("wait for the old program's child: %d %v %v", got, st, err)
			}
			if k.committed != charged {
				t.Errorf("%d pages are charged, were %d", k.committed, charged)
			}
			if ptr, err := p.Heap().Malloc(100); err != nil || p.mm.Find(ptr) == nil {
				t.Error("malloc after exec gives what is not mapped")
			}
			k.check(t)
			p.Exec("third", func(p *Process) { p.Exit(3) })
		})
		t.Error("exec has returned")
	})
	k.run(t)
	p := k.FindProcess("third")
	if p == nil || p.status.Code != 3 || len(k.processes) != 2 {
		t.Errorf("%d processes, the third program ended with %+v", len(k.processes), p)
	}
	k.check(t)
}

// TestExecWhenKilled kills a process that has changed its program, so that both ways of unwinding meet.
func TestExecWhenKilled(t *testing.T) {
	k := testMachine{sys: []Sysctl{{"vm.overcommit_memory", "1"}}}.boot(t)
	k.spawn(t, "hog", func(p *Process) {
		p.Exec("hog2", func(p *Process) {
			a := p.mustMmap(t, 256<<20)
			p.write(a, 256<<20)
			t.Error("there were 256 MiB")
		})
	})
	k.run(t)
	if p := k.FindProcess("hog2"); p.status.Signal != "SIGKILL" || !p.status.OOM {
		t.Errorf("%+v", p.status)
	}
	k.check(t)
}

// TestRandomizeVASpace draws addresses within the kernel's bounds, anew for each program, and the same for the same seed.
func TestRandomizeVASpace(t *testing.T) {
	type places struct{ stack, mmap, vdso, brk uint64 }
	layouts := func(level string) (out []places) {
		k := testMachine{sys: []Sysctl{{"kernel.randomize_va_space", level}}}.boot(t)
		var again func(p *Process)
		again = func(p *Process) {
			a, _ := p.Mmap(MmapArgs{Len: 4096, Prot: rw})
			out = append(out, places{p.mm.Stack, a, p.vmaNamed("[vdso]").Start, p.mm.StartBrk})
			if len(out) < 50 {
				p.Exec("p", again)
			}
		}
		k.spawn(t, "p", again)
		k.run(t)
		return out
	}
	fixed := layouts("0")
	for _, l := range fixed {
		if l != (places{0x7fffffffe000, 0x7ffff7ff8000, 0x7ffff7ffd000, 0x555555554000}) {
			t.Fatalf("not randomised: %#x", l)
		}
	}
	for _, level := range []string{"1", "2"} {
		got := layouts(level)
		seen := map[uint64]bool{}
		for i, l := range got {
			seen[l.mmap] = true
			const stackSpan, mmapSpan = 1 << 34, 1 << 40
			top := uint64(0x7ffffffff000)
			switch {
			case top-l.stack > stackSpan+2*4096:
				t.Errorf("stack at %#x", l.stack)
			case l.vdso < l.stack || l.vdso-l.stack > 2<<20+6*4096: // within the page table that the stack ends in, or right behind it
				t.Errorf("vdso at %#x, stack at %#x", l.vdso, l.stack)
			case top-l.mmap > stackSpan+mmapSpan+10<<20 || top-l.mmap < stackSpan:
				t.Errorf("mappings at %#x", l.mmap)
			case level == "1" && l.brk != fixed[0].brk, l.brk-fixed[0].brk > 1<<30:
				t.Errorf("level %s: heap at %#x", level, l.brk)
			}
			if i > 0 && level == "2" && l.brk == got[i-1].brk {
				t.Error("the heap does not move")
			}
		}
		if len(seen) < 50 {
			t.Errorf("%d of 50 mappings differ", len(seen))
		}
		for i, l := range layouts(level) {
			if l != got[i] {
				t.Fatal("the same seed gives other addresses")
			}
		}
	}
}

// TestLegacyVALayout maps from below once it is asked for.
func TestLegacyVALayout(t *testing.T) {
	k := testMachine{sys: []Sysctl{{"vm.legacy_va_layout", "1"}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a, b := p.mustMmap(t, 4096), uint64(0)
		p.Fork("c", func(c *Process) { b, _ = c.Mmap(MmapArgs{Len: 4096, Prot: ProtRead}) })
		p.Wait(-1)
		// The kernel's pages are first: a hint beyond the address space is none.
		if a != 0x2aaaaaaab000+6*4096 || b != a+4096 {
			t.Errorf("mapped at %#x, the child at %#x", a, b)
		}
	})
	k.run(t)
}
