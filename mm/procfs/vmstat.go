package procfs

import (
	"bytes"
	"strconv"

	"mmsim/mm/vmstat"
)

// Vmstat is /proc/vmstat (mm/vmstat.c). The counters are in the units of the file: pages, but kB for nr_kernel_stack, pgpgin and
// pgpgout, and huge pages for the items of huge pages (nr_shmem_hugepages, nr_anon_transparent_hugepages and so on). Counters of
// zones and nodes are the machine's sums. A negative one prints as 0, as global_zone_page_state() gives it.
type Vmstat struct {
	Zone                     [vmstat.NrZoneItems]int64
	Numa                     [vmstat.NrNumaItems]uint64
	Node                     [vmstat.NrNodeItems]int64
	DirtyThreshold           uint64 // nr_dirty_threshold: pages
	DirtyBackgroundThreshold uint64 // nr_dirty_background_threshold: pages
	Events                   [vmstat.NrEvents]uint64
	Zswpin                   uint64 // pages; kernels with ZSWAP
	Zswpout                  uint64 // pages; kernels with ZSWAP
	Unstable                 uint64 // nr_unstable: always 0

	// Layout tells which lines there are; nil is VmstatLayout(X86_64).
	Layout *Layout
	// Unknown holds the values of the layout's other lines (see [Layout]).
	Unknown []uint64
}

// The numbers of the fields: the items one after the other.
const (
	vmZone                     = 0
	vmNuma                     = vmZone + int(vmstat.NrZoneItems)
	vmNode                     = vmNuma + int(vmstat.NrNumaItems)
	vmDirtyThreshold           = vmNode + int(vmstat.NrNodeItems)
	vmDirtyBackgroundThreshold = vmDirtyThreshold + 1
	vmEvent                    = vmDirtyBackgroundThreshold + 1
	vmZswpin                   = vmEvent + int(vmstat.NrEvents)
	vmZswpout                  = vmZswpin + 1
	vmUnstable                 = vmZswpout + 1
	nrVmFields                 = vmUnstable + 1
)

// vmstatNames are the names of all fields, in the order of the file.
var vmstatNames, vmstatIndex = vmstatFields()

// vmstatFields makes the names in the order of the file and tells the field of each. The order is that of the fields, but for the
// zswap events, which stand before the splits of the direct map.
func vmstatFields() ([]string, map[string]int) {
	names := make([]string, 0, nrVmFields)
	index := make(map[string]int, nrVmFields)
	add := func(name string, field int) {
		index[name] = field
		names = append(names, name)
	}
	for i := range vmstat.NrZoneItems {
		add(i.String(), vmZone+int(i))
	}
	for i := range vmstat.NrNumaItems {
		add(i.String(), vmNuma+int(i))
	}
	for i := range vmstat.NrNodeItems {
		add(i.String(), vmNode+int(i))
	}
	add("nr_dirty_threshold", vmDirtyThreshold)
	add("nr_dirty_background_threshold", vmDirtyBackgroundThreshold)
	for e := range vmstat.NrEvents {
		if e == vmstat.DirectMapLevel2Splits {
			add("zswpin", vmZswpin)
			add("zswpout", vmZswpout)
		}
		add(e.String(), vmEvent+int(e))
	}
	add("nr_unstable", vmUnstable)
	return names, index
}

var vmstatLayouts = [...]*Layout{
	X86_64: newLayout(without(vmstatNames, "pgalloc_high", "allocstall_high", "pgskip_high", "zswpin", "zswpout"), vmstatIndex),
	I386: newLayout(without(vmstatNames,
		"numa_hit", "numa_miss", "numa_foreign", "numa_interleave", "numa_local", "numa_other", // NUMA
		"pgpromote_success", "pgpromote_candidate", "zone_reclaim_failed",
		"numa_pte_updates", "numa_huge_pte_updates", "numa_hint_faults", "numa_hint_faults_local", "numa_pages_migrated",
		"pgalloc_dma32", "allocstall_dma32", "pgskip_dma32", // ZONE_DMA32
		"pgalloc_device", "allocstall_device", "pgskip_device", // ZONE_DEVICE
		"thp_split_pud"), vmstatIndex),
}

// VmstatLayout returns the lines that the reference kernel of the architecture prints: x86-64 as Debian's cloud kernel, without
// zswap, i386 as Debian's kernel without PAE: with zswap and HIGHMEM, without NUMA, ZONE_DMA32 and ZONE_DEVICE.
func VmstatLayout(arch Arch) *Layout { return vmstatLayouts[arch] }

// VmstatNames returns the names of VmstatLayout in order.
func VmstatNames(arch Arch) []string { return vmstatLayouts[arch].Names() }

// field returns the value of a field as the file shows it.
func (v *Vmstat) field(id int) uint64 {
	switch {
	case id < 0:
		if ^id < len(v.Unknown) {
			return v.Unknown[^id]
		}
		return 0
	case id < vmNuma:
		return uint64(max(v.Zone[id-vmZone], 0))
	case id < vmNode:
		return v.Numa[id-vmNuma]
	case id < vmDirtyThreshold:
		return uint64(max(v.Node[id-vmNode], 0))
	case id == vmDirtyThreshold:
		return v.DirtyThreshold
	case id == vmDirtyBackgroundThreshold:
		return v.DirtyBackgroundThreshold
	case id < vmZswpin:
		return v.Events[id-vmEvent]
	case id == vmZswpin:
		return v.Zswpin
	case id == vmZswpout:
		return v.Zswpout
	default:
		return v.Unstable
	}
}

// Value returns the counter of this name, false if the file has none.
func (v *Vmstat) Value(name string) (uint64, bool) {
	l := v.Layout.or(vmstatLayouts[X86_64])
	for i, n := range l.names {
		if n == name {
			return v.field(l.ids[i]), true
		}
	}
	return 0, false
}

// Append appends the file's text to b.
func (v *Vmstat) Append(b []byte) []byte {
	l := v.Layout.or(vmstatLayouts[X86_64])
	for i, id := range l.ids {
		b = append(b, l.names[i]...)
		b = append(b, ' ')
		b = strconv.AppendUint(b, v.field(id), 10)
		b = append(b, '\n')
	}
	return b
}

// ParseVmstat reads /proc/vmstat of any kernel: every line is a name and a number. nr_free_pages has to be there.
func ParseVmstat(data []byte) (*Vmstat, error) { return parseVmstat(newScanner("vmstat", data)) }

func parseVmstat(s *scanner) (*Vmstat, error) {
	v := &Vmstat{}
	b := blocks{what: "name", index: vmstatIndex, known: vmstatLayouts[:]}
	for s.next() {
		name, value, ok := bytes.Cut(s.line, []byte{' '})
		if !ok || len(name) == 0 {
			s.fail(s.line, "a name, a space and a number")
			break
		}
		switch id := b.name(s, name); {
		case id < 0:
			v.Unknown = append(v.Unknown, s.uint(value))
		case id < vmNuma:
			v.Zone[id-vmZone] = s.count(value)
		case id < vmNode:
			v.Numa[id-vmNuma] = s.uint(value)
		case id < vmDirtyThreshold:
			v.Node[id-vmNode] = s.count(value)
		case id == vmDirtyThreshold:
			v.DirtyThreshold = s.uint(value)
		case id == vmDirtyBackgroundThreshold:
			v.DirtyBackgroundThreshold = s.uint(value)
		case id < vmZswpin:
			v.Events[id-vmEvent] = s.uint(value)
		case id == vmZswpin:
			v.Zswpin = s.uint(value)
		case id == vmZswpout:
			v.Zswpout = s.uint(value)
		default:
			v.Unstable = s.uint(value)
		}
	}
	if s.err == nil {
		b.finish(s)
		v.Layout = b.layout
		if !v.Layout.Has("nr_free_pages") {
			s.err = &ParseError{File: s.file, Want: "a line nr_free_pages"}
		}
	}
	return orNil(v, s.err)
}
