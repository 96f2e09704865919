package mm

import (
	"strings"
	"testing"

	"mmsim/engine"
)

// TestKswapdBalances fills a machine beyond its RAM: kswapd wakes at the low watermark and pages go out; all of them can be read back.
func TestKswapdBalances(t *testing.T) {
	for _, cpus := range []int{1, 2} {
		for _, dev := range []string{"ssd", "disk", "zram"} {
			k := testMachine{cpus: cpus, swap: []SwapConfig{{Size: 128 << 20, Device: dev, Priority: -1}}}.boot(t)
			woken := 0
			k.OnTrace = func(e TraceEvent) {
				if e.Name == "mm_vmscan_kswapd_wake" {
					woken++
				}
			}
			n := 80 * mib
			k.spawn(t, "p", func(p *Process) {
				a := p.mustMmap(t, n)
				p.write(a, n)
				k.check(t)
				if rss, swap := p.mm.Resident(), p.mm.RSS[2]; rss+swap < int64(n/4096) || swap == 0 {
					t.Errorf("%s: %d pages resident and %d in swap, of %d", dev, rss, swap, n/4096)
				}
				p.read(a, n)
				k.check(t)
				p.Touch(TouchArgs{Addr: a, Len: n, Write: true, Order: TouchRandom, N: 3000})
				k.check(t)
			})
			k.run(t)
			if woken == 0 || k.vm(t, "pswpout") == 0 || k.vm(t, "pswpin") == 0 || k.vm(t, "pgmajfault") == 0 {
				t.Errorf("%s: kswapd woke %d times, pswpout %d, pswpin %d, pgmajfault %d", dev, woken, k.vm(t, "pswpout"), k.vm(t, "pswpin"),
					k.vm(t, "pgmajfault"))
			}
			if scan, steal := k.vm(t, "pgscan_kswapd")+k.vm(t, "pgscan_direct"), k.vm(t, "pgsteal_kswapd")+k.vm(t, "pgsteal_direct"); scan < steal ||
				scan != k.vm(t, "pgscan_anon") || steal != k.vm(t, "pgsteal_anon") {
				t.Errorf("%s: scanned %d (anon %d), stolen %d (anon %d)", dev, scan, k.vm(t, "pgscan_anon"), steal, k.vm(t, "pgsteal_anon"))
			}
			if got := k.swap.NrFree + k.swap.Pending(); got != k.swap.Total {
				t.Errorf("%s: %d of %d slots are free at the end", dev, got, k.swap.Total)
			}
		}
	}
}

// TestOOMKillsTheWorst runs a machine without swap out of memory: the process with the most points goes, those that cannot be killed stay.
func TestOOMKillsTheWorst(t *testing.T) {
	k := testMachine{ram: 153 << 20}.boot(t)
	var killed []string
	var log []string
	k.OnExit = func(e ExitEvent) {
		if e.OOM {
			killed = append(killed, e.Process)
		}
	}
	k.OnDmesg = func(_ engine.Time, line string) { log = append(log, line) }
	idle := func(n uint64) func(*Process) {
		return func(p *Process) {
			p.write(p.mustMmap(t, n), n)
			p.Sleep(60e9)
		}
	}
	add := func(name string, adj int, body func(*Process)) {
		o := DefaultProcessOptions()
		o.OOMScoreAdj = adj
		if _, err := k.Spawn(name, o, body); err != nil {
			t.Fatal(err)
		}
	}
	add("small-high", 900, idle(4*mib))
	add("large", 0, idle(24*mib))
	add("protected", -1000, idle(20*mib))
	add("grower", -500, func(p *Process) {
		p.Sleep(1e9)
		for range 60 {
			p.write(p.mustMmap(t, mib), mib)
		}
		k.check(t)
		k.Sim.Stop("done")
	})
	k.run(t)
	if got := strings.Join(killed, " "); got != "small-high large" {
		t.Errorf("killed %q, want small-high, then large", got)
	}
	if got := k.vm(t, "oom_kill"); got != 2 {
		t.Errorf("oom_kill is %d, want 2", got)
	}
	text := strings.Join(log, "\n")
	for _, want := range []string{
		"grower invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=-500",
		"Mem-Info:", "Out of memory: Killed process", "(small-high)", "oom-kill:constraint=CONSTRAINT_NONE",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the kernel's log lacks %q", want)
		}
	}
}

// TestAloneOutOfMemory: a process that fills the machine by itself is killed, not the machine hung.
func TestAloneOutOfMemory(t *testing.T) {
	k := testMachine{}.boot(t)
	p := k.spawn(t, "hog", func(p *Process) {
		for {
			p.write(p.mustMmap(t, mib), mib)
		}
	})
	k.run(t)
	if !p.status.OOM || p.status.Signal != "SIGKILL" {
		t.Errorf("the hog ended with %+v", p.status)
	}
}
