package procfs

import (
	"strconv"

	"mmsim/mm/vmstat"
)

// Zoneinfo is /proc/zoneinfo (mm/vmstat.c, zoneinfo_show_print()): every zone of every node with memory, also zones without
// pages. All zones of a file have the same lines, which the layouts tell; nil is what the x86-64 kernel of 6.1 prints. A counter
// that is negative for a moment prints as 0, as zone_page_state() and node_page_state() give it.
type Zoneinfo struct {
	Zones []ZoneinfoZone

	PageLines    *Layout // after "pages": free, boost, min and so on
	NodeItems    *Layout // the per-node stats
	ZoneItems    *Layout // the counters of a zone, its NUMA items included
	PagesetLines *Layout // of a CPU: count, high, batch
	TailLines    *Layout // the last lines: node_unreclaimable, start_pfn

	// NoThreshold is set for a kernel without SMP: there are no lines "vm stats threshold".
	NoThreshold bool
}

// ZoneinfoZone is a zone. Sizes and counters are pages but for the units that [Vmstat] tells.
type ZoneinfoZone struct {
	Node int
	Zone string // DMA, DMA32, Normal, HighMem, Movable, Device
	// NodeStats is set for the first zone of a node that has present pages.
	NodeStats *ZoneinfoNode

	Free     uint64 // nr_free_pages
	Boost    uint64 // watermark boost
	Min      uint64 // watermarks, with the boost
	Low      uint64
	High     uint64
	Spanned  uint64
	Present  uint64 // 0: the zone is not populated, and everything after Protection is absent
	Managed  uint64
	Cma      uint64
	PageRest []uint64 // the values of unknown lines among these

	Protection []uint64 // lowmem_reserve, one for each zone type

	Stat      [vmstat.NrZoneItems]int64
	Numa      [vmstat.NrNumaItems]uint64
	StatRest  []uint64 // the values of unknown counters
	Pagesets  []ZoneinfoPageset
	Unreclaim uint64 // node_unreclaimable: 1 if kswapd gave up on the node
	StartPFN  uint64
	TailRest  []uint64 // the values of unknown lines after the per-CPU lists
}

// Populated says whether the zone has present pages (populated_zone()).
func (z *ZoneinfoZone) Populated() bool { return z.Present != 0 }

// ZoneinfoNode is the counters of a node, in the units of [Vmstat].
type ZoneinfoNode struct {
	Stat [vmstat.NrNodeItems]int64
	Rest []uint64 // the values of unknown counters
}

// ZoneinfoPageset is a zone's per-CPU list of one online CPU.
type ZoneinfoPageset struct {
	CPU       int
	Count     uint64 // pages on the list
	High      uint64 // pages beyond which it is drained
	Batch     uint64 // pages moved at once
	Rest      []uint64
	Threshold uint64 // vm stats threshold: how far the CPU's counters may differ before they are folded
}

// The fields of the blocks, by number.
const (
	zpFree = iota
	zpBoost
	zpMin
	zpLow
	zpHigh
	zpSpanned
	zpPresent
	zpManaged
	zpCma
)

var (
	zonePageNames    = []string{"free", "boost", "min", "low", "high", "spanned", "present", "managed", "cma"}
	zonePagesetNames = []string{"count", "high", "batch"}
	zoneTailNames    = []string{"node_unreclaimable", "start_pfn"}

	zonePageIndex    = indexOf(zonePageNames)
	zonePagesetIndex = indexOf(zonePagesetNames)
	zoneTailIndex    = indexOf(zoneTailNames)
	zoneNodeIndex    = indexOf(zoneNodeNames())
	zoneStatIndex    = indexOf(zoneStatNames())

	zonePageLayout    = newLayout(zonePageNames, zonePageIndex)
	zonePagesetLayout = newLayout(zonePagesetNames, zonePagesetIndex)
	zoneTailLayout    = newLayout(zoneTailNames, zoneTailIndex)
	zoneNodeLayouts   = [...]*Layout{
		X86_64: newLayout(zoneNodeNames(), zoneNodeIndex),
		I386:   newLayout(without(zoneNodeNames(), "pgpromote_success", "pgpromote_candidate"), zoneNodeIndex),
	}
	zoneStatLayouts = [...]*Layout{
		X86_64: newLayout(zoneStatNames(), zoneStatIndex),
		I386:   newLayout(zoneStatNames()[:vmstat.NrZoneItems], zoneStatIndex),
	}
)

func zoneNodeNames() []string {
	var names []string
	for i := range vmstat.NrNodeItems {
		names = append(names, i.String())
	}
	return names
}

// zoneStatNames are the zone items, then the NUMA items.
func zoneStatNames() []string {
	var names []string
	for i := range vmstat.NrZoneItems {
		names = append(names, i.String())
	}
	for i := range vmstat.NrNumaItems {
		names = append(names, i.String())
	}
	return names
}

// NewZoneinfo returns a file without zones, with the lines that the reference kernel of the architecture prints.
func NewZoneinfo(arch Arch) *Zoneinfo {
	return &Zoneinfo{
		PageLines: zonePageLayout, NodeItems: zoneNodeLayouts[arch], ZoneItems: zoneStatLayouts[arch],
		PagesetLines: zonePagesetLayout, TailLines: zoneTailLayout,
	}
}

// page returns the field of a line after "pages".
func (z *ZoneinfoZone) page(id int) *uint64 {
	return [...]*uint64{&z.Free, &z.Boost, &z.Min, &z.Low, &z.High, &z.Spanned, &z.Present, &z.Managed, &z.Cma}[id]
}

func (p *ZoneinfoPageset) field(id int) *uint64 {
	return [...]*uint64{&p.Count, &p.High, &p.Batch}[id]
}

func (z *ZoneinfoZone) tail(id int) *uint64 {
	return [...]*uint64{&z.Unreclaim, &z.StartPFN}[id]
}

// rest returns the k-th of the values without a field, 0 if there are fewer.
func rest(values []uint64, id int) uint64 {
	if ^id < len(values) {
		return values[^id]
	}
	return 0
}

// Append appends the file's text to b.
func (z *Zoneinfo) Append(b []byte) []byte {
	for i := range z.Zones {
		b = z.appendZone(b, &z.Zones[i])
	}
	return b
}

func (z *Zoneinfo) appendZone(b []byte, zone *ZoneinfoZone) []byte {
	b = append(b, "Node "...)
	b = strconv.AppendInt(b, int64(zone.Node), 10)
	b = append(b, ", zone "...)
	b = append(appendRightString(b, 8, zone.Zone), '\n')
	if n := zone.NodeStats; n != nil {
		b = append(b, "  per-node stats\n"...)
		l := z.NodeItems.or(zoneNodeLayouts[X86_64])
		for i, id := range l.ids {
			b = appendZoneItem(b, l.names[i])
			if id >= 0 {
				b = appendCount(b, n.Stat[id])
			} else {
				b = strconv.AppendUint(b, rest(n.Rest, id), 10)
			}
			b = append(b, '\n')
		}
	}
	b = append(b, "  pages"...)
	l := z.PageLines.or(zonePageLayout)
	for i, id := range l.ids {
		if i > 0 {
			b = append(b, "       "...)
		}
		b = append(b, ' ')
		b = append(appendLeft(b, 8, l.names[i]), ' ')
		if id >= 0 {
			b = strconv.AppendUint(b, *zone.page(id), 10)
		} else {
			b = strconv.AppendUint(b, rest(zone.PageRest, id), 10)
		}
		b = append(b, '\n')
	}
	b = append(b, "        protection: ("...)
	for i, p := range zone.Protection {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, p, 10)
	}
	b = append(b, ")\n"...)
	if !zone.Populated() {
		return b
	}
	l = z.ZoneItems.or(zoneStatLayouts[X86_64])
	for i, id := range l.ids {
		b = appendZoneItem(b, l.names[i])
		switch {
		case id < 0:
			b = strconv.AppendUint(b, rest(zone.StatRest, id), 10)
		case id < int(vmstat.NrZoneItems):
			b = appendCount(b, zone.Stat[id])
		default:
			b = strconv.AppendUint(b, zone.Numa[id-int(vmstat.NrZoneItems)], 10)
		}
		b = append(b, '\n')
	}
	b = append(b, "  pagesets\n"...)
	for i := range zone.Pagesets {
		b = z.appendPageset(b, &zone.Pagesets[i])
	}
	l = z.TailLines.or(zoneTailLayout)
	for i, id := range l.ids {
		b = append(b, "  "...)
		b = append(appendLeft(b, 20, l.names[i]+":"), ' ')
		if id >= 0 {
			b = strconv.AppendUint(b, *zone.tail(id), 10)
		} else {
			b = strconv.AppendUint(b, rest(zone.TailRest, id), 10)
		}
		b = append(b, '\n')
	}
	return b
}

// appendZoneItem appends the start of a counter's line.
func appendZoneItem(b []byte, name string) []byte {
	b = append(b, "      "...)
	return append(appendLeft(b, 12, name), ' ')
}

func (z *Zoneinfo) appendPageset(b []byte, p *ZoneinfoPageset) []byte {
	b = append(b, "    cpu: "...)
	b = strconv.AppendInt(b, int64(p.CPU), 10)
	b = append(b, '\n')
	l := z.PagesetLines.or(zonePagesetLayout)
	// The names are padded to the longest of them, with the colon.
	width := 6
	for _, name := range l.names {
		width = max(width, len(name)+1)
	}
	for i, id := range l.ids {
		b = append(b, "              "...)
		b = append(appendLeft(b, width, l.names[i]+":"), ' ')
		if id >= 0 {
			b = strconv.AppendUint(b, *p.field(id), 10)
		} else {
			b = strconv.AppendUint(b, rest(p.Rest, id), 10)
		}
		b = append(b, '\n')
	}
	if z.NoThreshold {
		return b
	}
	b = append(b, "  vm stats threshold: "...)
	return append(strconv.AppendUint(b, p.Threshold, 10), '\n')
}
