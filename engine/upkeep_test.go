package engine

import (
	"context"
	"errors"
	"testing"
)

// TestUpkeep has two daemons and a callback that look after things for ever: a run in which a process waits for nothing ends as a deadlock all the same, and one
// that has something to do goes on until it is done.
func TestUpkeep(t *testing.T) {
	for _, c := range []struct {
		sleep Duration
		want  Reason
	}{{0, Deadlock}, {10 * Second, Deadlock}, {25 * Second, Deadlock}} {
		s := New(Options{CPUs: 1})
		looks := 0
		for _, every := range []Duration{Second, 3 * Second} {
			quit := NewCond(s)
			s.Go("daemon", ProcOptions{Kernel: true, Daemon: true}, func(p *Proc) {
				for !s.Idle() {
					p.WaitUpkeep(quit, every)
					looks++
				}
				p.Wait(quit)
			})
		}
		var tick func()
		tick = func() {
			if looks++; !s.Idle() {
				s.AfterUpkeep(2*Second, tick)
			}
		}
		s.AfterUpkeep(2*Second, tick)
		s.Go("user", ProcOptions{CPU: -1}, func(p *Proc) {
			p.Sleep(c.sleep)
			p.Wait(NewCond(s))
		})
		res := s.Run(context.Background())
		var dead *DeadlockError
		if res.Reason != c.want || !errors.As(res.Err, &dead) {
			t.Errorf("sleeping %v: the run ended by %v: %v", c.sleep, res.Reason, res.Err)
		}
		if end := res.Now; end < c.sleep || end > c.sleep+4*Second {
			t.Errorf("sleeping %v: the run ended at %v", c.sleep, end)
		}
		if least := int(c.sleep / Second); looks < least {
			t.Errorf("sleeping %v: %d looks, want at least %d", c.sleep, looks, least)
		}
	}
}
