package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/phys"
)

// TestBatchSends: the requests of a batch of pages go when the task comes to them in the batch's time, later if the CPU is taken from it meanwhile, and a task
// that is killed on the way has sent them.
func TestBatchSends(t *testing.T) {
	const ms = engine.Millisecond
	for _, v := range []struct {
		name string
		lost engine.Duration // to an interrupt after half a millisecond
		die  bool            // after two
		want [2]engine.Duration
	}{
		{"undisturbed", 0, false, [2]engine.Duration{ms, 3 * ms}},
		{"interrupted", 2 * ms, false, [2]engine.Duration{3 * ms, 5 * ms}},
		{"killed", 0, true, [2]engine.Duration{ms, 2 * ms}},
	} {
		k := testMachine{swap: []SwapConfig{{Size: 16 * mib, Device: "ssd", Priority: -1}}}.boot(t)
		var sent []engine.Time
		var start engine.Time
		k.spawn(t, "p", func(p *Process) {
			start = k.Sim.Now()
			p.startBatch()
			for i, at := range []engine.Time{ms, 3 * ms} {
				io := &swapIO{k: k, pages: make([]phys.PFN, i)}
				io.send = func() { sent = append(sent, k.Sim.Now()) }
				p.plug.ios = append(p.plug.ios, io)
				k.owed = at
				p.flushPlug()
			}
			k.owed = 4 * ms
			k.Sim.After(ms/2, func() { k.Sim.Interrupt(p.cpu(), v.lost) })
			if v.die {
				k.Sim.After(2*ms, func() { p.proc.Kill("test") })
			}
			p.spendBatch()
			p.endBatch()
			if took := k.Sim.Now() - start; took != 4*ms+v.lost {
				t.Errorf("%s: it took %v", v.name, took)
			}
		})
		k.run(t)
		if len(sent) != 2 || sent[0]-start != v.want[0] || sent[1]-start != v.want[1] {
			t.Errorf("%s: sent at %v after %v, want %v", v.name, sent, start, v.want)
		}
	}
}

// TestPageoutRotates: PAGEOUT has its pages off their lists until it is done with a page table's, so that it rotates only those whose write ends later.
func TestPageoutRotates(t *testing.T) {
	k := testMachine{swap: []SwapConfig{{Size: 256 * mib, Device: "ssd", Priority: -1}}, table: &oracleCosts}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 8*mib)
		p.write(a, 8*mib)
		p.Madvise(a, 8*mib, MadvPageout)
		p.Sleep(engine.Second)
	})
	k.run(t)
	if out, n := k.vm(t, "pswpout"), k.vm(t, "pgrotated"); out != 2048 || n < out/8 || n > out*3/4 {
		t.Errorf("%d pages written, %d rotated", out, n)
	}
}

// TestKilledInReclaim: a process that is killed at any point of reclaim leaves no request unsent.
func TestKilledInReclaim(t *testing.T) {
	for _, lru := range []string{"classic", "mglru"} {
		left := 0
		for at := 200 * engine.Millisecond; at < 230*engine.Millisecond; at += 300 * engine.Microsecond {
			k := testMachine{lru: lru, swap: []SwapConfig{{Size: 256 * mib, Device: "ssd", Priority: -1}}, table: &oracleCosts}.boot(t)
			hog := k.spawn(t, "hog", func(p *Process) {
				a := p.mustMmap(t, 100*mib)
				p.write(a, 100*mib)
			})
			k.spawn(t, "other", func(p *Process) { p.Sleep(engine.Second) })
			k.Sim.At(at, func() {
				if hog.plug.isolate && len(hog.plug.ios) > 0 {
					left++
				}
				hog.send("SIGKILL", false)
			})
			k.run(t)
			if n := k.vm(t, "nr_writeback"); n != 0 || k.bioPool.sent != 0 || k.vm(t, "pswpout") == 0 {
				t.Fatalf("%s: killed at %v: %d pages are still being written, %d sent, of %d", lru, at, n, k.bioPool.sent, k.vm(t, "pswpout"))
			}
		}
		if left == 0 {
			t.Errorf("%s: it was never killed with requests held back", lru)
		}
	}
}

// TestSleepInBatch: who waits for something in the middle of a batch has sent what the batch has made so far.
func TestSleepInBatch(t *testing.T) {
	const ms = engine.Millisecond
	k := testMachine{swap: []SwapConfig{{Size: 16 * mib, Device: "ssd", Priority: -1}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		start := k.Sim.Now()
		sent := engine.NewCond(k.Sim)
		p.startBatch()
		io := &swapIO{k: k}
		io.send = func() { k.Sim.After(2*ms, func() { sent.Broadcast() }) }
		p.plug.ios = append(p.plug.ios, io)
		k.owed = ms
		p.ioWait(sent)
		if now := k.Sim.Now() - start; now != 2*ms || k.owed != ms || len(p.plug.due) != 0 {
			t.Errorf("it waited until %v, %v are owed, %d requests due", now, k.owed, len(p.plug.due))
		}
		k.owed += ms
		p.spendBatch()
		p.endBatch()
		if now := k.Sim.Now() - start; now != 4*ms {
			t.Errorf("the batch ends at %v", now)
		}
	})
	k.run(t)
}
