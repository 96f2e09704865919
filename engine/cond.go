package engine

// Cond is a place where processes wait until something else wakes them, first come first served (a wait queue). The zero value is
// ready to use. It must not be copied while processes wait on it.
type Cond struct {
	head, tail *Proc
	n          int
}

// NewCond returns a Cond on which nobody waits. The simulation is that of the processes that wait, so any will do.
func NewCond(*Sim) *Cond { return &Cond{} }

// Waiting returns the number of processes that wait and have not been woken.
func (c *Cond) Waiting() int { return c.n }

// Signal wakes the process that has waited longest, if any, and reports whether there was one. It becomes runnable at the present
// time, after what is due already.
func (c *Cond) Signal() bool {
	p := c.head
	if p == nil {
		return false
	}
	c.remove(p)
	p.signalled = true
	if by := p.sim.cur; by != nil && by.c != nil {
		p.wokenBy = by.c.index
	}
	p.wakeSoon()
	return true
}

// Broadcast wakes all that wait, in the order in which they came, and returns their number.
func (c *Cond) Broadcast() int {
	n := 0
	for c.Signal() {
		n++
	}
	return n
}

func (c *Cond) add(p *Proc) {
	p.cond = c
	p.waitNext, p.waitPrev = nil, c.tail
	if c.tail == nil {
		c.head = p
	} else {
		c.tail.waitNext = p
	}
	c.tail = p
	c.n++
}

func (c *Cond) remove(p *Proc) {
	if p.waitPrev == nil {
		c.head = p.waitNext
	} else {
		p.waitPrev.waitNext = p.waitNext
	}
	if p.waitNext == nil {
		c.tail = p.waitPrev
	} else {
		p.waitNext.waitPrev = p.waitPrev
	}
	p.waitNext, p.waitPrev, p.cond = nil, nil, nil
	c.n--
}
