package engine

import (
	"testing"

	"pgregory.net/rapid"
)

// TestInterrupt takes time from whoever runs: what it is spending ends later, it is charged, and nobody else is.
func TestInterrupt(t *testing.T) {
	s := New(Options{CPUs: 2})
	end := map[string]Time{}
	spend := func(name string, cpu int, d Duration) *Proc {
		return s.Go(name, ProcOptions{CPU: cpu}, func(p *Proc) {
			p.Spend(d)
			end[name] = s.Now()
			p.Sleep(50 * Millisecond)
			end[name+" awake"] = s.Now()
		})
	}
	a, b := spend("a", 0, 10*Millisecond), spend("b", 1, 10*Millisecond)
	s.At(3*Millisecond, func() { s.Interrupt(0, 2*Millisecond) })
	s.At(4*Millisecond, func() { s.Interrupt(0, Millisecond); s.Interrupt(0, -Millisecond) })
	s.At(5*Millisecond, func() { s.Interrupt(7, Second); s.Interrupt(-1, Second) })
	s.At(20*Millisecond, func() { s.Interrupt(0, Second) }) // it is idle
	run(t, s, AllDone)
	if end["a"] != 13*Millisecond || end["b"] != 10*Millisecond {
		t.Errorf("a ends at %v, b at %v", end["a"], end["b"])
	}
	if a.CPUTime() != 13*Millisecond || b.CPUTime() != 10*Millisecond {
		t.Errorf("a was charged %v, b %v", a.CPUTime(), b.CPUTime())
	}
	if end["a awake"] != 63*Millisecond {
		t.Errorf("a slept until %v", end["a awake"])
	}
}

// TestInterruptWork: whatever comes when, a CPU that is never idle is busy for what its processes spend and what interrupts take.
func TestInterruptWork(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := New(Options{CPUs: 1})
		work, taken := Duration(0), Duration(0)
		for range rapid.IntRange(1, 4).Draw(rt, "processes") {
			parts := rapid.SliceOfN(rapid.Int64Range(0, 9), 1, 5).Draw(rt, "parts")
			for _, d := range parts {
				work += Duration(d) * Millisecond
			}
			s.Go("p", anyCPU, func(p *Proc) {
				for _, d := range parts {
					p.Spend(Duration(d) * Millisecond)
				}
			})
		}
		for range rapid.IntRange(0, 6).Draw(rt, "interrupts") {
			at := Duration(rapid.Int64Range(0, 60).Draw(rt, "at")) * Millisecond
			s.At(at, func() {
				if s.Running(0) != nil {
					taken += Millisecond
				}
				s.Interrupt(0, Millisecond)
			})
		}
		if res := s.Run(t.Context()); res.Err != nil {
			rt.Fatal(res.Err)
		}
		if got := s.CPUStat(0).Busy; got != work+taken {
			rt.Errorf("busy for %v, want %v of work and %v of interrupts", got, work, taken)
		}
	})
}
