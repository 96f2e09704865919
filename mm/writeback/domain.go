package writeback

const (
	completionsPeriod = 3 * HZ // jiffies in which a device's share of completions halves (VM_COMPLETIONS_PERIOD_LEN)
	// BandwidthInterval is how many jiffies lie between two estimates of bandwidth or steps of the limit (BANDWIDTH_INTERVAL).
	BandwidthInterval = HZ / 5
)

// A Domain is all that shares one limit of dirty pages: the whole machine (struct wb_domain).
type Domain struct {
	// DirtyLimit follows the threshold: up at once, down slowly, so that writers do not stop when memory suddenly shrinks.
	DirtyLimit uint64
	limitStamp uint64 // jiffy of its last step

	completions Global
	periodTime  uint64 // jiffy at which the present period of completions ends; 0: no period runs
}

// NewDomain is a domain without events at a time (wb_domain_init).
func NewDomain(now uint64) *Domain { return &Domain{limitStamp: now, completions: NewGlobal()} }

// HardLimit is the number of dirty pages that is never to be exceeded (hard_dirty_limit).
func (d *Domain) HardLimit(thresh uint64) uint64 { return max(thresh, d.DirtyLimit) }

// updateDirtyLimit takes a step towards the threshold, if the last one was long enough ago (domain_update_dirty_limit).
func (d *Domain) updateDirtyLimit(c *Control, now uint64) {
	if now < d.limitStamp+BandwidthInterval {
		return
	}
	d.limitStamp = now
	thresh := c.Thresh
	if d.DirtyLimit < thresh {
		d.DirtyLimit = thresh
		return
	}
	thresh = max(thresh, c.Dirty)
	if d.DirtyLimit > thresh {
		d.DirtyLimit -= (d.DirtyLimit - thresh) >> 5
	}
}

// Completed counts pages that a device has written (wb_domain_writeout_add). It reports the jiffy at which Period is to be called, if that is not
// arranged yet; 0: it is.
func (d *Domain) Completed(wb *WB, n, now uint64) (arm uint64) {
	wb.completions.AddMax(&d.completions, wb.bdi.maxPropFrac, n)
	if d.periodTime != 0 {
		return 0
	}
	d.periodTime = nextPeriod(now)
	return d.periodTime
}

// Period ends a period of completions, and the ones that were missed (writeout_period). It returns when it is to be called next; 0: not until
// something completes.
func (d *Domain) Period(now uint64) (next uint64) {
	missed := (now - d.periodTime) / completionsPeriod
	if d.completions.NewPeriod(missed + 1) {
		d.periodTime = nextPeriod(d.periodTime + missed*completionsPeriod)
	} else {
		d.periodTime = 0
	}
	return d.periodTime
}

// nextPeriod is the jiffy at which a period that begins now ends; never 0, which means none (wp_next_time).
func nextPeriod(now uint64) uint64 { return max(now+completionsPeriod, 1) }

// RatelimitPages is after how many pages dirtied on one CPU, by whomever, a look at the limits is due (writeback_set_ratelimit).
func RatelimitPages(thresh uint64, cpus int) uint64 { return max(thresh/(uint64(cpus)*32), 16) }

// SetRatelimit takes the thresholds over at once after they were set, and returns RatelimitPages for them (writeback_set_ratelimit).
func (d *Domain) SetRatelimit(thresh uint64, cpus int) uint64 {
	d.DirtyLimit = thresh
	return RatelimitPages(thresh, cpus)
}
