package mm

import (
	"strings"

	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/psi"
)

// startPSI lets the scheduler report to the machine's pressure stall information.
func (k *Kernel) startPSI() {
	k.psi = psi.New(len(k.nodeOfCPU), hz, int64(k.Sim.Now()), k.armPSI)
	k.psiWork = func() { k.psi.Work(int64(k.Sim.Now())) }
	t := k.Sim.Trace()
	before := *t
	t.Wakeup = func(at engine.Time, p *engine.Proc, cpu int) {
		if before.Wakeup != nil {
			before.Wakeup(at, p, cpu)
		}
		k.psi.Enqueue(psiTask(p), cpu, true, int64(at))
	}
	t.Migrate = func(at engine.Time, p *engine.Proc, from, to int) {
		if before.Migrate != nil {
			before.Migrate(at, p, from, to)
		}
		runnable := p.State() == engine.StateRunnable
		k.psi.Migrate(psiTask(p), runnable, int64(at))
		if runnable {
			k.psi.Enqueue(psiTask(p), to, false, int64(at))
		}
	}
	t.Switch = func(at engine.Time, cpu int, prev, next *engine.Proc) {
		if before.Switch != nil {
			before.Switch(at, cpu, prev, next)
		}
		var from, to *psi.Task
		if prev != nil {
			from = psiTask(prev)
		}
		if next != nil {
			to = psiTask(next)
		}
		k.psi.Switch(cpu, from, to, prev != nil && prev.State() != engine.StateRunnable, int64(at))
	}
}

// psiTask is what pressure stall information keeps of a coroutine.
func psiTask(p *engine.Proc) *psi.Task {
	switch t := p.UserData.(type) {
	case *Process:
		return &t.psi
	case *task:
		return &t.psi
	case *psi.Task:
		return t
	}
	t := &psi.Task{}
	p.UserData = t
	return t
}

// armPSI schedules the next aggregation after a number of jiffies. It is asked for when a CPU ceases to be idle, never when a process that runs goes to sleep. The
// run does not go on for it.
func (k *Kernel) armPSI(jiffies int64) { k.Sim.AfterUpkeep(k.timeout(uint64(jiffies)), k.psiWork) }

// memstall begins a time in which the task that runs is stalled for want of memory, whether it works or waits; end ends it (psi_memstall_enter,
// psi_memstall_leave).
func (t *task) memstall() (nested bool) {
	return t.k.psi.Enter(psiTask(t.proc), int64(t.k.Sim.Now()))
}

func (t *task) endMemstall(nested bool) {
	t.k.psi.Leave(psiTask(t.proc), nested, int64(t.k.Sim.Now()))
}

// ioWait blocks until somebody wakes c; meanwhile the task counts as waiting for a device (io_schedule).
func (t *task) ioWait(c *engine.Cond) {
	t.submitWork()
	t.ioWaitSent(c)
}

// ioWaitSent is ioWait for a task that has sent what it had to.
func (t *task) ioWaitSent(c *engine.Cond) {
	s := psiTask(t.proc)
	was := s.InIOWait
	s.InIOWait = true
	defer func() { s.InIOWait = was }()
	t.proc.Wait(c)
}

// thrashing tells whether waiting for a page is a stall for want of memory: it is being read, and was in use when it was evicted (folio_wait_bit_common).
func (k *Kernel) thrashing(pfn phys.PFN) bool {
	p := k.Mem.Page(pfn)
	return p.Test(phys.FlagLocked) && p.Test(phys.FlagWorkingset)
}

// pressures are the files of /proc/pressure, by the names under which a run directory keeps them.
var pressures = []struct {
	name, path string
	resource   psi.Resource
}{
	{"pressure_cpu", "/proc/pressure/cpu", psi.CPU},
	{"pressure_io", "/proc/pressure/io", psi.IO},
	{"pressure_memory", "/proc/pressure/memory", psi.Memory},
}

// Pressure is a file of /proc/pressure by its last name: cpu, io or memory. False: there is no such file.
func (k *Kernel) Pressure(name string) (*procfs.Pressure, bool) {
	for _, f := range pressures {
		if strings.TrimPrefix(f.path, "/proc/pressure/") == name {
			return k.pressure(f.resource), true
		}
	}
	return nil, false
}

// pressure reads a file of /proc/pressure as a process does, which is not without effect: stalls that are in the middle are rounded in parts.
func (k *Kernel) pressure(r psi.Resource) *procfs.Pressure {
	return pressureFile(k.psi.Show(r, int64(k.Sim.Now())))
}

// pressureFile makes a file of its two lines.
func pressureFile(some, full psi.Stall) *procfs.Pressure {
	line := func(s psi.Stall) *procfs.PressureStall {
		return &procfs.PressureStall{Avg10: s.Avg[0], Avg60: s.Avg[1], Avg300: s.Avg[2], Total: s.Total}
	}
	return &procfs.Pressure{Some: line(some), Full: line(full)}
}
