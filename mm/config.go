package mm

import (
	"fmt"

	"mmsim/engine"
	"mmsim/internal/suggest"
	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/swap"
)

// NodeConfig is one NUMA node of a machine: its RAM in bytes and its CPUs.
type NodeConfig struct {
	RAM  uint64
	CPUs int
}

// SwapConfig is one swap area: its size in bytes, its device ("ssd", "disk" or "zram") and its priority, -1 for the kernel's choice.
type SwapConfig struct {
	Size     uint64
	Device   string
	Priority int
}

// Sysctl is a setting by its name in sysctl(8), such as vm.swappiness.
type Sysctl struct{ Name, Value string }

// Config is the machine to simulate.
type Config struct {
	Arch   string // "x86_64" or "i386"; empty: x86_64
	Nodes  []NodeConfig
	Swap   []SwapConfig
	Sysctl []Sysctl
	THP    string // transparent_hugepage/enabled; empty: as the kernel boots it
	LRU    string // "classic" or "mglru", the multi-generational one; empty: classic
	Seed   uint64
	Cost   *CostTable // nil: the default preset
	// Boot starts the machine from recorded files of /proc instead of from an estimate. The declared machine must be the recorded one.
	Boot *procfs.Snapshot
	// Distance holds the distances between nodes; nil is 10 to itself and 20 to others.
	Distance [][]int
	// CMA is the kernel's cma= in bytes; KernelCore and MovableCore are its kernelcore= and movablecore=.
	CMA                     uint64
	KernelCore, MovableCore phys.CoreSize
	Files                   []FileConfig
	TLB                     TLBConfig // of each CPU
}

// FileConfig is a file that is on the data disk from the start: an absolute path, and its size in bytes.
type FileConfig struct {
	Path string
	Size uint64
}

// A ConfigError says which part of a machine's description is wrong.
type ConfigError struct{ Field, Value, Reason string }

// Error names the field, its value and what is wrong with it.
func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("machine: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("machine: %s = %s: %s", e.Field, e.Value, e.Reason)
}

// thpLeast is the managed memory in bytes below which the kernel leaves transparent huge pages off at boot (hugepage_init).
const thpLeast = 512 << 20

// New boots a machine on a simulation, whose number of CPUs must be that of the machine. Errors are the user's: *ConfigError.
func New(sim *engine.Sim, cfg Config) (*Kernel, error) {
	arch, layout, err := archOf(cfg.Arch)
	if err != nil {
		return nil, err
	}
	mem, err := bootMemory(&cfg, arch)
	if err != nil {
		return nil, err
	}
	k := &Kernel{
		Sim: sim, Mem: mem, cfg: cfg, seed: cfg.Seed, cost: cfg.Cost, layout: layout, events: mem.Events,
		byName: map[string]*Process{}, zipfs: map[zipfKey]*engine.Zipf{},
		cluster: clusterState{hits: firstHits},
	}
	if k.cost == nil {
		k.cost = presets[0]
	}
	mem.Hooks.WakeKswapd = k.onWake
	mem.Hooks.NodeDirtyOK = k.nodeDirtyOK
	for _, n := range mem.Nodes {
		k.lruvecs = append(k.lruvecs, lru.New(mem, n))
		var mask phys.Nodemask
		mask.Add(n.ID)
		k.bindMasks = append(k.bindMasks, mask)
	}
	for cpu := range mem.CPUs() {
		k.nodeOfCPU = append(k.nodeOfCPU, mem.Nodes[mem.NodeOfCPU(cpu)])
	}
	if sim.CPUs() != len(k.nodeOfCPU) {
		return nil, &ConfigError{Field: "cpus", Value: itoa(len(k.nodeOfCPU)), Reason: "the simulation has " + itoa(sim.CPUs())}
	}
	k.batches = make([]cpuBatches, len(k.nodeOfCPU))
	k.stacks = make([][][]phys.PFN, len(k.nodeOfCPU))
	k.nodes = make([]nodeState, len(mem.Nodes))
	k.swap = swap.New(len(k.nodeOfCPU))
	k.swap.OnFree = k.zramFree
	k.startPSI()
	if err := k.initTLB(); err != nil {
		return nil, err
	}
	for _, n := range mem.Nodes {
		k.startKswapd(n)
		k.startKcompactd(n)
	}
	k.startWorkers()
	k.pids.init(k)
	k.initSysctl()
	k.initBios()
	k.initShrinkers()
	for cpu := range k.nodeOfCPU {
		k.atomic = append(k.atomic, atomicSource{k, cpu})
	}
	k.initSlabs(k.recorded().Slabinfo)
	if err := k.initState(); err != nil {
		return nil, err
	}
	if err := k.initVFS(); err != nil {
		return nil, err
	}
	switch cfg.LRU {
	case "", "classic":
	case "mglru":
		k.enableLRUGen()
	default:
		return nil, &ConfigError{Field: "lru", Reason: suggest.Unknown("lru", cfg.LRU, []string{"classic", "mglru"}).Error()}
	}
	k.swap.FreeNode = k.freeSwapNode
	k.noteBootSlabs()
	k.recordDentries()
	for _, s := range cfg.Sysctl {
		if err := k.SetSysctl(s.Name, s.Value); err != nil {
			return nil, &ConfigError{Field: "sysctl", Reason: err.Error()}
		}
	}
	return k, nil
}

func archOf(name string) (phys.Arch, *addrspace.Layout, error) {
	switch name {
	case "", "x86_64":
		return phys.X86_64, addrspace.X86_64, nil
	case "i386":
		return phys.I386, addrspace.I386, nil
	}
	return 0, nil, &ConfigError{Field: "arch", Reason: suggest.Unknown("architecture", name, []string{"x86_64", "i386"}).Error()}
}
