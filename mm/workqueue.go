package mm

import (
	"slices"

	"mmsim/engine"
)

// A kworker is the thread of a CPU that runs what others queue there for later (a worker of one of the CPU's two pools). What it does is short; that it is
// woken matters more, since the CPU goes on afterwards with whom it owes most.
type kworker struct {
	task task
	wait *engine.Cond
	todo []func()
	each engine.Time // what one piece of work takes
}

// startWorkers makes the workers of each CPU, which sleep: one for system_wq, one for kblockd, which goes before all others (WQ_HIGHPRI).
func (k *Kernel) startWorkers() {
	k.workers = k.newWorkers(":0", 0, k.cost.Work)
	k.kblockd = k.newWorkers(":0H", -20, k.cost.DispatchIO)
}

func (k *Kernel) newWorkers(name string, nice int, each engine.Time) []kworker {
	ws := make([]kworker, len(k.nodeOfCPU))
	for cpu := range ws {
		w := &ws[cpu]
		w.task, w.wait, w.each = task{k: k}, engine.NewCond(k.Sim), each
		w.task.proc = k.Sim.Go("kworker/"+itoa(cpu)+name, engine.ProcOptions{CPU: cpu, Nice: nice, Kernel: true, Daemon: true}, w.run)
		w.task.proc.UserData = &w.task
	}
	return ws
}

// run does what is queued (worker_thread).
func (w *kworker) run(p *engine.Proc) {
	for {
		for len(w.todo) == 0 {
			p.Wait(w.wait)
		}
		fn := w.todo[0]
		w.todo = slices.Delete(w.todo, 0, 1)
		w.task.spend(w.each)
		fn()
	}
}

// queueWork has fn run by the worker of a CPU (queue_work_on). The caller sees to it that nothing is queued twice.
func queueWork(workers []kworker, cpu int, fn func()) {
	if cpu < 0 || cpu >= len(workers) {
		fn() // on a machine without CPUs nobody waits for one
		return
	}
	w := &workers[cpu]
	w.todo = append(w.todo, fn)
	w.wait.Signal()
}
