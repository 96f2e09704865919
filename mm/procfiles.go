package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/vmstat"
)

// NamedText is a file of /proc: its name and its text.
type NamedText struct{ Name, Text string }

// procFiles are the files of /proc that the machine can show, by name, in the order in which a run directory lists them.
var procFiles = []struct {
	name string
	make func(*Kernel) procfs.File
}{
	{"meminfo", func(k *Kernel) procfs.File { return k.meminfo() }},
	{"vmstat", func(k *Kernel) procfs.File { return k.vmstat() }},
	{"zoneinfo", func(k *Kernel) procfs.File { return k.zoneinfo() }},
	{"buddyinfo", func(k *Kernel) procfs.File { return k.buddyinfo() }},
	{"pagetypeinfo", func(k *Kernel) procfs.File { return k.pagetypeinfo() }},
	{"slabinfo", func(*Kernel) procfs.File { return &procfs.Slabinfo{} }},
	{"swaps", func(k *Kernel) procfs.File { return k.swaps() }},
	{"vmallocinfo", func(*Kernel) procfs.File { return &procfs.Vmallocinfo{} }},
	{"sysctl_vm", func(k *Kernel) procfs.File { return k.sysctlVM() }},
	{"iomem", func(k *Kernel) procfs.File { return k.iomem() }},
}

// SnapshotFiles are the files of the folders before/ and after/ of a run; only before/ has iomem.
func (k *Kernel) SnapshotFiles(before bool) []NamedText {
	var out []NamedText
	for _, f := range procFiles {
		if f.name != "iomem" || before {
			out = append(out, NamedText{f.name, string(procfs.Text(f.make(k)))})
		}
	}
	return out
}

// ProcPaths are the paths that ProcFile knows.
func (k *Kernel) ProcPaths() []string {
	var out []string
	for _, f := range procFiles {
		if f.name != "sysctl_vm" {
			out = append(out, "/proc/"+f.name)
		}
	}
	return out
}

// ProcFile is the text of a file under /proc. False: there is no such file.
func (k *Kernel) ProcFile(path string) (string, bool) {
	for _, f := range procFiles {
		if f.name != "sysctl_vm" && path == "/proc/"+f.name {
			return string(procfs.Text(f.make(k))), true
		}
	}
	return "", false
}

func (k *Kernel) meminfo() *procfs.Meminfo {
	n, z := k.nodeSums(), k.zoneSums()
	kb := func(pages int64) uint64 { return uint64(max(pages, 0)) * 4 }
	m := &procfs.Meminfo{
		Layout:   procfs.MeminfoLayout(k.procArch()),
		MemTotal: kb(k.totalRAM()), MemFree: kb(z[vmstat.NRFreePages]), MemAvailable: kb(k.available(n, z)),
		Cached: kb(n[vmstat.NRFilePages] - n[vmstat.NRSwapcached]), SwapCached: kb(n[vmstat.NRSwapcached]),
		Active:   kb(n[vmstat.NRActiveAnon] + n[vmstat.NRActiveFile]),
		Inactive: kb(n[vmstat.NRInactiveAnon] + n[vmstat.NRInactiveFile]), ActiveAnon: kb(n[vmstat.NRActiveAnon]),
		InactiveAnon: kb(n[vmstat.NRInactiveAnon]), ActiveFile: kb(n[vmstat.NRActiveFile]), InactiveFile: kb(n[vmstat.NRInactiveFile]),
		Unevictable: kb(n[vmstat.NRUnevictable]), Mlocked: kb(z[vmstat.NRMlock]),
		SwapTotal: kb(int64(k.swap.Total)), SwapFree: kb(int64(k.swap.NrFree)),
		Dirty: kb(n[vmstat.NRDirty]), Writeback: kb(n[vmstat.NRWriteback]), AnonPages: kb(n[vmstat.NRAnonPages]),
		Mapped: kb(n[vmstat.NRMapped]), Shmem: kb(n[vmstat.NRShmem]),
		KReclaimable: kb(n[vmstat.NRSlabReclaimable] + n[vmstat.NRKernelMiscReclaimable]),
		Slab:         kb(n[vmstat.NRSlabReclaimable] + n[vmstat.NRSlabUnreclaimable]),
		SReclaimable: kb(n[vmstat.NRSlabReclaimable]), SUnreclaim: kb(n[vmstat.NRSlabUnreclaimable]),
		KernelStack: uint64(max(n[vmstat.NRKernelStack], 0)), PageTables: kb(n[vmstat.NRPageTablePages]),
		CommitLimit: kb(k.commitLimit()), CommittedAS: kb(k.committed), VmallocTotal: vmallocTotalKB(k.Mem.Arch),
		AnonHugePages: kb(n[vmstat.NRAnonTransparentHugepages]),
	}
	present := int64(0)
	high, highFree := int64(0), int64(0)
	for _, z := range k.Mem.Zones() {
		present += int64(z.Present)
		if z.IsHighmem() {
			high += int64(z.Managed)
			highFree += z.FreePages()
		}
	}
	m.HighTotal, m.HighFree = kb(high), kb(highFree)
	m.LowTotal, m.LowFree = kb(k.totalRAM()-high), kb(z[vmstat.NRFreePages]-highFree)
	if k.Mem.Arch == phys.I386 {
		m.Hugepagesize = 4096
		m.DirectMap4k = kb(present - high)
	} else {
		m.Hugepagesize = 2048
		m.DirectMap2M = kb(present) &^ 2047
		m.DirectMap4k = kb(present) & 2047
	}
	return m
}

// vmallocTotalKB is the size of the vmalloc window (VMALLOC_TOTAL >> 10).
func vmallocTotalKB(a phys.Arch) uint64 {
	if a == phys.I386 {
		return 122880
	}
	return 34359738367
}

// available is MemAvailable in pages (si_mem_available).
func (k *Kernel) available(n [vmstat.NrNodeItems]int64, z [vmstat.NrZoneItems]int64) int64 {
	low := int64(0)
	for _, z := range k.Mem.Zones() {
		if z.Populated() {
			low += int64(z.Wmark(phys.WmarkLow))
		}
	}
	avail := z[vmstat.NRFreePages] - int64(k.Mem.TotalreservePages)
	cache := n[vmstat.NRActiveFile] + n[vmstat.NRInactiveFile]
	avail += cache - min(cache/2, low)
	rec := n[vmstat.NRSlabReclaimable] + n[vmstat.NRKernelMiscReclaimable]
	avail += rec - min(rec/2, low)
	return max(avail, 0)
}

func (k *Kernel) vmstat() *procfs.Vmstat {
	v := &procfs.Vmstat{
		Layout: procfs.VmstatLayout(k.procArch()), Zone: k.zoneSums(), Node: k.nodeSums(), Events: *k.events,
	}
	for _, z := range k.Mem.Zones() {
		for i, n := range z.NumaStat {
			v.Numa[i] += n
		}
	}
	dirtyable := max(0, v.Zone[vmstat.NRFreePages]-int64(k.Mem.TotalreservePages)) + v.Node[vmstat.NRInactiveFile] + v.Node[vmstat.NRActiveFile] + 1
	v.DirtyThreshold = uint64(20 * 4096 / 100 * dirtyable / 4096)
	v.DirtyBackgroundThreshold = uint64(10 * 4096 / 100 * dirtyable / 4096)
	return v
}

func (k *Kernel) zoneinfo() *procfs.Zoneinfo {
	f := procfs.NewZoneinfo(k.procArch())
	for _, n := range k.Mem.Nodes {
		first := true
		for _, z := range n.Zones {
			r := procfs.ZoneinfoZone{
				Node: n.ID, Zone: z.Name(), Free: uint64(max(z.FreePages(), 0)), Boost: z.WatermarkBoost, Min: z.Wmark(phys.WmarkMin),
				Low: z.Wmark(phys.WmarkLow), High: z.Wmark(phys.WmarkHigh), Spanned: z.Spanned, Present: z.Present, Managed: z.Managed,
				Cma: z.CMAPages, Stat: z.Stat, Numa: z.NumaStat,
			}
			for _, t := range k.zoneTypes() {
				r.Protection = append(r.Protection, z.LowmemReserve[t])
			}
			if z.Populated() {
				if first {
					first = false
					r.NodeStats = &procfs.ZoneinfoNode{Stat: n.Stat}
				}
				for cpu := range k.nodeOfCPU {
					c := z.PCP(cpu)
					r.Pagesets = append(r.Pagesets, procfs.ZoneinfoPageset{
						CPU: cpu, Count: uint64(c.Count), High: uint64(c.High), Batch: uint64(c.Batch), Threshold: uint64(z.StatThreshold),
					})
				}
				if k.nodes[n.ID].failures >= maxReclaimFailures {
					r.Unreclaim = 1
				}
				r.StartPFN = k.Mem.TruePFN(phys.PFN(z.StartPFN))
			}
			f.Zones = append(f.Zones, r)
		}
	}
	return f
}

func (k *Kernel) buddyinfo() *procfs.Buddyinfo {
	f := &procfs.Buddyinfo{}
	for _, z := range k.Mem.Zones() {
		if !z.Populated() {
			continue
		}
		row := procfs.BuddyinfoZone{Node: z.Node.ID, Zone: z.Name()}
		for o := range phys.MaxOrder {
			row.Free = append(row.Free, z.NrFree(o))
		}
		f.Zones = append(f.Zones, row)
	}
	return f
}

// migratetypes are those that /proc/pagetypeinfo shows.
func (k *Kernel) migratetypes() []phys.Migratetype {
	var out []phys.Migratetype
	for mt := range phys.NrMigratetypes {
		if mt != phys.MigrateCMA || k.Mem.HasCMA {
			out = append(out, mt)
		}
	}
	return out
}

func (k *Kernel) pagetypeinfo() *procfs.Pagetypeinfo {
	f := &procfs.Pagetypeinfo{}
	order := k.Mem.PageblockOrder()
	for _, n := range k.Mem.Nodes {
		if n.Present() == 0 {
			continue
		}
		r := procfs.PagetypeinfoNode{PageBlockOrder: uint64(order), PagesPerBlock: 1 << order, Orders: phys.MaxOrder}
		types := k.migratetypes()
		for _, mt := range types {
			r.Types = append(r.Types, mt.String())
		}
		for _, z := range n.Zones {
			if !z.Populated() {
				continue
			}
			for _, mt := range types {
				row := procfs.PagetypeinfoFree{Node: n.ID, Zone: z.Name(), Type: mt.String()}
				for o := range phys.MaxOrder {
					row.Count = append(row.Count, z.NrFreeType(o, mt))
				}
				r.Free = append(r.Free, row)
			}
			blocks := z.BlockTypes()
			row := procfs.PagetypeinfoBlocks{Node: n.ID, Zone: z.Name()}
			for _, mt := range types {
				row.Count = append(row.Count, blocks[mt])
			}
			r.Blocks = append(r.Blocks, row)
		}
		f.Nodes = append(f.Nodes, r)
	}
	return f
}

func (k *Kernel) swaps() *procfs.Swaps {
	f := &procfs.Swaps{}
	for _, a := range k.swap.Areas {
		f.Areas = append(f.Areas, procfs.SwapArea{Path: a.Name, Size: uint64(a.Slots) * 4, Used: uint64(a.Used) * 4, Priority: int64(a.Priority)})
	}
	return f
}

func (k *Kernel) sysctlVM() *procfs.SysctlVM {
	f := &procfs.SysctlVM{}
	for _, name := range SysctlNames() {
		if v, ok := k.Sysctl(name); ok {
			f.Values = append(f.Values, procfs.Sysctl{Name: name[len("vm."):], Value: v})
		}
	}
	return f
}

func (k *Kernel) iomem() *procfs.Iomem {
	f := &procfs.Iomem{}
	for _, r := range k.Mem.Layout().RAM {
		f.Ranges = append(f.Ranges, procfs.IomemRange{Start: r.Start << 12, End: r.End<<12 - 1, Name: "System RAM"})
	}
	return f
}
