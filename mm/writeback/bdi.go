package writeback

import "fmt"

// A BDISet is what the devices of a machine have in common: the shares that are promised to them.
type BDISet struct{ minRatio uint64 }

// A BDI is a device that dirty pages are written to (struct backing_dev_info).
type BDI struct {
	set                *BDISet
	minRatio, maxRatio uint64 // per cent
	maxPropFrac        uint64
	totWriteBandwidth  uint64 // pages a second, of those of its flushers that have dirty inodes
}

// NewBDI is a device with no share promised and none denied (bdi_init).
func (s *BDISet) NewBDI() *BDI { return &BDI{set: s, maxRatio: 100, maxPropFrac: FracBase} }

// MinRatio and MaxRatio are the per cent of the dirty limit that the device has at least and at most.
func (b *BDI) MinRatio() uint64 { return b.minRatio }

// MaxRatio is the per cent of the dirty limit that the device has at most.
func (b *BDI) MaxRatio() uint64 { return b.maxRatio }

// SetMinRatio promises the device a share (bdi_set_min_ratio). It is refused above MaxRatio, or if all promises together reach 100.
func (b *BDI) SetMinRatio(n uint64) error {
	if n > b.maxRatio {
		return fmt.Errorf("min_ratio: %d is above max_ratio, which is %d", n, b.maxRatio)
	}
	if n > b.minRatio && b.set.minRatio+n-b.minRatio >= 100 {
		return fmt.Errorf("min_ratio: %d is too much: other devices are promised %d of 100 per cent", n, b.set.minRatio-b.minRatio)
	}
	b.set.minRatio += n - b.minRatio
	b.minRatio = n
	return nil
}

// SetMaxRatio bounds the device's share (bdi_set_max_ratio). It is refused above 100 and below MinRatio.
func (b *BDI) SetMaxRatio(n uint64) error {
	if n > 100 {
		return fmt.Errorf("max_ratio: %d is not a per cent from 0 to 100", n)
	}
	if n < b.minRatio {
		return fmt.Errorf("max_ratio: %d is below min_ratio, which is %d", n, b.minRatio)
	}
	b.maxRatio = n
	b.maxPropFrac = FracBase * n / 100
	return nil
}

// initBandwidth is what a device is taken for before it has written anything: 100 MiB/s (INIT_BW).
const initBandwidth = 100 << 20 / PageSize

// A WB is a device's flusher as the throttling sees it (struct bdi_writeback).
type WB struct {
	bdi         *BDI
	completions Local

	// Cumulative counts and present numbers of pages; the owner keeps them (WB_DIRTIED, WB_WRITTEN, WB_RECLAIMABLE, WB_WRITEBACK).
	Dirtied, Written       uint64
	Reclaimable, Writeback uint64
	WritebackInodes        int // inodes with pages under writeback
	BandwidthStamp         uint64
	dirtiedStamp           uint64
	writtenStamp           uint64
	writeBandwidth         uint64
	AvgWriteBandwidth      uint64 // pages a second, smoothed
	DirtyRatelimit         uint64 // pages a second that each dirtier may dirty at the set point
	balancedDirtyRatelimit uint64
	DirtyExceeded          bool // the device and the machine are above their thresholds
	hasDirtyIO             bool
}

// NewWB is a flusher of a device of a machine with some CPUs, at a time (wb_init).
func (b *BDI) NewWB(now uint64, cpus int) *WB {
	return &WB{
		bdi: b, completions: Local{cpus: int64(cpus)}, BandwidthStamp: now, writeBandwidth: initBandwidth, AvgWriteBandwidth: initBandwidth,
		DirtyRatelimit: initBandwidth, balancedDirtyRatelimit: initBandwidth,
	}
}

// SetDirtyIO notes whether the flusher has dirty inodes: only then its bandwidth counts in that of the device (wb_io_lists_populated,
// wb_io_lists_depopulated).
func (wb *WB) SetDirtyIO(has bool) {
	if has == wb.hasDirtyIO {
		return
	}
	wb.hasDirtyIO = has
	if has {
		wb.bdi.totWriteBandwidth += wb.AvgWriteBandwidth
	} else {
		wb.bdi.totWriteBandwidth -= wb.AvgWriteBandwidth
	}
}

// HasDirtyIO tells whether the flusher has dirty inodes (wb_has_dirty_io).
func (wb *WB) HasDirtyIO() bool { return wb.hasDirtyIO }

// minMaxRatio are the device's shares as far as they are this flusher's (wb_min_max_ratio).
func (wb *WB) minMaxRatio() (least, most uint64) {
	least, most = wb.bdi.minRatio, wb.bdi.maxRatio
	if bw, tot := wb.AvgWriteBandwidth, wb.bdi.totWriteBandwidth; bw < tot {
		least = least * bw / tot
		if most < 100 {
			most = most * bw / tot
		}
	}
	return least, most
}

// CalcThresh is the device's share of a threshold, by its share of recent completions (wb_calc_thresh).
func (wb *WB) CalcThresh(d *Domain, thresh uint64) uint64 {
	numerator, denominator := wb.completions.Fraction(&d.completions)
	least, most := wb.minMaxRatio()
	t := thresh*(100-wb.bdi.set.minRatio)/100*numerator/denominator + thresh*least/100
	return min(t, thresh*most/100)
}

// DirtyLimits fills in the device's part of a look (wb_dirty_limits).
func (wb *WB) DirtyLimits(d *Domain, c *Control) {
	c.WBThresh = wb.CalcThresh(d, c.Thresh)
	c.WBBgThresh = 0
	if c.Thresh != 0 {
		c.WBBgThresh = c.WBThresh * c.BgThresh / c.Thresh
	}
	c.WBDirty = wb.Reclaimable + wb.Writeback
}
