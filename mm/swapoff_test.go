package mm

import (
	"fmt"
	"strings"
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// swapPages are the swap entries of a process's page tables.
func (p *Process) swapPages() int64 { return p.mm.RSS[addrspace.RSSSwap] }

// TestSwapoff brings back what is in swap: of shared memory, of a process, and what a child shares with it. Nothing of it is a fault; what was read
// ahead is used; the pages are mapped as not written, so that the next write faults.
func TestSwapoff(t *testing.T) {
	for _, dev := range []string{"ssd", "disk", "zram"} {
		k := testMachine{swap: []SwapConfig{{Size: 128 << 20, Device: dev, Priority: -1}}}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			id, _ := p.Shmget(0, 10*mib)
			s, _ := p.Shmat(id)
			p.write(s, 10*mib)
			a := p.mustMmap(t, 70*mib)
			p.write(a, 70*mib)
			p.Fork("", func(c *Process) {
				c.Sleep(30 * engine.Second)
				c.read(a, 20*mib)
			})
			p.Munmap(a+20*mib, 50*mib)
			o := k.segment(id)
			if p.swapPages() == 0 || o.swapped == 0 {
				t.Fatalf("%s: %d pages of the process and %d of the segment are in swap", dev, p.swapPages(), o.swapped)
			}
			faults, in, hits, ahead := k.vm(t, "pgmajfault"), k.vm(t, "pswpin"), k.vm(t, "swap_ra_hit"), k.vm(t, "swap_ra")
			wasOut := p.swapPages()
			if err, _ := k.Swapoff(p); err != 0 {
				t.Fatalf("%s: swapoff: %v", dev, err)
			}
			k.check(t)
			if p.swapPages() != 0 || o.swapped != 0 || p.mm.RSS[addrspace.RSSAnon] < 20*int64(mib)/4096 || o.resident != 10*int64(mib)/4096 {
				t.Errorf("%s: still %d and %d pages in swap; %d and %d resident", dev, p.swapPages(), o.swapped, p.mm.RSS[addrspace.RSSAnon], o.resident)
			}
			if n := k.vm(t, "pgmajfault"); n != faults || k.vm(t, "pswpin") == in {
				t.Errorf("%s: pgmajfault went from %d to %d, pswpin from %d to %d", dev, faults, n, in, k.vm(t, "pswpin"))
			}
			if h, r := k.vm(t, "swap_ra_hit")-hits, k.vm(t, "swap_ra")-ahead; h == 0 || r-h > 8 {
				t.Errorf("%s: of %d pages read ahead %d were used", dev, r, h)
			}
			for _, f := range []string{"SwapTotal", "SwapFree", "SwapCached"} {
				if n, _ := k.Meminfo(f); n != 0 {
					t.Errorf("%s: %s is %d after swapoff", dev, f, n)
				}
			}
			before := p.minFlt
			p.write(a, 20*mib)
			if n := int64(p.minFlt - before); n < wasOut {
				t.Errorf("%s: %d faults write to %d pages that came back", dev, n, wasOut)
			}
			k.Swapon(p)
			if n, _ := k.Meminfo("SwapFree"); n != 128<<20-4096 {
				t.Errorf("%s: SwapFree is %d after swapon", dev, n)
			}
			p.Shmrm(id)
		})
		k.run(t)
	}
}

// TestSwapoffPriorities is what a real kernel did with three areas under vm.overcommit_memory = 2: one can go before the commit limit would be
// exceeded; the area behind it moves up; when the first comes back it is the last of those whose priority the kernel chooses.
func TestSwapoffPriorities(t *testing.T) {
	k := testMachine{
		ram: 256 << 20, swap: []SwapConfig{{Size: 300 << 20, Priority: -1}, {Size: 200 << 20, Priority: -1}, {Size: 100 << 20, Priority: 5}},
		sys: []Sysctl{{"vm.overcommit_memory", "2"}},
	}.boot(t)
	var log []string
	k.OnDmesg = func(_ engine.Time, line string) { log = append(log, line) }
	swaps := func() string {
		var s []string
		for _, a := range k.swaps().Areas {
			s = append(s, fmt.Sprintf("%s %d %d", a.Path[5:], a.Size, a.Priority))
		}
		return strings.Join(s, ", ")
	}
	k.spawn(t, "app", func(p *Process) {
		p.mustMmap(t, 100*mib)
		b := p.mustMmap(t, 300*mib)
		for i, step := range []struct {
			do   func() Errno
			err  Errno
			want string
		}{
			{func() Errno { e, _ := k.Swapoff(p); return e }, ENOMEM, "vdb 204796 -2, vdc 102396 5"},
			{func() Errno { return k.Swapon(p) }, 0, "vda 307196 -3, vdb 204796 -2, vdc 102396 5"},
			{func() Errno { p.Munmap(b, 300*mib); e, _ := k.Swapoff(p); return e }, 0, ""},
			{func() Errno { return k.Swapon(p) }, 0, "vda 307196 -2, vdb 204796 -3, vdc 102396 5"},
		} {
			if err := step.do(); err != step.err || swaps() != step.want {
				t.Errorf("step %d: %v, and the areas are %q; want %v, %q", i, err, swaps(), step.err, step.want)
			}
		}
	})
	k.run(t)
	added := 0
	for _, line := range log {
		if strings.HasPrefix(line, "Adding ") && strings.HasSuffix(line, "k SS") {
			added++
		}
	}
	if added != 4 {
		t.Errorf("%d areas were announced, want 4: %q", added, log)
	}
}

// TestSwapoffKillsCaller switches swap off when there is no room for what is in it: the OOM killer takes the caller, process or administrator, though
// another is larger, and the area stays in use.
func TestSwapoffKillsCaller(t *testing.T) {
	for _, admin := range []bool{false, true} {
		k := testMachine{swap: []SwapConfig{{Size: 200 << 20, Priority: -1}}}.boot(t)
		ended := map[string]bool{}
		k.OnExit = func(e ExitEvent) { ended[e.Process] = e.OOM }
		k.spawn(t, "large", func(p *Process) {
			a := p.mustMmap(t, 150*mib)
			p.write(a, 150*mib)
			p.Sleep(20 * engine.Second)
			if p.swapPages() == 0 {
				t.Error("nothing of the large process is in swap")
			}
		})
		returned, killed := false, false
		off := func(p *Process) {
			_, killed = k.Swapoff(p)
			returned = true
		}
		if admin {
			k.Sim.Go("machine", engine.ProcOptions{CPU: -1, Daemon: true, OffCPU: true}, func(p *engine.Proc) {
				p.Sleep(10 * engine.Second)
				off(nil)
			})
		} else {
			k.spawn(t, "small", func(p *Process) {
				p.Sleep(10 * engine.Second)
				off(p)
			})
		}
		k.run(t)
		if ended["large"] || ended["small"] == admin || admin != killed || returned != admin || k.vm(t, "oom_kill") != 1 {
			t.Errorf("administrator %t: killed are %v, %t; it returned: %t", admin, ended, killed, returned)
		}
		if a := k.swap.Active(); len(a) != 1 || a[0].Off || a[0].Priority != -2 || k.swap.Total != a[0].Slots {
			t.Errorf("administrator %t: the area is not in use as before: %+v", admin, a)
		}
	}
}
