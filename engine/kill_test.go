package engine

import (
	"fmt"
	"testing"
)

// TestKill kills a victim in every kind of block, from a callback and from another process, and checks that its deferred function runs
// at that time, its code does not go on, and whoever waits for the same thing is not disturbed.
func TestKill(t *testing.T) {
	for name, block := range map[string]func(*Proc, *Cond, *Device){
		"sleep":       func(p *Proc, _ *Cond, _ *Device) { p.Sleep(Second) },
		"wait":        func(p *Proc, c *Cond, _ *Device) { p.Wait(c) },
		"waittimeout": func(p *Proc, c *Cond, _ *Device) { p.WaitTimeout(c, Second) },
		"spend":       func(p *Proc, _ *Cond, _ *Device) { p.Spend(Second) },
		"io":          func(p *Proc, _ *Cond, d *Device) { p.IO(d, 1, true) },
		"many spends": func(p *Proc, _ *Cond, _ *Device) {
			for {
				p.Spend(10)
			}
		},
	} {
		for _, from := range []string{"callback", "process"} {
			t.Run(name+" from "+from, func(t *testing.T) {
				each(t, func(t *testing.T, cpus int) {
					var c Cond
					var unwound Time
					s := New(Options{CPUs: cpus})
					dev := NewDevice(s, DeviceConfig{Latency: 2 * Second})
					exits := 0
					var victim *Proc
					s.Go("other", anyCPU, func(p *Proc) {
						p.Sleep(1)
						if p.WaitTimeout(&c, 2*Second) != true {
							t.Error("the other was not signalled")
						}
					})
					kill := func() {
						victim.Kill("why")
						victim.Kill("again")
					}
					if from == "callback" {
						s.At(Millisecond, kill)
					} else {
						s.Go("killer", ProcOptions{CPU: -1, Nice: -20}, func(p *Proc) { p.Sleep(Millisecond); kill() })
					}
					victim = s.Go("victim", ProcOptions{CPU: -1, OnExit: func(*Proc) { exits++ }}, func(p *Proc) {
						defer func() {
							r := recover()
							if !IsKill(r) || !p.Killed() {
								t.Errorf("recovered %v", r)
							}
							unwound = s.Now()
							panic(r)
						}()
						block(p, &c, dev)
						t.Error("went on")
					})
					s.At(2*Millisecond, func() {
						if victim.State() != StateDead || c.Waiting() != 1 || exits != 1 {
							t.Errorf("victim is %v, %d wait, %d exits", victim.State(), c.Waiting(), exits)
						}
						c.Signal()
					})
					run(t, s, AllDone)
					if unwound != Millisecond || victim.KillReason() != "why" {
						t.Errorf("unwound at %v because of %v", unwound, victim.KillReason())
					}
				})
			})
		}
	}
}

func TestKillBeforeStart(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		exits := 0
		p := s.Go("p", ProcOptions{CPU: -1, Start: Second, OnExit: func(*Proc) { exits++ }}, func(*Proc) { t.Error("started") })
		s.At(5, func() { p.Kill(nil) })
		if res := run(t, s, AllDone); res.Now != 5 || exits != 1 || p.State() != StateDead {
			t.Errorf("ended at %v, %d exits, %v", res.Now, exits, p.State())
		}
	})
}

// TestKillInRunQueue kills one that has never run and one in the middle of Spend, while both wait for the CPU.
func TestKillInRunQueue(t *testing.T) {
	noLeak(t)
	s := New(Options{CPUs: 1})
	var ended Time
	s.Go("hog", anyCPU, func(p *Proc) { p.Spend(100 * Millisecond) })
	half := s.Go("half", anyCPU, func(p *Proc) {
		defer func() { ended = s.Now() }()
		p.Spend(100 * Millisecond)
		t.Error("half went on")
	})
	var fresh *Proc
	var poll func()
	poll = func() {
		if half.State() == StateRunnable && half.CPUTime() > 0 {
			fresh = s.Go("fresh", ProcOptions{CPU: -1, Nice: 19}, func(*Proc) { t.Error("fresh ran") })
			s.After(1, func() {
				if fresh.State() != StateRunnable {
					t.Errorf("fresh is %v", fresh.State())
				}
				fresh.Kill(nil)
				half.Kill(nil)
			})
			return
		}
		s.After(Millisecond, poll)
	}
	s.At(0, poll)
	res := run(t, s, AllDone)
	if ended == 0 || fresh.State() != StateDead || res.Now != 100*Millisecond+half.CPUTime() {
		t.Errorf("half ended at %v after %v of CPU, fresh is %v, all at %v", ended, half.CPUTime(), fresh.State(), res.Now)
	}
}

func TestKillSelf(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		for name, block := range map[string]func(p *Proc){
			"spend": func(p *Proc) { p.Spend(1) },
			"sleep": func(p *Proc) { p.Sleep(1) },
			"yield": func(p *Proc) { p.Yield() },
			"wait":  func(p *Proc) { p.Wait(&Cond{}) },
			"zero":  func(p *Proc) { p.Spend(0) },
		} {
			s := New(Options{CPUs: cpus})
			steps := ""
			s.Go(name, anyCPU, func(p *Proc) {
				defer func() { steps += "c" }()
				p.Spend(10)
				p.Kill(nil)
				steps += "a"
				block(p)
				steps += "b"
			})
			if res := run(t, s, AllDone); steps != "ac" || res.Now != 10 {
				t.Errorf("%s: steps %s, ended at %v", name, steps, res.Now)
			}
		}
	})
}

// TestBlockingWhileUnwinding checks that deferred functions of a killed process cannot block, and can inside Uninterruptible.
func TestBlockingWhileUnwinding(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		steps := ""
		victim := s.Go("victim", anyCPU, func(p *Proc) {
			defer func() { steps += fmt.Sprintf(" end@%d", s.Now()) }()
			defer func() {
				p.Uninterruptible(func() {
					p.Spend(100)
					p.Sleep(100)
					p.Wait(condSignalledAt(s, s.Now()+50))
				})
				steps += fmt.Sprintf(" worked@%d", s.Now())
			}()
			defer func() {
				steps += " try"
				p.Sleep(Second)
				steps += " slept"
			}()
			defer func() {
				p.Spend(1)
				steps += " spent"
			}()
			p.Sleep(Second)
		})
		s.At(1000, func() { victim.Kill(nil) })
		run(t, s, AllDone)
		if want := " try worked@1250 end@1250"; steps != want {
			t.Errorf("steps%s, want%s", steps, want)
		}
	})
}

// condSignalledAt returns a Cond that is signalled at t.
func condSignalledAt(s *Sim, t Time) *Cond {
	c := NewCond(s)
	s.At(t, func() { c.Signal() })
	return c
}

func TestUninterruptible(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		var after Time
		victim := s.Go("victim", anyCPU, func(p *Proc) {
			p.Uninterruptible(func() {
				p.Uninterruptible(func() { p.Sleep(100) })
				p.Spend(100)
				after = s.Now()
			})
			p.Spend(1)
			t.Error("went on")
		})
		s.At(10, func() { victim.Kill(nil) })
		if res := run(t, s, AllDone); after != 200 || res.Now != 200 {
			t.Errorf("came through at %v, ended at %v", after, res.Now)
		}
	})
}

// TestKillSignalled kills a process between its being signalled and its running: the signal is lost, as a wake-up is.
func TestKillSignalled(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		s := New(Options{CPUs: cpus})
		var c Cond
		p := s.Go("p", anyCPU, func(p *Proc) { p.Wait(&c); t.Error("went on") })
		s.At(10, func() {
			if !c.Signal() {
				t.Error("nobody there")
			}
			p.Kill(nil)
		})
		if res := run(t, s, AllDone); res.Now != 10 {
			t.Errorf("ended at %v", res.Now)
		}
	})
}

// TestKillFromOnExit kills the process that the exit of another has just given the CPU to.
func TestKillFromOnExit(t *testing.T) {
	noLeak(t)
	s := New(Options{CPUs: 1})
	log := ""
	second := s.Go("second", ProcOptions{CPU: -1, Nice: 19}, func(p *Proc) {
		defer func() {
			p.Uninterruptible(func() { p.Sleep(Millisecond) })
			log += s.Now().String()
		}()
		p.Sleep(900 * Microsecond)
		log += "went on "
	})
	s.Go("first", ProcOptions{CPU: -1, OnExit: func(*Proc) { second.Kill(nil) }}, func(p *Proc) { p.Spend(Millisecond) })
	s.At(950*Microsecond, func() {
		if second.State() != StateRunnable {
			t.Errorf("second is %v", second.State())
		}
	})
	run(t, s, AllDone)
	if log != "2ms" {
		t.Errorf("log %q", log)
	}
}
