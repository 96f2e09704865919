package phys

import (
	"math/bits"

	"mmsim/mm/vmstat"
)

// Wmark names a watermark (enum zone_watermarks).
type Wmark uint8

// The watermarks, ascending.
const (
	WmarkMin Wmark = iota
	WmarkLow
	WmarkHigh
	WmarkPromo
	NrWmark
)

// Wmark returns a watermark as every use of it sees it: with the boost, in pages (wmark_pages).
func (z *Zone) Wmark(i Wmark) uint64 { return z.Watermark[i] + z.WatermarkBoost }

// unusableFree returns the free pages that a request cannot count on (__zone_watermark_unusable_free).
func (z *Zone) unusableFree(order int, flags AllocFlags) int64 {
	n := int64(1)<<order - 1
	if flags&allocReserves == 0 {
		n += int64(z.NrReservedHighatomic)
	}
	if flags&AllocCMA == 0 {
		n += z.Stat[vmstat.NRFreeCma]
	}
	return n
}

// WatermarkOKFree is the watermark test with a given number of free pages (__zone_watermark_ok): whether a request of that order may be
// served above mark when zones up to highest were allowed.
func (z *Zone) WatermarkOKFree(order int, mark uint64, highest ZoneType, flags AllocFlags, free int64) bool {
	free -= z.unusableFree(order, flags)
	low := int64(mark)
	if flags&(AllocMinReserve|AllocOOM) != 0 {
		if flags&AllocMinReserve != 0 {
			low -= low / 2
			if flags&AllocNonBlock != 0 {
				low -= low / 4
			}
		}
		if flags&AllocOOM != 0 {
			low -= low / 2
		}
	}
	if free <= low+int64(z.LowmemReserve[highest]) {
		return false
	}
	if order == 0 {
		return true
	}
	for o := order; o < MaxOrder; o++ {
		a := &z.free[o]
		if a.nrFree == 0 {
			continue
		}
		for mt := MigrateUnmovable; mt < MigratePCPTypes; mt++ {
			if !a.lists[mt].Empty() {
				return true
			}
		}
		if flags&AllocCMA != 0 && !a.lists[MigrateCMA].Empty() {
			return true
		}
		if flags&(AllocHighatomic|AllocOOM) != 0 && !a.lists[MigrateHighAtomic].Empty() {
			return true
		}
	}
	return false
}

// WatermarkOK is the test with the zone's own free pages (zone_watermark_ok).
func (z *Zone) WatermarkOK(order int, mark uint64, highest ZoneType, flags AllocFlags) bool {
	return z.WatermarkOKFree(order, mark, highest, flags, z.FreePages())
}

// WatermarkOKSafe is the test of kswapd and compaction: no flags (zone_watermark_ok_safe). The kernel counts exactly here; this package always does.
func (z *Zone) WatermarkOKSafe(order int, mark uint64, highest ZoneType) bool {
	return z.WatermarkOKFree(order, mark, highest, 0, z.FreePages())
}

// watermarkFast is the test of the fast path (zone_watermark_fast).
func (z *Zone) watermarkFast(order int, mark uint64, highest ZoneType, flags AllocFlags, gfp GFP) bool {
	free := z.FreePages()
	if order == 0 {
		usable := free - min(free, z.unusableFree(0, flags))
		if usable > int64(mark+z.LowmemReserve[highest]) {
			return true
		}
	}
	if z.WatermarkOKFree(order, mark, highest, flags, free) {
		return true
	}
	// Atomic order-0 requests may go below the boost: it is there for kswapd, not to make them fail.
	if order == 0 && gfp&GFPAtomicFlag != 0 && z.WatermarkBoost > 0 && flags&AllocWmarkMask == AllocWmarkMin {
		return z.WatermarkOKFree(order, z.Watermark[WmarkMin], highest, flags, free)
	}
	return false
}

// FreeBufferPages returns the managed pages above the high watermark in all zones that a request with the flags could use, from the
// zonelist of node 0 (nr_free_zone_pages).
func (m *Memory) FreeBufferPages(gfp GFP) uint64 {
	sum := uint64(0)
	highest := m.HighestZone(gfp)
	for _, z := range m.Nodes[0].Zonelist[0].Zones {
		if h := z.Wmark(WmarkHigh); z.Type <= highest && z.Managed > h {
			sum += z.Managed - h
		}
	}
	return sum
}

// calculateMinFree applies the square root rule (calculate_min_free_kbytes), unless the user set a larger value.
func (m *Memory) calculateMinFree() {
	kb := m.FreeBufferPages(GFPUser) * 4
	if v := int(min(max(isqrt(kb*16), 128), 262144)); v > m.userMinFree {
		m.sysctl.MinFreeKbytes = v
	}
}

// recommendMinFree is what khugepaged wants (set_recommended_min_free_kbytes): room for a pageblock of each type in each zone, and some to spare, but
// at most 5% of memory. With huge pages off it recomputes by the square root.
func (m *Memory) recommendMinFree() {
	if !m.sysctl.THP {
		m.calculateMinFree()
		return
	}
	zones := uint64(0)
	for _, z := range m.zones {
		if z.Populated() && z.Type <= ZoneNormal {
			zones++
		}
	}
	// Two pageblocks a zone, and for each pair of the three types with per-CPU lists one.
	rec := zones * (2 + uint64(MigratePCPTypes*MigratePCPTypes)) << m.pageblockOrder
	rec = min(rec, m.FreeBufferPages(GFPUser)/20)
	if kb := int(rec * 4); kb > m.sysctl.MinFreeKbytes {
		m.sysctl.MinFreeKbytes = kb
	}
}

// setupWatermarks computes the watermarks of all zones from min_free_kbytes, and all that follows from them
// (setup_per_zone_wmarks).
func (m *Memory) setupWatermarks() {
	pagesMin := uint64(m.sysctl.MinFreeKbytes) / 4
	lowmem := uint64(0)
	for _, z := range m.zones {
		if !z.IsHighmem() {
			lowmem += z.Managed
		}
	}
	for _, z := range m.zones {
		share := uint64(0)
		if lowmem > 0 {
			share = mulDiv(pagesMin, z.Managed, lowmem)
		}
		low := share
		if z.IsHighmem() {
			low = min(max(z.Managed/1024, 32), 128)
		}
		gap := max(share/4, mulDiv(z.Managed, uint64(m.sysctl.WatermarkScaleFactor), 10000))
		z.WatermarkBoost = 0
		for i := range z.Watermark {
			z.Watermark[i] = low + uint64(i)*gap
		}
		if z.Populated() {
			z.updatePCP()
		}
	}
	m.calculateTotalreserve()
	m.refreshStatThresholds()
}

// refreshStatThresholds computes how far per-CPU parts of counters may drift, and below which mark that matters
// (refresh_zone_stat_thresholds).
func (m *Memory) refreshStatThresholds() {
	cpus := len(m.cpuNode)
	for _, z := range m.zones {
		if !z.Populated() {
			continue
		}
		t := min(125, 2*bits.Len(uint(cpus))*(1+bits.Len64(z.Managed>>15)))
		z.StatThreshold = t
		z.PercpuDriftMark = 0
		if drift := uint64(cpus * t); drift > z.Wmark(WmarkLow)-z.Wmark(WmarkMin) {
			z.PercpuDriftMark = z.Wmark(WmarkHigh) + drift
		}
	}
}

func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	q, _ := bits.Div64(hi, lo, c)
	return q
}

func roundDownPow2(v uint64) uint64 { return 1 << (bits.Len64(v) - 1) }

// isqrt returns the integer part of the square root.
func isqrt(v uint64) uint64 {
	var r uint64
	for b := uint64(1) << 31; b != 0; b >>= 1 {
		if t := r | b; t*t <= v {
			r = t
		}
	}
	return r
}
