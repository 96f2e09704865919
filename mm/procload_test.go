package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/procfs"
)

// Two processes that compute on one CPU for five minutes make the load that the kernel's formula gives, and all of the CPU's time is theirs.
func TestLoadAndStat(t *testing.T) {
	k := testMachine{cpus: 2}.boot(t)
	for _, name := range []string{"a", "b"} {
		opt := DefaultProcessOptions()
		opt.CPU = 0
		if _, err := k.Spawn(name, opt, func(p *Process) { p.Compute(150 * engine.Second) }); err != nil {
			t.Fatal(err)
		}
	}
	var load, stat, uptime string
	k.Sim.At(299*engine.Second, func() {
		load, _ = k.ProcFile("/proc/loadavg")
		stat, _ = k.ProcFile("/proc/stat")
		uptime, _ = k.ProcFile("/proc/uptime")
	})
	k.run(t)
	// 59 samples of 2: 2*(1-exp(-59*5.004/60)) is 1.985, for 300 and 900 s 1.253 and 0.559; the fixed point rounds up while the load rises.
	if want := "1.99 1.26 0.56 2/3 101\n"; load != want {
		t.Errorf("loadavg %q, want %q", load, want)
	}
	s, err := procfs.ParseStat([]byte(stat))
	if err != nil {
		t.Fatal(err)
	}
	if s.CPUs[0].User != 29900 || s.CPUs[0].Idle != 0 || s.CPUs[1].Idle != 29900 || s.CPU.User != 29900 || s.ProcsRunning != 2 || s.Ctxt < 1000 {
		t.Errorf("stat:\n%s", stat)
	}
	if want := "299.00 299.00\n"; uptime != want {
		t.Errorf("uptime %q, want %q", uptime, want)
	}
	if at := k.Sim.Now(); at > 301*engine.Second {
		t.Errorf("the run ended at %v", at)
	}
}

// Taking load averages does not hide that nothing will ever happen again.
func TestLoadLetsDeadlockShow(t *testing.T) {
	k := testMachine{}.boot(t)
	never := engine.NewCond(k.Sim)
	k.spawn(t, "p", func(p *Process) { p.proc.Wait(never) })
	if res := k.Sim.Run(t.Context()); res.Reason != engine.Deadlock {
		t.Errorf("the run ended by %v", res.Reason)
	}
}
