package mm

import (
	"mmsim/engine"
	"mmsim/mm/psi"
	"mmsim/mm/writeback"
)

// A task is what runs in kernel context: a user process or a kernel thread (the parts of task_struct that memory management reads).
type task struct {
	k       *Kernel
	proc    *engine.Proc
	process *Process // nil for a kernel thread

	psi   psi.Task
	plug  ioPlug
	reads ioWork
	owes  engine.Time // CPU time of what is done and must not be interrupted before its result is used

	memalloc bool // PF_MEMALLOC: allocations may use every reserve and do not reclaim
	kswapd   bool // PF_KSWAPD
	lruFault bool // in a fault that tells how pages are used (in_lru_fault)
	victim   bool // chosen by the OOM killer (tsk_is_oom_victim)

	dirtier writeback.Dirtier

	oomOrigin bool // what it does makes memory short: the OOM killer chooses it first (oom_task_origin)
	killed    bool // it belongs to no process and was sent SIGKILL
}

// cpu is the CPU that the task runs on.
func (t *task) cpu() int { return t.proc.CPU() }

// spend uses CPU time.
func (t *task) spend(d engine.Time) {
	if s := t.k.tlb; s != nil {
		d += s.takeOwed(t.proc.CPU())
	}
	t.proc.Spend(d)
}

// pay spends what the task owes.
func (t *task) pay() {
	d := t.owes
	t.owes = 0
	t.spend(d)
}

// comm is the name that the kernel's messages show: at most 15 bytes (TASK_COMM_LEN).
func (t *task) comm() string {
	name := "kthread"
	if t.process != nil {
		name = t.process.name
	} else if t.proc != nil {
		name = t.proc.Name()
	}
	return comm(name)
}

// comm cuts a full name to what the kernel would show: the part behind the last slash, at most 15 bytes.
func comm(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' {
			name = name[i+1:]
			break
		}
	}
	return name[:min(len(name), 15)]
}

// fatalSignal tells whether the task has been sent SIGKILL and not yet acted on it.
func (t *task) fatalSignal() bool { return t.killed || t.process != nil && t.process.pending != "" }

// pid is the task's process id; that of the administrator is init's.
func (t *task) pid() int {
	if t.process != nil {
		return t.process.pid
	}
	return 1
}
