package psi

import "math/bits"

// Flags is what a task is counted as (TSK_IOWAIT and so on).
type Flags uint8

// The flags of a task.
const (
	IOWait          Flags = 1 << iota // it sleeps until a transfer is done
	Memstall                          // it is between Enter and Leave
	Running                           // it runs or waits for a CPU
	MemstallRunning                   // both
	OnCPU                             // it is the one that runs
	nrCounts        = 4               // those of which there can be several on a CPU
	counted         = 1<<nrCounts - 1
)

// A state of a CPU, as a bit of its mask (enum psi_states).
const (
	ioSome = iota
	ioFull
	memSome
	memFull
	cpuSome
	cpuFull
	nrStalls
	nonidle = nrStalls
	onCPU   = nonidle + 1

	nrStates = nrStalls + 1 // those of which times are kept
)

// A Task is what the scheduler and memory management keep of a task. Its zero value is a task that never ran.
type Task struct {
	InMemstall bool // it is between Enter and Leave
	InIOWait   bool // when it next sleeps, it waits for a transfer; set and cleared by whoever makes it wait
	flags      Flags
	requeue    bool // its flags were taken away while it slept, since it wakes on another CPU (sched_psi_wake_requeue)
	cpu        int  // where its flags are counted
}

// Flags is what the task is counted as.
func (t *Task) Flags() Flags { return t.flags }

type groupCPU struct {
	tasks [nrCounts]int
	mask  uint16
	since int64            // when the mask was last computed
	times [nrStates]uint64 // nanoseconds in each state until then
	seen  [nrStates]uint64 // what the last aggregation saw of them
	curr  *Task            // nil: idle
}

// A Group is the tasks whose pressure is shown together (struct psi_group): those of a machine.
type Group struct {
	// Arm is asked for a call of Work after a number of jiffies. It may be called only once until Work runs.
	Arm func(jiffies int64)

	jiffy      int64
	period     int64
	cpus       []groupCPU
	pending    bool // Arm was called and Work has not run
	nextUpdate int64
	lastUpdate int64
	total      [nrStalls]uint64 // nanoseconds
	avgTotal   [nrStalls]uint64
	avg        [nrStalls][3]uint64
}

// freq is the length of a period in seconds, to which a jiffy is added so that it is not one of the load average (PSI_FREQ).
const freq = 2

// New makes the group of a machine that boots now. hz is the number of jiffies a second.
func New(cpus, hz int, now int64, arm func(jiffies int64)) *Group {
	jiffy := int64(1e9) / int64(hz)
	g := &Group{Arm: arm, jiffy: jiffy, period: int64(freq*hz+1) * jiffy, cpus: make([]groupCPU, cpus)}
	for i := range g.cpus {
		g.cpus[i].since = now
	}
	g.lastUpdate, g.nextUpdate = now, now+g.period
	return g
}

// change moves a task between what it is counted as (psi_task_change).
func (g *Group) change(t *Task, clear, set Flags, now int64) {
	t.flags = t.flags&^clear | set
	g.changeCPU(t.cpu, clear, set, now)
}

// changeCPU brings a CPU's times up to date and computes its state anew (psi_group_change).
func (g *Group) changeCPU(cpu int, clear, set Flags, now int64) {
	c := &g.cpus[cpu]
	mask := c.mask & (1 << onCPU)
	if clear&OnCPU != 0 {
		mask = 0
	}
	if set&OnCPU != 0 {
		mask = 1 << onCPU
	}
	for f := clear & counted; f != 0; f &= f - 1 {
		if i := bits.TrailingZeros8(uint8(f)); c.tasks[i] > 0 {
			c.tasks[i]--
		}
	}
	for f := set & counted; f != 0; f &= f - 1 {
		c.tasks[bits.TrailingZeros8(uint8(f))]++
	}
	c.record(now)
	c.mask = mask | c.states(mask != 0)
	if !g.pending {
		g.pending = true
		g.Arm(g.period / g.jiffy)
	}
}

// states are the states that the counts call for (test_state). They change with every switch, so no branch could be predicted.
func (c *groupCPU) states(busy bool) uint16 {
	running, one := c.tasks[2], bit(busy)
	io, mem, run := bit(c.tasks[0] > 0), bit(c.tasks[1] > 0), bit(running > 0)
	// What is lost is also what a CPU does for reclaim while nothing else could run on it.
	full := mem & bit(running == c.tasks[3])
	if busy && c.curr != nil {
		full |= bit(c.curr.InMemstall)
	}
	return io<<ioSome | (io&^run)<<ioFull | mem<<memSome | full<<memFull | bit(running > int(one))<<cpuSome | (run&^one)<<cpuFull | (io|mem|run)<<nonidle
}

// bit is 1 for true.
func bit(b bool) uint16 {
	if b {
		return 1
	}
	return 0
}

// record adds the time since the last change to the states of that time (record_times).
func (c *groupCPU) record(now int64) {
	d := uint64(now - c.since)
	if d == 0 { // as a task that is woken is mostly run at once
		return
	}
	c.since = now
	for m := c.mask & (1<<nrStates - 1); m != 0; m &= m - 1 {
		c.times[bits.TrailingZeros16(m)] += d
	}
}

// Enqueue counts a task that becomes runnable on a CPU: because it wakes, or because it was moved there (psi_enqueue).
func (g *Group) Enqueue(t *Task, cpu int, wakeup bool, now int64) {
	set, clear := Running, Flags(0)
	if t.InMemstall {
		set |= MemstallRunning
	}
	if !wakeup || t.requeue {
		if t.InMemstall {
			set |= Memstall
		}
		t.requeue = false
	} else if t.InIOWait {
		clear = IOWait
	}
	t.cpu = cpu
	g.change(t, clear, set, now)
}

// Migrate takes a task's counts off its CPU because it goes to another: runnable, to be enqueued there at once, or asleep and about to wake there
// (psi_dequeue, psi_ttwu_dequeue).
func (g *Group) Migrate(t *Task, runnable bool, now int64) {
	if runnable {
		clear := Running
		if t.InMemstall {
			clear |= Memstall | MemstallRunning
		}
		g.change(t, clear, 0, now)
		return
	}
	if t.flags != 0 {
		g.change(t, t.flags, 0, now)
		t.requeue = true
	}
}

// Switch is a CPU's going from one task to another, nil for idle (psi_task_switch). sleep: prev blocks or ends, else it waits for the CPU.
func (g *Group) Switch(cpu int, prev, next *Task, sleep bool, now int64) {
	g.cpus[cpu].curr = next
	if next != nil {
		g.change(next, 0, OnCPU, now)
	}
	if prev == nil {
		return
	}
	clear, set := OnCPU, Flags(0)
	if sleep {
		clear |= Running
		if prev.InMemstall {
			clear |= MemstallRunning
		}
		if prev.InIOWait {
			set = IOWait
		}
	}
	prev.flags = prev.flags&^clear | set
	if next != nil {
		clear &^= OnCPU // the CPU is still taken
	}
	g.changeCPU(cpu, clear, set, now)
}

// Enter begins a stall of the task that runs, for want of memory (psi_memstall_enter). It returns whether it was in one already, for Leave.
func (g *Group) Enter(t *Task, now int64) (nested bool) {
	if t.InMemstall {
		return true
	}
	t.InMemstall = true
	g.change(t, 0, Memstall|MemstallRunning, now)
	return false
}

// Leave ends what Enter began, of the task that runs (psi_memstall_leave).
func (g *Group) Leave(t *Task, nested bool, now int64) {
	if !nested {
		t.InMemstall = false
		g.change(t, Memstall|MemstallRunning, 0, now)
	}
}
