package engine

// Interrupt takes d of CPU i's time from the process that is current there: what it is spending ends that much later, and it is charged for it, as on a
// kernel without CONFIG_IRQ_TIME_ACCOUNTING. An idle CPU loses nothing, nor does the process that calls. A d of 0 or less and a CPU that is not there do
// nothing.
func (s *Sim) Interrupt(i int, d Duration) {
	if d <= 0 || i < 0 || i >= len(s.cpus) {
		return
	}
	p := s.cpus[i].curr
	switch {
	case p == nil || p == s.cur || p.killed:
		return
	case p == s.target: // it was about to go on
		s.target = nil
		p.spendEnd = s.now.add(d)
	default:
		s.q.disarm(p.slot)
		p.spendEnd = p.spendEnd.add(d)
	}
	s.q.arm(p.slot, p.spendEnd)
}

// Running returns the process that is current on CPU i, nil if it is idle.
func (s *Sim) Running(i int) *Proc { return s.cpus[i].curr }
