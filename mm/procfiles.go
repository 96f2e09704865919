package mm

import (
	"strings"

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
	{"slabinfo", func(k *Kernel) procfs.File { return k.slabinfo() }},
	{"swaps", func(k *Kernel) procfs.File { return k.swaps() }},
	{"vmallocinfo", func(k *Kernel) procfs.File { return recordedOr(k.recorded().Vmallocinfo, &procfs.Vmallocinfo{}) }},
	{"sysctl_vm", func(k *Kernel) procfs.File { return k.sysctlVM() }},
	{"iomem", func(k *Kernel) procfs.File { return k.iomem() }},
	{"stat", func(k *Kernel) procfs.File { return k.stat() }},
	{"uptime", func(k *Kernel) procfs.File { return k.uptime() }},
	{"loadavg", func(k *Kernel) procfs.File { return k.loadavg() }},
}

// recorded is the record that the machine started from, or an empty one.
func (k *Kernel) recorded() *procfs.Snapshot {
	if k.cfg.Boot != nil {
		return k.cfg.Boot
	}
	return &procfs.Snapshot{}
}

// recordedOr is a recorded file whose state nothing on the simulated machine changes, or another if it was not recorded.
func recordedOr[T any, P interface {
	*T
	procfs.File
}](f, other P,
) procfs.File {
	if f != nil {
		return f
	}
	return other
}

// SnapshotFiles are the files of the folders before/ and after/ of a run; only before/ has iomem. The latter are
// those of a machine that has come to rest: grace periods are over.
func (k *Kernel) SnapshotFiles(before bool) []NamedText {
	var out []NamedText
	if !before {
		k.rcuBarrier()
	}
	for _, f := range procFiles {
		if f.name != "iomem" || before {
			out = append(out, NamedText{f.name, string(procfs.Text(f.make(k)))})
		}
	}
	for _, f := range pressures {
		seen := pressureFile(k.psi.Peek(f.resource, int64(k.Sim.Now())))
		out = append(out, NamedText{f.name, string(procfs.Text(seen))})
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
	for _, f := range pressures {
		out = append(out, f.path)
	}
	return append(out, lruGenPaths...)
}

// ProcFile is the text of a file under /proc or /sys. False: there is no such file.
func (k *Kernel) ProcFile(path string) (string, bool) {
	for _, f := range procFiles {
		if f.name != "sysctl_vm" && path == "/proc/"+f.name {
			return string(procfs.Text(f.make(k))), true
		}
	}
	for _, f := range pressures {
		if path == f.path {
			return string(procfs.Text(k.pressure(f.resource))), true
		}
	}
	if text, ok := k.lruGenFile(path); ok {
		return text, true
	}
	return k.zramFile(path)
}

func (k *Kernel) meminfo() *procfs.Meminfo {
	n, z := k.nodeSums(), k.zoneSums()
	kb := func(pages int64) uint64 { return uint64(max(pages, 0)) * 4 }
	m := k.boot.steady
	m.Layout = procfs.MeminfoLayout(k.procArch())
	cached := kb(n[vmstat.NRFilePages] - n[vmstat.NRSwapcached])
	m.Buffers = min(m.Buffers+4*(k.vfs.disk.meta.bdev.tree.Pages()-k.boot.adopted), cached)
	m.Cached = cached - m.Buffers
	m.MemTotal, m.MemFree, m.MemAvailable = kb(k.totalRAM()), kb(z[vmstat.NRFreePages]), kb(k.available(n, z))
	m.SwapCached = kb(n[vmstat.NRSwapcached])
	m.ActiveAnon, m.InactiveAnon = kb(n[vmstat.NRActiveAnon]), kb(n[vmstat.NRInactiveAnon])
	m.ActiveFile, m.InactiveFile = kb(n[vmstat.NRActiveFile]), kb(n[vmstat.NRInactiveFile])
	m.Active, m.Inactive = m.ActiveAnon+m.ActiveFile, m.InactiveAnon+m.InactiveFile
	m.Unevictable, m.Mlocked = kb(n[vmstat.NRUnevictable]), kb(z[vmstat.NRMlock])
	swapTotal, swapFree := k.swap.Shown()
	m.SwapTotal, m.SwapFree = kb(int64(swapTotal)), kb(int64(swapFree))
	m.Dirty, m.Writeback = kb(n[vmstat.NRDirty]), kb(n[vmstat.NRWriteback])
	m.AnonPages, m.Mapped, m.Shmem = kb(n[vmstat.NRAnonPages]), kb(n[vmstat.NRMapped]), kb(n[vmstat.NRShmem])
	m.SReclaimable, m.SUnreclaim = kb(n[vmstat.NRSlabReclaimable]), kb(n[vmstat.NRSlabUnreclaimable])
	m.KReclaimable = m.SReclaimable + kb(n[vmstat.NRKernelMiscReclaimable])
	m.Slab = m.SReclaimable + m.SUnreclaim
	m.KernelStack, m.PageTables = uint64(max(n[vmstat.NRKernelStack], 0)), kb(n[vmstat.NRPageTablePages])
	m.CommitLimit, m.CommittedAS = kb(k.commitLimit()), kb(k.committed)
	m.AnonHugePages = kb(n[vmstat.NRAnonTransparentHugepages])
	high, highFree := int64(0), int64(0)
	for _, z := range k.Mem.Zones() {
		if z.IsHighmem() {
			high += int64(z.Managed)
			highFree += z.FreePages()
		}
	}
	m.HighTotal, m.HighFree = kb(high), kb(highFree)
	m.LowTotal, m.LowFree = kb(k.totalRAM()-high), kb(z[vmstat.NRFreePages]-highFree)
	return &m
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
	v.DirtyThreshold, v.DirtyBackgroundThreshold = k.dirtyLimits()
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
	for _, a := range k.swap.Active() {
		f.Areas = append(f.Areas, procfs.SwapArea{Path: a.Name, Size: uint64(a.Slots) * 4, Used: uint64(a.Used) * 4, Priority: int64(a.Priority)})
	}
	return f
}

func (k *Kernel) sysctlVM() *procfs.SysctlVM {
	f := &procfs.SysctlVM{}
	for _, name := range k.SysctlNames() {
		if vm, ok := strings.CutPrefix(name, "vm."); ok && SysctlReadable(name) {
			v, _ := k.Sysctl(name)
			f.Values = append(f.Values, procfs.Sysctl{Name: vm, Value: v})
		}
	}
	return f
}

func (k *Kernel) iomem() *procfs.Iomem {
	if f := k.recorded().Iomem; f != nil {
		return f
	}
	f := &procfs.Iomem{}
	for _, r := range k.Mem.Layout().RAM {
		f.Ranges = append(f.Ranges, procfs.IomemRange{Start: r.Start << 12, End: r.End<<12 - 1, Name: "System RAM"})
	}
	return f
}
