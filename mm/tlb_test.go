package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// smallTLB reaches 64 pages.
var smallTLB = TLBConfig{Entries: 64, Ways: 4}

func (k *Kernel) tlbCount(tb testing.TB, name string) uint64 {
	tb.Helper()
	n, err := k.TLB(name)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Going round in a working set that the buffer holds misses never, and in one that is a set's worth larger always where the set overflows.
func TestTLBReach(t *testing.T) {
	const loops = 5
	for _, c := range []struct {
		name          string
		order         TouchOrder
		pages, misses uint64 // a round, after the first
	}{
		{"within", TouchSeq, 64, 0},
		{"within, backwards", TouchReverse, 64, 0},
		{"beyond in one set", TouchSeq, 65, 5},
		{"beyond in half the sets", TouchSeq, 72, 40},
		{"beyond", TouchSeq, 80, 80},
		{"far beyond", TouchSeq, 1000, 1000},
		{"far beyond, backwards", TouchReverse, 1000, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := testMachine{tlb: smallTLB}.boot(t)
			k.spawn(t, "p", func(p *Process) {
				a := p.mustMmap(t, c.pages*4*kib)
				touch := func(n int64) {
					p.Touch(TouchArgs{Addr: a, Len: c.pages * 4 * kib, Write: true, Order: c.order, N: -1, Loops: n})
				}
				touch(2)
				misses, hits, now := k.tlbCount(t, "misses"), k.tlbCount(t, "cpu0.hits"), k.Sim.Now()
				touch(loops)
				misses, hits = k.tlbCount(t, "misses")-misses, k.tlbCount(t, "cpu0.hits")-hits
				if misses != loops*c.misses || hits != loops*(c.pages-c.misses) {
					t.Errorf("%d misses and %d hits, want %d and %d", misses, hits, loops*c.misses, loops*(c.pages-c.misses))
				}
				want := loops*engine.Time(c.pages)*k.cost.TouchMapped - engine.Time(hits)*k.cost.PageWalk
				if took := k.Sim.Now() - now; took != want {
					t.Errorf("it took %v, want %v", took, want)
				}
			})
			k.run(t)
		})
	}
}

// Touches in random order are looked up one by one: all of them hit within the reach, and beyond it, on average, the share that the buffer holds does.
func TestTLBDrawn(t *testing.T) {
	for pages, want := range map[uint64]float64{32: 1, 64: 1, 640: 0.1} {
		for _, order := range []TouchOrder{TouchRandom, TouchZipf} {
			k := testMachine{tlb: smallTLB}.boot(t)
			k.spawn(t, "p", func(p *Process) {
				a := p.mustMmap(t, pages*4*kib)
				p.write(a, pages*4*kib)
				p.read(a, pages*4*kib)
				const n = 20_000
				misses, hits, now := k.tlbCount(t, "misses"), k.tlbCount(t, "hits"), k.Sim.Now()
				p.Touch(TouchArgs{Addr: a, Len: pages * 4 * kib, Order: order, N: n})
				misses, hits = k.tlbCount(t, "misses")-misses, k.tlbCount(t, "hits")-hits
				share := float64(hits) / n
				switch {
				case misses+hits != n:
					t.Errorf("%d pages: %d misses and %d hits make not %d", pages, misses, hits, n)
				case want == 1 && share != 1, want < 1 && order == TouchRandom && (share < want-0.01 || share > want+0.01):
					t.Errorf("%d pages: a share of %v hit, want %v", pages, share, want)
				case want < 1 && order == TouchZipf && (share < 2*want || share > 0.95):
					t.Errorf("%d pages, the first used most: a share of %v hit", pages, share)
				}
				if took, want := k.Sim.Now()-now, n*k.cost.TouchMapped-engine.Time(hits)*k.cost.PageWalk; took != want {
					t.Errorf("%d pages: it took %v, want %v", pages, took, want)
				}
			})
			k.run(t)
		}
	}
}

// What is unmapped, restricted, copied, moved or written to another process is looked up again, and nothing else is.
func TestTLBFlushes(t *testing.T) {
	const n = 40 * addrspace.PageSize
	for _, c := range []struct {
		name string
		call func(p *Process, a uint64)
		one  uint64
		all  uint64
	}{
		{"munmap of one page", func(p *Process, a uint64) { p.Munmap(a+n-addrspace.PageSize, addrspace.PageSize) }, 1, 0},
		{"munmap of 33", func(p *Process, a uint64) { p.Munmap(a, 33*addrspace.PageSize) }, 33, 0},
		{"munmap of 34", func(p *Process, a uint64) { p.Munmap(a, 34*addrspace.PageSize) }, 0, 1},
		{"munmap of what was never touched", func(p *Process, a uint64) { p.Munmap(p.mustMmap(t, n), n) }, 0, 0},
		{"MADV_DONTNEED", func(p *Process, a uint64) { p.Madvise(a, 3*addrspace.PageSize, MadvDontneed) }, 3, 0},
		{"MADV_FREE", func(p *Process, a uint64) { p.Madvise(a, 3*addrspace.PageSize, MadvFree) }, 3, 0},
		{"MADV_COLD", func(p *Process, a uint64) { p.Madvise(a, 3*addrspace.PageSize, MadvCold) }, 3, 0},
		{"mprotect to read", func(p *Process, a uint64) { p.Mprotect(a, 2*addrspace.PageSize, ProtRead) }, 2, 0},
		{"mprotect to what it is", func(p *Process, a uint64) { p.Mprotect(a, 2*addrspace.PageSize, rw) }, 0, 0},
		{"mprotect to none and back", func(p *Process, a uint64) {
			p.Mprotect(a, 2*addrspace.PageSize, 0)
			p.Mprotect(a, 2*addrspace.PageSize, rw)
		}, 2, 0},
		{"mremap elsewhere", func(p *Process, a uint64) {
			p.mustMmap(t, 4*kib)
			p.Mremap(a, 2*addrspace.PageSize, 64*addrspace.PageSize, true)
		}, 2, 0},
		{"fork, and a copy on write", func(p *Process, a uint64) {
			p.Fork("c", func(c *Process) { c.Sleep(engine.Second) })
			p.write(a, addrspace.PageSize)
		}, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := testMachine{tlb: smallTLB, cpus: 2}.boot(t)
			o := DefaultProcessOptions()
			o.CPU = 0
			_, err := k.Spawn("p", o, func(p *Process) {
				a := p.mustMmap(t, n)
				p.write(a, n)
				one, all := k.tlbCount(t, "cpu0.flush_one"), k.tlbCount(t, "cpu0.flush_all")
				c.call(p, a)
				one, all = k.tlbCount(t, "cpu0.flush_one")-one, k.tlbCount(t, "cpu0.flush_all")-all
				if one != c.one || all != c.all {
					t.Errorf("%d pages were dropped and %d times all, want %d and %d", one, all, c.one, c.all)
				}
				if n := k.tlbCount(t, "shootdowns"); n != 0 {
					t.Errorf("%d shootdowns; no other CPU has run the process", n)
				}
				k.check(t)
			})
			if err != nil {
				t.Fatal(err)
			}
			k.run(t)
		})
	}
}

// Two processes on two CPUs share memory. Unmapping private memory interrupts nobody; freeing the shared pages under the other one does, once, and costs both.
func TestTLBShootdown(t *testing.T) {
	k := testMachine{tlb: smallTLB, cpus: 2}.boot(t)
	const n = 8 * addrspace.PageSize
	id := 0
	pinned := func(cpu int) ProcessOptions {
		o := DefaultProcessOptions()
		o.CPU = cpu
		return o
	}
	k.mustSpawn(t, "runs", pinned(0), func(p *Process) {
		id, _ = p.Shmget(1, n)
		a, _ := p.Shmat(id)
		p.write(a, n)
		p.Compute(20 * engine.Millisecond)
	})
	o := pinned(1)
	o.Start = 5 * engine.Millisecond
	k.mustSpawn(t, "unmaps", o, func(p *Process) {
		a := p.mustMmap(t, n)
		p.write(a, n)
		p.Munmap(a, n)
		if got := k.tlbCount(t, "shootdowns"); got != 0 {
			t.Errorf("%d shootdowns for memory that no other CPU has seen", got)
		}
		b, _ := p.Shmat(id)
		now := k.Sim.Now()
		p.Madvise(b, n, MadvRemove)
		took := k.Sim.Now() - now
		if got := k.tlbCount(t, "shootdowns"); got != 1 {
			t.Errorf("%d shootdowns, want 1", got)
		}
		if got := k.tlbCount(t, "cpu0.received"); got != 1 {
			t.Errorf("CPU 0 was interrupted %d times, want once", got)
		}
		if want := k.cost.Syscall + k.cost.Madvise + 8*k.cost.UnmapPage + k.cost.ShootdownSend; took != want {
			t.Errorf("it took %v, want %v", took, want)
		}
		if owed, want := k.tlb.owed[0], k.cost.ShootdownReceive+8*k.cost.InvalidatePage; owed != want {
			t.Errorf("the other CPU lost %v, want %v", owed, want)
		}
		k.check(t)
	})
	k.run(t)
}

// A CPU that a process has left for another, and that has been idle since, is in lazy mode: it is interrupted when page tables go, and only then, and only once.
func TestTLBLazy(t *testing.T) {
	k := testMachine{tlb: smallTLB, cpus: 2}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 8*mib)
		p.write(a, 8*mib)
		was := p.cpu()
		s := k.tlb
		s.cpus[1-was].Switch(&p.mm.Context) // as if it had run there
		s.cpus[1-was].EnterLazy(&s.kernel)
		p.Munmap(a, addrspace.PageSize)
		if n := k.tlbCount(t, "shootdowns"); n != 0 {
			t.Errorf("%d shootdowns of an idle CPU", n)
		}
		p.Munmap(a, 4*mib)
		p.Munmap(a+4*mib, 4*mib)
		if n := k.tlbCount(t, "shootdowns"); n != 1 {
			t.Errorf("%d shootdowns when page tables went, want 1", n)
		}
	})
	k.run(t)
}

// Reclaim by kswapd of the pages of a process that runs on another CPU flushes by batches; the process finds out that its pages are gone.
func TestTLBReclaim(t *testing.T) {
	k := testMachine{tlb: DefaultTLB, cpus: 2, swap: []SwapConfig{{Size: 256 * mib, Device: "ssd", Priority: -1}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 120*mib)
		for range 3 {
			p.write(a, 120*mib)
			k.check(t)
		}
		p.Touch(TouchArgs{Addr: a, Len: 120 * mib, Write: true, Order: TouchRandom, N: 5000})
		k.check(t)
	})
	k.run(t)
	if k.tlbCount(t, "shootdowns") == 0 {
		t.Error("no shootdowns")
	}
}

// Without identifiers (i386) a switch of address spaces drops everything.
func TestTLBSwitch(t *testing.T) {
	for arch, want := range map[string]uint64{"x86_64": 0, "i386": 8} {
		k := testMachine{tlb: smallTLB, arch: arch}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			a := p.mustMmap(t, 8*addrspace.PageSize)
			p.write(a, 8*addrspace.PageSize)
			p.Sleep(2 * engine.Millisecond)
			misses := k.tlbCount(t, "misses")
			p.read(a, 8*addrspace.PageSize)
			if got := k.tlbCount(t, "misses") - misses; got != want {
				t.Errorf("%s: %d misses, want %d", arch, got, want)
			}
		})
		o := DefaultProcessOptions()
		o.Start = engine.Millisecond
		k.mustSpawn(t, "q", o, func(p *Process) { p.Getpid() })
		k.run(t)
	}
}

func (k *Kernel) mustSpawn(tb testing.TB, name string, o ProcessOptions, body func(*Process)) {
	tb.Helper()
	if _, err := k.Spawn(name, o, body); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkTLBTouch(b *testing.B) {
	for _, c := range []struct {
		name  string
		order TouchOrder
		tlb   TLBConfig
		pages uint64
	}{
		{"seq/off", TouchSeq, TLBConfig{}, 16384},
		{"seq/on", TouchSeq, DefaultTLB, 16384},
		{"seq in reach/off", TouchSeq, TLBConfig{}, 1024},
		{"seq in reach/on", TouchSeq, DefaultTLB, 1024},
		{"random/off", TouchRandom, TLBConfig{}, 16384},
		{"random/on", TouchRandom, DefaultTLB, 16384},
		{"zipf/off", TouchZipf, TLBConfig{}, 16384},
		{"zipf/on", TouchZipf, DefaultTLB, 16384},
	} {
		b.Run(c.name, func(b *testing.B) {
			k := testMachine{ram: 256 << 20, tlb: c.tlb}.boot(b)
			k.spawn(b, "p", func(p *Process) {
				a := p.mustMmap(b, c.pages*4*kib)
				p.write(a, c.pages*4*kib)
				n := int64(1 << 14)
				b.ResetTimer()
				for i := 0; i < b.N; i += int(n) {
					p.Touch(TouchArgs{Addr: a, Len: c.pages * 4 * kib, Order: c.order, N: n})
				}
				b.StopTimer()
			})
			k.run(b)
		})
	}
}
