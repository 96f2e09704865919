package phys

import "fmt"

// Sysctl is the settings that the watermarks and list sizes depend on, with the kernel's names and units.
type Sysctl struct {
	MinFreeKbytes              int              // vm.min_free_kbytes, as computed or set
	WatermarkScaleFactor       int              // vm.watermark_scale_factor, in 1/10000 of the zone, 1 to 3000
	WatermarkBoostFactor       int              // vm.watermark_boost_factor, in 1/10000 of the high mark, 0: off
	LowmemReserveRatio         [NrZoneTypes]int // vm.lowmem_reserve_ratio, 0: no reserve
	PercpuPagelistHighFraction int              // vm.percpu_pagelist_high_fraction, 0 or at least 8
	ZoneReclaimMode            int              // vm.zone_reclaim_mode
	THP                        bool             // transparent_hugepage is always or madvise
}

// Sysctl returns the current settings.
func (m *Memory) Sysctl() Sysctl { return m.sysctl }

func defaultSysctl(a Arch) Sysctl {
	s := Sysctl{WatermarkScaleFactor: 10, WatermarkBoostFactor: 15000}
	s.LowmemReserveRatio[ZoneDMA] = 256
	s.LowmemReserveRatio[ZoneDMA32] = 256
	s.LowmemReserveRatio[ZoneNormal] = 32
	return s
}

// initWatermarks computes everything at the end of boot (init_per_zone_wmark_min, then what khugepaged wants).
func (m *Memory) initWatermarks() {
	m.calculateMinFree()
	m.setupWatermarks()
	m.setupLowmemReserve()
	m.recommendMinFree()
	m.setupWatermarks()
}

// SetMinFreeKbytes is a write to vm.min_free_kbytes.
func (m *Memory) SetMinFreeKbytes(kb int) error {
	if kb < 0 {
		return fmt.Errorf("vm.min_free_kbytes = %d: must not be negative", kb)
	}
	m.sysctl.MinFreeKbytes, m.userMinFree = kb, kb
	m.setupWatermarks()
	return nil
}

// SetWatermarkScaleFactor is a write to vm.watermark_scale_factor, 1 to 3000.
func (m *Memory) SetWatermarkScaleFactor(v int) error {
	if v < 1 || v > 3000 {
		return fmt.Errorf("vm.watermark_scale_factor = %d: must be 1 to 3000", v)
	}
	m.sysctl.WatermarkScaleFactor = v
	m.setupWatermarks()
	return nil
}

// SetWatermarkBoostFactor is a write to vm.watermark_boost_factor, 0 or more.
func (m *Memory) SetWatermarkBoostFactor(v int) error {
	if v < 0 {
		return fmt.Errorf("vm.watermark_boost_factor = %d: must not be negative", v)
	}
	m.sysctl.WatermarkBoostFactor = v
	return nil
}

// SetLowmemReserveRatio is a write to vm.lowmem_reserve_ratio: one value for each zone type of the architecture, in order; fewer leave the rest as
// they are. A value below 1 turns the zone's reserve off, as in the kernel.
func (m *Memory) SetLowmemReserveRatio(ratios []int) error {
	types := m.Arch.ZoneTypes()
	if len(ratios) > len(types) {
		return fmt.Errorf("vm.lowmem_reserve_ratio: %d values, but %s has %d zones", len(ratios), m.Arch, len(types))
	}
	for i, r := range ratios {
		m.sysctl.LowmemReserveRatio[types[i]] = max(r, 0)
	}
	m.setupLowmemReserve()
	return nil
}

// SetPercpuPagelistHighFraction is a write to vm.percpu_pagelist_high_fraction: 0, or at least 8.
func (m *Memory) SetPercpuPagelistHighFraction(v int) error {
	if v != 0 && v < 8 {
		return fmt.Errorf("vm.percpu_pagelist_high_fraction = %d: must be 0 or at least 8", v)
	}
	m.sysctl.PercpuPagelistHighFraction = v
	for _, z := range m.zones {
		z.updatePCP()
	}
	return nil
}

// SetZoneReclaimMode is a write to vm.zone_reclaim_mode.
func (m *Memory) SetZoneReclaimMode(v int) { m.sysctl.ZoneReclaimMode = v }

// SetTHP tells whether transparent huge pages are on (always or madvise). It recomputes min_free_kbytes and the watermarks, as
// khugepaged's start and stop do (start_stop_khugepaged). On an architecture without them it does nothing.
func (m *Memory) SetTHP(on bool) {
	if m.pcpHugeOrder < 0 {
		return
	}
	m.sysctl.THP = on
	m.recommendMinFree()
	m.setupWatermarks()
}
