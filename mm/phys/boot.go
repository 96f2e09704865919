package phys

import (
	"cmp"
	"fmt"
	"slices"

	"mmsim/mm/vmstat"
)

// Config is the machine to build.
type Config struct {
	Arch     Arch
	Nodes    []NodeConfig
	Distance [][]int // nil: 10 and 20
	THP      bool    // transparent_hugepage is always or madvise
	THPBoot  bool    // it is so because the kernel boots so: user space has not written to it
	CMA      uint64  // bytes of the cma= option, 0: none
	// KernelCore and MovableCore are the options kernelcore= and movablecore=.
	KernelCore, MovableCore CoreSize
	// Snapshot starts from a recorded state; the RAM of Nodes and all that decides where memory goes is not looked at then.
	Snapshot *Snapshot
	// NoEstimate leaves all RAM but the first MiB to the allocator: nothing for the kernel itself.
	NoEstimate bool
	// Events are the counters to use; nil makes new ones.
	Events *[vmstat.NrEvents]uint64
}

// CoreSize is the value of kernelcore= or movablecore=: bytes or percent of RAM. The zero value is not given.
type CoreSize struct {
	Bytes   uint64
	Percent int
}

func (c CoreSize) pages(total uint64) uint64 {
	if c.Percent > 0 {
		return total * uint64(c.Percent) / 100
	}
	return c.Bytes >> pageShift
}

// Build makes the machine as it is when the kernel has booted: RAM laid out, zones and zonelists, what the kernel took for itself
// reserved, everything else free, watermarks and list sizes computed. Errors name the field that is wrong.
func Build(c Config) (*Memory, error) {
	if c.Snapshot != nil {
		return buildRecorded(c)
	}
	l, err := NewLayout(c.Arch, c.Nodes, c.Distance)
	if err != nil {
		return nil, err
	}
	m := newMemory(l, c)
	if err := m.placeZones(c); err != nil {
		return nil, err
	}
	reserved := []Range{{0, 1 * mib}}
	if !c.NoEstimate {
		reserved, err = l.estimate()
		if err != nil {
			return nil, err
		}
	}
	m.setGrouping()
	m.makePCP()
	m.freeAll(m.rows(reserved), m.cmaRange(c, reserved))
	m.buildZonelists()
	var late []lateFree
	if !c.NoEstimate {
		late = m.afterInitcalls()
	}
	m.initWatermarks(late)
	return m, nil
}

// buildRecorded makes the machine of a snapshot.
func buildRecorded(c Config) (*Memory, error) {
	l, err := layoutOf(c.Arch, c.Snapshot, c.Nodes, c.Distance)
	if err != nil {
		return nil, err
	}
	m := newMemory(l, c)
	err = m.buildSnapshot(c.Snapshot)
	if err != nil && c.Snapshot.Kernel != nil { // with the image where it lies the recorded blocks do not fit: it matters less than they do
		anywhere := *c.Snapshot
		anywhere.Kernel = nil
		m = newMemory(l, c)
		err = m.buildSnapshot(&anywhere)
	}
	if err != nil {
		return nil, err
	}
	m.buildZonelists()
	m.initWatermarks(m.afterInitcalls())
	return m, nil
}

func newMemory(l *Layout, c Config) *Memory {
	m := &Memory{
		Arch: l.Arch, layout: l, Events: c.Events, HasCMA: c.CMA > 0, MobilityGrouping: true,
		pageblockOrder: 9, sysctl: defaultSysctl(l.Arch), userMinFree: -1,
	}
	if l.Arch == I386 {
		m.pageblockOrder = 10
	}
	m.sysctl.THP, m.thpWritten = c.THP, !c.THPBoot
	if m.Events == nil {
		m.Events = new([vmstat.NrEvents]uint64)
	}
	rows := l.row(l.RAM[len(l.RAM)-1].End)
	n := (rows + sectionPages - 1) >> sectionShift
	m.sections = make([]*section, n)
	for i := range m.sections {
		m.sections[i] = absent
	}
	m.private = make([]*private, n)
	m.owned = make([]bool, n)
	m.blockTypes = make([]uint8, n<<sectionShift>>m.pageblockOrder)
	return m
}

// placeZones makes the nodes and their zones (free_area_init).
func (m *Memory) placeZones(c Config) error {
	l := m.layout
	m.movableZone = ZoneNormal
	for _, t := range l.Arch.ZoneTypes() {
		if r := l.zoneRange(t); r.End > r.Start && t < ZoneMovable {
			m.movableZone = t
		}
	}
	movable := l.movableStarts(m.movableZone, c.KernelCore, c.MovableCore)
	err := m.addNodes(func(z *Zone) {
		r := l.zoneRange(z.Type)
		if at := movable[z.Node.ID]; at != 0 {
			if z.Type == ZoneMovable {
				r = Range{at, l.zoneRange(m.movableZone).End}
			} else {
				r.End = min(r.End, max(at, r.Start))
			}
		}
		m.populate(z, r)
	})
	m.sortRanges()
	return err
}

// addNodes makes the nodes with their CPUs and zones; fill gives each zone its RAM.
func (m *Memory) addNodes(fill func(*Zone)) error {
	l := m.layout
	cpu := 0
	for id, nc := range l.Nodes {
		n := &Node{ID: id}
		for range nc.CPUs {
			n.CPUs = append(n.CPUs, cpu)
			m.cpuNode = append(m.cpuNode, id)
			cpu++
		}
		m.Nodes = append(m.Nodes, n)
		for _, t := range l.Arch.ZoneTypes() {
			z := &Zone{Type: t, Node: n, mem: m}
			m.zones = append(m.zones, z)
			n.Zones = append(n.Zones, z)
			n.byType[t] = z
			fill(z)
			if z.Present == 0 {
				continue
			}
			if z.id = uint32(len(m.byID)); z.id > zoneIDMask {
				return fmt.Errorf("%d nodes: at most %d zones with memory can be", len(l.Nodes), zoneIDMask+1)
			}
			m.byID = append(m.byID, z)
		}
	}
	return nil
}

func (m *Memory) sortRanges() {
	slices.SortFunc(m.ranges, func(a, b ramRange) int { return cmp.Compare(a.start, b.start) })
}

// populate gives a zone the RAM of its node inside r (calculate_node_totalpages).
func (m *Memory) populate(z *Zone, r Range) {
	l := m.layout
	span := l.NodeSpan[z.Node.ID]
	r.Start, r.End = max(r.Start, span.Start), min(r.End, span.End)
	if r.Start >= r.End {
		return
	}
	for _, u := range l.RAM {
		s, e := max(u.Start, r.Start), min(u.End, r.End)
		if u.Node != z.Node.ID || s >= e {
			continue
		}
		m.ranges = append(m.ranges, ramRange{l.row(s), l.row(e-1) + 1, z})
		z.Present += e - s
	}
	if z.Present == 0 {
		return
	}
	z.Spanned = r.End - r.Start
	z.StartPFN, z.EndPFN = l.row(r.Start), l.row(r.End)
}

// setGrouping turns mobility grouping off where there are too few pageblocks for it (build_all_zonelists). At that time the kernel counts all RAM but struct
// pages and what is reserved below 16 MiB.
func (m *Memory) setGrouping() {
	pages := uint64(0)
	for _, z := range m.zones {
		if z.Type <= ZoneMovable {
			pages += z.Present - z.Present/64
		}
	}
	types := uint64(NrMigratetypes) - 1
	if m.HasCMA {
		types++
	}
	m.MobilityGrouping = pages >= types<<m.pageblockOrder
}

// rows converts frames to rows, sorted and without overlap.
func (m *Memory) rows(rs []Range) []Range {
	var out []Range
	for _, r := range rs {
		if s, e := m.layout.row(r.Start), m.layout.row(r.End); s < e {
			out = append(out, Range{s, e})
		}
	}
	return mergeRanges(out)
}

func mergeRanges(rs []Range) []Range {
	slices.SortFunc(rs, func(a, b Range) int { return cmp.Compare(a.Start, b.Start) })
	var out []Range
	for _, r := range rs {
		if n := len(out); n > 0 && r.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, r.End)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// freeAll gives all RAM outside the reserved rows to the allocator, in ascending order (memblock_free_all). cma stays out of it and becomes
// CMA pageblocks.
func (m *Memory) freeAll(reserved []Range, cma Range) {
	for _, z := range m.zones {
		var free []Range
		for _, r := range m.ranges {
			if r.zone != z {
				continue
			}
			at := r.start
			for _, k := range reserved {
				s, e := max(k.Start, r.start), min(k.End, r.end)
				if s >= e {
					continue
				}
				m.reserve(z, s, e)
				if at < s {
					free = append(free, Range{at, s})
				}
				at = e
			}
			if at < r.end {
				free = append(free, Range{at, r.end})
			}
		}
		z.freeRanges(free, cma)
	}
}

// reserve makes rows reserved. Whole sections share one template.
func (m *Memory) reserve(z *Zone, start, end uint64) {
	flags := z.id | uint32(KindReserved)<<kindShift
	for at := start; at < end; {
		s := at >> sectionShift
		stop := min(end, (s+1)<<sectionShift)
		if stop-at == sectionPages {
			if z.reservedRows == nil {
				z.reservedRows = new(section)
				for i := range z.reservedRows {
					z.reservedRows[i].flags = flags
				}
			}
			m.sections[s] = z.reservedRows
		} else {
			rows := m.own(s)
			for i := at; i < stop; i++ {
				rows[i&sectionMask].flags = flags
			}
		}
		at = stop
	}
}

// freeRanges frees a zone's ranges of rows. The longest run of whole sections becomes its virgin run.
func (z *Zone) freeRanges(free []Range, cma Range) {
	var best Range
	if z.Type != ZoneHighMem {
		for _, r := range free {
			v := Range{(r.Start + sectionPages - 1) >> sectionShift, r.End >> sectionShift}
			if cma.End > 0 && v.End > cma.Start>>sectionShift {
				v.End = cma.Start >> sectionShift
			}
			if v.Start < v.End && v.End-v.Start > best.End-best.Start {
				best = v
			}
		}
	}
	for _, r := range free {
		z.Managed += r.End - r.Start
		for _, part := range subtract(r, cma) {
			if v := (Range{best.Start << sectionShift, best.End << sectionShift}); v.Start < v.End && part.Start <= v.Start && v.End <= part.End {
				z.freeRange(part.Start, v.Start)
				z.startVirginRun(best.Start, best.End)
				part.Start = v.End
			}
			z.freeRange(part.Start, part.End)
		}
		if s, e := max(r.Start, cma.Start), min(r.End, cma.End); s < e {
			z.addCMA(s, e)
		}
	}
}

// subtract returns the parts of r outside of cut.
func subtract(r, cut Range) []Range {
	if cut.End <= r.Start || r.End <= cut.Start {
		return []Range{r}
	}
	var out []Range
	if r.Start < cut.Start {
		out = append(out, Range{r.Start, cut.Start})
	}
	if cut.End < r.End {
		out = append(out, Range{cut.End, r.End})
	}
	return out
}

// freeRange frees one range in the largest aligned blocks (__free_pages_memory), or page by page in high memory
// (add_highpages_with_active_regions).
func (z *Zone) freeRange(start, end uint64) {
	if start >= end {
		return
	}
	for s := start >> sectionShift; s <= (end-1)>>sectionShift; s++ {
		z.mem.own(s)
	}
	for at := start; at < end; {
		order := 0
		if z.Type != ZoneHighMem {
			order = blockOrder(at, end)
		}
		z.freeOne(PFN(at), order, MigrateMovable, z.Type != ZoneHighMem)
		at += 1 << order
	}
}

// makePCP makes the per-CPU lists of zones with RAM (setup_per_cpu_pageset).
func (m *Memory) makePCP() {
	for _, z := range m.zones {
		if z.Populated() {
			z.pcp = make([]PerCPUPages, len(m.cpuNode))
		}
	}
}
