package engine

import (
	"fmt"
	"iter"
	"runtime/debug"
)

// State is what a process is doing.
type State uint8

// The states of a process.
const (
	StateNew      State = iota // its start has not come
	StateRunnable              // in the run queue of a CPU
	StateRunning               // current on a CPU, or, without CPUs, not blocked or in Spend
	StateSleeping              // in Sleep
	StateWaiting               // in Wait, WaitTimeout or IO, or woken from it and not yet on its way
	StateDead                  // ended
)

var stateNames = [...]string{"new", "runnable", "running", "sleeping", "waiting", "dead"}

// String returns the state in words.
func (st State) String() string {
	if int(st) < len(stateNames) {
		return stateNames[st]
	}
	return fmt.Sprintf("State(%d)", uint8(st))
}

// ProcOptions says how a process is run.
type ProcOptions struct {
	// Nice is -20 to 19; what is beyond counts as the limit.
	Nice int
	// CPU is the index of the only CPU that it may run on, or -1 for any.
	CPU int
	// Kernel marks a kernel thread. It is only a mark: kernel threads compete for CPUs as all do.
	Kernel bool
	// Daemon says that the run need not wait for it to end.
	Daemon bool
	// OffCPU says that it is none of the machine's processes (a device, an administrator): it needs no CPU and its Spend takes none.
	OffCPU bool
	// Start is when it becomes runnable; a time that has passed counts as now.
	Start Time
	// OnExit, if not nil, is called once when the process has ended in whatever way, also if it never ran. It must not block.
	OnExit func(*Proc)
}

// Proc is a process or kernel thread: a coroutine that spends virtual time. Its blocking methods (Sleep, Spend, Yield, Wait,
// WaitTimeout, IO) may be called only by the process itself. If it is killed they do not return: they throw a private value that
// must reach the place where the process began. Code in between that recovers must throw on what IsKill accepts.
type Proc struct {
	// UserData is the caller's.
	UserData any

	sim    *Sim
	name   string
	id     int
	fn     func(*Proc)
	onExit func(*Proc)
	kernel bool
	daemon bool
	onCPU  bool // it needs a CPU to run

	state     State
	killed    bool
	signalled bool
	active    bool // in the chain of resumed coroutines
	stuck     bool // refuses to unwind; never resumed again
	mask      int  // depth of Uninterruptible
	throws    int
	reason    any

	slot               uint32 // of its event, which ends the present block
	cond               *Cond
	waitNext, waitPrev *Proc
	request            *request
	next, prev         *Proc // of Sim.first

	resumeFn func() (struct{}, bool)
	yieldFn  func(struct{}) bool

	entity
}

// Go creates a process that runs fn from o.Start on.
func (s *Sim) Go(name string, o ProcOptions, fn func(*Proc)) *Proc {
	s.lastID++
	p := &Proc{
		sim: s, name: name, id: s.lastID, fn: fn, onExit: o.OnExit, kernel: o.Kernel, daemon: o.Daemon,
		onCPU: !o.OffCPU && len(s.cpus) > 0,
	}
	p.initEntity(o.Nice, o.CPU)
	if p.onCPU && o.CPU >= len(s.cpus) {
		s.Fail(fmt.Errorf("process %q is pinned to CPU %d: there are %d, the last is CPU %d", name, o.CPU, len(s.cpus), len(s.cpus)-1))
	}
	if p.prev = s.last; p.prev == nil {
		s.first = p
	} else {
		p.prev.next = p
	}
	s.last = p
	if !p.daemon {
		s.live++
	}
	p.slot = s.q.newProc(p)
	s.q.arm(p.slot, max(o.Start, s.now))
	return p
}

// Name returns the name that the process was created with.
func (p *Proc) Name() string { return p.name }

// ID returns the ordinal of the process in the simulation, from 1.
func (p *Proc) ID() int { return p.id }

// Sim returns the simulation that the process belongs to.
func (p *Proc) Sim() *Sim { return p.sim }

// Kernel reports whether it was created as a kernel thread.
func (p *Proc) Kernel() bool { return p.kernel }

// State returns what the process is doing.
func (p *Proc) State() State { return p.state }

// Killed reports whether Kill was called on it, or Run is unwinding it at the end of the run.
func (p *Proc) Killed() bool { return p.killed }

// KillReason returns what Kill was given first, nil if the process was not killed.
func (p *Proc) KillReason() any { return p.reason }

// Spend takes d of CPU time: virtual time passes, and the process keeps its CPU or competes for it. A d of 0 or less does nothing.
func (p *Proc) Spend(d Duration) { p.pass(d, StateRunning) }

// Sleep gives up the CPU for d, then waits for one again. With a d of 0 or less the process is woken at once, after what is due
// already.
func (p *Proc) Sleep(d Duration) { p.pass(d, StateSleeping) }

// pass lets d pass in state st, which is StateRunning or StateSleeping. It does itself what is simple: nothing is due before d is over,
// or the next event does no more than resume another process. That is block, the event loop and the switch in one, since every frame
// between two switches costs a return that the processor cannot predict.
func (p *Proc) pass(d Duration, st State) {
	s := p.sim
	end := s.now + d
	if s.poll <= 0 || s.cur != p || end <= s.now || end == MaxTime || p.onCPU && st != StateRunning {
		p.passSlow(d, st)
		return
	}
	s.poll--
	if end < s.q.at {
		s.now = end
		return
	}
	next := s.q.events[slotOf(s.q.topKey())].proc
	if next == nil || next.resumeFn == nil || next.state != StateRunning && (next.onCPU || next.cond != nil) {
		p.passSlow(d, st)
		return
	}
	s.now = s.q.at
	s.result.Events++
	s.q.exchange(p.slot, end)
	p.spendEnd = end
	p.state, next.state = st, StateRunning
	if next.active {
		s.target = next
		p.active = false
		p.yieldFn(struct{}{})
	} else {
		next.active = true
		next.resumeFn()
		if s.target != p || s.ended {
			p.block()
			return
		}
		s.target = nil
	}
	s.cur = p
	if p.doomed() {
		p.throw()
	}
}

func (p *Proc) passSlow(d Duration, st State) {
	if st == StateSleeping {
		p.sleepSlow(d)
		return
	}
	s := p.enter("Spend")
	if d <= 0 {
		return
	}
	p.spendEnd = s.now.add(d)
	s.q.arm(p.slot, p.spendEnd)
	p.block()
}

func (p *Proc) sleepSlow(d Duration) {
	s := p.enter("Sleep")
	end := s.now.add(d)
	if d > 0 && end < s.q.top() && s.queued == 0 && s.poll > 0 {
		s.poll--
		if p.c != nil {
			p.c.nap(end)
		}
		s.now = end
		return
	}
	p.state = StateSleeping
	s.q.arm(p.slot, end)
	p.leaveCPU()
	p.block()
}

// Yield lets everything run that is due now, and gives the CPU to the process that has waited longest for it, if there is one
// (sched_yield, which prefers the one with the least vruntime).
func (p *Proc) Yield() {
	s := p.enter("Yield")
	if s.q.top() > s.now && (p.c == nil || len(p.c.rq) == 0) {
		return
	}
	p.spendEnd = s.now
	if p.c == nil || len(p.c.rq) == 0 {
		s.q.arm(p.slot, s.now)
	} else {
		p.c.yield()
	}
	p.block()
}

// Wait gives up the CPU until another wakes the process through c.
func (p *Proc) Wait(c *Cond) {
	p.enter("Wait")
	p.wait(c)
}

// WaitTimeout is Wait for at most d, and reports whether the process was woken through c. If the wake-up and the end of d fall on the
// same time, the one that was scheduled first decides. With a d of 0 or less it returns false at once.
func (p *Proc) WaitTimeout(c *Cond, d Duration) bool {
	s := p.enter("WaitTimeout")
	if d <= 0 {
		return false
	}
	s.q.arm(p.slot, s.now.add(d))
	p.wait(c)
	return p.signalled
}

// WaitUpkeep is WaitTimeout for a process that only looks after things when the time is over: the wait does not keep Sim.Idle from being true.
func (p *Proc) WaitUpkeep(c *Cond, d Duration) bool {
	e := func() *event { return &p.sim.q.events[p.slot] }
	e().upkeep = true
	defer func() { e().upkeep = false }()
	return p.WaitTimeout(c, d)
}

func (p *Proc) wait(c *Cond) {
	p.signalled = false
	p.state = StateWaiting
	c.add(p)
	p.leaveCPU()
	p.block()
}

// wakeSoon ends p's block at the present time.
func (p *Proc) wakeSoon() {
	p.sim.q.disarm(p.slot)
	p.sim.q.arm(p.slot, p.sim.now)
}

// Kill ends the process: at its next blocking call, or, if it is blocked, as soon as it is run. A process that is in a run queue or in
// the middle of Spend gives up the rest of what it was spending, but needs the CPU to unwind. One that has not started does not run at
// all. reason is for KillReason; a second Kill changes nothing.
func (p *Proc) Kill(reason any) {
	if p.killed || p.state == StateDead {
		return
	}
	p.killed, p.reason = true, reason
	if p.mask == 0 && !p.sim.unwind {
		p.interrupt()
	}
}

// interrupt cuts short what p, which was killed, is blocked in.
func (p *Proc) interrupt() {
	s := p.sim
	switch {
	case s.cur == p:
		s.poll = 0
	case p.state == StateNew:
		p.exit(true)
	case p.state == StateRunnable:
		p.remaining = 0
	case s.target == p: // about to be resumed anyway
	case p.state == StateRunning:
		p.spendEnd = max(s.now, p.execStart)
		s.q.disarm(p.slot)
		s.q.arm(p.slot, p.spendEnd)
	case p.cond != nil:
		p.cond.remove(p)
		p.wakeSoon()
	case p.request != nil:
		p.request.proc, p.request = nil, nil
		p.wakeSoon()
	case p.state == StateSleeping:
		p.wakeSoon()
	}
}

// Uninterruptible runs fn in such a way that Kill takes effect only after it: blocking calls inside it block also in a process that
// has been killed, so deferred functions can use it to spend the time that their work takes. At the end of the run they throw
// nevertheless.
func (p *Proc) Uninterruptible(fn func()) {
	p.mask++
	defer func() {
		p.mask--
		if p.mask == 0 && p.killed {
			p.sim.poll = 0
		}
	}()
	fn()
}

// SetNice changes the nice value, -20 to 19; what is beyond counts as the limit.
func (p *Proc) SetNice(nice int) { p.setNice(nice) }

// IO submits one request to d and waits until it is complete. If the process is killed meanwhile, the request goes on without it.
func (p *Proc) IO(d *Device, bytes int64, write bool) {
	p.enter("IO")
	p.state = StateWaiting
	p.request = d.submit(bytes, write, nil, p)
	p.leaveCPU()
	p.block()
}

// killSignal is what a killed process throws.
type killSignal struct{ p *Proc }

// IsKill reports whether r, which recover returned, is the end of a killed process. Such a value must be thrown on.
func IsKill(r any) bool {
	_, ok := r.(killSignal)
	return ok
}

// maxThrows is how often a process may swallow its own end before it is taken for one that never ends.
const maxThrows = 1000

// throw unwinds p.
func (p *Proc) throw() {
	p.sim.poll = 0 // so that deferred functions do not run ahead
	p.throws++
	if p.throws > maxThrows {
		p.stuck = true
		p.sim.Fail(fmt.Errorf("process %q was killed and does not end: something in it recovers every panic (see IsKill)", p.name))
		p.yieldDown()
	}
	panic(killSignal{p})
}

// doomed reports whether p must not go on.
func (p *Proc) doomed() bool { return p.killed && (p.mask == 0 || p.sim.unwind) }

// enter begins a blocking call.
func (p *Proc) enter(call string) *Sim {
	s := p.sim
	if s.cur != p {
		current := "no process is"
		if s.cur != nil {
			current = fmt.Sprintf("process %q is", s.cur.name)
		}
		panic(fmt.Sprintf("%s of process %q was called while %s current: a blocking call is for the process itself", call, p.name, current))
	}
	if p.doomed() {
		p.throw()
	}
	if s.poll <= 0 {
		s.look()
	}
	return s
}

// block runs events until p is to go on.
func (p *Proc) block() {
	s := p.sim
	s.loop(p)
	s.cur = p
	if p.doomed() {
		p.throw()
	}
}

// resume switches to p's coroutine, which it makes first if need be, and returns when p yields down or ends.
func (p *Proc) resume() {
	if p.resumeFn == nil {
		p.resumeFn, _ = iter.Pull(p.body)
	}
	p.active = true
	p.resumeFn()
}

// yieldDown suspends p and returns when it is resumed.
func (p *Proc) yieldDown() {
	p.active = false
	p.yieldFn(struct{}{})
}

// body is the coroutine of p.
func (p *Proc) body(yield func(struct{}) bool) {
	p.yieldFn = yield
	defer p.finish()
	if p.doomed() {
		return
	}
	if t := p.sim.trace.Start; t != nil {
		t(p.sim.now, p)
	}
	p.sim.cur = p
	p.fn(p)
}

// finish ends p; it is the deferred function at the bottom of its stack.
func (p *Proc) finish() {
	r := recover()
	if r != nil && !IsKill(r) {
		p.sim.Fail(&PanicError{Process: p.name, Value: r, Stack: debug.Stack()})
	}
	p.sim.cur = p
	p.leaveCPU()
	p.exit(r != nil || p.doomed())
	p.active = false
	p.sim.cur = nil
}

// exit takes p, which holds no CPU, out of the simulation.
func (p *Proc) exit(killed bool) {
	s := p.sim
	if p.prev == nil {
		s.first = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		s.last = p.prev
	} else {
		p.next.prev = p.prev
	}
	p.state = StateDead
	s.q.disarm(p.slot)
	s.q.freeSlot(p.slot)
	p.fn = nil
	if p.onExit != nil {
		p.callOnExit()
	}
	if t := s.trace.Exit; t != nil {
		t(s.now, p, killed)
	}
	if !p.daemon {
		if s.live--; s.live == 0 {
			s.end(AllDone, nil, "")
		}
	}
}

func (p *Proc) callOnExit() {
	defer func() {
		if r := recover(); r != nil {
			p.sim.Fail(&PanicError{Process: p.name, Value: r, Stack: debug.Stack()})
		}
	}()
	p.onExit(p)
}
