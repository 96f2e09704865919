package mm

// Vfork makes a child that runs body in its parent's own address space, of which nothing is copied, while the parent waits until the child has ended or runs
// another program; what the child writes, maps and allocates is the parent's (vfork(2): clone(2) with CLONE_VM and CLONE_VFORK). A signal that ends the parent
// ends its wait. The child's name is as Fork has it. EAGAIN: kernel.pid_max, kernel.threads-max or RLIMIT_NPROC.
func (p *Process) Vfork(name string, body func(*Process)) (int, Errno) {
	c := p.newChild(name)
	if c == nil {
		return 0, EAGAIN
	}
	c.mm = p.mm
	c.mm.Sharers++
	c.lender = p
	if p.heap != nil {
		c.heap = p.heap.Clone(heapOS{c})
	}
	p.startChild(c, body)
	p.waitVfork(c)
	p.checkSignals()
	return c.pid, 0
}

// waitVfork waits until a child has given back what it was lent, or for a signal (wait_for_vfork_done). Who waits so counts for the load.
func (p *Process) waitVfork(c *Process) {
	p.k.vforking++
	defer func() { p.k.vforking-- }()
	for c.lender != nil && p.pending == "" {
		p.proc.Wait(p.childEnd)
	}
}

// endVfork gives a child's parent back what it has lent, and lets it go on (mm_release, complete_vfork_done).
func (p *Process) endVfork() {
	l := p.lender
	if l == nil {
		return
	}
	p.lender = nil
	if l.mm == p.mm && p.heap != nil {
		l.heap = p.heap.Clone(heapOS{l})
	}
	l.childEnd.Broadcast()
}

// inVfork tells whether the process runs in what its parent has lent (in_vfork).
func (p *Process) inVfork() bool { return p.lender != nil && p.lender.mm == p.mm }

// sharesMM tells whether another process, which was made earlier, has the same address space: who looks at every address space once passes over such.
func (k *Kernel) sharesMM(p *Process) bool {
	if p.mm.Sharers == 0 {
		return false
	}
	for _, o := range k.processes {
		if o.mm == p.mm {
			return o != p
		}
	}
	return false
}

// dispatched is how often processes with the address space of p were given a CPU.
func (k *Kernel) dispatched(p *Process) uint64 {
	n := p.proc.Dispatched()
	if p.mm.Sharers > 0 {
		for _, o := range k.processes {
			if o != p && o.mm == p.mm && o.proc != nil {
				n += o.proc.Dispatched()
			}
		}
	}
	return n
}
