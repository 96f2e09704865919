package mm

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"mmsim/engine"
	"mmsim/internal/suggest"
	"mmsim/mm/addrspace"
	"mmsim/mm/heap"
	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/writeback"
)

// Rlimit holds a process's resource limits (getrlimit(2)), Nproc in processes of the user, the others in bytes; Unlimited stands for RLIM_INFINITY.
// In ProcessOptions 0 means the default and LimitNone a limit of 0.
type Rlimit struct{ AS, Data, Stack, Memlock, Nproc uint64 }

// Unlimited is a limit that is none, LimitNone one that allows nothing.
const (
	Unlimited = ^uint64(0)
	LimitNone = Unlimited - 1
)

// defaultRlimit are the limits of an ordinary user's process on Debian.
var defaultRlimit = Rlimit{AS: Unlimited, Data: Unlimited, Stack: 8 << 20, Memlock: 8 << 20}

// ProcessOptions is how a process starts.
type ProcessOptions struct {
	Start       engine.Time
	OOMScoreAdj int // -1000..1000
	Nice        int // -20..19
	CPU         int // CPU that it is pinned to; -1: any
	Node        int // node that its memory is bound to; -1: any
	Rlimit      Rlimit
	Malloc      string // the C library's allocator: one of Mallocs; "" is the default
}

// DefaultProcessOptions are those of a process that declares nothing. Zero limits in ProcessOptions.Rlimit mean these, too.
func DefaultProcessOptions() ProcessOptions {
	return ProcessOptions{CPU: -1, Node: -1, Rlimit: defaultRlimit}
}

// A WaitStatus says how a process ended: by exit with a code, or by a signal. OOM marks a SIGKILL that neither the scenario nor the end
// of the run sent.
type WaitStatus struct {
	Code   int
	Signal string
	OOM    bool
}

type processState uint8

const (
	stateLive processState = iota
	stateExiting
	stateZombie // ended and not waited for
	stateDead
)

// A Process is one user process: a task with an address space of its own.
type Process struct {
	task
	name     string // full name: parent/child
	pid      int
	mm       *addrspace.Space // nil once it has exited
	rlimit   Rlimit
	declared Rlimit         // rlimit without what its program has mapped
	tried    bool           // the page fault has been tried once (FAULT_FLAG_TRIED)
	next     func(*Process) // what Exec has asked for
	node     int
	nice     int
	pin      int
	rand     *engine.Stream
	parent   *Process
	children []*Process
	lender   *Process // of the address space and the heap, who waits until both are given back (vfork_done)
	forks    int
	state    processState
	status   WaitStatus
	childEnd *engine.Cond // a child has ended
	signal   *engine.Cond // a signal has come

	pending     string // a signal to act on: SIGKILL, SIGSEGV, ...
	pendingOOM  bool
	oomScoreAdj int
	adjMin      int         // the lowest oom_score_adj that it may set without privilege
	oomSkip     bool        // MMF_OOM_SKIP: its memory is freed or cannot be
	began       engine.Time // when it started
	minFlt      uint64
	majFlt      uint64
	stack       []phys.PFN // kernel stack
	carried     []carriedPart
	files       []*file // open files, from descriptor 3 on
	malloc      string
	heap        heap.Allocator // the C library's; nil until it is used
}

// errExit unwinds a process's coroutine when it exits or is killed. It is recovered where the coroutine began.
var errExit = errors.New("the process has ended")

// Unwinding tells whether a recovered panic value is a process on its way to its end, or to another program. Code between a process's body and its system calls
// that recovers from panics must panic again with such a value.
func Unwinding(v any) bool {
	err, ok := v.(error)
	return ok && (errors.Is(err, errExit) || errors.Is(err, errExec)) || engine.IsKill(v)
}

// Spawn creates a user process that begins at opt.Start. Its body runs as a coroutine; when it returns, the process exits with code 0.
// Errors: a CPU or node that the machine does not have, values out of range, and EAGAIN when there are no more pids.
func (k *Kernel) Spawn(name string, opt ProcessOptions, body func(*Process)) (*Process, error) {
	switch {
	case opt.OOMScoreAdj < -1000 || opt.OOMScoreAdj > 1000:
		return nil, fmt.Errorf("process %q: oom_score_adj is %d; it goes from -1000 to 1000", name, opt.OOMScoreAdj)
	case opt.Nice < -20 || opt.Nice > 19:
		return nil, fmt.Errorf("process %q: nice is %d; it goes from -20 to 19", name, opt.Nice)
	case opt.CPU >= len(k.nodeOfCPU) || opt.CPU < -1:
		return nil, fmt.Errorf("process %q: there is no CPU %d; the machine has %d, from 0", name, opt.CPU, len(k.nodeOfCPU))
	case opt.Node >= len(k.Mem.Nodes) || opt.Node < -1:
		return nil, fmt.Errorf("process %q: there is no node %d; the machine has %d, from 0", name, opt.Node, len(k.Mem.Nodes))
	case opt.Malloc != "" && !slices.Contains(Mallocs, opt.Malloc):
		return nil, fmt.Errorf("process %q: %w", name, suggest.Unknown("malloc", opt.Malloc, Mallocs))
	case k.Mem.Arch == phys.I386 && slices.Contains(mallocs64, opt.Malloc):
		return nil, fmt.Errorf("process %q: %s is modelled for x86_64 only", name, opt.Malloc)
	case opt.Start < 0:
		return nil, fmt.Errorf("process %q: it cannot start before time 0", name)
	}
	p := k.newProcess(name, opt.Nice, opt.CPU)
	if p == nil {
		return nil, fmt.Errorf("process %q: %w: no more processes than kernel.pid_max = %d", name, EAGAIN, k.pids.max)
	}
	p.node = opt.Node
	p.oomScoreAdj, p.adjMin = opt.OOMScoreAdj, min(opt.OOMScoreAdj, 0)
	p.declared = opt.Rlimit.orDefault(k.pids.perUser)
	p.rlimit = p.declared
	p.malloc = opt.Malloc
	p.exec()
	p.adoptCarried()
	p.countFromHere()
	p.start(opt.Start, body)
	return p, nil
}

func (r Rlimit) orDefault(nproc uint64) Rlimit {
	for _, l := range []struct{ limit, def *uint64 }{
		{&r.AS, &defaultRlimit.AS},
		{&r.Data, &defaultRlimit.Data},
		{&r.Stack, &defaultRlimit.Stack},
		{&r.Memlock, &defaultRlimit.Memlock},
		{&r.Nproc, &nproc},
	} {
		switch *l.limit {
		case 0:
			*l.limit = *l.def
		case LimitNone:
			*l.limit = 0
		}
	}
	return r
}

// newProcess makes a process without an address space, or nil when there are no more pids.
func (k *Kernel) newProcess(name string, nice, cpu int) *Process {
	p := &Process{
		task: task{k: k, dirtier: writeback.NewDirtier()}, name: name, nice: nice, pin: cpu, node: -1, rlimit: defaultRlimit, declared: defaultRlimit,
		rand: engine.NewStream(k.seed, name), childEnd: engine.NewCond(k.Sim), signal: engine.NewCond(k.Sim),
	}
	p.process = p
	if !k.pids.take(p) {
		return nil
	}
	k.live++
	k.processes = append(k.processes, p)
	k.byName[name] = p
	k.startLoad()
	return p
}

// start makes the process run its body from a time on.
func (p *Process) start(at engine.Time, body func(*Process)) {
	p.began = max(at, p.k.Sim.Now())
	p.proc = p.k.Sim.Go(p.name, engine.ProcOptions{Nice: p.nice, CPU: p.pin, Start: at}, func(*engine.Proc) {
		defer p.end()
		p.checkSignals()
		p.life(body)
		p.status = WaitStatus{}
	})
	p.proc.UserData = p
}

// end runs the exit of a process whose body has returned or was unwound by a signal. Any other panic passes on to the engine.
func (p *Process) end() {
	if r := recover(); r != nil {
		if err, ok := r.(error); !ok || !errors.Is(err, errExit) {
			panic(r)
		}
	}
	p.exit()
}

// Name is the process's full name, parent/child for a forked one.
func (p *Process) Name() string { return p.name }

// PID is its process id.
func (p *Process) PID() int { return p.pid }

// Proc is the engine's coroutine that it runs as.
func (p *Process) Proc() *engine.Proc { return p.proc }

// Rand is the process's own stream of random numbers.
func (p *Process) Rand() *engine.Stream { return p.rand }

// Ended tells whether the process has exited or is doing so: its memory is gone or going.
func (p *Process) Ended() bool { return p.state != stateLive || p.pending != "" }

// checkSignals ends the process if a signal has come (exit_to_user_mode_loop, get_signal). It does not return then.
func (p *Process) checkSignals() {
	if p.pending != "" && p.state == stateLive {
		p.status = WaitStatus{Signal: p.pending, OOM: p.pendingOOM}
		panic(errExit)
	}
}

// syscall spends the cost of a system call, and acts on a signal that came meanwhile.
func (p *Process) syscall(extra engine.Time) {
	p.checkSignals()
	p.spend(p.k.cost.Syscall + extra)
	p.checkSignals()
}

// Exit ends the process with a code, of which the low 8 bits count (exit(3)). It does not return.
func (p *Process) Exit(code int) {
	p.syscall(0)
	p.status = WaitStatus{Code: code & 0xff}
	panic(errExit)
}

// exit gives everything back and tells the parent (do_exit). It runs as the process, which may wait for a CPU on the way.
func (p *Process) exit() {
	k := p.k
	p.state = stateExiting
	p.plug.on = false // if it was killed in the middle of reclaim
	p.endBatch()
	p.flushPlug()
	if !p.proc.Killed() {
		p.spend(k.cost.Exit)
	}
	last := p.exitMM()
	p.exitFiles()
	p.exitDirty()
	p.exitNotify(last)
	p.state = stateZombie
	k.live--
	k.reportExit(p)
	for _, c := range p.children {
		c.parent = nil
		if c.state == stateZombie {
			c.release()
		}
	}
	p.children = nil
	if p.parent == nil {
		p.release()
		return
	}
	p.parent.childEnd.Broadcast()
}

// exitNotify tells init of the end of a process that it has started (exit_notify, do_notify_parent) and, when the CPU has gone to another task, gives back
// what the ended one ran with to the last, its stack and, unless nil, the address space that ended with it (finish_task_switch). The language's processes ignore the signal of a child's end: it is not queued.
func (p *Process) exitNotify(last *addrspace.Space) {
	k := p.k
	signal := slab.ID(0)
	if p.parent == nil {
		signal = p.object(k.slabs.sigqueue, phys.GFPAtomic)
	}
	if last != nil {
		k.freePgd(p.cpu(), last)
	}
	p.freeStack()
	if signal != 0 {
		k.slabs.sigqueue.Free(p.cpu(), signal)
	}
}

// Wait waits for a child to end, the one with the given pid or, for -1, any, and returns its pid and status (waitpid(2)).
// ECHILD: there is no such child.
func (p *Process) Wait(pid int) (int, WaitStatus, Errno) {
	p.syscall(0)
	for {
		found := false
		for i, c := range p.children {
			if pid != -1 && c.pid != pid {
				continue
			}
			found = true
			if c.state == stateZombie {
				p.children = append(p.children[:i], p.children[i+1:]...)
				c.release()
				return c.pid, c.status, 0
			}
		}
		if !found {
			return 0, WaitStatus{}, ECHILD
		}
		p.proc.Wait(p.childEnd)
		p.checkSignals()
	}
}

// signals that end a process, by name. The scenario language knows no handlers.
var signals = map[string]bool{
	"SIGHUP": true, "SIGINT": true, "SIGQUIT": true, "SIGABRT": true, "SIGKILL": true, "SIGUSR1": true, "SIGUSR2": true, "SIGTERM": true,
	"SIGSEGV": true, "SIGBUS": true,
}

// SignalNames are the signals that Kill knows, sorted.
func SignalNames() []string {
	return []string{"SIGABRT", "SIGBUS", "SIGHUP", "SIGINT", "SIGKILL", "SIGQUIT", "SIGSEGV", "SIGTERM", "SIGUSR1", "SIGUSR2"}
}

// Kill sends a signal, all of which end the receiver (kill(2)). ESRCH: there is no such process. EINVAL: no such signal.
func (p *Process) Kill(pid int, signal string) Errno {
	p.syscall(0)
	if !signals[signal] {
		return EINVAL
	}
	q := p.k.byPID(pid)
	if q == nil {
		return ESRCH
	}
	q.send(signal, false)
	p.checkSignals()
	return 0
}

// send makes a signal pending and wakes the process if it sleeps where signals wake (send_signal). Of several the first decides how the process ends
// (complete_signal) unless it is of those that dump core, which wait until they are looked at.
func (p *Process) send(signal string, oom bool) {
	if p.state != stateLive || p.pending != "" && !supersedes(signal, p.pending) {
		return
	}
	p.pending, p.pendingOOM = signal, oom
	p.signal.Broadcast()
	p.childEnd.Broadcast()
}

// coreRank is the order in which signals that dump core are looked at (next_signal): those that an access causes first, then by number.
var coreRank = map[string]int{"SIGBUS": 1, "SIGSEGV": 2, "SIGQUIT": 3, "SIGABRT": 4}

// supersedes tells whether a signal decides how a process ends though another was pending before.
func supersedes(signal, pending string) bool {
	was := coreRank[pending]
	return was > 0 && coreRank[signal] < was
}

// byPID is the process with that pid that has not been waited for, or nil.
func (k *Kernel) byPID(pid int) *Process { return k.pids.holder[uint64(pid)] }

// Sleep blocks for a time (nanosleep(2)).
func (p *Process) Sleep(d engine.Time) {
	p.syscall(0)
	p.proc.WaitTimeout(p.signal, d)
	p.checkSignals()
}

// Compute uses a CPU for a time.
func (p *Process) Compute(d engine.Time) {
	p.checkSignals()
	const slice = 4 * engine.Millisecond // a jiffy: how soon a signal is seen on a CPU that computes
	for d > 0 {
		n := min(d, slice)
		p.spend(n)
		d -= n
		p.checkSignals()
	}
}

// Yield gives up the CPU to another runnable process (sched_yield(2)).
func (p *Process) Yield() {
	p.syscall(0)
	p.proc.Yield()
	p.checkSignals()
}

// Getpid is the system call getpid(2), with its cost.
func (p *Process) Getpid() int {
	p.syscall(0)
	return p.pid
}

// childName is the full name of the next child: parent/name, or parent/N for its ordinal.
func (p *Process) childName(name string) string {
	if name == "" {
		name = strconv.Itoa(p.forks + 1)
	}
	return p.name + "/" + name
}
