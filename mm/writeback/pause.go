package writeback

import "math/bits"

const (
	// MaxPause is the longest pause of a dirtier in jiffies: 200 ms (MAX_PAUSE).
	MaxPause = HZ / 5
	// PollThresh is the pages after which a new task looks at the limits first, and below which pauses are made longer instead of the runs
	// between them shorter: 128 KiB (DIRTY_POLL_THRESH, the initial nr_dirtied_pause).
	PollThresh = 128 << 10 / PageSize
	// ExceededPages is after how many pages a task looks at the limits while the device is above its share.
	ExceededPages = 32 << 10 / PageSize

	pow2HZ      = 256 // HZ rounded up to a power of two
	pow2EighthS = 32  // 1 + HZ/8 likewise
)

// ilog2 is the position of the highest bit; of 0, as the kernel's, one below the lowest.
func ilog2(n uint64) int64 { return int64(bits.Len64(n)) - 1 }

// PollInterval is the number of pages that a task may dirty in free run before it looks at the limits again (dirty_poll_interval).
func PollInterval(dirty, thresh uint64) uint64 {
	if thresh > dirty {
		return 1 << (ilog2(thresh-dirty) >> 1)
	}
	return 1
}

// maxPause is the longest pause that does not let a device with few dirty pages run dry (wb_max_pause).
func (wb *WB) maxPause(wbDirty uint64) int64 {
	return int64(min(wbDirty/(1+wb.AvgWriteBandwidth/pow2EighthS)+1, MaxPause))
}

// minPause is the shortest pause that is worth a sleep, and the pages that are to be dirtied between two pauses (wb_min_pause).
func (wb *WB) minPause(maxPause int64, taskRatelimit, dirtyRatelimit uint64) (pause int64, nrDirtiedPause int64) {
	// 10 ms for one dirtier; the more there are, which shows in how far the rate limit of each lies below the bandwidth, the longer.
	t := int64(max(1, HZ/100))
	if hi, lo := ilog2(wb.AvgWriteBandwidth), ilog2(wb.DirtyRatelimit); hi > lo {
		t += (hi - lo) * (10 * HZ) / 1024
	}
	t = min(t, 1+maxPause/2)
	pages := int64(dirtyRatelimit) * t / pow2HZ
	if pages < PollThresh {
		t = maxPause
		pages = int64(dirtyRatelimit) * t / pow2HZ
		if pages > PollThresh {
			pages = PollThresh
			t = HZ * PollThresh / int64(dirtyRatelimit)
		}
	}
	if HZ*pages/int64(taskRatelimit+1) > maxPause {
		t = maxPause
		pages = int64(taskRatelimit) * t / pow2HZ
	}
	if pages >= PollThresh {
		return 1 + t/2, pages
	}
	return t, pages
}

// A Dirtier is what the throttling keeps of a task (fields of task_struct).
type Dirtier struct {
	NrDirtied      int64  // pages dirtied since its last pause
	NrDirtiedPause int64  // after how many it looks at the limits again
	PausedWhen     uint64 // the jiffy of its last pause in its own reckoning; 0: never
}

// NewDirtier is a task that has dirtied nothing (copy_process).
func NewDirtier() Dirtier { return Dirtier{NrDirtiedPause: PollThresh} }

// FreeRun lets the task go on without a pause (the free-run branch of balance_dirty_pages).
func (t *Dirtier) FreeRun(dirty, thresh, now uint64) {
	t.PausedWhen, t.NrDirtied = now, 0
	t.NrDirtiedPause = int64(PollInterval(dirty, thresh))
}

// A Pause is the outcome of a look at the limits.
type Pause struct {
	Jiffies        int64  // how long to sleep; 0: the task goes on at once
	TaskRatelimit  uint64 // pages a second; 0: the task must look again after the sleep
	now            uint64 // the reckoning's present, which may run ahead of the clock
	nrDirtiedPause int64
}

// Pause computes how long the task must sleep for the pages that it has dirtied, by the look c, and notes in the task what must not be counted again
// (the pause computation of balance_dirty_pages).
func (t *Dirtier) Pause(wb *WB, c *Control, pagesDirtied int64, now uint64) Pause {
	p := Pause{TaskRatelimit: wb.TaskRatelimit(c), now: now}
	most := wb.maxPause(c.WBDirty)
	least, nr := wb.minPause(most, p.TaskRatelimit, wb.DirtyRatelimit)
	p.nrDirtiedPause = nr
	if p.TaskRatelimit == 0 {
		p.Jiffies = most
		return p
	}
	period := HZ * pagesDirtied / int64(p.TaskRatelimit)
	pause := period
	if t.PausedWhen != 0 {
		pause -= int64(now - t.PausedWhen)
	}
	if pause < least {
		switch {
		case pause < -HZ:
			t.PausedWhen, t.NrDirtied = now, 0
		case period != 0:
			t.PausedWhen += uint64(period)
			t.NrDirtied = 0
		case t.NrDirtiedPause <= pagesDirtied:
			t.NrDirtiedPause += pagesDirtied
		}
		return p
	}
	if pause > most {
		p.now += uint64(min(pause-most, most))
		pause = most
	}
	p.Jiffies = pause
	return p
}

// Slept notes that the task has slept as it was told to.
func (t *Dirtier) Slept(p Pause) {
	t.PausedWhen = p.now + uint64(p.Jiffies)
	t.NrDirtied = 0
	t.NrDirtiedPause = p.nrDirtiedPause
}

// StatError is how many pages the kernel's per-CPU counts of a device may be off; at or below it a task that is to stop altogether goes on
// (wb_stat_error).
func StatError(cpus int) uint64 { return uint64(cpus) * 8 * uint64(1+ilog2(uint64(cpus))) }
