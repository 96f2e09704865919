package mm

import (
	"math"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// oomState is what the OOM killer keeps: the lock that one task holds while it looks for a victim.
type oomState struct {
	locked  bool
	victims int // chosen and not yet gone (oom_victims)

	origins []*task // in the middle of what makes memory short

	since   engine.Time // the interval of the limit on reports began here
	reports int         // full reports since then
}

// Full reports are limited to oomReports in an interval (DEFAULT_RATELIMIT_BURST, DEFAULT_RATELIMIT_INTERVAL).
const (
	oomReports  = 10
	oomInterval = 5 * engine.Second
)

// mayReport tells whether another full report fits (__ratelimit).
func (o *oomState) mayReport(now engine.Time) bool {
	if o.reports == 0 || now >= o.since+oomInterval {
		o.since, o.reports = now, 0
	}
	if o.reports >= oomReports {
		return false
	}
	o.reports++
	return true
}

// allocMayOOM asks the OOM killer for memory as the last resort of a request (__alloc_pages_may_oom). progress: something was or will be freed, so
// that the request is worth another try.
func (t *task) allocMayOOM(ac *phys.AllocContext, gfp phys.GFP, order int) (pfn phys.PFN, progress bool) {
	k := t.k
	if k.oom.locked {
		t.submitWork()
		t.proc.WaitTimeout(t.signalCond(), t.k.timeout(1))
		return 0, true
	}
	k.oom.locked = true
	defer func() { k.oom.locked = false }()
	hard := *ac
	hard.GFP = gfp&^phys.GFPDirectReclaim | phys.GFPHardwall
	if pfn = k.Mem.GetPageFromFreelist(&hard, order, phys.AllocWmarkHigh|phys.AllocCpuset); pfn != 0 {
		return pfn, false
	}
	if order > phys.CostlyOrder || gfp&(phys.GFPRetryMayfail|phys.GFPThisnode) != 0 || ac.HighestZone < phys.ZoneNormal {
		return 0, false
	}
	if k.outOfMemory(t, gfp, order) || gfp&phys.GFPNofail != 0 {
		progress = true
		if gfp&phys.GFPNofail != 0 {
			pfn = k.Mem.GetPageFromFreelist(ac, order, phys.AllocNoWatermarks)
		}
	}
	return pfn, progress
}

// outOfMemory chooses a process and kills it (out_of_memory). True: memory is being freed.
func (k *Kernel) outOfMemory(t *task, gfp phys.GFP, order int) bool {
	if t.fatalSignal() || t.process != nil && t.process.state == stateExiting {
		k.markVictim(t)
		return true
	}
	if gfp != 0 && gfp&phys.GFPFS == 0 {
		return true
	}
	total := k.totalRAM() + int64(k.swap.Total)
	if k.sysctl.panicOnOOM > 0 {
		k.dumpHeader(t, gfp, order, nil)
		k.panicf("Out of memory: %s panic_on_oom is enabled", map[bool]string{true: "compulsory", false: "system-wide"}[k.sysctl.panicOnOOM == 2])
		return true
	}
	if p := t.process; k.sysctl.oomKillAllocatingTask && p != nil && p.mm != nil && p.oomScoreAdj != -1000 && !p.oomSkip {
		k.reportOOM(t, gfp, order, p)
		k.oomKill(p, "Out of memory (oom_kill_allocating_task)", t)
		return true
	}
	victim, wait := k.selectBadProcess(total)
	t.spend(engine.Time(k.live) * k.cost.ScanPage)
	if wait {
		return true
	}
	if o := k.oom.origin(); o != nil {
		k.reportOOM(t, gfp, order, nil)
		k.killTask(o, t)
		return true
	}
	if victim == nil {
		k.dumpHeader(t, gfp, order, nil)
		k.printk("Out of memory and no killable processes...")
		k.panicf("System is deadlocked on memory")
		return true
	}
	k.reportOOM(t, gfp, order, victim)
	k.oomKill(victim, "Out of memory", t)
	return true
}

// reportOOM writes the full report of a kill unless there were too many lately.
func (k *Kernel) reportOOM(t *task, gfp phys.GFP, order int, victim *Process) {
	if k.oom.mayReport(k.Sim.Now()) {
		k.dumpHeader(t, gfp, order, victim)
	}
}

// panicf ends the machine, as the kernel's panic does.
func (k *Kernel) panicf(format string, args ...any) {
	k.printk("Kernel panic - not syncing: "+format, args...)
	k.Sim.Fail(&PanicError{Text: sprintf(format, args...)})
}

// A PanicError is the end of a run because the simulated kernel panicked.
type PanicError struct{ Text string }

// Error says that it was the simulated kernel that panicked, and why.
func (e *PanicError) Error() string { return "the simulated kernel panicked: " + e.Text }

// badness is how good a victim the process would be, in pages (oom_badness); the least integer if it must not be chosen.
func (p *Process) badness(total int64) int64 {
	if p.mm == nil || p.oomScoreAdj == -1000 || p.oomSkip || p.inVfork() {
		return math.MinInt64
	}
	s := p.mm
	return s.Resident() + s.RSS[addrspace.RSSSwap] + s.TablePages + int64(p.oomScoreAdj)*(total/1000)
}

// origin is the administrator's task that makes memory short, or nil.
func (o *oomState) origin() *task {
	for _, t := range o.origins {
		if t.process == nil {
			return t
		}
	}
	return nil
}

// selectBadProcess finds the process that makes memory short on purpose, or the one with the most points; among equals the one created last (select_bad_process). wait: an earlier victim is not
// gone yet, so nobody else is chosen.
func (k *Kernel) selectBadProcess(total int64) (victim *Process, wait bool) {
	best := int64(math.MinInt64)
	for _, o := range k.oom.origins {
		if o.killed {
			return nil, true
		}
	}
	for _, p := range k.processes {
		if p.mm == nil || p.state >= stateZombie {
			continue
		}
		if p.victim {
			if p.oomSkip {
				continue
			}
			return nil, true
		}
		if p.oomOrigin {
			best, victim = math.MaxInt64, p
			continue
		}
		if pts := p.badness(total); pts != math.MinInt64 && pts >= best {
			best, victim = pts, p
		}
	}
	return victim, false
}

// oomKill kills a process (oom_kill_process, __oom_kill_process).
func (k *Kernel) oomKill(p *Process, message string, by *task) {
	s := p.mm
	k.count(vmstat.OomKill, 1)
	k.markVictim(&p.task)
	k.printk("%s: Killed process %d (%s) total-vm:%dkB, anon-rss:%dkB, file-rss:%dkB, shmem-rss:%dkB, UID:%d pgtables:%dkB oom_score_adj:%d",
		message, p.pid, p.comm(), s.TotalVM*4, s.RSS[addrspace.RSSAnon]*4, s.RSS[addrspace.RSSFile]*4, s.RSS[addrspace.RSSShmem]*4, p.uid(),
		s.TablePages*4, p.oomScoreAdj)
	k.trace("oom_kill", p.name, "pid="+itoa(p.pid))
	p.send("SIGKILL", true)
	if s.Sharers > 0 {
		for _, o := range k.processes {
			if o.mm == s {
				o.send("SIGKILL", true)
			}
		}
	}
	by.spend(k.cost.OOMKill)
}

// killTask kills the administrator's task, whatever its oom_score_adj. It has no memory of its own.
func (k *Kernel) killTask(o, by *task) {
	k.count(vmstat.OomKill, 1)
	o.killed, o.victim = true, true
	k.printk("Out of memory: Killed process %d (%s) total-vm:0kB, anon-rss:0kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:0kB oom_score_adj:-1000",
		o.pid(), o.comm())
	k.trace("oom_kill", o.comm(), "pid="+itoa(o.pid()))
	by.spend(k.cost.OOMKill)
}

// markVictim lets a task use part of the reserves, so that it can exit (mark_oom_victim), and arms the reaper.
func (k *Kernel) markVictim(t *task) {
	if t.victim || t.process == nil {
		return
	}
	t.victim = true
	k.oom.victims++
	p := t.process
	k.Sim.After(k.timeout(oomReaperDelay), func() { k.reap(p) })
}

// exitOOMVictim is the end of a victim (exit_oom_victim).
func (k *Kernel) exitOOMVictim(p *Process) { k.oom.victims-- }

// reap takes the memory of a victim that has not exited in time (oom_reaper). The victim is not running any system call that changes its address
// space, since those do not block between their steps, so the reaper always succeeds at once.
func (k *Kernel) reap(p *Process) {
	s := p.mm
	if s == nil || p.oomSkip {
		return
	}
	for _, v := range s.List() {
		if v.Flags&(addrspace.VMShared|addrspace.VMPFNMap) == 0 {
			k.zapRange(nil, 0, v, v.Start, v.End)
		}
	}
	p.oomSkip = true
	k.printk("oom_reaper: reaped process %d (%s), now anon-rss:%dkB, file-rss:%dkB, shmem-rss:%dkB", p.pid, p.comm(),
		s.RSS[addrspace.RSSAnon]*4, s.RSS[addrspace.RSSFile]*4, s.RSS[addrspace.RSSShmem]*4)
}

// SetOOMScoreAdj writes /proc/self/oom_score_adj. EINVAL: not in -1000..1000; EACCES: below what the process has had without privilege.
func (p *Process) SetOOMScoreAdj(n int) Errno {
	p.syscall(0)
	switch {
	case n < -1000 || n > 1000:
		return EINVAL
	case n < p.adjMin:
		return EACCES
	}
	p.oomScoreAdj = n
	return 0
}

// OOMScore reads /proc/self/oom_score: 0 for a process that must not be killed, else about 667 plus a third of a thousandth of its share.
func (p *Process) OOMScore() int64 {
	p.syscall(0)
	return p.oomScore()
}

func (p *Process) oomScore() int64 {
	total := p.k.totalRAM() + int64(p.k.swap.Total)
	b := p.badness(total)
	if b == math.MinInt64 {
		return 0
	}
	return (1000 + b*1000/total) * 2 / 3
}
