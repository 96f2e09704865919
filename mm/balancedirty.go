package mm

import (
	"mmsim/mm/vmstat"
	"mmsim/mm/writeback"
)

// accountDirtied counts pages that the task has made dirty (folio_account_dirtied).
func (t *task) accountDirtied(n int64) {
	t.dirtier.NrDirtied += n
	t.k.dirty.cpus[t.cpu()].ratelimits += n
}

// balanceDirtyPagesRatelimited looks at the limits if the task has dirtied enough pages since it last did, or everybody on its CPU together
// (balance_dirty_pages_ratelimited_flags). It must be called where the task may sleep, after pages of the inode were made dirty.
func (t *task) balanceDirtyPagesRatelimited(i *inode) {
	f := i.flusher
	if f == nil {
		return
	}
	d := &t.dirtier
	ratelimit := d.NrDirtiedPause
	if f.wb.DirtyExceeded {
		ratelimit = min(ratelimit, writeback.ExceededPages)
	}
	cpu := &t.k.dirty.cpus[t.cpu()]
	if d.NrDirtied >= ratelimit {
		cpu.ratelimits = 0
	} else if cpu.ratelimits >= int64(t.k.dirty.ratelimitPages) {
		cpu.ratelimits, ratelimit = 0, 0
	}
	if cpu.leaks > 0 && d.NrDirtied < ratelimit {
		n := min(cpu.leaks, ratelimit-d.NrDirtied)
		cpu.leaks -= n
		d.NrDirtied += n
	}
	if d.NrDirtied >= ratelimit {
		t.balanceDirtyPages(f, d.NrDirtied)
	}
}

// balanceDirtyPages starts the flusher if there is too much to write, and makes the task sleep as long as it takes the device to write what it has
// dirtied, in its share and as far as the number of dirty pages calls for (balance_dirty_pages).
func (t *task) balanceDirtyPages(f *flusher, pages int64) {
	k := t.k
	for {
		now := k.jiffies()
		c := k.dirtyControl()
		n := k.nodeSums()
		reclaimable := uint64(n[vmstat.NRDirty])
		c.Dirty = reclaimable + uint64(n[vmstat.NRWriteback])
		if k.dirty.sysctl.LaptopMode == 0 && reclaimable > c.BgThresh && !f.running {
			f.wakeUp()
		}
		if c.Dirty <= writeback.FreerunCeiling(c.Thresh, c.BgThresh) {
			t.dirtier.FreeRun(c.Dirty, c.Thresh, now)
			return
		}
		if !f.running {
			f.wakeUp()
		}
		f.wb.DirtyLimits(k.dirty.domain, &c)
		f.wb.DirtyExceeded = c.WBDirty > c.WBThresh && c.Dirty > c.Thresh
		f.wb.PositionRatio(k.dirty.domain, &c)
		if f.wb.BandwidthDue(now) {
			f.wb.UpdateRatelimit(k.dirty.domain, &c, now)
		}
		p := t.dirtier.Pause(f.wb, &c, pages, now)
		if p.Jiffies == 0 {
			return
		}
		k.trace("balance_dirty_pages", t.comm(), "pause="+itoa(int(p.Jiffies)*4)+" dirty="+itoa(int(c.Dirty))+" limit="+itoa(int(c.Thresh)))
		t.ioScheduleTimeout(uint64(p.Jiffies))
		t.dirtier.Slept(p)
		if p.TaskRatelimit != 0 || c.WBDirty <= writeback.StatError(len(k.dirty.cpus)) || t.fatalSignal() {
			return
		}
	}
}

// ioScheduleTimeout sleeps for some jiffies, or until a signal comes that kills (io_schedule_timeout in TASK_KILLABLE).
func (t *task) ioScheduleTimeout(jiffies uint64) {
	d := t.k.timeout(jiffies)
	if t.process == nil {
		t.proc.Sleep(d)
		return
	}
	if !t.fatalSignal() {
		t.proc.WaitTimeout(t.process.signal, d)
	}
}

// exitDirty leaves what the task has dirtied since its last pause to others to pay for (exit.c: dirty_throttle_leaks).
func (t *task) exitDirty() {
	t.k.dirty.cpus[t.cpu()].leaks += t.dirtier.NrDirtied
	t.dirtier.NrDirtied = 0
}
