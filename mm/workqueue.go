package mm

import "mmsim/engine"

// A kworker is the thread of a CPU that runs what others queue there for later (a worker of system_wq's pool of that CPU). What it does is short; that it is
// woken matters more, since the CPU goes on afterwards with whom it owes most.
type kworker struct {
	task task
	wait *engine.Cond
	todo []func()
}

// startWorkers makes a worker for each CPU, which sleeps.
func (k *Kernel) startWorkers() {
	k.workers = make([]kworker, len(k.nodeOfCPU))
	for cpu := range k.workers {
		w := &k.workers[cpu]
		w.task, w.wait = task{k: k}, engine.NewCond(k.Sim)
		w.task.proc = k.Sim.Go("kworker/"+itoa(cpu)+":0", engine.ProcOptions{CPU: cpu, Kernel: true, Daemon: true}, w.run)
		w.task.proc.UserData = &w.task
	}
}

// run does what is queued (worker_thread).
func (w *kworker) run(p *engine.Proc) {
	for {
		for len(w.todo) == 0 {
			p.Wait(w.wait)
		}
		fn := w.todo[0]
		w.todo = append(w.todo[:0], w.todo[1:]...)
		w.task.spend(w.task.k.cost.Work)
		fn()
	}
}

// scheduleWork has fn run by the worker of a CPU (schedule_work). The caller sees to it that nothing is queued twice.
func (k *Kernel) scheduleWork(cpu int, fn func()) {
	if cpu < 0 || cpu >= len(k.workers) {
		fn() // on a machine without CPUs nobody waits for one
		return
	}
	w := &k.workers[cpu]
	w.todo = append(w.todo, fn)
	w.wait.Signal()
}
