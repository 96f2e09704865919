package mm

import (
	"strconv"
	"strings"

	"mmsim/internal/suggest"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/vmstat"
)

// Meminfo is a row of /proc/meminfo in bytes, for the HugePages_ rows a count. False: there is no such row.
func (k *Kernel) Meminfo(field string) (int64, bool) {
	v, ok := k.meminfo().Value(field)
	if !ok {
		return 0, false
	}
	if strings.HasPrefix(field, "HugePages_") {
		return int64(v), true
	}
	return int64(v) * 1024, true
}

// MeminfoFields are the rows that Meminfo knows, in the order of the file.
func (k *Kernel) MeminfoFields() []string { return procfs.MeminfoLayout(k.procArch()).Names() }

// Vmstat is a row of /proc/vmstat. False: there is no such row.
func (k *Kernel) Vmstat(name string) (int64, bool) {
	v, ok := k.vmstat().Value(name)
	return int64(v), ok
}

// VmstatNames are the rows that Vmstat knows, in the order of the file.
func (k *Kernel) VmstatNames() []string { return procfs.VmstatNames(k.procArch()) }

// zoneValues are the names beside the zone counters that Zone knows.
var zoneValues = []string{"free", "min", "low", "high", "boost", "managed", "present", "spanned"}

// ZoneCounterNames are the names that Zone knows.
func (k *Kernel) ZoneCounterNames() []string {
	names := append([]string(nil), zoneValues...)
	for i := range vmstat.NrZoneItems {
		names = append(names, i.String())
	}
	for i := range vmstat.NrNumaItems {
		names = append(names, i.String())
	}
	return names
}

// ZoneNames are the zones of the machine's nodes that hold memory, without repetition.
func (k *Kernel) ZoneNames() []string {
	var names []string
	for _, t := range k.zoneTypes() {
		for _, n := range k.Mem.Nodes {
			if z := n.Zone(t); z != nil && z.Populated() {
				names = append(names, z.Name())
				break
			}
		}
	}
	return names
}

// Zone is a value of a zone in pages: a size, a watermark or a counter. The error names what is unknown and the nearest that is known.
func (k *Kernel) Zone(node int, zone, name string) (int64, error) {
	z, err := k.zone(node, zone)
	if err != nil {
		return 0, err
	}
	switch name {
	case "free":
		return z.FreePages(), nil
	case "min":
		return int64(z.Wmark(phys.WmarkMin)), nil
	case "low":
		return int64(z.Wmark(phys.WmarkLow)), nil
	case "high":
		return int64(z.Wmark(phys.WmarkHigh)), nil
	case "boost":
		return int64(z.WatermarkBoost), nil
	case "managed":
		return int64(z.Managed), nil
	case "present":
		return int64(z.Present), nil
	case "spanned":
		return int64(z.Spanned), nil
	}
	for i := range vmstat.NrZoneItems {
		if i.String() == name {
			return z.Stat[i], nil
		}
	}
	for i := range vmstat.NrNumaItems {
		if i.String() == name {
			return int64(z.NumaStat[i]), nil
		}
	}
	return 0, suggest.Unknown("zone counter", name, k.ZoneCounterNames())
}

func (k *Kernel) zone(node int, zone string) (*phys.Zone, error) {
	if node < 0 || node >= len(k.Mem.Nodes) {
		return nil, suggest.Unknown("node", strconv.Itoa(node), nodeNames(len(k.Mem.Nodes)))
	}
	for _, z := range k.Mem.Nodes[node].Zones {
		if z.Name() == zone {
			return z, nil
		}
	}
	return nil, suggest.Unknown("zone", zone, k.ZoneNames())
}

func nodeNames(n int) []string {
	var out []string
	for i := range min(n, 12) {
		out = append(out, strconv.Itoa(i))
	}
	return out
}

// Buddy is the number of free blocks of 2^order pages in a zone.
func (k *Kernel) Buddy(node int, zone string, order int) (int64, error) {
	z, err := k.zone(node, zone)
	if err != nil {
		return 0, err
	}
	if order < 0 || order >= phys.MaxOrder {
		return 0, suggest.Unknown("order", strconv.Itoa(order), nodeNames(phys.MaxOrder))
	}
	return int64(z.NrFree(order)), nil
}

// statusFields are the rows of /proc/PID/status that Status knows, with how each is computed, in kB.
var statusFields = []struct {
	name  string
	value func(*Process, *addrspace.Space) int64
}{
	{"VmPeak", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(int64(max(s.HiwaterVM, s.TotalVM))) }},
	{"VmSize", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(int64(s.TotalVM)) }},
	{"VmLck", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(int64(s.LockedVM)) }},
	{"VmPin", func(*Process, *addrspace.Space) int64 { return 0 }},
	{"VmHWM", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(max(int64(s.HiwaterRSS), s.Resident())) }},
	{"VmRSS", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(s.Resident()) }},
	{"RssAnon", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(s.RSS[addrspace.RSSAnon]) }},
	{"RssFile", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(s.RSS[addrspace.RSSFile]) }},
	{"RssShmem", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(s.RSS[addrspace.RSSShmem]) }},
	{"VmData", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(int64(s.DataVM)) }},
	{"VmStk", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(int64(s.StackVM)) }},
	{"VmExe", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(int64(s.TextPages())) }},
	{"VmLib", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(int64(s.ExecVM - s.TextPages())) }},
	{"VmPTE", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(s.TablePages) }},
	{"VmSwap", func(_ *Process, s *addrspace.Space) int64 { return pagesKB(s.RSS[addrspace.RSSSwap]) }},
	{"HugetlbPages", func(*Process, *addrspace.Space) int64 { return 0 }},
}

func pagesKB(n int64) int64 { return n * 4 }

// StatusFields are the rows of /proc/PID/status that Status knows.
func StatusFields() []string {
	names := make([]string, len(statusFields))
	for i, f := range statusFields {
		names[i] = f.name
	}
	return names
}

// Status reads a row of /proc/self/status, with the cost of a system call, in bytes. False: there is no such row.
func (p *Process) Status(field string) (int64, bool) {
	p.syscall(0)
	return p.PeekStatus(field)
}

// PeekStatus is a row of /proc/PID/status in bytes, seen from outside; 0 for a process that has ended.
func (p *Process) PeekStatus(field string) (int64, bool) {
	for _, f := range statusFields {
		if f.name == field {
			if p.mm == nil {
				return 0, true
			}
			return f.value(p, p.mm) * 1024, true
		}
	}
	return 0, false
}

func (k *Kernel) procArch() procfs.Arch {
	if k.Mem.Arch == phys.I386 {
		return procfs.I386
	}
	return procfs.X86_64
}

// nodeSums and zoneSums are the machine's counters, summed over nodes and zones.
func (k *Kernel) nodeSums() (sum [vmstat.NrNodeItems]int64) {
	for _, n := range k.Mem.Nodes {
		for i, v := range n.Stat {
			sum[i] += v
		}
	}
	return sum
}

func (k *Kernel) zoneSums() (sum [vmstat.NrZoneItems]int64) {
	for _, z := range k.Mem.Zones() {
		for i, v := range z.Stat {
			sum[i] += v
		}
	}
	return sum
}

// freePCP is the number of pages on all per-CPU lists.
func (k *Kernel) freePCP() int64 {
	n := int64(0)
	for _, z := range k.Mem.Zones() {
		for cpu := range k.nodeOfCPU {
			if c := z.PCP(cpu); c != nil {
				n += int64(c.Count)
			}
		}
	}
	return n
}
