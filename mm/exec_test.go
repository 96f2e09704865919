package mm

import (
	"fmt"
	"testing"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
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
	k.spawn(t, "old", func(p *Process) {
		pid = p.PID()
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
			if p.mm.LockedVM != 0 || p.mm.Find(a) != nil {
				t.Errorf("%d pages locked", p.mm.LockedVM)
			}
			if p.rand.Uint64() == draw {
				t.Error("the stream of random numbers goes on")
			}
			if got, st, err := p.Wait(kid); got != kid || st.Code != 7 || err != 0 {
				t.Errorf("wait for the old program's child: %d %v %v", got, st, err)
			}
			own := int64(0)
			for _, v := range p.mm.List() {
				if v.Flags&addrspace.VMAccount != 0 {
					own += int64(v.Pages())
				}
			}
			if k.committed != own {
				t.Errorf("%d pages are charged, the program has %d", k.committed, own)
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
	for _, l := range fixed[1:] { // the first is a declared process, without a program of its own
		if l != fixed[1] || l != (places{0x7fffffffe000, 0x7ffff7fc1000, 0x7ffff7fc8000, 0x555555560000}) {
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
			case i > 0 && l.brk-fixed[1].brk > 1<<30+1<<40:
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

// TestProgramImage compares what a program is mapped as with /proc/PID/maps of a real one: cat of Debian 12, run by setarch -R with 8 MiB of stack, but for
// its locale and where the kernel puts its own pages, of which newer kernels have more.
func TestProgramImage(t *testing.T) {
	k := testMachine{}.boot(t)
	want := []string{
		"555555554000-555555556000 r--p 00000000 /usr/bin/cat", "555555556000-55555555b000 r-xp 00002000 /usr/bin/cat",
		"55555555b000-55555555e000 r--p 00007000 /usr/bin/cat", "55555555e000-55555555f000 r--p 00009000 /usr/bin/cat",
		"55555555f000-555555560000 rw-p 0000a000 /usr/bin/cat",
		"7ffff7dd3000-7ffff7dd6000 rw-p 00000000 ", "7ffff7dd6000-7ffff7dfc000 r--p 00000000 /usr/lib/x86_64-linux-gnu/libc.so.6",
		"7ffff7dfc000-7ffff7f52000 r-xp 00026000 /usr/lib/x86_64-linux-gnu/libc.so.6",
		"7ffff7f52000-7ffff7fa5000 r--p 0017c000 /usr/lib/x86_64-linux-gnu/libc.so.6",
		"7ffff7fa5000-7ffff7fa9000 r--p 001cf000 /usr/lib/x86_64-linux-gnu/libc.so.6",
		"7ffff7fa9000-7ffff7fab000 rw-p 001d3000 /usr/lib/x86_64-linux-gnu/libc.so.6",
		"7ffff7fab000-7ffff7fb8000 rw-p 00000000 ", "7ffff7fc2000-7ffff7fc4000 rw-p 00000000 ",
		"7ffff7fc4000-7ffff7fc8000 r--p 00000000 [vvar]", "7ffff7fc8000-7ffff7fca000 r-xp 00000000 [vdso]",
		"7ffff7fca000-7ffff7fcb000 r--p 00000000 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"7ffff7fcb000-7ffff7ff1000 r-xp 00001000 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"7ffff7ff1000-7ffff7ffb000 r--p 00027000 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"7ffff7ffb000-7ffff7ffd000 r--p 00031000 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"7ffff7ffd000-7ffff7fff000 rw-p 00033000 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"7ffffffde000-7ffffffff000 rw-p 00000000 [stack]",
	}
	k.spawn(t, "shell", func(p *Process) {
		p.Exec("cat", func(p *Process) {
			for i, m := range p.maps().Mappings {
				got := fmt.Sprintf("%08x-%08x %c%c%cp %08x %s", m.Start, m.End, flagLetter(m.Read, 'r'), flagLetter(m.Write, 'w'), flagLetter(m.Exec, 'x'), m.Offset, m.Name)
				if i >= len(want) || got != want[i] {
					t.Errorf("mapping %d: %s", i, got)
				}
			}
			// What a C program has in memory when its main begins: 21 pages that it or its loader wrote to; of the files what it read, with what lies around.
			if anon := p.mm.RSS[addrspace.RSSAnon]; anon != 2+4+11+2+1+1 {
				t.Errorf("%d anonymous pages", anon)
			}
			if file := p.mm.RSS[addrspace.RSSFile]; file < 358 || file > 420 {
				t.Errorf("%d pages of files", file)
			}
			k.check(t)
			faults := k.vm(t, "pgmajfault")
			p.Fork("", func(c *Process) {
				k.check(t)
				c.Exec("cat", func(c *Process) {
					if n := k.vm(t, "pgmajfault"); n != faults {
						t.Errorf("%d major faults though all is cached", n-faults)
					}
					if v := c.vmaNamed("/usr/lib/x86_64-linux-gnu/libc.so.6"); k.Mem.Page(phys.PFN(c.mm.Leaf(v.Start).PTE[addrspace.Slot(v.Start)])).Mapcount != 2 {
						t.Error("the library is not shared")
					}
				})
			})
			p.Wait(-1)
		})
	})
	k.run(t)
	for _, sys := range []string{"0", "2"} {
		k := testMachine{arch: "i386", ram: 256 << 20, sys: []Sysctl{{"kernel.randomize_va_space", sys}}}.boot(t)
		k.spawn(t, "shell", func(p *Process) {
			p.Exec("cat", func(p *Process) {
				if p.vmaNamed("/usr/lib/i386-linux-gnu/libc.so.6") == nil || sys == "0" && p.vmaNamed("/usr/bin/cat").Start != 0x400000 {
					t.Errorf("i386: %+v", p.maps().Mappings)
				}
				k.check(t)
			})
		})
		k.run(t)
	}
}

func flagLetter(set bool, c byte) byte {
	if set {
		return c
	}
	return '-'
}
