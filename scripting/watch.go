package scripting

import (
	"context"
	"slices"
	"time"

	"mmsim/engine"
	"mmsim/mm"
	"mmsim/results"
)

// A watch looks at the machine at times. To look changes nothing, so a run goes the same way whatever watches
// it, and a look sees the state at the end of its time: when all that is due then has happened.
type watch struct {
	next  engine.Time
	every engine.Time   // 0: at the times alone
	times []engine.Time // besides, rising
	look  func()
}

// advance goes on to the first time after now.
func (w *watch) advance(now engine.Time) {
	next := engine.MaxTime
	if w.every > 0 {
		if t := now + (w.every - now%w.every); t > now {
			next = t
		}
	}
	for len(w.times) > 0 && w.times[0] <= now {
		w.times = w.times[1:]
	}
	if len(w.times) > 0 {
		next = min(next, w.times[0])
	}
	w.next = next
}

// startWatching arranges for samples, records of /proc and the end of the run at its time, in this order where
// they fall together.
func (r *run) startWatching(opt RunOptions) {
	sc := r.s.sc
	if sc.SampleEvery > 0 {
		for _, name := range sc.Samples {
			r.probes = append(r.probes, r.probe(name))
		}
		r.values = make([]float64, len(r.probes))
		r.rec.SampleColumns(sc.Samples)
		r.watches = append(r.watches, &watch{every: sc.SampleEvery, look: func() { r.sample(); r.report() }})
	}
	if opt.ProcEvery > 0 || len(opt.ProcAt) > 0 {
		r.watchProc(opt)
	}
	if sc.StopAfter > 0 {
		r.watches = append(r.watches, &watch{next: sc.StopAfter, look: func() { r.finish("time limit") }})
	}
	r.armWatches()
}

func (r *run) watchProc(opt RunOptions) {
	w := &watch{every: opt.ProcEvery, times: slices.Clone(opt.ProcAt)}
	slices.Sort(w.times)
	w.advance(0)
	if slices.Contains(opt.ProcAt, 0) {
		w.next = 0
	}
	w.look = func() {
		r.rec.Proc(int64(r.sim.Now()), files(append(r.k.SnapshotFiles(true), r.k.PIDSnapshot()...)))
		if opt.ProcOnly && r.sim.Now() >= slices.Max(opt.ProcAt) {
			r.sim.Stop("recorded")
		}
	}
	r.watches = append(r.watches, w)
}

// armWatches has the watches look at the earliest of their times. They share one event, so that each of them
// knows when nothing but watching is ahead.
func (r *run) armWatches() {
	at := engine.MaxTime
	for _, w := range r.watches {
		at = min(at, w.next)
	}
	if at < engine.MaxTime {
		r.sim.AfterUpkeep(at-r.sim.Now(), r.watch)
	}
}

func (r *run) watch() {
	if r.ending != "" || r.sim.Ended() {
		return
	}
	if now := r.sim.Now(); r.sim.Horizon() <= now {
		r.sim.At(now, r.watch) // behind what is due
		return
	}
	r.look()
	// When nothing else is ahead the run is over or stuck, which watching must not hide.
	if r.ending == "" && (!r.sim.Idle() || r.s.sc.StopAfter > 0) {
		r.armWatches()
	}
}

// look has those watches look whose time it is.
func (r *run) look() {
	now := r.sim.Now()
	for _, w := range r.watches {
		if w.next <= now {
			w.advance(now)
			w.look()
		}
	}
}

func (r *run) sample() {
	for _, t := range r.tables {
		t.refresh()
	}
	for i, p := range r.probes {
		r.values[i] = p()
	}
	r.sampled = r.sim.Now()
	r.rec.Sample(int64(r.sampled), r.values)
}

// lastSample samples the end, unless a sample fell on it.
func (r *run) lastSample() {
	if r.s.sc.SampleEvery > 0 && r.sim.Now() > r.sampled {
		r.sample()
	}
}

// finish ends the run in order: what watches this time looks once more, then all processes are killed and go
// through their exit. When the last has ended, so has the run.
func (r *run) finish(reason string) {
	if r.ending != "" || r.sim.Ended() {
		return
	}
	r.ending = reason
	r.look()
	r.lastSample()
	r.killAll()
}

func (r *run) killAll() {
	left, never := r.k.KillAll()
	for _, p := range never {
		r.exited[p.PID()] = true // its start has not come: nobody will miss it
	}
	r.known = len(r.k.Processes())
	if left == 0 {
		r.sim.Stop(r.ending)
	}
}

// pollEvery is how often, in wall time, a run tells how far it is.
const pollEvery = 50 * time.Millisecond

// polled is the context of a run. The engine asks it for an error every few thousand events, on the goroutine
// on which the run goes on, which makes it the place to tell how far that is.
type polled struct {
	context.Context
	r    *run
	next time.Time
}

// Err is asked every now and then.
func (p *polled) Err() error {
	if p.r.progress != nil {
		if now := time.Now(); now.After(p.next) {
			p.next = now.Add(pollEvery)
			p.r.report()
		}
	}
	return p.Context.Err()
}

func files(in []mm.NamedText) []results.NamedText {
	out := make([]results.NamedText, len(in))
	for i, f := range in {
		out[i] = results.NamedText(f)
	}
	return out
}
