package writeback

// ratelimitShift is the binary point of PosRatio (RATELIMIT_CALC_SHIFT).
const ratelimitShift = 10

// posRatioPolynom is 1 + ((setpoint-dirty)/(limit-setpoint))^3 in parts of 1024, 0 to 2 (pos_ratio_polynom).
func posRatioPolynom(setpoint, dirty, limit uint64) int64 {
	x := ((int64(setpoint) - int64(dirty)) << ratelimitShift) / int64((limit-setpoint)|1)
	r := x
	r = r * x >> ratelimitShift
	r = r * x >> ratelimitShift
	r += 1 << ratelimitShift
	return max(0, min(r, 2<<ratelimitShift))
}

// PositionRatio sets PosRatio: by how much dirtiers may exceed or must stay below the rate limit, so that the dirty pages of the machine come to
// lie midway between the free-run ceiling and the limit, and those of the device at its share of that (wb_position_ratio).
func (wb *WB) PositionRatio(d *Domain, c *Control) {
	c.PosRatio = 0
	limit := d.HardLimit(c.Thresh)
	if c.Dirty >= limit {
		return
	}
	setpoint := (FreerunCeiling(c.Thresh, c.BgThresh) + limit) / 2
	ratio := uint64(posRatioPolynom(setpoint, c.Dirty, limit))

	// A device that has been idle has no share of completions; it must be given something to begin with.
	wbThresh := max(min(c.WBThresh, c.Thresh), (limit-c.Dirty)/8)

	x := wbThresh << 16 / (c.Thresh | 1)
	wbSetpoint := setpoint * x >> 16
	span := (c.Thresh - wbThresh + 8*wb.AvgWriteBandwidth) * x >> 16
	intercept := wbSetpoint + span
	if c.WBDirty < intercept-span/4 {
		ratio = ratio * (intercept - c.WBDirty) / ((intercept - wbSetpoint) | 1)
	} else {
		ratio /= 4
	}

	// A reserve against the device running dry.
	if half := wbThresh / 2; c.WBDirty < half {
		if c.WBDirty > half/8 {
			ratio = ratio * half / c.WBDirty
		} else {
			ratio *= 8
		}
	}
	c.PosRatio = ratio
}

// TaskRatelimit is the rate in pages a second that a dirtier has by the look c (balance_dirty_pages).
func (wb *WB) TaskRatelimit(c *Control) uint64 {
	return wb.DirtyRatelimit * c.PosRatio >> ratelimitShift
}
