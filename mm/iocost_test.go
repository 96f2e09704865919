package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/phys"
)

// withCosts is the default table changed.
func withCosts(change func(*CostTable)) *CostTable {
	c := serverCosts
	change(&c)
	return &c
}

// TestRequestsTakeCPU reads 64 pages of a file one by one beside a process that computes on the same CPU: the reader spends what requests take before they are queued, a
// worker what it takes to send them, and the other loses what their ends take.
func TestRequestsTakeCPU(t *testing.T) {
	const pages = 64
	spent := func(c *CostTable) (reader, hog, worker engine.Duration, read int64) {
		k := testMachine{table: c, files: []FileConfig{{Path: "/data/f", Size: pages * 4096}}}.boot(t)
		k.spawn(t, "hog", func(p *Process) {
			p.proc.Spend(engine.Second)
			hog = p.proc.CPUTime()
		})
		k.spawn(t, "reader", func(p *Process) {
			fd, _ := p.Open("/data/f", OpenFlags{Read: true})
			a, _ := p.Mmap(MmapArgs{Len: pages * 4096, Prot: ProtRead, FD: fd, File: true, Shared: true})
			p.Madvise(a, pages*4096, MadvRandom)
			before := p.proc.CPUTime()
			p.read(a, pages*4096)
			reader = p.proc.CPUTime() - before
		})
		k.run(t)
		return reader, hog, k.kblockd[0].task.proc.CPUTime(), k.vm(t, "pgpgin") / 4
	}
	r0, h0, w0, _ := spent(withCosts(func(c *CostTable) { c.SubmitIO, c.DispatchIO, c.CompleteIO, c.CompletePage = 0, 0, 0, 0 }))
	r1, h1, w1, read := spent(withCosts(func(c *CostTable) {
		c.SubmitIO, c.DispatchIO, c.CompleteIO, c.CompletePage = 3000, 2000, 700, 50
	}))
	if got := r1 - r0; got != pages*3000 {
		t.Errorf("the reader spends %v more, want %v", got, engine.Duration(pages*3000))
	}
	if got := w1 - w0; got < pages*2000 || got > engine.Duration(read)*2000 {
		t.Errorf("the worker spends %v more for %d pages read", got, read)
	}
	if got := h1 - h0; read < pages || got != engine.Duration(read)*750 { // to open the file takes blocks of its folder and inode
		t.Errorf("the other loses %v for %d pages read", got, read)
	}
}

// TestSpendReads spends by pages and by requests, once.
func TestSpendReads(t *testing.T) {
	k := testMachine{table: withCosts(func(c *CostTable) { c.ReadSwapPage, c.SubmitIO = 10, 1000 })}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		p.reads = ioWork{pages: 8, requests: 2}
		before := p.proc.CPUTime()
		p.spendReads()
		p.spendReads()
		if got := p.proc.CPUTime() - before; got != 2080 {
			t.Errorf("%v, want 2.08 us", got)
		}
	})
	k.run(t)
}

// TestShootdown: reclaim interrupts the CPU that runs what it has unmapped, once a batch, and waits; a CPU that is idle, or that runs something else of the
// kernel, looks by itself. The page before a write-out is flushed alone only if somebody could still write to it.
func TestShootdown(t *testing.T) {
	for _, v := range []struct {
		name              string
		sleeps, dirty     bool
		delay, owed, late engine.Duration // late: after the flush of everything
	}{
		{"written to", false, true, 2000, 500, 2000},
		{"only read", false, false, 0, 0, 2000},
		{"idle", true, true, 0, 0, 0},
	} {
		k := testMachine{cpus: 2, table: withCosts(func(c *CostTable) { c.ShootdownSend, c.ShootdownReceive = 500, 2000 })}.boot(t)
		o := DefaultProcessOptions()
		o.CPU = 0
		var ran engine.Duration
		used, _ := k.Spawn("used", o, func(p *Process) {
			if v.sleeps {
				p.Sleep(10 * engine.Millisecond)
			}
			before := p.proc.CPUTime()
			p.proc.Spend(10 * engine.Millisecond)
			ran = p.proc.CPUTime() - before
		})
		o.CPU, o.Start = 1, 5*engine.Millisecond
		k.mustSpawn(t, "reclaimer", o, func(*Process) {
			k.unmapped.add(k, used.mm, v.dirty)
			k.unmapped.add(k, used.mm, v.dirty)
			k.flushBatch(true)
			if k.owed != v.owed {
				t.Errorf("%s: the reclaimer waits for %v, want %v", v.name, k.owed, v.owed)
			}
			k.flushBatch(false)
			k.flushBatch(false)
			k.owed = 0
		})
		k.run(t)
		if want := 10*engine.Millisecond + max(v.delay, v.late); ran != want {
			t.Errorf("%s: it ran for %v, want %v", v.name, ran, want)
		}
	}
	if k := (testMachine{}).boot(t); k.unmapped != nil {
		t.Error("a machine of one CPU keeps batches for shootdowns")
	}
}

// TestShootdownsOfReclaim: kswapd interrupts a process that writes on another CPU for each of its pages that it writes out.
func TestShootdownsOfReclaim(t *testing.T) {
	took := func(receive engine.Duration) (d engine.Duration, written int64) {
		k := testMachine{
			cpus: 2, swap: []SwapConfig{{Size: 256 * mib, Device: "ssd", Priority: -1}},
			table: withCosts(func(c *CostTable) { c.ShootdownReceive = receive }),
		}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			a := p.mustMmap(t, 120*mib)
			p.write(a, 120*mib)
			d = p.proc.CPUTime()
		})
		k.run(t)
		return d, k.vm(t, "pswpout")
	}
	d0, n := took(0)
	d1, _ := took(engine.Millisecond)
	if n == 0 || d1-d0 < engine.Duration(n/4)*engine.Millisecond {
		t.Errorf("%d pages written, interrupts take %v", n, d1-d0)
	}
}

// TestVmpressure wakes the worker of the CPU that reclaims after 512 pages, once until it has looked.
func TestVmpressure(t *testing.T) {
	for _, v := range []struct {
		name    string
		gfp     phys.GFP
		scanned []uint64
		prio    int // of a round of direct reclaim, -1: none
		looks   int
	}{
		{"too few", phys.GFPKernel, []uint64{511}, -1, 0},
		{"enough", phys.GFPKernel, []uint64{511, 1}, -1, 1},
		{"once", phys.GFPKernel, []uint64{600, 600}, -1, 1},
		{"nothing", phys.GFPKernel, []uint64{0}, -1, 0},
		{"nobody could help", phys.GFPNowait, []uint64{5000}, -1, 0},
		{"a high priority", phys.GFPKernel, nil, 4, 0},
		{"a critical one", phys.GFPKernel, nil, 3, 1},
	} {
		k := testMachine{cpus: 2}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			p.proc.Spend(20 * engine.Millisecond)
			w := k.workers[p.cpu()].task.proc
			before := w.CPUTime()
			for _, n := range v.scanned {
				k.vmpressure.note(&p.task, v.gfp, n)
			}
			if v.prio >= 0 {
				k.vmpressure.notePriority(&p.task, v.gfp, v.prio)
			}
			p.proc.Spend(20 * engine.Millisecond)
			if got := w.CPUTime() - before; got != engine.Duration(v.looks)*k.cost.Work {
				t.Errorf("%s: the worker ran for %v, want %d times %v", v.name, got, v.looks, k.cost.Work)
			}
		})
		k.run(t)
	}
}

// Who reclaims for long gives way: a sleeper that waits for the CPU runs before the tick.
func TestVmpressureGivesWay(t *testing.T) {
	k := testMachine{swap: []SwapConfig{{Size: 256 * mib, Device: "zram", Priority: -1}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 120*mib)
		p.write(a, 120*mib)
	})
	k.run(t)
	w := k.workers[0].task.proc
	if scanned := k.vm(t, "pgscan_kswapd") + k.vm(t, "pgscan_direct"); w.Dispatched() < uint64(scanned/(8*vmpressureWin)) || w.Dispatched() > uint64(scanned/64) {
		t.Errorf("the worker ran %d times for %d pages scanned", w.Dispatched(), scanned)
	}
}
