package engine

import (
	"context"
	"iter"
	"testing"
)

// BenchmarkCallback is the cost of one event with 1,000 timers pending, each of which schedules itself again.
func BenchmarkCallback(b *testing.B) {
	s := New(Options{})
	r := NewStream(1, "callback")
	n := 0
	for range 1000 {
		var fn func()
		fn = func() {
			n++
			if n < b.N {
				s.After(1+Duration(r.Uint64()>>44), fn)
			} else {
				s.Stop("enough")
			}
		}
		s.After(1+Duration(r.Uint64()>>44), fn)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if res := s.Run(context.Background()); res.Reason != Stopped {
		b.Fatalf("ended with %v, %v", res.Reason, res.Err)
	}
}

const (
	mm1Customers = 1_000_000
	mm1Load      = 0.9
)

// mm1Server serves a million customers, one after another, sleeping for each one's service.
func mm1Server(s *Sim, work *Cond, waiting, served *int) {
	s.Go("server", ProcOptions{CPU: -1}, func(p *Proc) {
		r := s.Stream("server")
		for range mm1Customers {
			if *waiting == 0 {
				p.Wait(work)
			}
			p.Sleep(Duration(1000 * r.Exponential()))
			*waiting--
		}
		*served = mm1Customers
	})
}

// mm1 runs an M/M/1 queue with a load of 0.9 and a million customers, who come as arrive says and are served by a process.
func mm1(b *testing.B, arrive func(s *Sim, customer func())) {
	for b.Loop() {
		s := New(Options{Seed: 1})
		var work Cond
		waiting, served := 0, 0
		arrive(s, func() {
			waiting++
			if waiting == 1 {
				work.Signal()
			}
		})
		mm1Server(s, &work, &waiting, &served)
		if res := s.Run(context.Background()); res.Reason != AllDone || served != mm1Customers {
			b.Fatalf("ended with %v, %v after %d customers", res.Reason, res.Err, served)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/mm1Customers, "ns/customer")
}

// BenchmarkMM1 has the customers come by a timer.
func BenchmarkMM1(b *testing.B) {
	mm1(b, func(s *Sim, customer func()) {
		r := s.Stream("arrivals")
		left := mm1Customers
		var next func()
		schedule := func() { s.After(Duration(1000/mm1Load*r.Exponential()), next) }
		next = func() {
			customer()
			if left--; left > 0 {
				schedule()
			}
		}
		schedule()
	})
}

// BenchmarkMM1Processes has them come from a process, too, so that two processes take turns.
func BenchmarkMM1Processes(b *testing.B) {
	mm1(b, func(s *Sim, customer func()) {
		s.Go("arrivals", ProcOptions{CPU: -1}, func(p *Proc) {
			r := s.Stream("arrivals")
			for range mm1Customers {
				p.Sleep(Duration(1000 / mm1Load * r.Exponential()))
				customer()
			}
		})
	})
}

// BenchmarkSpend is a process alone on its CPU: the clock moves in place.
func BenchmarkSpend(b *testing.B) {
	s := New(Options{CPUs: 1})
	s.Go("p", ProcOptions{CPU: -1}, func(p *Proc) {
		for b.Loop() {
			p.Spend(100)
		}
	})
	s.Run(context.Background())
}

// BenchmarkSpendTwoCPUs is two processes on two CPUs that take turns at every step, which is the worst case.
func BenchmarkSpendTwoCPUs(b *testing.B) {
	s := New(Options{CPUs: 2})
	for range 2 {
		s.Go("p", ProcOptions{CPU: -1}, func(p *Proc) {
			for range b.N / 2 {
				p.Spend(100)
			}
		})
	}
	b.ResetTimer()
	s.Run(context.Background())
}

// BenchmarkWaitForDevice is a process that sends a request and waits for its end, with 30 timers far ahead, as a machine at rest has them.
func BenchmarkWaitForDevice(b *testing.B) {
	s := New(Options{CPUs: 1})
	for i := range 30 {
		s.After(Duration(b.N)*Second+Duration(i), func() {})
	}
	d := NewDevice(s, DeviceConfig{Latency: 80 * Microsecond, BytesPerSec: 1 << 30})
	s.Go("p", ProcOptions{CPU: -1}, func(p *Proc) {
		var c Cond
		done := func() { c.Broadcast() }
		b.ResetTimer()
		for range b.N {
			p.Spend(1000)
			d.Submit(128<<10, false, done)
			p.Wait(&c)
		}
		s.Stop("enough")
	})
	if res := s.Run(context.Background()); res.Reason != Stopped {
		b.Fatalf("ended with %v, %v", res.Reason, res.Err)
	}
}

// BenchmarkIterPull is the yardstick for BenchmarkMM1: a million steps of a bare coroutine.
func BenchmarkIterPull(b *testing.B) {
	for b.Loop() {
		next, stop := iter.Pull(func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		})
		for range mm1Customers {
			next()
		}
		stop()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/mm1Customers, "ns/step")
}
