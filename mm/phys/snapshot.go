package phys

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Snapshot is a recorded state of a machine's memory in plain numbers (package procfs reads them from /proc). A machine built from one has the same
// managed pages and the same free blocks by order and type; which frames they are, /proc does not tell, so it is chosen.
type Snapshot struct {
	Zones []ZoneSnapshot
	// RAM is what the kernel calls System RAM (/proc/iomem), in frames, ascending; nil if not known.
	RAM []Range
	// Kernel is where the kernel's image lies (code, rodata, data and bss of /proc/iomem), in frames, ascending; nil if not known.
	Kernel []Range
}

// ZoneSnapshot is the state of one zone with RAM. Counts are in pages.
type ZoneSnapshot struct {
	Node  int
	Zone  ZoneType
	Start uint64 // first frame (start_pfn)
	// Spanned, Present and Managed as in /proc/zoneinfo.
	Spanned, Present, Managed uint64
	// Free[o][t] is the number of free blocks of order o on the list of type t (/proc/pagetypeinfo; with /proc/buddyinfo
	// alone, all MOVABLE).
	Free [MaxOrder][NrMigratetypes]uint64
	// BlockTypes is the number of pageblocks of each type; all zero if not known.
	BlockTypes [NrMigratetypes]uint64
	// PCP[c] is the number of pages on the lists of CPU c; may be nil.
	PCP []int
}

// layoutOf makes the layout that a snapshot tells of. CPUs come from nodes, whose RAM is not looked at.
func layoutOf(a Arch, s *Snapshot, nodes []NodeConfig, distance [][]int) (*Layout, error) {
	l := &Layout{Arch: a, Nodes: slices.Clone(nodes), MaxLowPFN: 0}
	if err := s.check(a, len(nodes)); err != nil {
		return nil, err
	}
	if err := l.setDistance(distance); err != nil {
		return nil, err
	}
	cpus := 0
	for i := range l.Nodes {
		l.Nodes[i].RAM = 0
		cpus += l.Nodes[i].CPUs
	}
	if cpus < 1 || cpus > maxCPUs {
		return nil, fmt.Errorf("%d CPUs: must be 1 to %d", cpus, maxCPUs)
	}
	l.NodeSpan = make([]Range, len(l.Nodes))
	for i := range s.Zones {
		z := &s.Zones[i]
		for _, r := range s.ramOf(z) {
			l.RAM = append(l.RAM, RAMRange{r, z.Node})
		}
		l.Nodes[z.Node].RAM += z.Present << pageShift
		n := &l.NodeSpan[z.Node]
		if n.End == 0 || z.Start < n.Start {
			n.Start = z.Start
		}
		n.End = max(n.End, z.Start+z.Spanned)
		if z.Zone != ZoneHighMem {
			l.MaxLowPFN = max(l.MaxLowPFN, z.Start+z.Spanned)
		}
	}
	slices.SortFunc(l.RAM, func(a, b RAMRange) int { return cmp.Compare(a.Start, b.Start) })
	hole := true
	for i, r := range l.RAM {
		if i > 0 && r.Start < l.RAM[i-1].End {
			return nil, fmt.Errorf("snapshot: RAM of node %d overlaps that of node %d at frame %d", r.Node, l.RAM[i-1].Node, r.Start)
		}
		if r.Start < fourGiB && r.End > lowHole {
			hole = false
		}
	}
	if hole && l.RAM[len(l.RAM)-1].End > fourGiB {
		l.holeStart, l.holeLen = lowHole, fourGiB-lowHole
	}
	if last := l.row(l.RAM[len(l.RAM)-1].End); last > MaxRAM>>pageShift {
		return nil, fmt.Errorf("snapshot: RAM up to frame %d: at most 16 TiB can be", last)
	}
	return l, nil
}

// check refuses numbers that cannot be.
func (s *Snapshot) check(a Arch, nodes int) error {
	if len(s.Zones) == 0 {
		return fmt.Errorf("snapshot: no zone has memory")
	}
	if nodes == 0 || nodes > MaxNodes {
		return fmt.Errorf("%d nodes: must be 1 to %d", nodes, MaxNodes)
	}
	const most = MaxRAM >> pageShift * 4 // frames; bounds every sum below
	types := a.ZoneTypes()
	seen := map[[2]int]bool{}
	for i := range s.Zones {
		z := &s.Zones[i]
		where := fmt.Sprintf("snapshot: node %d, zone %s", z.Node, z.Zone)
		key := [2]int{z.Node, int(z.Zone)}
		switch {
		case z.Node < 0 || z.Node >= nodes:
			return fmt.Errorf("snapshot: node %d: the machine has nodes 0 to %d", z.Node, nodes-1)
		case !slices.Contains(types, z.Zone):
			return fmt.Errorf("%s: %s has no such zone", where, a)
		case seen[key]:
			return fmt.Errorf("%s: given twice", where)
		case z.Start == 0 || z.Start > most || z.Spanned == 0 || z.Spanned > most:
			return fmt.Errorf("%s: start_pfn %d, spanned %d: out of range", where, z.Start, z.Spanned)
		case z.Present == 0 || z.Present > z.Spanned || z.Managed > z.Present:
			return fmt.Errorf("%s: spanned %d, present %d, managed %d: must not grow", where, z.Spanned, z.Present, z.Managed)
		}
		seen[key] = true
		used := uint64(0)
		for o := range z.Free {
			for _, n := range z.Free[o] {
				if n > most>>o {
					return fmt.Errorf("%s: %d free blocks of order %d: out of range", where, n, o)
				}
				used += n << o
			}
		}
		for _, n := range z.PCP {
			if n < 0 || uint64(n) > most {
				return fmt.Errorf("%s: pageset count %d: out of range", where, n)
			}
			used += uint64(n)
		}
		if used > z.Managed {
			return fmt.Errorf("%s: %d pages free and on per-CPU lists, but only %d managed", where, used, z.Managed)
		}
	}
	return nil
}

// ramOf returns where the zone's RAM lies: as RAM says if that agrees with the zone, else from its start, with the PC's hole below
// 1 MiB in DMA and the rest of the hole at the end.
func (s *Snapshot) ramOf(z *ZoneSnapshot) []Range {
	end := z.Start + z.Spanned
	var out []Range
	sum := uint64(0)
	for _, r := range s.RAM {
		if a, b := max(r.Start, z.Start), min(r.End, end); a < b {
			out = append(out, Range{a, b})
			sum += b - a
		}
	}
	if sum == z.Present {
		return out
	}
	hole := z.Spanned - z.Present
	if hole > 0 && z.Start < biosStart && end > biosStart+hole {
		return []Range{{z.Start, biosStart}, {biosStart + hole, end}}
	}
	return []Range{{z.Start, end - hole}}
}

// buildSnapshot makes the zones of a snapshot and fills them.
func (m *Memory) buildSnapshot(s *Snapshot) error {
	err := m.addNodes(func(z *Zone) {
		for i := range s.Zones {
			zs := &s.Zones[i]
			if zs.Node != z.Node.ID || zs.Zone != z.Type {
				continue
			}
			l := m.layout
			for _, r := range s.ramOf(zs) {
				m.ranges = append(m.ranges, ramRange{l.row(r.Start), l.row(r.End-1) + 1, z})
			}
			z.Spanned, z.Present, z.Managed = zs.Spanned, zs.Present, zs.Managed
			z.StartPFN, z.EndPFN = l.row(zs.Start), l.row(zs.Start+zs.Spanned-1)+1
		}
	})
	if err != nil {
		return err
	}
	m.sortRanges()
	m.movableZone = ZoneNormal
	for _, z := range m.zones {
		if z.Present > 0 && z.Type < ZoneMovable {
			m.movableZone = max(m.movableZone, z.Type)
		}
	}
	m.setGrouping()
	m.makePCP()
	other := map[uint64]bool{}
	for i := range s.Zones {
		zs := &s.Zones[i]
		f := &filler{m: m, z: m.Nodes[zs.Node].byType[zs.Zone], s: zs, left: zs.BlockTypes, typed: map[uint64]bool{}, other: other}
		f.reserved = f.known(m.layout.kernel().reserved(s.Kernel))
		if err := f.fill(); err != nil {
			return err
		}
		maps.Copy(other, f.typed)
	}
	return nil
}

// Snapshot returns the machine's state as one that it could be started from.
func (m *Memory) Snapshot() *Snapshot {
	s := &Snapshot{}
	for _, r := range m.layout.RAM {
		if n := len(s.RAM); n > 0 && s.RAM[n-1].End == r.Start {
			s.RAM[n-1].End = r.End
		} else {
			s.RAM = append(s.RAM, r.Range)
		}
	}
	for _, z := range m.zones {
		if !z.Populated() {
			continue
		}
		zs := ZoneSnapshot{
			Node: z.Node.ID, Zone: z.Type, Start: m.layout.frame(z.StartPFN), Spanned: z.Spanned, Present: z.Present, Managed: z.Managed,
			BlockTypes: z.BlockTypes(),
		}
		for o := range zs.Free {
			for mt := range zs.Free[o] {
				zs.Free[o][mt] = z.NrFreeType(o, Migratetype(mt))
			}
		}
		for cpu := range z.pcp {
			zs.PCP = append(zs.PCP, z.pcp[cpu].Count)
		}
		s.Zones = append(s.Zones, zs)
	}
	return s
}

// EachInUse calls fn for every allocated block of the zone in ascending order until it returns false: how package mm says what the pages in
// use of a snapshot are. Memory that was never touched has none.
func (z *Zone) EachInUse(fn func(pfn PFN) bool) {
	m := z.mem
	for _, r := range m.ranges {
		if r.zone != z {
			continue
		}
		for at := r.start; at < r.end; {
			if s := at >> sectionShift; !m.owned[s] {
				at = (s + 1) << sectionShift
				continue
			}
			p := m.Page(PFN(at))
			switch k := p.Kind(); {
			case k.Allocated():
				if !fn(PFN(at)) {
					return
				}
				at += 1 << m.AllocatedOrder(PFN(at))
			case k == KindBuddy, k == KindIsolated:
				at += 1 << p.BuddyOrder()
			default:
				at++
			}
		}
	}
}
