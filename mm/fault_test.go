package mm

import (
	"testing"

	"mmsim/mm/addrspace"
)

// TestFaultsAndRSS counts, in pages, what each access maps and costs in faults.
func TestFaultsAndRSS(t *testing.T) {
	k := testMachine{}.boot(t)
	const n = 1000
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, n*4096)
		step := func(what string, f func(), faults, anon int64) {
			t.Helper()
			f0, a0 := k.vm(t, "pgfault"), p.mm.RSS[addrspace.RSSAnon]
			f()
			if got := k.vm(t, "pgfault") - f0; got != faults {
				t.Errorf("%s: %d faults, want %d", what, got, faults)
			}
			if got := p.mm.RSS[addrspace.RSSAnon] - a0; got != anon {
				t.Errorf("%s: RSS changed by %d pages, want %d", what, got, anon)
			}
			k.check(t)
		}
		step("read fresh memory", func() { p.read(a, n*4096) }, n, 0)
		step("read it again", func() { p.read(a, n*4096) }, 0, 0)
		step("write over the zero page", func() { p.write(a, n*4096) }, n, n)
		step("write it again", func() { p.write(a, n*4096) }, 0, 0)
		step("unmap the middle", func() { p.Munmap(a+100*4096, 200*4096) }, 0, -200)
		step("unmap the rest", func() { p.Munmap(a, n*4096) }, 0, -800)
		b := p.mustMmap(t, n*4096)
		step("write fresh memory backwards", func() {
			p.Touch(TouchArgs{Addr: b, Len: n * 4096, Write: true, Order: TouchReverse, N: -1})
		}, n, n)
		step("write at random", func() {
			p.Touch(TouchArgs{Addr: b, Len: n * 4096, Write: true, Order: TouchRandom, N: 5000})
		}, 0, 0)
		step("populate", func() { p.Mmap(MmapArgs{Len: 64 * 4096, Prot: rw, Populate: true}) }, 64, 64)
	})
	k.run(t)
}

// TestForkCopiesOnWrite follows the pages of a fork: shared, copied by whoever writes first, reused by whoever is left.
func TestForkCopiesOnWrite(t *testing.T) {
	k := testMachine{}.boot(t)
	const n = 600
	anonPages := func() int64 { return k.vm(t, "nr_anon_pages") }
	k.spawn(t, "parent", func(p *Process) {
		a := p.mustMmap(t, n*4096)
		p.write(a, n*4096)
		base := anonPages()
		pid, err := p.Fork("child", func(c *Process) {
			k.check(t)
			f0 := k.vm(t, "pgfault")
			c.read(a, n*4096)
			if got := k.vm(t, "pgfault") - f0; got != 0 {
				t.Errorf("reading what the parent had mapped took %d faults", got)
			}
			c.write(a, n/2*4096)
			if got := anonPages() - base; got != n/2 {
				t.Errorf("writing half made %d copies, want %d", got, n/2)
			}
			k.check(t)
			c.Sleep(1e9)
			c.Exit(3)
		})
		if err != 0 {
			t.Fatal(err)
		}
		p.Sleep(5e8)
		f0, r0 := k.vm(t, "pgfault"), k.vm(t, "pgreuse")
		p.write(a, n/4*4096)
		if f, r, got := k.vm(t, "pgfault")-f0, k.vm(t, "pgreuse")-r0, anonPages()-base; f != n/4 || r != n/4 || got != n/2 {
			t.Errorf("the parent's write took %d faults and %d reuses and there are %d more pages; want %d, %d, %d", f, r, got, n/4, n/4, n/2)
		}
		who, st, err := p.Wait(-1)
		if who != pid || st.Code != 3 || st.Signal != "" || err != 0 {
			t.Errorf("wait returned %d %+v %v, want %d with code 3", who, st, err, pid)
		}
		p.write(a, n*4096)
		if got := anonPages() - base; got != 0 {
			t.Errorf("when the child is gone and all is written there are %d more pages than before the fork", got)
		}
	})
	k.run(t)
	if got := anonPages(); got != 0 {
		t.Errorf("%d anonymous pages are left when everybody has gone", got)
	}
}

func TestSignals(t *testing.T) {
	k := testMachine{}.boot(t)
	ends := map[string]WaitStatus{}
	k.OnExit = func(e ExitEvent) { ends[e.Process] = e.WaitStatus }
	k.spawn(t, "segv", func(p *Process) {
		p.Touch(TouchArgs{Addr: 0x1234000, Len: 4096, N: -1})
		t.Error("an access to unmapped memory returned")
	})
	k.spawn(t, "readonly", func(p *Process) {
		a, _ := p.Mmap(MmapArgs{Len: 4096, Prot: ProtRead})
		p.read(a, 4096)
		p.write(a, 4096)
		t.Error("a write to a read-only mapping returned")
	})
	sleeper := k.spawn(t, "sleeper", func(p *Process) {
		p.Sleep(1e12)
		t.Error("the sleep went on after SIGTERM")
	})
	k.spawn(t, "killer", func(p *Process) {
		p.Sleep(1e6)
		if e := p.Kill(sleeper.PID(), "SIGTERM"); e != 0 {
			t.Error(e)
		}
		if e := p.Kill(4711, "SIGKILL"); e != ESRCH {
			t.Errorf("kill of nobody: %v", e)
		}
		if e := p.Kill(sleeper.PID(), "SIGNAL"); e != EINVAL {
			t.Errorf("kill with no signal: %v", e)
		}
		if _, _, e := p.Wait(-1); e != ECHILD {
			t.Errorf("wait without children: %v", e)
		}
		p.Exit(300)
	})
	res := k.run(t)
	want := map[string]WaitStatus{
		"segv": {Signal: "SIGSEGV"}, "readonly": {Signal: "SIGSEGV"}, "sleeper": {Signal: "SIGTERM"}, "killer": {Code: 300 & 0xff},
	}
	for name, w := range want {
		if ends[name] != w {
			t.Errorf("%s ended with %+v, want %+v", name, ends[name], w)
		}
	}
	if k.Sim.Now() > 1e11 {
		t.Errorf("the run took until %v: the sleeper was not woken (%v)", k.Sim.Now(), res.Reason)
	}
}

func TestStackGrows(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		top := p.mm.Layout.StackTop
		p.write(top-4<<20, 4096)
		if p.mm.StackVM != 4<<20/4096 {
			t.Errorf("the stack has %d pages after an access 4 MiB below its top", p.mm.StackVM)
		}
		k.check(t)
		defer func() {
			if r := recover(); !Unwinding(r) {
				t.Errorf("an access beyond RLIMIT_STACK did not end the process: %v", r)
			}
		}()
		p.write(top-9<<20, 4096)
	})
	k.Sim.Run(t.Context())
	k.check(t)
}
