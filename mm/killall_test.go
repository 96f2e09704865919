package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/vmstat"
)

// After KillAll every process has gone through its exit, or never was, and memory is as it was before the first.
func TestKillAll(t *testing.T) {
	for _, at := range []engine.Time{0, 1, 5 * engine.Millisecond, 11 * engine.Millisecond, 60 * engine.Millisecond} {
		k := testMachine{swap: []SwapConfig{{Size: 128 << 20, Device: "ssd", Priority: -1}}}.boot(t)
		k.Mem.DrainCPU(0)
		before := [2]int64{k.Mem.FreeTotal(), k.committed}
		var exits []ExitEvent
		k.OnExit = func(e ExitEvent) { exits = append(exits, e) }
		spawn := func(name string, start engine.Time, body func(*Process)) {
			opt := DefaultProcessOptions()
			opt.Start = start
			if _, err := k.Spawn(name, opt, body); err != nil {
				t.Fatal(err)
			}
		}
		spawn("hog", 0, func(p *Process) {
			p.write(p.mustMmap(t, 100*mib), 100*mib)
			p.Sleep(engine.Second)
		})
		spawn("forks", 0, func(p *Process) {
			p.write(p.mustMmap(t, 4*mib), 4*mib)
			for {
				p.Fork("", func(c *Process) { c.Compute(engine.Second) })
			}
		})
		spawn("waits", 0, func(p *Process) {
			p.Fork("", func(c *Process) { c.Sleep(engine.Second) })
			p.Wait(-1)
		})
		spawn("never", 70*engine.Millisecond, func(*Process) { t.Error("it started") })
		var again func()
		again = func() {
			if left, _ := k.KillAll(); left > 0 {
				k.Sim.After(engine.Millisecond, again)
			}
		}
		k.Sim.At(at, func() {
			_, never := k.KillAll()
			if n := len(never); n < 1 || never[n-1].Name() != "never" {
				t.Errorf("at %v: %d were taken away", at, n)
			}
			again()
		})
		if res := k.Sim.Run(t.Context()); res.Err != nil || res.Now > at+engine.Second/2 {
			t.Fatalf("at %v: %+v", at, res)
		}
		if at > 0 && len(exits) < 3 {
			t.Errorf("at %v: exits %v", at, exits)
		}
		for _, e := range exits {
			if e.Process == "never" || e.Signal != "SIGKILL" || e.OOM {
				t.Errorf("at %v: %+v", at, e)
			}
		}
		for _, p := range k.Processes() {
			if p.state < stateZombie {
				t.Errorf("at %v: %s is left", at, p.name)
			}
		}
		k.check(t)
		k.lruAddDrain(0)
		k.Mem.DrainCPU(0)
		k.rcuBarrier()
		slabs, _ := k.slabs.all.CheckInvariants() // empty ones are kept
		left := k.nodeSums()[vmstat.NRSwapcached] // of pages that were being written when their process ended, which only reclaim frees
		kept := int64(len(k.stacks[0]) * k.kernelStackPages())
		if after := [2]int64{k.Mem.FreeTotal() + int64(slabs) + left + kept, k.committed}; after != before {
			t.Errorf("at %v: free pages and charge are %v, were %v", at, after, before)
		}
	}
}
