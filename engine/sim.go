package engine

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime/debug"
	"strings"
)

// Options says what is simulated. The zero value is a clock without CPUs, limit or hooks.
type Options struct {
	// Seed is the seed of the streams that Sim.Stream gives out.
	Seed uint64

	// CPUs is the number of CPUs, 0 or more. With 0 there is no CPU model: every process runs as soon as it is due, and Spend
	// only takes time.
	CPUs int

	// Until ends the run at that time, after what is due at it; 0 means no limit.
	Until Time

	// SwitchCost is the time that a CPU needs to go from one process to another, charged to the one that it goes to.
	SwitchCost Duration

	// WakeLatency is the time from when a process wakes another until that runs, if it does so on another CPU, which is idle: an interrupt has to
	// get there, and the CPU has to leave its idle state. Nobody is charged for it.
	WakeLatency Duration

	// Trace holds hooks, nil for none. It is copied by New.
	Trace *Trace
}

// Reason says why a run ended.
type Reason uint8

// The reasons of Result.
const (
	AllDone   Reason = iota // the last process that is not a daemon ended; or there was none, and nothing more to happen
	Stopped                 // Sim.Stop
	TimeLimit               // the time of Options.Until
	Cancelled               // the context was cancelled
	Deadlock                // processes that are not daemons are blocked, and nothing will ever happen
	Failed                  // Sim.Fail, or a panic in a process or callback
)

var reasonNames = [...]string{"all done", "stopped", "time limit", "cancelled", "deadlock", "failed"}

// String returns the reason in words.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// Result is how a run ended.
type Result struct {
	Reason Reason
	// Err is what Sim.Fail was given, a *PanicError, the context's cause, or a *DeadlockError; nil for the other reasons.
	Err error
	// Detail is what Sim.Stop was given.
	Detail string
	// Events is the number of events that went through the queue; what ran ahead did not.
	Events uint64
	// Now is the time at which the run ended.
	Now Time
}

// PanicError is the failure of a run by a Go panic in a process or callback.
type PanicError struct {
	Process string // its name, empty for a callback
	Value   any    // what was thrown
	Stack   []byte // where, for a developer
}

// Error names the process and the value; it leaves the stack out.
func (e *PanicError) Error() string {
	if e.Process == "" {
		return fmt.Sprintf("callback: panic: %v", e.Value)
	}
	return fmt.Sprintf("process %q: panic: %v", e.Process, e.Value)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// DeadlockError says who is blocked for ever.
type DeadlockError struct {
	Processes []string // names, in the order of creation, without daemons
}

// Error names up to five of the processes.
func (e *DeadlockError) Error() string {
	names := e.Processes
	more := ""
	if len(names) > 5 {
		more = fmt.Sprintf(" and %d more", len(names)-5)
		names = names[:5]
	}
	return fmt.Sprintf("deadlock: nothing can happen any more, and these are blocked: %s%s", strings.Join(names, ", "), more)
}

// pollEvery is how many events or steps of run-ahead pass between two looks at the context.
const pollEvery = 4096

// Sim is one simulation. It is used by one goroutine at a time: that which calls Run, and the processes and callbacks that run in it.
type Sim struct {
	now    Time
	poll   int // steps until the next look at the context; 0 or less sends Spend and Sleep the slow way
	cur    *Proc
	queued int // processes in the run queues of all CPUs
	q      queue

	target *Proc // to be resumed next, before any event
	ended  bool  // the run is over as soon as the current process blocks
	unwind bool  // Run is unwinding what is left
	ran    bool
	ctx    context.Context
	result Result

	seed                    uint64
	until                   Time
	switchCost, wakeLatency Duration
	trace                   Trace

	first, last *Proc // processes that have not ended, by creation
	live        int   // those that are not daemons
	lastID      int

	cpus    []*cpu
	idle    int // CPUs without a current process
	sched   schedParams
	balance Timer
}

// New returns a simulation at time 0 in which nothing is scheduled.
func New(o Options) *Sim {
	s := &Sim{seed: o.Seed, until: o.Until, switchCost: max(o.SwitchCost, 0), wakeLatency: max(o.WakeLatency, 0), poll: pollEvery, ctx: context.Background()}
	if s.until <= 0 {
		s.until = MaxTime
	}
	if o.Trace != nil {
		s.trace = *o.Trace
	}
	s.q.init(s.until)
	s.initCPUs(max(o.CPUs, 0))
	return s
}

// Trace returns the simulation's hooks, to be set before Run.
func (s *Sim) Trace() *Trace { return &s.trace }

// Now returns the virtual time.
func (s *Sim) Now() Time { return s.now }

// Current returns the process that runs, nil in a callback and outside Run.
func (s *Sim) Current() *Proc { return s.cur }

// CPUs returns the number of CPUs.
func (s *Sim) CPUs() int { return len(s.cpus) }

// Stream returns a new stream of that name, made from the simulation's seed.
func (s *Sim) Stream(name string) *Stream { return NewStream(s.seed, name) }

// At schedules fn at time t; a t that has passed counts as now, MaxTime as never. Events of the same time run in the order in which
// they were scheduled. fn runs with no process current: it may wake, kill and schedule, and must not block.
func (s *Sim) At(t Time, fn func()) Timer { return s.q.push(max(t, s.now), fn) }

// After schedules fn at d from now, as At does; a d below 0 counts as 0.
func (s *Sim) After(d Duration, fn func()) Timer { return s.q.push(s.now.add(d), fn) }

// AfterUpkeep is After for a callback that only looks after things and comes again and again, such as taking samples: it does not keep Idle from
// being true.
func (s *Sim) AfterUpkeep(d Duration, fn func()) Timer {
	t := s.q.push(s.now.add(d), fn)
	s.q.events[slotOf(t.key)].upkeep = true
	return t
}

// Idle reports whether nothing is ahead but upkeep (AfterUpkeep, Proc.WaitUpkeep), the current callback or process apart. Who does upkeep asks before going on
// with it, so that a run in which nothing will ever happen again ends.
func (s *Sim) Idle() bool {
	for _, e := range s.q.front[:s.q.nfront] {
		if !s.q.events[slotOf(e.key)].upkeep {
			return false
		}
	}
	for _, e := range s.q.heap {
		if ev := &s.q.events[slotOf(e.key)]; e.key != endKey && e.at != MaxTime && ev.key == e.key && !ev.upkeep {
			return false
		}
	}
	return s.queued == 0
}

// Cancel forgets a scheduled callback. It reports false if it has run or was cancelled already.
func (s *Sim) Cancel(t Timer) bool { return s.q.cancel(t) }

// Horizon returns the earliest time at which anything other than the current process may act: the next event, the next scheduler tick
// if others wait for the same CPU, or the end of the run. It is Now if something is due at once, and MaxTime if nothing ever is. The
// current process may Spend less than Horizon()-Now() in one step or in many without anyone seeing the difference.
func (s *Sim) Horizon() Time {
	if s.ended {
		return s.now
	}
	return s.q.top()
}

// Stop ends the run as Stopped. The current process goes on until it next blocks, which it then does not survive.
func (s *Sim) Stop(reason string) { s.end(Stopped, nil, reason) }

// Fail ends the run as Failed, as Stop does. The first failure counts.
func (s *Sim) Fail(err error) {
	if err == nil {
		err = errors.New("unknown failure")
	}
	s.end(Failed, err, "")
}

// Ended reports whether the run is over or about to be.
func (s *Sim) Ended() bool { return s.ended }

func (s *Sim) end(r Reason, err error, detail string) {
	if s.ended && (r != Failed || s.result.Reason == Failed) {
		return
	}
	s.ended, s.poll = true, 0
	s.result.Reason, s.result.Err, s.result.Detail = r, err, detail
}

// Run runs the simulation until a stop condition holds, then unwinds every process that has not ended, in the order of their creation:
// their deferred functions run. It may be called once.
func (s *Sim) Run(ctx context.Context) (res Result) {
	if s.ran {
		return Result{Reason: Failed, Err: errors.New("a simulation runs once: Run was called again"), Now: s.now}
	}
	s.ran, s.ctx = true, ctx
	defer func() {
		s.unwindAll()
		s.result.Now = s.now
		res = s.result
	}()
	s.look()
	s.loop(nil)
	return res
}

// look looks at the context.
func (s *Sim) look() {
	if s.ended {
		return
	}
	s.poll = pollEvery
	if s.ctx.Err() != nil {
		s.end(Cancelled, context.Cause(s.ctx), "")
	}
	if s.q.seq > maxSeq-maxSlots*pollEvery {
		s.Fail(fmt.Errorf("the run is too long: %d events", s.q.seq))
	}
}

// loop runs events on the stack of self, which blocks, or of Run if self is nil, until self is to go on or the run has ended.
func (s *Sim) loop(self *Proc) {
	for {
		if s.ended {
			if self != nil {
				self.yieldDown()
			}
			return
		}
		if t := s.target; t != nil {
			if t == self {
				s.target = nil
				return
			}
			if t.active {
				self.yieldDown()
				return
			}
			s.target = nil
			t.resume()
			continue
		}
		s.next()
	}
}

// next handles the next event, or ends the run if there is none.
func (s *Sim) next() {
	if s.q.at == MaxTime || s.q.topKey() == endKey {
		s.exhausted()
		return
	}
	s.now = s.q.at
	s.result.Events++
	if s.poll--; s.poll <= 0 {
		s.look()
	}
	fn, p := s.q.pop()
	if p == nil {
		s.callbacks(fn)
		return
	}
	s.q.fill()
	s.unblock(p)
}

// callbacks runs fn and all callbacks that follow it before anything else. It recovers, so the loop need not.
func (s *Sim) callbacks(fn func()) {
	defer s.recoverCallback()
	s.cur = nil
	for {
		fn()
		s.q.fill()
		key := s.q.topKey()
		if s.ended || s.target != nil || key == endKey || s.q.at == MaxTime || s.q.events[slotOf(key)].proc != nil {
			return
		}
		s.now = s.q.at
		s.result.Events++
		if s.poll--; s.poll <= 0 {
			s.look()
		}
		fn, _ = s.q.pop()
	}
}

func (s *Sim) recoverCallback() {
	if r := recover(); r != nil {
		s.q.fill()
		s.Fail(&PanicError{Value: r, Stack: debug.Stack()})
	}
}

// exhausted ends a run in which nothing is left before its end.
func (s *Sim) exhausted() {
	switch {
	case s.live > 0 && s.nothingAhead():
		e := &DeadlockError{}
		for p := s.first; p != nil; p = p.next {
			if !p.daemon {
				e.Processes = append(e.Processes, p.name)
			}
		}
		s.end(Deadlock, e, "")
	case s.until != MaxTime:
		s.now = s.until
		s.end(TimeLimit, nil, "")
	default:
		s.end(AllDone, nil, "")
	}
}

// nothingAhead reports whether no event has a time: there may be some at MaxTime. There is no front, since the end of the run is the top.
func (s *Sim) nothingAhead() bool {
	for _, e := range s.q.heap {
		if e.key != endKey && e.at != MaxTime && s.q.events[slotOf(e.key)].key == e.key {
			return false
		}
	}
	return true
}

// unblock handles the end of p's block: it starts, its sleep or Spend is over, it was woken, or it has waited too long.
func (s *Sim) unblock(p *Proc) {
	switch {
	case p.state == StateRunning:
		s.target = p
		return
	case p.cond != nil:
		p.cond.remove(p)
	}
	if p.onCPU {
		s.wakeUp(p)
		return
	}
	p.state = StateRunning
	s.target = p
}

// unwindAll ends every process that is left. First it takes them off whatever they are blocked on, since nobody will wake them.
func (s *Sim) unwindAll() {
	for _, c := range s.cpus {
		if c.curr != nil {
			c.charge()
		}
		c.curr, c.rq = nil, nil
	}
	for p := s.first; p != nil; p = p.next {
		p.c, p.killed = nil, true
		if p.cond != nil {
			p.cond.remove(p)
		}
		if p.request != nil {
			p.request.proc, p.request = nil, nil
		}
	}
	s.ended, s.unwind, s.target, s.poll = true, true, nil, 0
	for s.first != nil {
		p := s.first
		if p.resumeFn != nil && !p.stuck {
			p.resume()
		}
		if p.state != StateDead {
			p.exit(true)
		}
	}
	s.cur = nil
}

// log2 returns the binary logarithm of n >= 1, rounded down.
func log2(n int) int { return bits.Len(uint(n)) - 1 }
