package scripting

import (
	"context"
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
	"mmsim/mm"
	"mmsim/results"
)

// Recorder takes what a run leaves; *results.Writer is one. Times are virtual nanoseconds.
type Recorder interface {
	Observation(t int64, process, name string, value any)
	Exit(e results.Exit)
	Log(t int64, process, text string)
	Dmesg(t int64, line string)
	Event(t int64, name, process, detail string)
	SampleColumns(names []string)
	Sample(t int64, values []float64)
	Snapshot(when string, files []results.NamedText)
	Proc(t int64, files []results.NamedText)
}

// Progress is how far a run has come.
type Progress struct {
	Time      engine.Time
	StopAfter engine.Time // 0: not known
	Ended     int         // processes
}

// RunOptions says how a scenario is run.
type RunOptions struct {
	Cost     string         // preset of costs; empty: the default
	Recorder Recorder       // nil: nothing is kept
	Progress func(Progress) // called every now and then; nil: not

	ProcEvery engine.Time   // how often all of /proc is recorded, not at 0; 0: never
	ProcAt    []engine.Time // when all of /proc is recorded besides
	ProcOnly  bool          // the run ends once the last time of ProcAt is recorded, in the middle of what goes on
}

// run is a scenario that runs.
type run struct {
	s        *state
	ctx      context.Context
	sim      *engine.Sim
	k        *mm.Kernel
	rec      Recorder
	progress func(Progress)
	exited   map[int]bool // by pid

	watches []*watch
	ending  string // why the processes are being killed; empty: they are not
	known   int    // processes when they were

	tables  []*procTable
	probes  []func() float64
	values  []float64
	sampled engine.Time // time of the last sample; -1: none yet

	summary *Summary
	failure *Error
	failed  *mm.Process // the process whose script raised it, on its way through exit
}

func (r *run) cancelled() bool { return r.ctx.Err() != nil }

// Run runs the scenario, once. The summary says how it went. The error is not nil if the run ended by an error
// in the scenario (an *Error) or of ours (an *engine.PanicError), or could not begin; then the summary is what there was up to it, or nil. An
// expectation that does not hold, and a cancelled context, are outcomes and no errors.
func (sc *Scenario) Run(ctx context.Context, opt RunOptions) (*Summary, error) {
	s := sc.s
	if s.run != nil {
		return nil, errorf(sc.Path, 0, "a loaded scenario runs once")
	}
	defer s.guard.stop()
	cost, err := mm.CostPreset(opt.Cost)
	if err != nil {
		return nil, &Error{Msg: err.Error()}
	}
	cpus := 0
	for _, n := range sc.Machine.Nodes {
		cpus += n.CPUs
	}
	sim := engine.New(engine.Options{Seed: sc.Machine.Seed, CPUs: cpus, SwitchCost: cost.ContextSwitch, WakeLatency: cost.WakeLatency})
	k, err := sc.boot(sim, cost)
	if err != nil {
		return nil, err
	}
	r := &run{s: s, ctx: ctx, sim: sim, k: k, rec: opt.Recorder, progress: opt.Progress, exited: map[int]bool{}, sampled: -1}
	if r.rec == nil {
		r.rec = discard{}
	}
	r.summary = &Summary{Scenario: sc.Path, Seed: sc.Machine.Seed, Cost: opt.Cost}
	s.run = r
	r.listen()
	for i := range sc.Processes {
		if err := r.spawn(&sc.Processes[i]); err != nil {
			return nil, err
		}
	}
	if len(s.hooks) > 0 {
		sim.Go("machine", engine.ProcOptions{CPU: -1, Daemon: true, OffCPU: true}, s.runHooks)
	}
	for _, line := range s.printed {
		r.rec.Log(0, "machine", line)
	}
	r.startWatching(opt)
	r.rec.Snapshot("before", files(k.SnapshotFiles(true)))

	start := time.Now()
	res := sim.Run(&polled{Context: ctx, r: r, next: start.Add(pollEvery)})
	r.summary.WallSeconds = time.Since(start).Seconds()
	r.killRest()
	r.lastSample()
	r.rec.Snapshot("after", files(k.SnapshotFiles(false)))
	return r.conclude(res)
}

// listen passes what the machine reports to the recorder.
func (r *run) listen() {
	r.k.OnExit = func(e mm.ExitEvent) {
		r.exit(e)
		r.report()
		if r.failed != nil && r.failed.PID() == e.PID {
			r.halt() // its script raised an error, and it has gone through its exit
		}
		if r.ending != "" && len(r.k.Processes()) > r.known {
			r.killAll() // a fork was under way
		}
	}
	r.k.OnTrace = func(e mm.TraceEvent) {
		r.rec.Event(int64(e.Time), e.Name, e.Process, e.Detail)
		r.summary.addEvent(e)
	}
	r.k.OnDmesg = func(t engine.Time, line string) { r.rec.Dmesg(int64(t), line) }
}

func (r *run) exit(e mm.ExitEvent) {
	r.exited[e.PID] = true
	r.rec.Exit(results.Exit{Time: int64(e.Time), PID: e.PID, Process: e.Process, Code: e.Code, Signal: e.Signal, OOM: e.OOM})
	r.summary.addExit(e)
}

// killRest reports the processes that a run which was cut short found alive: it sends them SIGKILL.
func (r *run) killRest() {
	for _, p := range r.k.Processes() {
		if !r.exited[p.PID()] {
			r.exit(mm.ExitEvent{Time: r.sim.Now(), PID: p.PID(), Process: p.Name(), WaitStatus: mm.WaitStatus{Signal: "SIGKILL"}})
		}
	}
}

func (r *run) report() {
	if r.progress != nil {
		r.progress(Progress{Time: r.sim.Now(), StopAfter: r.s.sc.StopAfter, Ended: len(r.exited)})
	}
}

func (r *run) spawn(d *Process) error {
	opt := mm.ProcessOptions{
		Start: d.start, OOMScoreAdj: d.OOMScoreAdj, Nice: d.Nice, CPU: d.CPU, Node: d.Node, Malloc: d.Malloc,
		Rlimit: mm.Rlimit{
			AS: d.limit("AS"), Data: d.limit("DATA"), Stack: d.limit("STACK"), Memlock: d.limit("MEMLOCK"), Nproc: d.limit("NPROC"),
		},
	}
	_, err := r.k.Spawn(d.Name, opt, func(p *mm.Process) { r.s.live(p, d.fn) })
	if err != nil {
		return errorAt(d.at, "%v", err)
	}
	return nil
}

// limit is a declared limit as mm has it.
func (d *Process) limit(name string) uint64 {
	n, set := d.Rlimit[name]
	if set && n == 0 {
		return mm.LimitNone
	}
	return uint64(n)
}

// live is the life of a process that runs fn. It runs as the engine's process.
func (s *state) live(p *mm.Process, fn *lua.LFunction) {
	t := s.newThread(p.Name())
	t.proc = p
	t.object = &lua.LUserData{Value: t, Env: s.L.G.Global, Metatable: s.processMeta}
	defer t.close()
	if _, err := t.runProtected(t.L, fn, t.object); err != nil {
		s.run.failed = p
		s.run.note(s.explain(err, t.name))
		p.Exit(1)
	}
}

// fail ends the run. The first failure counts. A script that was stopped because the run is cancelled has not
// failed.
func (r *run) fail(e *Error) {
	r.note(e)
	r.halt()
}

// note keeps a failure; the run goes on until halt.
func (r *run) note(e *Error) {
	if r.failure == nil && !r.cancelled() {
		r.failure = e
	}
}

// halt ends the run after a failure was noted.
func (r *run) halt() {
	if r.failure == nil {
		r.sim.Stop("cancelled")
	} else {
		r.sim.Fail(r.failure)
	}
}

// conclude makes the summary of a run that has ended.
func (r *run) conclude(res engine.Result) (*Summary, error) {
	sum := r.summary
	sum.VirtualSeconds = r.sim.Now().Seconds()
	sum.Events = res.Events
	sum.End = res.Reason.String()
	if r.ending != "" && res.Err == nil {
		sum.End = r.ending
	}
	sum.measure(r.k)
	var panicked *engine.PanicError
	switch {
	case r.failure != nil:
		sum.Outcome, sum.Error = results.Failed, r.failure.Error()
		return sum, r.failure
	case r.cancelled() && res.Err == nil, res.Reason == engine.Cancelled:
		sum.Outcome = results.Interrupted
		return sum, nil
	case errors.As(res.Err, &panicked):
		sum.Outcome, sum.Error = results.Failed, fmt.Sprintf("internal error of mmsim: %v", panicked)
		return sum, panicked
	case res.Err != nil:
		e := errorf(r.s.path, 0, "%v", res.Err)
		sum.Outcome, sum.Error = results.Failed, e.Error()
		return sum, e
	}
	sum.Outcome = results.OK
	r.judge()
	return sum, nil
}

// judge evaluates the expectations.
func (r *run) judge() {
	t := r.s.main
	t.left, t.spent, t.stop, t.stoppedAt = checkEvery, 0, "", ""
	defer t.close()
	for _, x := range r.s.sc.expects {
		t.L = t.newLua()
		t.running = t.L
		v, err := t.runProtected(t.L, x.fn, r.s.machine)
		held := results.Expectation{What: x.what, Held: err == nil && lua.LVAsBool(v)}
		switch {
		case err != nil:
			held.Why = r.s.explain(err, "").Error()
		case !held.Held:
			held.Why = fmt.Sprintf("%s:%d: the function gave %s", x.at.File, x.at.Line, r.s.display(t.L, v))
		}
		if !held.Held {
			r.summary.Outcome = results.ExpectFailed
		}
		r.summary.Expectations = append(r.summary.Expectations, held)
	}
}

// discard is the recorder of a run that keeps nothing.
type discard struct{}

func (discard) Observation(int64, string, string, any) {}
func (discard) Exit(results.Exit)                      {}
func (discard) Log(int64, string, string)              {}
func (discard) Dmesg(int64, string)                    {}
func (discard) Event(int64, string, string, string)    {}
func (discard) SampleColumns([]string)                 {}
func (discard) Sample(int64, []float64)                {}
func (discard) Snapshot(string, []results.NamedText)   {}
func (discard) Proc(int64, []results.NamedText)        {}
