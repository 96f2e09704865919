package engine

// This file moves processes between the run queues of CPUs: at once when a CPU runs out of work, and from time to time when one CPU has
// more than another (load_balance).

// pullWhenIdle moves one process from the longest run queue to c, which has nothing to run (newidle_balance), and reports whether
// there was one.
func (c *cpu) pullWhenIdle() bool {
	s := c.sim
	if s.queued == 0 {
		return false
	}
	var from *cpu
	var best *Proc
	for _, o := range s.cpus {
		if o == c || from != nil && len(o.rq) <= len(from.rq) {
			continue
		}
		if p := o.movable(0, 0); p != nil {
			from, best = o, p
		}
	}
	if best == nil {
		return false
	}
	c.pull(from, best)
	return true
}

// movable returns the process that has waited longest of those in c's run queue that may go anywhere and, if limit is not 0, whose
// weight shifted right by failed does not exceed limit.
func (c *cpu) movable(limit int64, failed uint) *Proc {
	var best *Proc
	for _, p := range c.rq {
		if p.pin >= 0 || limit != 0 && p.weight>>failed > limit {
			continue
		}
		if best == nil || p.rqSeq < best.rqSeq {
			best = p
		}
	}
	return best
}

// pull moves p from the run queue of one CPU to that of c.
func (c *cpu) pull(from *cpu, p *Proc) {
	from.dequeue(p)
	from.load -= p.weight
	c.rebase(p)
	c.load += p.weight
	c.enqueue(p)
}

// armBalance schedules the next balancing. Its period is a tick short of round, as the kernel's is, so that it does not always come at
// the same point of the slices.
func (s *Sim) armBalance() {
	if len(s.cpus) < 2 || s.queued == 0 || s.balance != (Timer{}) {
		return
	}
	every := s.sched.balanceEvery
	s.balance = s.q.push((s.now/every+1)*every, s.rebalance)
}

// rebalance lets every CPU pull from the one with the most load, if the difference is worth it (load_balance). What is heavier than half
// the difference moves only after failed attempts, each of which halves what it counts for, so three equal processes take turns at
// being alone on one of two CPUs.
func (s *Sim) rebalance() {
	s.balance = Timer{}
	for _, c := range s.cpus {
		if c.curr == nil || s.queued == 0 {
			continue
		}
		busiest := c
		for _, o := range s.cpus {
			if o.load > busiest.load && len(o.rq) > 0 {
				busiest = o
			}
		}
		limit := (busiest.load - c.load) / 2
		if limit <= 0 || busiest.load*100 <= imbalancePct*c.load {
			continue
		}
		p := busiest.movable(limit, c.failed)
		if p == nil {
			c.failed = min(c.failed+1, 8)
			continue
		}
		c.failed = 0
		c.charge()
		c.pull(busiest, p)
		c.checkPreempt(p)
	}
	s.armBalance()
}
