package mm

import (
	"testing"

	"mmsim/mm/psi"
)

// TestPressure swaps on every kind of device: some task is stalled for memory while kswapd and the process reclaim, and the process waits for what it
// reads back; on zram nobody waits for a device. At the end nobody is stalled, and no stall lasted longer than the run.
func TestPressure(t *testing.T) {
	for _, dev := range []string{"ssd", "disk", "zram"} {
		k := testMachine{cpus: 2, swap: []SwapConfig{{Size: 128 << 20, Device: dev, Priority: -1}}}.boot(t)
		calm, _ := k.Pressure("memory")
		k.spawn(t, "p", func(p *Process) {
			a := p.mustMmap(t, 110*mib)
			p.write(a, 110*mib)
			p.read(a, 110*mib)
			p.read(a, 110*mib)
		})
		k.run(t)
		memory, _ := k.Pressure("memory")
		io, _ := k.Pressure("io")
		cpu, _ := k.Pressure("cpu")
		us := uint64(k.Sim.Now() / 1000)
		if calm.Some.Total != 0 || memory.Some.Total == 0 || memory.Full.Total == 0 || memory.Full.Total > memory.Some.Total || memory.Some.Total > us {
			t.Errorf("%s: stalled for memory: %+v and %+v us of %d", dev, memory.Some, memory.Full, us)
		}
		if (io.Some.Total > 0) != (dev != "zram") || io.Some.Total > us || io.Full.Total > io.Some.Total {
			t.Errorf("%s: stalled for a device: %+v and %+v us of %d", dev, io.Some, io.Full, us)
		}
		if cpu.Full.Total != 0 || cpu.Some.Total > us {
			t.Errorf("%s: stalled for a CPU: %+v and %+v us of %d", dev, cpu.Some, cpu.Full, us)
		}
		for _, s := range []*psi.Task{psiTask(k.nodes[0].kswapd.proc), psiTask(k.processes[0].proc)} {
			if s.InMemstall || s.InIOWait || s.Flags()&^(psi.OnCPU|psi.Running) != 0 {
				t.Errorf("%s: a task is stalled at the end: %+v", dev, s)
			}
		}
	}
}

// TestPressureOfRefaults lets two processes want the pages of each other: to wait for a page that was in use is a stall for memory, also where nobody
// reclaims.
func TestPressureOfRefaults(t *testing.T) {
	k := testMachine{swap: []SwapConfig{{Size: 128 << 20, Device: "disk", Priority: -1}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 60*mib)
		for range 4 {
			p.write(a, 60*mib)
		}
		if e, _ := k.Swapoff(p); e != 0 {
			t.Fatal(e)
		}
		k.Swapon(p)
		for range 3 {
			p.read(a, 60*mib)
		}
		p.Madvise(a, 30*mib, MadvPageout)
		before, _ := k.Pressure("memory")
		p.read(a, 30*mib)
		after, _ := k.Pressure("memory")
		if k.vm(t, "workingset_restore_anon") == 0 || after.Some.Total == before.Some.Total {
			t.Errorf("%d pages that were in use came back; the stall went from %d to %d us", k.vm(t, "workingset_restore_anon"), before.Some.Total,
				after.Some.Total)
		}
	})
	k.run(t)
}
