package engine

// This file is the scheduler: the Completely Fair Scheduler of Linux 6.1 (kernel/sched/fair.c) without groups, capacities and topology.

// prioToWeight is the weight of nice -20 to 19 (sched_prio_to_weight): each step is about 1.25.
var prioToWeight = [40]int64{
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
	110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
}

const (
	nice0Load = 1024 // the weight of nice 0 (NICE_0_LOAD)

	schedNrLatency = 8               // more runnable than this stretch the period (sched_nr_latency)
	tickPeriod     = 4 * Millisecond // CONFIG_HZ=250

	busyFactor   = 16  // a busy CPU balances this much less often than every CPUs ms (sched_domain.busy_factor)
	imbalancePct = 117 // a CPU is left alone up to this load in percent of the other's (sched_domain.imbalance_pct)
)

// schedParams are the scheduler's times, scaled by the number of CPUs (get_update_sysctl_factor).
type schedParams struct {
	latency, minGranularity, wakeupGranularity Duration
	balanceEvery                               Duration
}

// entity is the scheduler's part of a process (struct sched_entity).
type entity struct {
	c          *cpu // the CPU whose run queue it is in or which it runs on
	pin        int  // the only CPU allowed, -1 for any
	lastCPU    int  // -1 before it first ran
	weight     int64
	vruntime   Time // execution time by nice0Load/weight, comparable within a CPU
	execStart  Time // when what is not yet in sumExec began, or will begin if the CPU is not awake yet
	sumExec    Duration
	sliceStart Duration // sumExec when it last became current (prev_sum_exec_runtime)
	spendEnd   Time     // while it is current and blocked in Spend: the end of that
	remaining  Duration // while it is not current: what it has yet to spend before it goes on
	wokenBy    int      // the CPU of the process that woke it, -1 if none did
	rqIndex    int
	rqSeq      uint64 // order of arrival in the run queue
	dispatched uint64 // times that it became current
}

// cpu is a CPU and its run queue (struct cfs_rq).
type cpu struct {
	sim         *Sim
	index       int
	curr        *Proc
	last        *Proc   // the process that was current last, to know a switch
	rq          []*Proc // a heap by (vruntime, rqSeq); curr is not in it
	seq         uint64
	awake       Time  // when it is out of the idle state that another CPU woke it from
	load        int64 // weights of curr and all in rq
	minVruntime Time
	busy        Duration
	switches    uint64
	ticking     bool
	onTick      func()
	failed      uint // attempts in a row at balancing that found nothing light enough
}

func (s *Sim) initCPUs(n int) {
	s.cpus = make([]*cpu, n)
	for i := range s.cpus {
		c := &cpu{sim: s, index: i}
		c.onTick = c.schedulerTick
		s.cpus[i] = c
	}
	s.idle = n
	if n == 0 {
		return
	}
	factor := Duration(1 + log2(min(n, 8)))
	s.sched = schedParams{
		latency:           6 * Millisecond * factor,
		minGranularity:    750 * Microsecond * factor,
		wakeupGranularity: Millisecond * factor,
		balanceEvery:      busyFactor*Duration(n)*Millisecond - tickPeriod,
	}
}

// CPUStat is what a CPU has done.
type CPUStat struct {
	Busy     Duration // time with a current process
	Switches uint64   // times that a process other than the last became current
	Running  int      // processes that are current or in the run queue
}

// CPUStat returns what CPU i has done until now. To look changes nothing: a charge would round the virtual time of the current process.
func (s *Sim) CPUStat(i int) CPUStat {
	c := s.cpus[i]
	return CPUStat{Busy: c.busy + c.uncharged(), Switches: c.switches, Running: c.nr()}
}

// uncharged is the time that the current process has run since it was last charged.
func (c *cpu) uncharged() Duration {
	if c.curr == nil {
		return 0
	}
	return max(c.sim.now-c.curr.execStart, 0)
}

func (p *Proc) initEntity(nice, pin int) {
	p.pin, p.lastCPU, p.wokenBy = pin, -1, -1
	if pin < 0 || pin >= len(p.sim.cpus) {
		p.pin = -1
	}
	p.weight = niceWeight(nice)
}

func niceWeight(nice int) int64 { return prioToWeight[max(0, min(nice+20, 39))] }

func (p *Proc) setNice(nice int) {
	w := niceWeight(nice)
	if p.c != nil {
		if p.c.curr == p {
			p.c.charge()
		}
		p.c.load += w - p.weight
	}
	p.weight = w
}

// CPU returns the index of the CPU that the process runs on or waits for, or last ran on; -1 before it first ran and without CPUs.
func (p *Proc) CPU() int { return p.lastCPU }

// Dispatched returns how often the process became current on a CPU after something else, which may be nothing, was.
func (p *Proc) Dispatched() uint64 { return p.dispatched }

// CPUTime returns the time that the process was current on CPUs.
func (p *Proc) CPUTime() Duration {
	if p.c != nil && p.c.curr == p {
		return p.sumExec + p.c.uncharged()
	}
	return p.sumExec
}

// fair scales d by nice 0 over the weight of p (calc_delta_fair).
func (p *Proc) fair(d Duration) Duration {
	if p.weight == nice0Load {
		return d
	}
	return d * nice0Load / Duration(p.weight)
}

func (c *cpu) nr() int {
	if c.curr != nil {
		return len(c.rq) + 1
	}
	return len(c.rq)
}

// slice is the time that p gets of the period that all nr runnable share (sched_slice).
func (c *cpu) slice(p *Proc, nr int, load int64) Duration {
	sp := &c.sim.sched
	period := sp.latency
	if nr > schedNrLatency {
		period = Duration(nr) * sp.minGranularity
	}
	return max(period*Duration(p.weight)/Duration(load), sp.minGranularity)
}

// charge brings the accounts of the current process up to date (update_curr).
func (c *cpu) charge() {
	p := c.curr
	d := c.sim.now - p.execStart
	if d <= 0 {
		return
	}
	p.execStart = c.sim.now
	p.sumExec += d
	c.busy += d
	p.vruntime += p.fair(d)
	c.updateMin()
}

// updateMin moves the CPU's virtual clock on (update_min_vruntime).
func (c *cpu) updateMin() {
	v := c.minVruntime
	switch {
	case c.curr != nil && len(c.rq) > 0:
		v = min(c.curr.vruntime, c.rq[0].vruntime)
	case c.curr != nil:
		v = c.curr.vruntime
	case len(c.rq) > 0:
		v = c.rq[0].vruntime
	}
	c.minVruntime = max(c.minVruntime, v)
}

// nap is a sleep of the current process until end with nobody else about: the CPU is idle meanwhile.
func (c *cpu) nap(end Time) {
	s, p := c.sim, c.curr
	c.charge()
	if t := s.trace.Switch; t != nil {
		t(s.now, c.index, p, nil)
		defer t(end, c.index, nil, p)
	}
	if t := s.trace.Wakeup; t != nil {
		t(end, p, c.index)
	}
	p.execStart = end
	p.sliceStart = p.sumExec
	p.vruntime = max(p.vruntime, c.minVruntime-s.sched.latency/2)
}

// wakeUp makes p, whose block is over, runnable (try_to_wake_up, wake_up_new_task). It is called by the event loop, so every current
// process is in the middle of Spend.
func (s *Sim) wakeUp(p *Proc) {
	c := s.selectCPU(p)
	c.place(p)
	if t := s.trace.Wakeup; t != nil {
		t(s.now, p, c.index)
	}
	p.remaining = 0
	c.load += p.weight
	by := p.wokenBy
	p.wokenBy = -1
	if c.curr == nil {
		if by >= 0 && by != c.index {
			c.awake = s.now.add(s.wakeLatency)
		}
		c.setCurr(nil, p)
		return
	}
	c.charge()
	c.enqueue(p)
	c.checkPreempt(p)
}

// selectCPU chooses where p wakes: where it ran last if that is idle, else an idle CPU, else where it ran last
// (select_idle_sibling); for a new process an idle CPU, else the one with the least load (find_idlest_cpu).
func (s *Sim) selectCPU(p *Proc) *cpu {
	if p.pin >= 0 {
		return s.cpus[p.pin]
	}
	if p.lastCPU < 0 {
		best := s.cpus[0]
		for _, c := range s.cpus {
			if c.curr == nil {
				return c
			}
			if c.load < best.load {
				best = c
			}
		}
		return best
	}
	prev := s.cpus[p.lastCPU]
	if prev.curr == nil || s.idle == 0 {
		return prev
	}
	for i := 1; i < len(s.cpus); i++ {
		if c := s.cpus[(p.lastCPU+i)%len(s.cpus)]; c.curr == nil {
			return c
		}
	}
	return prev
}

// place gives a waking p its vruntime on c (place_entity): a sleeper gets a credit of half a latency, a new process a debit of a slice.
func (c *cpu) place(p *Proc) {
	if c.curr != nil {
		c.charge()
	}
	if p.lastCPU < 0 {
		p.vruntime = c.minVruntime + p.fair(c.slice(p, c.nr()+1, c.load+p.weight))
		return
	}
	c.rebase(p)
	p.vruntime = max(p.vruntime, c.minVruntime-c.sim.sched.latency/2)
}

// rebase makes p's vruntime, which was that of the CPU where it ran last, one of c.
func (c *cpu) rebase(p *Proc) {
	if p.lastCPU < 0 || p.lastCPU == c.index {
		return
	}
	from := c.sim.cpus[p.lastCPU]
	p.vruntime += c.minVruntime - from.minVruntime
	if t := c.sim.trace.Migrate; t != nil {
		t(c.sim.now, p, from.index, c.index)
	}
}

// checkPreempt gives the CPU to p, which was just queued, if it deserves it by more than the wake-up granularity
// (check_preempt_wakeup).
func (c *cpu) checkPreempt(p *Proc) {
	gran := p.fair(c.sim.sched.wakeupGranularity)
	if c.curr.vruntime-p.vruntime > gran {
		c.preempt()
	}
}

// schedulerTick looks whether the current process has had its share (scheduler_tick, check_preempt_tick). It comes at multiples of
// the period, but only while others wait.
func (c *cpu) schedulerTick() {
	c.ticking = false
	if len(c.rq) == 0 {
		return
	}
	c.charge()
	p := c.curr
	ideal := c.slice(p, c.nr(), c.load)
	ran := p.sumExec - p.sliceStart
	if ran > ideal || ran >= c.sim.sched.minGranularity && p.vruntime-c.rq[0].vruntime > ideal {
		c.preempt()
	}
	c.armTick()
}

func (c *cpu) armTick() {
	if c.ticking || len(c.rq) == 0 {
		return
	}
	s := c.sim
	c.ticking = true
	s.q.push((s.now/tickPeriod+1)*tickPeriod, c.onTick)
}

// preempt puts the current process back into the run queue, in the middle of what it was spending, and runs the next.
func (c *cpu) preempt() {
	p := c.curr
	c.requeueCurr()
	c.pickNext(p)
}

func (c *cpu) requeueCurr() {
	s, p := c.sim, c.curr
	c.charge()
	s.q.disarm(p.slot)
	p.remaining = p.spendEnd - p.execStart // which is now, or when the CPU is awake
	if s.target == p {
		s.target = nil
	}
	c.curr = nil
	s.idle++
	c.enqueue(p)
}

// yield gives the CPU to the process that has waited longest in the run queue, of which there is one, whatever its vruntime: where
// processes that do nothing but yield take no time, only this brings all of them to run.
func (c *cpu) yield() {
	p := c.curr
	next := c.rq[0]
	for _, q := range c.rq {
		if q.rqSeq < next.rqSeq {
			next = q
		}
	}
	c.dequeue(next)
	c.requeueCurr()
	c.setCurr(p, next)
}

func (s *Sim) armTicks(c *cpu) {
	c.armTick()
	s.armBalance()
}

// leaveCPU takes p, which is current, off its CPU because it blocks or ends, and runs the next.
func (p *Proc) leaveCPU() {
	c := p.c
	if c == nil {
		return
	}
	c.charge()
	c.load -= p.weight
	c.curr, p.c = nil, nil
	c.sim.idle++
	c.pickNext(p)
}

// pickNext runs the first of the run queue after prev (pick_next_task_fair), or one of another CPU's if it is empty.
func (c *cpu) pickNext(prev *Proc) {
	c.updateMin()
	if len(c.rq) == 0 && !c.pullWhenIdle() {
		if t := c.sim.trace.Switch; t != nil {
			t(c.sim.now, c.index, prev, nil)
		}
		return
	}
	p := c.rq[0]
	c.dequeue(p)
	c.setCurr(prev, p)
}

// setCurr makes p, which is in no run queue, current, and lets it go on with what it was spending or doing as soon as the CPU is awake.
func (c *cpu) setCurr(prev, p *Proc) {
	s := c.sim
	if t := s.trace.Switch; t != nil && prev != p {
		t(s.now, c.index, prev, p)
	}
	c.curr, p.c, p.lastCPU = p, c, c.index
	s.idle--
	p.state = StateRunning
	p.dispatched++
	p.execStart = max(s.now, c.awake)
	p.sliceStart = p.sumExec
	c.updateMin()
	if c.last != p {
		c.last = p
		c.switches++
		p.remaining += s.switchCost
	}
	p.spendEnd = p.execStart.add(p.remaining)
	if p.spendEnd == s.now && s.target == nil {
		s.target = p
		return
	}
	s.q.arm(p.slot, p.spendEnd)
	p.remaining = 0
}
