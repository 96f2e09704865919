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

// thpMinRAM is the memory below which the kernel boots with huge pages off (hugepage_init), in pages.
const thpMinRAM = 512 * mib

// initWatermarks computes everything as a boot does, in its order, because each step starts from the marks and the managed pages of
// that moment:
//
//  1. init_per_zone_wmark_min, at postcore_initcall, when the pages in late have not been freed yet. The protection arrays stay as computed then;
//  2. hugepage_init starts or does not start khugepaged, unless memory is small;
//  3. the rest of memory is freed;
//  4. user space writes transparent_hugepage/enabled, if the machine declares it. If not, the marks stay those of the managed pages of step 2.
func (m *Memory) initWatermarks(late []lateFree) {
	for _, f := range late {
		f.zone.Managed -= f.pages
	}
	m.calculateMinFree()
	m.setupWatermarks()
	m.setupLowmemReserve()
	if m.Managed() >= thpMinRAM {
		m.recommendMinFree()
		m.setupWatermarks()
	}
	for _, f := range late {
		f.zone.Managed += f.pages
	}
	if m.thpWritten {
		m.recommendMinFree()
		m.setupWatermarks()
	}
}

// lateFree is pages that are freed when the kernel's init has run: the initial RAM disk and parts of the image.
type lateFree struct {
	zone  *Zone
	pages uint64
}

// lateFrees finds the zones of what is freed late: one for the image, one for the RAM disk at the top of low memory.
func (m *Memory) lateFrees() []lateFree {
	k := m.layout.kernel()
	freed := uint64(0)
	for _, r := range k.freed {
		freed += r.End - r.Start
	}
	image := m.owner(m.layout.row(k.image.Start))
	top := image
	for _, r := range m.ranges {
		if m.layout.frame(r.start) < min(fourGiB, m.layout.MaxLowPFN) && r.zone.Type != ZoneMovable {
			top = r.zone
		}
	}
	var out []lateFree
	for _, f := range []lateFree{{image, freed}, {top, k.initrd}} {
		if f.zone != nil {
			f.pages = min(f.pages, f.zone.Managed/2)
			out = append(out, f)
		}
	}
	return out
}

// afterInitcalls is lateFrees but for what is freed before the first initcall.
func (m *Memory) afterInitcalls() []lateFree {
	out := m.lateFrees()
	if len(out) > 0 {
		out[0].pages -= min(m.layout.kernel().smp, out[0].pages)
	}
	return out
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
// khugepaged's start and stop do (start_stop_khugepaged).
func (m *Memory) SetTHP(on bool) {
	m.sysctl.THP = on
	m.recommendMinFree()
	m.setupWatermarks()
}
