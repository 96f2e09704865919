package mm

import (
	"fmt"
	"slices"
	"strings"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
)

// fitPercent is how far the RAM of a declared node may be from that of the recorded one. The firmware keeps a little, so they never agree.
const fitPercent = 5

// bootMemory builds the machine's physical memory: from the recorded files if there are any, else from its declared size.
func bootMemory(cfg *Config, arch phys.Arch) (*phys.Memory, error) {
	pc := phys.Config{
		Arch: arch, Nodes: cfg.physNodes(), THP: cfg.THP != "never", THPBoot: cfg.THP == "", Distance: cfg.Distance, CMA: cfg.CMA, KernelCore: cfg.KernelCore,
		MovableCore: cfg.MovableCore,
	}
	if cfg.Boot != nil {
		if err := cfg.fits(arch); err != nil {
			return nil, err
		}
		s, err := physSnapshot(cfg.Boot, arch)
		if err != nil {
			return nil, err
		}
		pc.Snapshot = s
	}
	mem, err := phys.Build(pc)
	if err == nil && cfg.THP == "" && mem.Managed() < thpLeast>>addrspace.PageShift {
		pc.THP = false
		mem, err = phys.Build(pc)
	}
	if err != nil {
		field := "ram"
		if cfg.Boot != nil {
			field = "boot"
		}
		return nil, &ConfigError{Field: field, Reason: err.Error()}
	}
	return mem, nil
}

// fits checks that the declared machine is the recorded one: architecture, CPUs, nodes and their RAM, swap areas.
func (cfg *Config) fits(arch phys.Arch) error {
	s := cfg.Boot
	if err := s.Check(); err != nil {
		return &ConfigError{Field: "boot", Reason: err.Error()}
	}
	recorded, err := s.Arch()
	if err != nil {
		return &ConfigError{Field: "boot", Reason: err.Error()}
	}
	if want := map[phys.Arch]procfs.Arch{phys.X86_64: procfs.X86_64, phys.I386: procfs.I386}[arch]; recorded != want {
		return &ConfigError{Field: "arch", Value: cfg.Arch, Reason: "the recorded machine has another: its zones are " + zoneNamesOf(s)}
	}
	cpus := 0
	for _, n := range cfg.Nodes {
		cpus += n.CPUs
	}
	if got := s.CPUs(); got != cpus {
		return &ConfigError{Field: "cpus", Value: itoa(cpus), Reason: "the recorded machine has " + itoa(got)}
	}
	var present []uint64
	for i := range s.Zoneinfo.Zones {
		z := &s.Zoneinfo.Zones[i]
		for len(present) <= z.Node && z.Node < phys.MaxNodes {
			present = append(present, 0)
		}
		if z.Node < len(present) {
			present[z.Node] += z.Present << addrspace.PageShift
		}
	}
	if len(present) != len(cfg.Nodes) {
		return &ConfigError{Field: "nodes", Value: itoa(len(cfg.Nodes)), Reason: "the recorded machine has " + itoa(len(present))}
	}
	ram, err := cfg.reachable(arch)
	if err != nil {
		return err
	}
	for i, n := range ram {
		if d := max(n, present[i]) - min(n, present[i]); d > n/100*fitPercent {
			return &ConfigError{
				Field: "ram", Value: itoa(int(cfg.Nodes[i].RAM>>20)) + " MiB",
				Reason: fmt.Sprintf("node %d of the recorded machine has %d MiB", i, present[i]>>20),
			}
		}
	}
	return cfg.swapFits()
}

// reachable is the RAM of each declared node that the architecture can address, in bytes: without PAE what lies above 4 GiB is lost.
func (cfg *Config) reachable(arch phys.Arch) ([]uint64, error) {
	l, err := phys.NewLayout(arch, cfg.physNodes(), nil)
	if err != nil {
		return nil, &ConfigError{Field: "ram", Reason: err.Error()}
	}
	ram := make([]uint64, len(cfg.Nodes))
	for _, r := range l.RAM {
		ram[r.Node] += (r.End - r.Start) << addrspace.PageShift
	}
	return ram, nil
}

func (cfg *Config) physNodes() []phys.NodeConfig {
	nodes := make([]phys.NodeConfig, len(cfg.Nodes))
	for i, n := range cfg.Nodes {
		nodes[i] = phys.NodeConfig{RAM: n.RAM &^ (addrspace.PageSize - 1), CPUs: n.CPUs}
	}
	return nodes
}

// swapFits compares the declared swap areas with those of /proc/swaps, in order.
func (cfg *Config) swapFits() error {
	areas := cfg.recordedSwap()
	if len(areas) != len(cfg.Swap) {
		return &ConfigError{Field: "swap", Value: itoa(len(cfg.Swap)) + " areas", Reason: "the recorded machine has " + itoa(len(areas))}
	}
	for i, a := range areas {
		// The first page is the header.
		if want := cfg.Swap[i].Size>>addrspace.PageShift - 1; cfg.Swap[i].Size < addrspace.PageSize || a.Size/4 != want {
			return &ConfigError{
				Field: "swap.size", Value: itoa(int(cfg.Swap[i].Size)),
				Reason: fmt.Sprintf("recorded area %s has %d kB, without its header", a.Path, a.Size),
			}
		}
	}
	return nil
}

func (cfg *Config) recordedSwap() []procfs.SwapArea {
	if cfg.Boot == nil || cfg.Boot.Swaps == nil {
		return nil
	}
	return cfg.Boot.Swaps.Areas
}

func zoneNamesOf(s *procfs.Snapshot) string {
	var names []string
	for i := range s.Zoneinfo.Zones {
		if z := &s.Zoneinfo.Zones[i]; z.Node == s.Zoneinfo.Zones[0].Node {
			names = append(names, z.Zone)
		}
	}
	return strings.Join(names, ", ")
}

// physSnapshot picks what package phys needs from recorded files.
func physSnapshot(s *procfs.Snapshot, arch phys.Arch) (*phys.Snapshot, error) {
	out := &phys.Snapshot{}
	for i := range s.Zoneinfo.Zones {
		z := &s.Zoneinfo.Zones[i]
		if !z.Populated() {
			continue
		}
		t := slices.IndexFunc(arch.ZoneTypes(), func(t phys.ZoneType) bool { return t.String() == z.Zone })
		if t < 0 {
			return nil, &ConfigError{Field: "boot", Reason: fmt.Sprintf("%s has no zone %s", arch, z.Zone)}
		}
		zs := phys.ZoneSnapshot{
			Node: z.Node, Zone: arch.ZoneTypes()[t], Start: z.StartPFN, Spanned: z.Spanned, Present: z.Present, Managed: z.Managed,
		}
		for _, c := range z.Pagesets {
			zs.PCP = append(zs.PCP, int(c.Count))
		}
		freeBlocks(&zs, s, z)
		blockTypes(&zs, s, z)
		out.Zones = append(out.Zones, zs)
	}
	if s.Iomem != nil {
		for _, r := range s.Iomem.Ranges {
			start, end := (r.Start+addrspace.PageSize-1)>>addrspace.PageShift, (r.End+1)>>addrspace.PageShift
			switch {
			case start >= end:
			case r.Level == 0 && r.Name == "System RAM":
				out.RAM = append(out.RAM, phys.Range{Start: start, End: end})
			case r.Level == 1 && strings.HasPrefix(r.Name, "Kernel "):
				out.Kernel = append(out.Kernel, phys.Range{Start: r.Start >> addrspace.PageShift, End: r.End>>addrspace.PageShift + 1})
			}
		}
	}
	return out, nil
}

// freeBlocks fills in a zone's free blocks: of each type if /proc/pagetypeinfo tells, else all MOVABLE. How many there are of an order, /proc/buddyinfo
// says, which is read at another moment and does not stop counting: the type that has most gets or gives the difference.
func freeBlocks(zs *phys.ZoneSnapshot, s *procfs.Snapshot, z *procfs.ZoneinfoZone) {
	var total [phys.MaxOrder]uint64
	for _, b := range s.Buddyinfo.Zones {
		if b.Node == z.Node && b.Zone == z.Zone {
			copy(total[:], b.Free)
		}
	}
	if s.Pagetypeinfo == nil {
		for o, n := range total {
			zs.Free[o][phys.MigrateMovable] = n
		}
		return
	}
	for _, n := range s.Pagetypeinfo.Nodes {
		for _, f := range n.Free {
			mt, ok := migratetype(f.Type)
			if f.Node != z.Node || f.Zone != z.Zone || !ok {
				continue
			}
			for o := range min(len(f.Count), phys.MaxOrder) {
				zs.Free[o][mt] = f.Count[o]
			}
		}
	}
	for o := range zs.Free {
		most, sum := phys.MigrateMovable, uint64(0)
		for mt, n := range zs.Free[o] {
			sum += n
			if n > zs.Free[o][most] {
				most = phys.Migratetype(mt)
			}
		}
		if n := &zs.Free[o][most]; total[o] >= sum {
			*n += total[o] - sum
		} else {
			*n -= min(*n, sum-total[o])
		}
	}
}

func blockTypes(zs *phys.ZoneSnapshot, s *procfs.Snapshot, z *procfs.ZoneinfoZone) {
	if s.Pagetypeinfo == nil {
		return
	}
	for _, n := range s.Pagetypeinfo.Nodes {
		for _, b := range n.Blocks {
			if b.Node != z.Node || b.Zone != z.Zone {
				continue
			}
			for i := range min(len(b.Count), len(n.Types)) {
				if mt, ok := migratetype(n.Types[i]); ok {
					zs.BlockTypes[mt] = b.Count[i]
				}
			}
		}
	}
}

func migratetype(name string) (phys.Migratetype, bool) {
	for mt := range phys.NrMigratetypes {
		if mt.String() == name {
			return mt, true
		}
	}
	return 0, false
}
