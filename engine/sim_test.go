package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var anyCPU = ProcOptions{CPU: -1}

// run runs s and fails the test if the run ends for another reason than want, or leaves a goroutine behind.
func run(t *testing.T, s *Sim, want Reason) Result {
	t.Helper()
	res := s.Run(context.Background())
	if res.Reason != want {
		t.Fatalf("ended as %v (%v) at %v, want %v", res.Reason, res.Err, res.Now, want)
	}
	return res
}

// noLeak fails the test if it ends with more goroutines than it began with.
func noLeak(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 100 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	})
}

// each runs a test with no CPU model, one CPU and four.
func each(t *testing.T, f func(t *testing.T, cpus int)) {
	for _, cpus := range []int{0, 1, 4} {
		t.Run(fmt.Sprintf("cpus=%d", cpus), func(t *testing.T) {
			noLeak(t)
			f(t, cpus)
		})
	}
}

func TestInterleaving(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		var log []string
		for _, d := range []Duration{3, 5, 7} {
			s.Go(fmt.Sprint(d), anyCPU, func(p *Proc) {
				for range 3 {
					p.Sleep(d)
					log = append(log, fmt.Sprintf("%d@%d", d, s.Now()))
				}
			})
		}
		res := run(t, s, AllDone)
		want := "3@3 5@5 3@6 7@7 3@9 5@10 7@14 5@15 7@21"
		if got := strings.Join(log, " "); got != want || res.Now != 21 {
			t.Errorf("%s, ended at %v; want %s", got, res.Now, want)
		}
	})
}

func TestDeepChain(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		const n = 10_000
		count := 0
		for range n {
			s.Go("p", anyCPU, func(p *Proc) {
				for range 3 {
					p.Sleep(Second)
					count++
				}
			})
		}
		run(t, s, AllDone)
		if count != 3*n {
			t.Errorf("%d wake-ups, want %d", count, 3*n)
		}
	})
}

func TestSpendWithoutCPUs(t *testing.T) {
	s := New(Options{})
	for range 3 {
		s.Go("p", anyCPU, func(p *Proc) { p.Spend(10); p.Spend(0); p.Spend(-5) })
	}
	if res := run(t, s, AllDone); res.Now != 10 {
		t.Errorf("ended at %v, want 10ns: without CPUs all spend at once", res.Now)
	}
}

func TestRunAhead(t *testing.T) {
	s := New(Options{CPUs: 2})
	s.Go("p", anyCPU, func(p *Proc) {
		if s.Horizon() != MaxTime {
			t.Errorf("horizon %v with nothing scheduled", s.Horizon())
		}
		s.At(Second, func() {})
		if s.Horizon() != Second {
			t.Errorf("horizon %v, want 1s", s.Horizon())
		}
		for s.Now() < Second-1000 {
			p.Spend(100)
			p.Sleep(100)
		}
		if s.result.Events > 1 {
			t.Errorf("%d events went through the queue, want only the start", s.result.Events)
		}
		if p.CPUTime() != (Second-1000)/2 {
			t.Errorf("CPU time %v, want half of what passed", p.CPUTime())
		}
	})
	run(t, s, AllDone)
}

func TestWaitOrderAndTimeouts(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		c := NewCond(s)
		var log []string
		wait := func(name string, d Duration) {
			s.Go(name, anyCPU, func(p *Proc) {
				ok := p.WaitTimeout(c, d)
				log = append(log, fmt.Sprintf("%s %v %d", name, ok, s.Now()))
			})
		}
		wait("a", 100)
		wait("b", 10) // times out
		wait("c", 50) // signalled in the same instant, later than it times out
		wait("d", MaxTime)
		wait("e", 0)
		s.At(20, func() {
			if c.Waiting() != 3 {
				t.Errorf("%d wait, want 3", c.Waiting())
			}
			c.Signal()
		})
		s.Go("f", anyCPU, func(p *Proc) {
			p.Sleep(50)
			c.Broadcast()
			if c.Signal() {
				t.Error("signalled somebody after a broadcast")
			}
		})
		run(t, s, AllDone)
		want := "e false 0, b false 10, a true 20, c false 50, d true 50"
		if got := strings.Join(log, ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestSignalBeatsTimeout signals at the time of the timeout, but before it in the order of events.
func TestSignalBeatsTimeout(t *testing.T) {
	s := New(Options{})
	var c Cond
	s.At(10, func() { c.Signal() })
	s.Go("p", anyCPU, func(p *Proc) {
		if !p.WaitTimeout(&c, 10) {
			t.Error("timed out, though the signal was scheduled first")
		}
		if s.q.top() != MaxTime {
			t.Error("the timeout is still pending")
		}
	})
	run(t, s, AllDone)
}

func TestStopConditions(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		forever := func(p *Proc) {
			for {
				p.Sleep(Millisecond)
			}
		}
		blocked := func(p *Proc) { p.Wait(&Cond{}) }

		s := New(Options{CPUs: cpus, Until: Second})
		s.Go("p", anyCPU, forever)
		at := false
		s.At(Second, func() { at = true })
		if res := run(t, s, TimeLimit); res.Now != Second || !at {
			t.Errorf("ended at %v; event at the limit ran: %v", res.Now, at)
		}

		s = New(Options{CPUs: cpus})
		s.Go("daemon", ProcOptions{CPU: -1, Daemon: true}, forever)
		s.Go("p", anyCPU, func(p *Proc) { p.Sleep(10 * Millisecond) })
		if res := run(t, s, AllDone); res.Now != 10*Millisecond {
			t.Errorf("ended at %v", res.Now)
		}

		s = New(Options{CPUs: cpus})
		s.Go("p", anyCPU, func(p *Proc) {
			p.Sleep(5)
			s.Stop("enough")
			s.Stop("more than enough")
			p.Spend(1)
			t.Error("went on after Stop")
		})
		if res := run(t, s, Stopped); res.Detail != "enough" || res.Now != 5 {
			t.Errorf("ended as %+v", res)
		}

		s = New(Options{CPUs: cpus, Until: Second})
		s.Go("daemon", ProcOptions{CPU: -1, Daemon: true}, blocked)
		s.Go("one", anyCPU, blocked)
		s.Go("two", anyCPU, func(p *Proc) { p.Sleep(7); p.Sleep(MaxTime) })
		res := run(t, s, Deadlock)
		var dead *DeadlockError
		if !errors.As(res.Err, &dead) || !slices.Equal(dead.Processes, []string{"one", "two"}) || res.Now != 7 {
			t.Errorf("ended at %v with %v", res.Now, res.Err)
		}

		s = New(Options{CPUs: cpus})
		s.Go("p", anyCPU, forever)
		mine := errors.New("mine")
		s.At(3*Millisecond, func() { s.Fail(mine); s.Fail(errors.New("second")) })
		if res := run(t, s, Failed); res.Err != mine {
			t.Errorf("failed with %v", res.Err)
		}
		if res := s.Run(context.Background()); res.Reason != Failed || res.Err == nil {
			t.Errorf("a second Run ended as %+v", res)
		}
	})
}

func TestPanicFails(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		s.Go("bystander", anyCPU, func(p *Proc) { p.Wait(&Cond{}) })
		s.Go("culprit", anyCPU, func(p *Proc) {
			p.Sleep(1)
			var none []int
			none[p.ID()] = 1
		})
		res := run(t, s, Failed)
		var pe *PanicError
		var re runtime.Error
		if !errors.As(res.Err, &pe) || pe.Process != "culprit" || !errors.As(res.Err, &re) || len(pe.Stack) == 0 {
			t.Errorf("failed with %v", res.Err)
		}
		if !strings.Contains(res.Err.Error(), `process "culprit"`) {
			t.Errorf("the error does not name the process: %v", res.Err)
		}

		s = New(Options{CPUs: cpus})
		s.Go("host", anyCPU, func(p *Proc) { p.Sleep(Second); t.Error("went on") })
		s.At(1, func() { panic("oops") })
		if res := run(t, s, Failed); !strings.Contains(res.Err.Error(), "oops") || res.Now != 1 {
			t.Errorf("failed with %v at %v", res.Err, res.Now)
		}

		s = New(Options{CPUs: cpus})
		other := s.Go("other", anyCPU, func(p *Proc) { p.Sleep(Second) })
		s.Go("meddler", anyCPU, func(*Proc) { other.Sleep(1) })
		if res := run(t, s, Failed); !strings.Contains(res.Err.Error(), `Sleep of process "other"`) {
			t.Errorf("failed with %v", res.Err)
		}
	})
}

func TestContext(t *testing.T) {
	for name, f := range map[string]func(*Sim, *Proc){
		"run-ahead spend": func(_ *Sim, p *Proc) { p.Spend(1) },
		"run-ahead sleep": func(_ *Sim, p *Proc) { p.Sleep(1) },
		"events":          func(s *Sim, p *Proc) { s.After(1, func() {}); p.Sleep(2) },
	} {
		each(t, func(t *testing.T, cpus int) {
			ctx, cancel := context.WithCancelCause(context.Background())
			why := errors.New("why")
			s := New(Options{CPUs: cpus})
			n, unwound := 0, false
			s.Go("p", anyCPU, func(p *Proc) {
				defer func() { unwound = true }()
				for {
					if n++; n == 10_000 {
						cancel(why)
					}
					if n > 100_000 {
						t.Errorf("%s: goes on after cancellation", name)
						s.Stop("test")
					}
					f(s, p)
				}
			})
			res := s.Run(ctx)
			if res.Reason != Cancelled || res.Err != why || !unwound {
				t.Errorf("%s: ended as %+v, unwound %v", name, res, unwound)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := New(Options{})
	s.Go("p", anyCPU, func(*Proc) { t.Error("ran under a cancelled context") })
	if res := s.Run(ctx); res.Reason != Cancelled {
		t.Errorf("ended as %+v", res)
	}
}

func TestUnwindAtEnd(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		var order []string
		dev := NewDevice(s, DeviceConfig{Latency: Second})
		var c Cond
		add := func(name string, f func(*Proc)) {
			s.Go(name, ProcOptions{CPU: -1, OnExit: func(p *Proc) { order = append(order, "exit "+name) }}, func(p *Proc) {
				defer func() { order = append(order, name) }()
				defer func() {
					defer func() { recover() }() // a process may try once
					p.Sleep(1)
					t.Errorf("%s slept while unwinding", name)
				}()
				defer p.Uninterruptible(func() {})
				f(p)
				t.Errorf("%s went on", name)
			})
		}
		add("sleep", func(p *Proc) { p.Sleep(Second) })
		add("wait", func(p *Proc) { p.Wait(&c) })
		add("io", func(p *Proc) { p.IO(dev, 1, false) })
		add("spend", func(p *Proc) { p.Spend(Second) })
		add("spend2", func(p *Proc) { p.Spend(Second) })
		s.Go("later", ProcOptions{CPU: -1, Start: Second, OnExit: func(*Proc) { order = append(order, "exit later") }},
			func(*Proc) { t.Error("started") })
		s.At(Millisecond, func() { s.Stop("") })
		run(t, s, Stopped)
		got := strings.Join(order, ",")
		want := "sleep,exit sleep,wait,exit wait,io,exit io,spend,exit spend,spend2,exit spend2,exit later"
		if cpus == 1 { // the second never got the CPU
			want = strings.Replace(want, "spend2,exit", "exit", 1)
		}
		if got != want || c.Waiting() != 0 {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestSleepForever checks that two sleeps without end do not end each other.
func TestSleepForever(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		for range 3 {
			s.Go("p", anyCPU, func(p *Proc) { p.Sleep(MaxTime); t.Error("woke") })
		}
		if res := run(t, s, Deadlock); res.Now != 0 {
			t.Errorf("ended at %v", res.Now)
		}
	})
}

// TestStuck checks that a process that recovers everything does not keep Run from returning. Its goroutine stays.
func TestStuck(t *testing.T) {
	s := New(Options{})
	s.Go("stubborn", anyCPU, func(p *Proc) {
		for {
			func() {
				defer func() { recover() }()
				p.Sleep(1)
			}()
		}
	})
	s.At(10, func() { s.Stop("") })
	if res := run(t, s, Failed); !strings.Contains(res.Err.Error(), "stubborn") {
		t.Errorf("failed with %v", res.Err)
	}
}

func TestTimeString(t *testing.T) {
	for want, v := range map[string]Time{
		"0ns": 0, "999ns": 999, "1us": 1000, "1.5ms": 1500 * Microsecond, "-2.000000001s": -2*Second - 1, "never": MaxTime,
	} {
		if got := v.String(); got != want {
			t.Errorf("%d is %q, want %q", int64(v), got, want)
		}
	}
}
