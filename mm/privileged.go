package mm

import (
	"mmsim/engine"
	"mmsim/mm/writeback"
)

// privileged runs what needs all capabilities on behalf of a process, or, if p is nil, of the administrator: then as a task of its own that competes for
// a CPU, for which the caller, the administrator's coroutine, waits. It returns false if the administrator's task was killed.
func (k *Kernel) privileged(p *Process, name string, fn func(*task)) bool {
	if p != nil {
		p.checkSignals()
		fn(&p.task)
		p.checkSignals()
		return true
	}
	caller, done, ended := k.Sim.Current(), engine.NewCond(k.Sim), false
	t := &task{k: k, dirtier: writeback.NewDirtier()}
	t.proc = k.Sim.Go(name, engine.ProcOptions{CPU: -1, Daemon: true}, func(*engine.Proc) {
		fn(t)
		ended = true
		done.Broadcast()
	})
	t.proc.UserData = t
	for !ended {
		caller.Wait(done)
	}
	return !t.killed
}
