package phys

import "fmt"

// Arch is a processor architecture.
type Arch uint8

// The architectures. I386 is without PAE, as Debian's 686 kernel.
const (
	X86_64 Arch = iota
	I386
)

// String returns the name that uname -m prints.
func (a Arch) String() string {
	if a == I386 {
		return "i686"
	}
	return "x86_64"
}

var (
	zoneTypesX86 = []ZoneType{ZoneDMA, ZoneDMA32, ZoneNormal, ZoneMovable, ZoneDevice}
	zoneTypes386 = []ZoneType{ZoneDMA, ZoneNormal, ZoneHighMem, ZoneMovable}
)

// ZoneTypes returns the zone types of the architecture, ascending. The slice must not be changed.
func (a Arch) ZoneTypes() []ZoneType {
	if a == I386 {
		return zoneTypes386
	}
	return zoneTypesX86
}

const (
	pageShift = 12
	mib       = uint64(1) << (20 - pageShift) // pages of a MiB
	gib       = uint64(1) << (30 - pageShift) // pages of a GiB

	dmaEnd    = 16 * mib // ZONE_DMA ends at 16 MiB
	lowHole   = 3 * gib  // where RAM below 4 GiB ends when there is more than lowMax
	lowMax    = lowHole + gib/2
	fourGiB   = 4 * gib
	biosStart = 0x9f // 640 KiB less the EBDA's page
	biosEnd   = 0x100
	acpiPages = 32 // ACPI tables at the top of low RAM

	// MinRAM and MaxRAM bound the RAM of a machine, in bytes. i386 without PAE sees 4 GiB of addresses, less the PCI hole.
	MinRAM    = uint64(32) << 20
	MaxRAM    = uint64(16) << 40
	maxRAM386 = uint64(4) << 30
)

// Range is frames [Start, End) by true page frame number.
type Range struct{ Start, End uint64 }

// RAMRange is RAM of one node that the firmware calls usable.
type RAMRange struct {
	Range
	Node int
}

// NodeConfig is the declared size of a node.
type NodeConfig struct {
	RAM  uint64 // bytes, a multiple of 4096
	CPUs int
}

// Layout is where a machine's RAM lies. It follows the PC that QEMU makes ("-M pc", hw/i386/pc_piix.c), whose firmware keeps what is below 1 MiB
// but 640 KiB less a page, and the last 128 KiB of low RAM for the ACPI tables; RAM of 3.5 GiB and more is split at 3 GiB,
// with the rest from 4 GiB on.
type Layout struct {
	Arch     Arch
	RAM      []RAMRange // ascending
	Nodes    []NodeConfig
	Distance [][]int
	// NodeSpan[n] is the extent of node n with what the firmware keeps.
	NodeSpan []Range
	// MaxLowPFN is the end of memory that the kernel maps directly.
	MaxLowPFN uint64

	holeStart, holeLen uint64 // frames left out of the frame table
}

// NewLayout places the nodes' RAM. distance is nil for the default of 10 and 20.
func NewLayout(a Arch, nodes []NodeConfig, distance [][]int) (*Layout, error) {
	l := &Layout{Arch: a, Nodes: nodes}
	if err := l.checkNodes(); err != nil {
		return nil, err
	}
	if err := l.setDistance(distance); err != nil {
		return nil, err
	}
	total := uint64(0)
	for _, n := range nodes {
		total += n.RAM >> pageShift
	}
	low := total
	if total >= lowMax {
		low = lowHole
		l.holeStart, l.holeLen = lowHole, fourGiB-lowHole
	}
	usable := []Range{{1, biosStart}, {biosEnd, low - acpiPages}}
	if total > low {
		usable = append(usable, Range{fourGiB, fourGiB + total - low})
	}
	if a == I386 { // without PAE nothing above 4 GiB is seen
		usable = usable[:2]
	}
	at := uint64(0) // in RAM pages handed to nodes
	for id, n := range nodes {
		end := at + n.RAM>>pageShift
		span := Range{}
		for _, u := range usable {
			s, e := max(u.Start, l.frame(at)), min(u.End, l.frameEnd(end))
			if s >= e {
				continue
			}
			l.RAM = append(l.RAM, RAMRange{Range{s, e}, id})
			if span.End == 0 {
				span.Start = s
			}
			span.End = e
		}
		l.NodeSpan = append(l.NodeSpan, span)
		at = end
	}
	l.MaxLowPFN = l.RAM[len(l.RAM)-1].End
	if a == I386 {
		l.MaxLowPFN = min(l.MaxLowPFN, maxLowPFN386)
	}
	return l, nil
}

// maxLowPFN386 is the end of low memory on i386 (MAXMEM_PFN): 1 GiB of kernel addresses less the 128 MiB vmalloc reserve, and less what lies
// above the vmalloc area: fixmap, CPU entry areas, LDT and pkmap. Read off the recorded machines (Normal ends at 0x36bfe).
const maxLowPFN386 = 0x36bfe

func (l *Layout) checkNodes() error {
	if len(l.Nodes) == 0 || len(l.Nodes) > MaxNodes {
		return fmt.Errorf("%d nodes: must be 1 to %d", len(l.Nodes), MaxNodes)
	}
	if l.Arch == I386 && len(l.Nodes) > 1 {
		return fmt.Errorf("%d nodes: i386 has one", len(l.Nodes))
	}
	limit, total, cpus := MaxRAM, uint64(0), 0
	if l.Arch == I386 {
		limit = maxRAM386
	}
	for i, n := range l.Nodes {
		if n.RAM%4096 != 0 || n.RAM > limit {
			return fmt.Errorf("node %d: ram %d: must be a multiple of 4096 up to %d", i, n.RAM, limit)
		}
		if n.CPUs < 0 || n.CPUs > maxCPUs {
			return fmt.Errorf("node %d: %d CPUs: must be 0 to %d", i, n.CPUs, maxCPUs)
		}
		total += n.RAM
		cpus += n.CPUs
	}
	if total < MinRAM || total > limit {
		return fmt.Errorf("ram %d: must be %d to %d bytes", total, MinRAM, limit)
	}
	if l.Nodes[0].RAM < MinRAM {
		return fmt.Errorf("node 0: ram %d: the kernel boots from it, it needs at least %d bytes", l.Nodes[0].RAM, MinRAM)
	}
	if cpus < 1 || cpus > maxCPUs {
		return fmt.Errorf("%d CPUs: must be 1 to %d", cpus, maxCPUs)
	}
	return nil
}

const maxCPUs = 8192 // CONFIG_NR_CPUS

func (l *Layout) setDistance(d [][]int) error {
	n := len(l.Nodes)
	if d != nil && len(d) != n {
		return fmt.Errorf("distance: %d rows for %d nodes", len(d), n)
	}
	l.Distance = make([][]int, n)
	for i := range n {
		if d == nil {
			l.Distance[i] = make([]int, n)
			for j := range n {
				l.Distance[i][j] = RemoteDistance
			}
			l.Distance[i][i] = LocalDistance
			continue
		}
		if len(d[i]) != n {
			return fmt.Errorf("distance: row %d has %d values for %d nodes", i, len(d[i]), n)
		}
		for j, v := range d[i] {
			if i == j && v != LocalDistance || i != j && v <= LocalDistance || v > 254 {
				return fmt.Errorf("distance of node %d to node %d is %d: must be %d to itself, else %d to 254", i, j, v, LocalDistance,
					LocalDistance+1)
			}
		}
		l.Distance[i] = d[i]
	}
	return nil
}

// row returns the row of a frame, that of the hole's end for a frame inside the hole; frame is its inverse.
func (l *Layout) row(frame uint64) uint64 {
	if l.holeLen > 0 && frame >= l.holeStart+l.holeLen {
		return frame - l.holeLen
	}
	if l.holeLen > 0 && frame > l.holeStart {
		return l.holeStart
	}
	return frame
}

func (l *Layout) frame(row uint64) uint64 {
	if l.holeLen > 0 && row >= l.holeStart {
		return row + l.holeLen
	}
	return row
}

// frameEnd is frame for an exclusive end: the end of low RAM is not the start of high RAM.
func (l *Layout) frameEnd(row uint64) uint64 {
	if row == 0 {
		return 0
	}
	return l.frame(row-1) + 1
}

// zoneRange returns the frames that a zone type may span on the architecture, before nodes and Movable cut them.
func (l *Layout) zoneRange(t ZoneType) Range {
	end := l.RAM[len(l.RAM)-1].End
	switch {
	case t == ZoneDMA:
		return Range{1, min(dmaEnd, end)}
	case t == ZoneDMA32:
		return Range{dmaEnd, min(fourGiB, end)}
	case t == ZoneNormal && l.Arch == X86_64:
		return Range{fourGiB, end}
	case t == ZoneNormal:
		return Range{dmaEnd, l.MaxLowPFN}
	case t == ZoneHighMem:
		return Range{l.MaxLowPFN, end}
	}
	return Range{}
}
