package engine

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func spin(p *Proc) {
	for {
		p.Spend(100 * Microsecond)
	}
}

// share checks that got is want within a fraction of want, or half a tick.
func share(t *testing.T, what string, got, want Duration, within float64) {
	t.Helper()
	if math.Abs(float64(got-want)) > max(within*float64(want), float64(tickPeriod/2)) {
		t.Errorf("%s: %v of CPU, want %v within %g%%", what, got, want, 100*within)
	}
}

// TestNiceShares gives hogs of several nice values one CPU: they share it by weight.
func TestNiceShares(t *testing.T) {
	noLeak(t)
	for _, nices := range [][]int{{0, 0}, {0, 5}, {-5, 0, 5}, {-20, 19}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		s := New(Options{CPUs: 1, Until: 60 * Second})
		var procs []*Proc
		total := int64(0)
		for _, nice := range nices {
			procs = append(procs, s.Go(fmt.Sprint(nice), ProcOptions{CPU: -1, Nice: nice}, spin))
			total += niceWeight(nice)
		}
		run(t, s, TimeLimit)
		for i, p := range procs {
			share(t, fmt.Sprintf("nice %d of %v", nices[i], nices), p.CPUTime(), 60*Second*Duration(p.weight)/Duration(total), 0.02)
		}
		if st := s.CPUStat(0); st.Busy != 60*Second {
			t.Errorf("the CPU was busy for %v of a minute", st.Busy)
		}
	}
}

func TestSetNice(t *testing.T) {
	s := New(Options{CPUs: 1, Until: 20 * Second})
	a := s.Go("a", anyCPU, spin)
	b := s.Go("b", anyCPU, spin)
	var at10 Duration
	s.At(10*Second, func() { at10 = a.CPUTime(); b.SetNice(5) })
	run(t, s, TimeLimit)
	share(t, "a while equal", at10, 5*Second, 0.01)
	share(t, "a against nice 5", a.CPUTime()-at10, 10*Second*1024/(1024+335), 0.01)
}

// TestSliceLength checks that two equal hogs change every 3 ms, which ticks of 4 ms make 4 ms.
func TestSliceLength(t *testing.T) {
	var at []string
	s := New(Options{CPUs: 1, Until: 30 * Millisecond, Trace: &Trace{
		Switch: func(now Time, cpu int, prev, next *Proc) { at = append(at, fmt.Sprintf("%v:%s", now, next.Name())) },
	}})
	s.Go("a", anyCPU, func(p *Proc) { p.Spend(Second) })
	s.Go("b", anyCPU, func(p *Proc) { p.Spend(Second) })
	run(t, s, TimeLimit)
	// The first slice is longer, since a new process starts a slice behind (START_DEBIT).
	want := "0ns:a 4ms:b 8ms:a 12ms:b 16ms:a 20ms:b 24ms:a 28ms:b"
	if got := strings.Join(at, " "); got != want {
		t.Errorf("switches %s\nwant     %s", got, want)
	}
}

// TestWakeupPreemption checks that a sleeper gets the CPU at once from a hog, a nice one does not, and what the hog was spending is not
// lost.
func TestWakeupPreemption(t *testing.T) {
	for _, v := range []struct {
		nice int
		want Time
	}{{0, 40 * Millisecond}, {-10, 40 * Millisecond}, {19, 44 * Millisecond}} {
		s := New(Options{CPUs: 1})
		var woke Time
		s.Go("sleeper", ProcOptions{CPU: -1, Kernel: true, Nice: v.nice}, func(p *Proc) {
			p.Sleep(40*Millisecond + 500*Microsecond)
			woke = s.Now()
			p.Spend(Millisecond)
		})
		hog := s.Go("hog", anyCPU, func(p *Proc) { p.Spend(100 * Millisecond) })
		res := run(t, s, AllDone)
		want := 40*Millisecond + 500*Microsecond
		if v.nice == 19 {
			want = 44 * Millisecond // the next tick
		}
		if woke != want || res.Now != 101*Millisecond || hog.CPUTime() != 100*Millisecond {
			t.Errorf("nice %d ran at %v, want %v; all ended at %v", v.nice, woke, want, res.Now)
		}
	}
}

func TestPinning(t *testing.T) {
	s := New(Options{CPUs: 2, Until: 10 * Second})
	a := s.Go("a", ProcOptions{CPU: 1}, spin)
	b := s.Go("b", ProcOptions{CPU: 1}, spin)
	c := s.Go("c", ProcOptions{CPU: 0}, func(p *Proc) {
		for {
			p.Spend(Millisecond)
			p.Sleep(Millisecond)
		}
	})
	run(t, s, TimeLimit)
	share(t, "a", a.CPUTime(), 5*Second, 0.01)
	share(t, "b", b.CPUTime(), 5*Second, 0.01)
	share(t, "c", c.CPUTime(), 5*Second, 0.01)
	if a.CPU() != 1 || b.CPU() != 1 || c.CPU() != 0 {
		t.Errorf("they ran on %d, %d and %d", a.CPU(), b.CPU(), c.CPU())
	}

	s = New(Options{CPUs: 2})
	s.Go("lost", ProcOptions{CPU: 2}, func(*Proc) {})
	if res := run(t, s, Failed); !strings.Contains(res.Err.Error(), "CPU 2") {
		t.Errorf("failed with %v", res.Err)
	}
}

// TestBalance checks that CPUs share what there is: two hogs on two CPUs run all the time, three get two thirds each, and a CPU that
// becomes idle takes over a process that waits. Since whole processes move, and seldom, the shares are rougher than within a CPU.
func TestBalance(t *testing.T) {
	for n := 1; n <= 5; n++ {
		s := New(Options{CPUs: 2, Until: 60 * Second})
		var procs []*Proc
		for range n {
			procs = append(procs, s.Go("p", anyCPU, spin))
		}
		run(t, s, TimeLimit)
		for i, p := range procs {
			share(t, fmt.Sprintf("hog %d of %d", i, n), p.CPUTime(), min(60*Second, 120*Second/Duration(n)), 0.15)
		}
	}

	s := New(Options{CPUs: 2})
	for _, d := range []Duration{10, 100, 100} {
		s.Go("p", anyCPU, func(p *Proc) { p.Spend(d * Millisecond) })
	}
	if res := run(t, s, AllDone); res.Now > 110*Millisecond {
		t.Errorf("210ms of work on two CPUs took %v", res.Now)
	}
}

// TestTwoCPUsInterleave checks that what runs on different CPUs is ordered by virtual time, step by step.
func TestTwoCPUsInterleave(t *testing.T) {
	s := New(Options{CPUs: 2})
	var last Time
	n := 0
	for _, d := range []Duration{70, 110} {
		s.Go("p", anyCPU, func(p *Proc) {
			for i := Duration(1); i <= 1000; i++ {
				p.Spend(d)
				if s.Now() < last || s.Now() != i*d {
					t.Fatalf("%v after %v, want %v", s.Now(), last, i*d)
				}
				last = s.Now()
				n++
			}
		})
	}
	run(t, s, AllDone)
	if n != 2000 {
		t.Errorf("%d steps", n)
	}
}

// TestHorizonInTicks checks that a process that shares its CPU sees the tick as its horizon, and one that does not sees none.
func TestHorizonInTicks(t *testing.T) {
	s := New(Options{CPUs: 1})
	s.Go("a", anyCPU, func(p *Proc) {
		p.Spend(1)
		if s.Horizon() != tickPeriod {
			t.Errorf("horizon %v with another waiting, want %v", s.Horizon(), tickPeriod)
		}
		p.Spend(10 * Millisecond)
		p.Sleep(20 * Millisecond)
		p.Spend(1)
		if s.Horizon() != MaxTime {
			t.Errorf("horizon %v alone", s.Horizon())
		}
	})
	s.Go("b", anyCPU, func(p *Proc) { p.Spend(10 * Millisecond) })
	run(t, s, AllDone)
}

func TestYield(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: min(cpus, 1)})
		var log strings.Builder
		for _, name := range []string{"a", "b", "c"} {
			s.Go(name, anyCPU, func(p *Proc) {
				for range 3 {
					log.WriteString(name)
					p.Yield()
				}
			})
		}
		res := run(t, s, AllDone)
		want := "abcabcabc"
		if cpus > 0 {
			want = "aabcabccb" // when a first yields, the others have not started; when it ends, c has the least vruntime
		}
		if log.String() != want || res.Now != 0 {
			t.Errorf("order %s at %v", log.String(), res.Now)
		}
	})
}

func TestOffCPU(t *testing.T) {
	s := New(Options{CPUs: 1})
	s.Go("hog", anyCPU, func(p *Proc) { p.Spend(Second) })
	admin := s.Go("admin", ProcOptions{OffCPU: true}, func(p *Proc) {
		p.Sleep(Millisecond)
		p.Spend(Millisecond)
		if s.Now() != 2*Millisecond || p.CPU() != -1 {
			t.Errorf("at %v on CPU %d", s.Now(), p.CPU())
		}
	})
	if res := run(t, s, AllDone); res.Now != Second || admin.CPUTime() != 0 {
		t.Errorf("ended at %v", res.Now)
	}
}

func TestSwitchCost(t *testing.T) {
	s := New(Options{CPUs: 1, SwitchCost: 2 * Microsecond})
	for range 2 {
		s.Go("p", anyCPU, func(p *Proc) { p.Spend(20 * Millisecond) })
	}
	res := run(t, s, AllDone)
	if want := 40*Millisecond + Duration(s.CPUStat(0).Switches)*2*Microsecond; res.Now != want || s.CPUStat(0).Switches < 5 {
		t.Errorf("ended at %v after %d switches, want %v", res.Now, s.CPUStat(0).Switches, want)
	}
}

// TestAnything runs random processes on random machines. The run queues are checked against the definition at every switch, no time of
// a CPU may be lost or used twice, and a second run must leave the same trace.
func TestAnything(t *testing.T) {
	type plan struct {
		o     ProcOptions
		steps []int
	}
	noLeak(t)
	rapid.Check(t, func(t *rapid.T) {
		cpus := rapid.IntRange(0, 4).Draw(t, "cpus")
		plans := make([]plan, rapid.IntRange(1, 8).Draw(t, "procs"))
		for i := range plans {
			plans[i] = plan{
				ProcOptions{
					Nice:   rapid.IntRange(-20, 19).Draw(t, "nice"),
					CPU:    rapid.IntRange(-1, cpus-1).Draw(t, "cpu"),
					Start:  Time(rapid.IntRange(0, 5).Draw(t, "start")) * Millisecond,
					OffCPU: rapid.IntRange(0, 5).Draw(t, "off") == 0,
					Daemon: rapid.Bool().Draw(t, "daemon"),
				},
				rapid.SliceOfN(rapid.IntRange(0, 79), 0, 30).Draw(t, "steps"),
			}
		}
		until := Time(rapid.IntRange(1, 200).Draw(t, "until")) * Millisecond
		latency := rapid.SampledFrom([]Duration{0, 50 * Microsecond, 2 * Millisecond}).Draw(t, "latency")

		once := func() string {
			var log strings.Builder
			var s *Sim
			var procs []*Proc
			spent, done := make([]Duration, len(plans)), make([]bool, len(plans))
			s = New(Options{CPUs: cpus, Until: until, WakeLatency: latency, Trace: &Trace{
				Switch: func(now Time, cpu int, prev, next *Proc) {
					name := func(p *Proc) string {
						if p == nil {
							return "-"
						}
						return p.name
					}
					fmt.Fprintf(&log, "%d cpu%d %s>%s\n", now, cpu, name(prev), name(next))
				},
				Wakeup:  func(now Time, p *Proc, cpu int) { fmt.Fprintf(&log, "%d wake %s %d\n", now, p.name, cpu) },
				Migrate: func(now Time, p *Proc, a, b int) { fmt.Fprintf(&log, "%d %s %d>%d\n", now, p.name, a, b) },
				Exit:    func(now Time, p *Proc, killed bool) { fmt.Fprintf(&log, "%d exit %s %v\n", now, p.name, killed) },
			}})
			conds := make([]Cond, 2)
			dev := NewDevice(s, DeviceConfig{Latency: 300 * Microsecond, BytesPerSec: 1e8, Depth: 2})
			for i, pl := range plans {
				procs = append(procs, s.Go(fmt.Sprint(i), pl.o, func(p *Proc) {
					for _, st := range pl.steps {
						if why := s.checkCPUs(); why != "" {
							t.Fatal(why)
						}
						arg := st % 8
						switch st / 8 {
						case 0, 1, 2:
							before := s.Now()
							d := Duration(arg*arg) * 300 * Microsecond
							p.Spend(d)
							spent[i] += d
							if s.Now() < before+d {
								t.Fatalf("spent %v from %v to %v", d, before, s.Now())
							}
						case 3:
							p.Sleep(Duration(arg) * Millisecond)
						case 4:
							p.WaitTimeout(&conds[arg%2], Duration(arg)*Millisecond)
						case 5:
							conds[arg%2].Signal()
						case 6:
							p.IO(dev, int64(arg)*50_000, arg%2 == 0)
						case 7:
							procs[arg%len(procs)].Kill(nil)
						case 8:
							p.Yield()
						case 9:
							procs[arg%len(procs)].SetNice(arg*5 - 20)
						}
					}
					done[i] = true
				}))
			}
			res := s.Run(t.Context())
			if res.Reason == Failed {
				t.Fatal(res.Err)
			}
			var used, busy Duration
			for i, p := range procs {
				if !p.onCPU {
					continue
				}
				used += p.CPUTime()
				if p.CPUTime() < spent[i] || p.CPUTime() > spent[i] && done[i] {
					t.Fatalf("%s spent %v and was on a CPU for %v", p.name, spent[i], p.CPUTime())
				}
			}
			for i := range cpus {
				busy += s.CPUStat(i).Busy
				if s.CPUStat(i).Busy > res.Now {
					t.Fatalf("CPU %d was busy for %v of %v", i, s.CPUStat(i).Busy, res.Now)
				}
			}
			if used != busy || s.first != nil {
				t.Fatalf("processes used %v, CPUs were busy for %v", used, busy)
			}
			fmt.Fprintf(&log, "%v %v %d %d", res.Reason, res.Err, res.Now, res.Events)
			return log.String()
		}
		if a, b := once(), once(); a != b {
			t.Fatalf("two runs differ:\n%s\n\n%s", a, b)
		}
	})
}

// checkCPUs recomputes what the scheduler keeps, and returns what is wrong.
func (s *Sim) checkCPUs() string {
	queued, idle := 0, 0
	for _, c := range s.cpus {
		load := int64(0)
		if c.curr != nil {
			load = c.curr.weight
			if c.curr.state != StateRunning || c.curr.c != c || c.curr.pin >= 0 && c.curr.pin != c.index {
				return fmt.Sprintf("%s is current on CPU %d and %v", c.curr.name, c.index, c.curr.state)
			}
		} else {
			idle++
			if len(c.rq) > 0 {
				return fmt.Sprintf("CPU %d is idle with %d waiting", c.index, len(c.rq))
			}
		}
		for i, p := range c.rq {
			load += p.weight
			if p.state != StateRunnable || p.c != c || p.rqIndex != i || p.pin >= 0 && p.pin != c.index {
				return fmt.Sprintf("%s is queued on CPU %d and %v", p.name, c.index, p.state)
			}
			if i > 0 && p.before(c.rq[(i-1)/2]) {
				return fmt.Sprintf("run queue of CPU %d is no heap", c.index)
			}
		}
		if load != c.load {
			return fmt.Sprintf("CPU %d has load %d, want %d", c.index, c.load, load)
		}
		queued += len(c.rq)
		if len(c.rq) > 0 && !c.ticking {
			return fmt.Sprintf("CPU %d has no tick with %d waiting", c.index, len(c.rq))
		}
	}
	if queued != s.queued || idle != s.idle {
		return fmt.Sprintf("%d queued and %d idle, want %d and %d", s.queued, s.idle, queued, idle)
	}
	return ""
}

// TestWakeLatency: what another CPU's process wakes on an idle CPU runs later, at nobody's expense; what wakes by itself, on the same CPU, or from a callback
// does not.
func TestWakeLatency(t *testing.T) {
	for _, v := range []struct {
		name  string
		cpu   int // of the sleeper; the other process is on CPU 0
		by    string
		after Duration
	}{
		{"another CPU", 1, "process", 50 * Microsecond},
		{"the same CPU", 0, "process", 0},
		{"a callback", 1, "callback", 0},
		{"a timeout", 1, "timeout", 0},
	} {
		s := New(Options{CPUs: 2, WakeLatency: 50 * Microsecond})
		c := NewCond(s)
		var woke, again Time
		sleeper := s.Go("sleeper", ProcOptions{CPU: v.cpu}, func(p *Proc) {
			if v.by == "timeout" {
				p.WaitTimeout(c, Millisecond)
			} else {
				p.Wait(c)
			}
			woke = s.Now()
			p.Spend(Millisecond)
			p.Sleep(Millisecond)
			again = s.Now()
		})
		s.Go("other", ProcOptions{CPU: 0}, func(p *Proc) {
			p.Sleep(Millisecond)
			if v.by == "process" {
				c.Signal()
			}
			for range 300 {
				p.Spend(10 * Microsecond)
			}
		})
		if v.by == "callback" {
			s.At(Millisecond, func() { c.Signal() })
		}
		run(t, s, AllDone)
		if woke != Millisecond+v.after || sleeper.CPUTime() != Millisecond {
			t.Errorf("woken by %s it ran at %v and was charged %v, want %v after a millisecond, and one", v.name, woke, sleeper.CPUTime(), v.after)
		}
		if late := again - woke - 2*Millisecond; v.cpu != 0 && late != 0 {
			t.Errorf("after it was woken by %s it wakes by itself %v late", v.name, late)
		}
	}
}

// TestWakeLatencyIsTheCPUs: whoever runs first on a CPU that is being woken waits for it, also who preempts the one that it was woken for, and neither is
// charged for that. A process that is killed meanwhile ends when the CPU is awake.
func TestWakeLatencyIsTheCPUs(t *testing.T) {
	const at, late = 30 * Millisecond, 50 * Microsecond
	for _, kill := range []bool{false, true} {
		s := New(Options{CPUs: 2, WakeLatency: late})
		c := NewCond(s)
		var woke, ended, rested Time
		sleeper := s.Go("sleeper", ProcOptions{CPU: 1, OnExit: func(*Proc) { ended = s.Now() }}, func(p *Proc) {
			p.Spend(20 * Millisecond)
			p.Wait(c)
			woke = s.Now()
			p.Spend(Millisecond)
		})
		wake := Time(at + late/5)
		if kill {
			wake = Second
			s.At(at+late/5, func() { sleeper.Kill(nil) })
		}
		other := s.Go("rested", ProcOptions{CPU: 1, Start: Microsecond}, func(p *Proc) {
			p.Sleep(wake - s.Now())
			rested = s.Now()
			p.Spend(Millisecond)
		})
		s.Go("waker", ProcOptions{CPU: 0}, func(p *Proc) {
			p.Sleep(at)
			c.Signal()
			p.Spend(Millisecond)
		})
		run(t, s, AllDone)
		switch {
		case kill && (ended != at+late || sleeper.CPUTime() != 20*Millisecond):
			t.Errorf("killed at %v on its way, it ended at %v after %v on a CPU", at+late/5, ended, sleeper.CPUTime())
		case !kill && (rested != at+late || woke != rested+Millisecond):
			t.Errorf("who came later ran at %v, and who was woken first at %v; the CPU is awake at %v", rested, woke, Time(at+late))
		case !kill && (sleeper.CPUTime() != 21*Millisecond || other.CPUTime() != Millisecond):
			t.Errorf("they were charged %v and %v", sleeper.CPUTime(), other.CPUTime())
		}
	}
}
