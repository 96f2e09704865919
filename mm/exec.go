package mm

import (
	"errors"

	"mmsim/engine"
)

// errExec unwinds a process's coroutine to its beginning, where the new program begins.
var errExec = errors.New("the process runs another program")

// Exec replaces the process's program: its memory goes, a fresh address space comes, and body runs in it under a new full name, which also names
// its stream of random numbers (execve(2), begin_new_exec). The program is a small one that is linked to the C library, or, on a machine started from
// recorded files, what the declared processes run. Its pid, its children, its limits and its oom_score_adj stay. It does not return.
func (p *Process) Exec(name string, body func(*Process)) {
	k := p.k
	p.syscall(k.cost.Exec)
	old := p.mm
	s, r := p.newSpace()
	p.allocPgd(s) // only a victim of the OOM killer gets none, and ends below
	p.mapStack(s, r)
	var program *loadedProgram
	if k.cfg.Boot == nil {
		program = p.mapProgram(s, r, comm(name))
	}
	if program == nil { // the recorded machine's processes are static programs
		p.mapStatic(s, r)
	}
	p.endVfork()
	p.mm = s
	if k.tlb != nil {
		k.tlb.load(p.cpu(), p.mm)
	}
	p.rename(name)
	p.carried, p.heap = nil, nil
	n := 0
	if old.Sharers > 0 {
		old.Sharers--
	} else {
		k.forgetSwapped(old)
		n = k.unmapAll(old, &p.task, p.cpu())
		k.freePgd(p.cpu(), old)
	}
	p.spend(engine.Time(n) * k.cost.UnmapPage)
	p.checkSignals()
	p.populateImage()
	if program != nil {
		p.runLoader(program)
	}
	p.renewCarried()
	p.countFromHere()
	p.next = body
	panic(errExec)
}

// rename gives the process another full name.
func (p *Process) rename(name string) {
	k := p.k
	if k.byName[p.name] == p {
		delete(k.byName, p.name)
	}
	p.name = name
	p.rand = engine.NewStream(k.seed, name)
	k.byName[name] = p
}

// life runs body, and then what it has been replaced by, until one returns.
func (p *Process) life(body func(*Process)) {
	for body != nil {
		p.next = nil
		p.runUntilExec(body)
		body = p.next
	}
}

func (p *Process) runUntilExec(body func(*Process)) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errExec) {
				panic(r)
			}
		}
	}()
	body(p)
}
