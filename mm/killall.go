package mm

import (
	"mmsim/engine"
)

// KillAll ends the machine's processes as the end of a run does: it sends SIGKILL to each that has started, so that it goes through its exit in its own
// time, and takes away those whose start has not come, which give their memory back and report no exit. It returns how many are still to end, and those
// that it took away. What is blocked where signals do not wake ends when that wait does. A fork that is under way may still make a child: KillAll can be
// called again.
func (k *Kernel) KillAll() (left int, never []*Process) {
	for _, p := range k.processes {
		switch {
		case p.state == stateLive && p.proc == nil: // its parent is still making it
			left++
		case p.state == stateLive && p.parent == nil && p.proc.State() == engine.StateNew:
			p.vanish()
			never = append(never, p)
		case p.state == stateLive || p.state == stateExiting:
			p.send("SIGKILL", false)
			left++
		}
	}
	return left, never
}

// vanish takes away a process that never ran: all that it has is from its birth.
func (p *Process) vanish() {
	k := p.k
	const cpu = 0 // it was on none whose lists could take the pages
	p.proc.Kill("vanish")
	k.unmapAll(p.mm, nil, cpu)
	proc := p.proc
	p.proc = nil // the stack, too, goes to the lists of CPU 0
	p.freeStack()
	k.freePgd(cpu, p.mm)
	p.proc = proc
	p.mm = nil
	p.oomSkip = true
	p.release()
	k.live--
}
