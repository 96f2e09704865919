package writeback

import (
	"math"
	"math/bits"
)

// bandwidthPeriod is the jiffies over which bandwidth is averaged: 3 s rounded up to a power of two, which the shift is the logarithm of.
const (
	bandwidthShift  = 10
	bandwidthPeriod = 1 << bandwidthShift
)

// bandwidthIdle is how many jiffies without an estimate make a flusher idle (WB_BANDWIDTH_IDLE_JIF).
const bandwidthIdle = HZ

// EstimateStart begins a new estimate if the flusher was idle, so that the idle time does not count (wb_bandwidth_estimate_start).
func (wb *WB) EstimateStart(now uint64) {
	if now-wb.BandwidthStamp > bandwidthIdle && wb.WritebackInodes == 0 {
		wb.dirtiedStamp, wb.writtenStamp, wb.BandwidthStamp = wb.Dirtied, wb.Written, now
	}
}

// BandwidthDue tells whether the last estimate is more than BandwidthInterval old.
func (wb *WB) BandwidthDue(now uint64) bool { return wb.BandwidthStamp+BandwidthInterval < now }

// UpdateBandwidth makes a new estimate of how fast the device writes (wb_update_bandwidth).
func (wb *WB) UpdateBandwidth(now uint64) {
	wb.updateWriteBandwidth(max(now-wb.BandwidthStamp, 1))
	wb.dirtiedStamp, wb.writtenStamp, wb.BandwidthStamp = wb.Dirtied, wb.Written, now
}

// UpdateRatelimit makes a new estimate and steps the dirty limit and the rate limit of dirtiers; c must hold a complete look
// (__wb_update_bandwidth).
func (wb *WB) UpdateRatelimit(d *Domain, c *Control, now uint64) {
	d.updateDirtyLimit(c, now)
	wb.updateDirtyRatelimit(d, c, max(now-wb.BandwidthStamp, 1))
	wb.UpdateBandwidth(now)
}

// updateWriteBandwidth averages what was written since the last estimate into the bandwidth, and smooths that once more
// (wb_update_write_bandwidth).
func (wb *WB) updateWriteBandwidth(elapsed uint64) {
	avg, old := wb.AvgWriteBandwidth, wb.writeBandwidth
	bw := (wb.Written - min(wb.Written, wb.writtenStamp)) * HZ
	if elapsed > bandwidthPeriod {
		bw /= elapsed
		avg = bw
	} else {
		bw = (bw + old*(bandwidthPeriod-elapsed)) >> bandwidthShift
		if avg > old && old >= bw {
			avg -= (avg - old) >> 3
		}
		if avg < old && old <= bw {
			avg += (old - avg) >> 3
		}
	}
	avg = max(avg, 1)
	if wb.hasDirtyIO {
		wb.bdi.totWriteBandwidth += avg - wb.AvgWriteBandwidth
	}
	wb.writeBandwidth, wb.AvgWriteBandwidth = bw, avg
}

// updateDirtyRatelimit moves the rate limit of each dirtier towards the rate at which all of them together dirty as fast as the device writes
// (wb_update_dirty_ratelimit).
func (wb *WB) updateDirtyRatelimit(d *Domain, c *Control, elapsed uint64) {
	setpoint := (FreerunCeiling(c.Thresh, c.BgThresh) + d.HardLimit(c.Thresh)) / 2
	limit := wb.DirtyRatelimit

	dirtyRate := (wb.Dirtied - wb.dirtiedStamp) * HZ / elapsed
	task := limit*c.PosRatio>>ratelimitShift + 1
	balanced := min(task*wb.AvgWriteBandwidth/(dirtyRate|1), wb.AvgWriteBandwidth)

	// All three estimates must agree on the direction; then the least far one says how far.
	step := uint64(0)
	if c.Dirty < setpoint {
		if x := min(wb.balancedDirtyRatelimit, balanced, task); limit < x {
			step = x - limit
		}
	} else if x := max(wb.balancedDirtyRatelimit, balanced, task); limit > x {
		step = limit - x
	}
	// The closer the target the slower, since the target itself wavers.
	if shift := limit / (2*step + 1); shift < 64 {
		step = (step>>shift + 7) / 8
	} else {
		step = 0
	}
	if limit < balanced {
		limit += step
	} else {
		limit -= step
	}
	wb.DirtyRatelimit = max(limit, 1)
	wb.balancedDirtyRatelimit = balanced
}

// OverBgThresh tells whether background writeback has work: the machine is above its background threshold, or the device above its share
// (wb_over_bg_thresh). Dirty of c must be without pages under writeback, and the thresholds must be filled in.
func (wb *WB) OverBgThresh(d *Domain, c *Control) bool {
	return c.Dirty > c.BgThresh || wb.Reclaimable > wb.CalcThresh(d, c.BgThresh)
}

// Chunk sizes of background writeback (MIN_WRITEBACK_PAGES, DIRTY_SCOPE).
const (
	minWritebackPages = 4 << 20 / PageSize
	dirtyScope        = 8
)

// WholeFile is the chunk of data-integrity writeback: everything.
const WholeFile = math.MaxInt64

// ChunkSize is how many pages of one inode are written in one turn, left being what the whole work may still write
// (writeback_chunk_size without data integrity).
func (wb *WB) ChunkSize(d *Domain, left int64) int64 {
	pages := min(wb.AvgWriteBandwidth/2, d.DirtyLimit/dirtyScope, uint64(max(left, 0)))
	return int64((pages + minWritebackPages) / minWritebackPages * minWritebackPages)
}

// SplitPages is the flusher's share of a number of pages to be written to its device (wb_split_bdi_pages).
func (wb *WB) SplitPages(n int64) int64 {
	bw, tot := wb.AvgWriteBandwidth, wb.bdi.totWriteBandwidth
	if n == math.MaxInt64 || tot == 0 || bw >= tot {
		return n
	}
	hi, lo := bits.Mul64(uint64(n), bw)
	lo, carry := bits.Add64(lo, tot-1, 0)
	q, _ := bits.Div64(hi+carry, lo, tot)
	return int64(q)
}
