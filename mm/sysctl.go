package mm

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mmsim/internal/suggest"
	"mmsim/mm/phys"
)

// sysctls are the settings under /proc/sys/vm that this package reads. Those of the watermarks are phys.Sysctl.
type sysctls struct {
	overcommitMemory, overcommitRatio, overcommitKbytes uint64
	adminReserveKbytes, userReserveKbytes               uint64
	maxMapCount                                         uint64
	swappiness, pageCluster, vfsCachePressure           uint64
	compactionProactiveness                             uint64
	panicOnOOM                                          uint64
	oomKillAllocatingTask, oomDumpTasks                 bool
	randomizeVASpace, mmapRndBits                       uint64
	legacyVALayout                                      bool
}

// zramModule is the pages that the initial RAM disk has more on a machine with a zram device: it is not free yet when the reserves are computed.
const zramModule = 40

// initSysctl sets the defaults of a kernel that boots (init_admin_reserve, init_user_reserve). What is free has to be that of a moment of its boot, so
// nothing may have been allocated yet.
func (k *Kernel) initSysctl() {
	modules := uint64(0)
	for _, a := range k.cfg.Swap {
		if a.Device == "zram" {
			modules = zramModule
		}
	}
	free := k.Mem.EarlyFree(modules)
	k.initDirty(free)
	free *= 4
	k.sysctl = sysctls{
		overcommitRatio: 50, adminReserveKbytes: min(free/32, 8192), userReserveKbytes: min(free/32, 131072), maxMapCount: 65530,
		swappiness: 60, pageCluster: 3, vfsCachePressure: 100, compactionProactiveness: 20, oomDumpTasks: true,
		mmapRndBits: uint64(k.layout.MmapRndBits),
	}
}

// A knob is one setting: how it is read and, unless it is read-only, written, and on which machines it is there (nil: on all).
type knob struct {
	get func(*Kernel) string
	set func(*Kernel, string) error
	has func(*Kernel) bool
	// act does what writing the setting does, on behalf of a process or of the administrator for nil; then set only checks the value (nil: nothing to
	// check). Such a setting cannot be read unless it has get.
	act func(k *Kernel, p *Process, v string)
}

// number is a knob for an unsigned number within bounds.
func number(field func(*Kernel) *uint64, low, high uint64) knob {
	return knob{
		get: func(k *Kernel) string { return strconv.FormatUint(*field(k), 10) },
		set: func(k *Kernel, v string) error {
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil || n < low || n > high {
				return fmt.Errorf("%s is not a number from %d to %d", v, low, high)
			}
			*field(k) = n
			return nil
		},
	}
}

// flag is a knob that is 0 or 1.
func flag(field func(*Kernel) *bool) knob {
	return knob{
		get: func(k *Kernel) string {
			if *field(k) {
				return "1"
			}
			return "0"
		},
		set: func(k *Kernel, v string) error {
			if v != "0" && v != "1" {
				return fmt.Errorf("%s is not 0 or 1", v)
			}
			*field(k) = v == "1"
			return nil
		},
	}
}

// physNumber is a knob of package phys, which checks and recomputes what depends on it.
func physNumber(get func(phys.Sysctl) int, set func(*phys.Memory, int) error) knob {
	return knob{
		get: func(k *Kernel) string { return strconv.Itoa(get(k.Mem.Sysctl())) },
		set: func(k *Kernel, v string) error {
			n, err := strconv.ParseInt(v, 10, 32) // an int of the kernel's
			if errors.Is(err, strconv.ErrRange) {
				return fmt.Errorf("%s is beyond what the kernel keeps, which is %d to %d", v, math.MinInt32, math.MaxInt32)
			}
			if err != nil {
				return fmt.Errorf("%s is not a whole number", v)
			}
			return set(k.Mem, int(n))
		},
	}
}

const maxKbytes = 1 << 53

// knobs are the settings by name.
var knobs = map[string]knob{
	"vm.admin_reserve_kbytes":     number(func(k *Kernel) *uint64 { return &k.sysctl.adminReserveKbytes }, 0, maxKbytes),
	"vm.user_reserve_kbytes":      number(func(k *Kernel) *uint64 { return &k.sysctl.userReserveKbytes }, 0, maxKbytes),
	"vm.max_map_count":            number(func(k *Kernel) *uint64 { return &k.sysctl.maxMapCount }, 0, 1<<31-1),
	"vm.overcommit_memory":        overcommitMemoryKnob(),
	"vm.overcommit_ratio":         exclusiveKnob(func(k *Kernel) (*uint64, *uint64) { return &k.sysctl.overcommitRatio, &k.sysctl.overcommitKbytes }),
	"vm.overcommit_kbytes":        exclusiveKnob(func(k *Kernel) (*uint64, *uint64) { return &k.sysctl.overcommitKbytes, &k.sysctl.overcommitRatio }),
	"vm.swappiness":               number(func(k *Kernel) *uint64 { return &k.sysctl.swappiness }, 0, maxSwappiness),
	"vm.compaction_proactiveness": {get: func(k *Kernel) string { return itoa(int(k.sysctl.compactionProactiveness)) }, set: setProactiveness},
	"kernel.pid_max":              pidMaxKnob,
	"kernel.threads-max":          number(func(k *Kernel) *uint64 { return &k.pids.maxThreads }, 1, maxThreadsLimit),
	"vm.vfs_cache_pressure":       number(func(k *Kernel) *uint64 { return &k.sysctl.vfsCachePressure }, 0, 1<<31-1),
	"vm.page-cluster":             number(func(k *Kernel) *uint64 { return &k.sysctl.pageCluster }, 0, 31),
	"kernel.numa_balancing":       {get: func(*Kernel) string { return "0" }, set: setNumaBalancing},
	"kernel.randomize_va_space":   number(func(k *Kernel) *uint64 { return &k.sysctl.randomizeVASpace }, 0, 2),
	"vm.legacy_va_layout":         flag(func(k *Kernel) *bool { return &k.sysctl.legacyVALayout }),
	"vm.mmap_rnd_bits":            {get: func(k *Kernel) string { return strconv.FormatUint(k.sysctl.mmapRndBits, 10) }, set: setMmapRndBits},
	"vm.panic_on_oom":             number(func(k *Kernel) *uint64 { return &k.sysctl.panicOnOOM }, 0, 2),
	"vm.oom_dump_tasks":           flag(func(k *Kernel) *bool { return &k.sysctl.oomDumpTasks }),
	"vm.oom_kill_allocating_task": flag(func(k *Kernel) *bool { return &k.sysctl.oomKillAllocatingTask }),
	"vm.min_free_kbytes":          physNumber(func(s phys.Sysctl) int { return s.MinFreeKbytes }, (*phys.Memory).SetMinFreeKbytes),
	"vm.watermark_scale_factor": physNumber(func(s phys.Sysctl) int { return s.WatermarkScaleFactor },
		(*phys.Memory).SetWatermarkScaleFactor),
	"vm.watermark_boost_factor": physNumber(func(s phys.Sysctl) int { return s.WatermarkBoostFactor },
		(*phys.Memory).SetWatermarkBoostFactor),
	"vm.percpu_pagelist_high_fraction": physNumber(func(s phys.Sysctl) int { return s.PercpuPagelistHighFraction },
		(*phys.Memory).SetPercpuPagelistHighFraction),
	"vm.lowmem_reserve_ratio": {get: lowmemReserveRatio, set: setLowmemReserveRatio},
	"vm.drop_caches":          dropCachesKnob,
	"vm.compact_memory":       compactMemoryKnob,
}

// overcommitMemoryKnob is a number that more depends on.
func overcommitMemoryKnob() knob {
	n := number(func(k *Kernel) *uint64 { return &k.sysctl.overcommitMemory }, 0, 2)
	set := n.set
	n.set = func(k *Kernel, v string) error {
		if err := set(k, v); err != nil {
			return err
		}
		k.setOvercommitMemory(k.sysctl.overcommitMemory)
		return nil
	}
	return n
}

// exclusiveKnob is a number that, when set, makes another one 0 (overcommit_ratio_handler, overcommit_kbytes_handler).
func exclusiveKnob(fields func(*Kernel) (own, other *uint64)) knob {
	n := number(func(k *Kernel) *uint64 {
		own, _ := fields(k)
		return own
	}, 0, maxKbytes)
	set := n.set
	n.set = func(k *Kernel, v string) error {
		if err := set(k, v); err != nil {
			return err
		}
		_, other := fields(k)
		*other = 0
		return nil
	}
	return n
}

// setNumaBalancing accepts what is the case: there are no hinting faults by which the kernel would move pages between nodes.
func setNumaBalancing(_ *Kernel, v string) error {
	if v != "0" {
		return fmt.Errorf("%s: moving pages to the node that uses them is not there yet in this version of mmsim; it can only be 0", v)
	}
	return nil
}

func lowmemReserveRatio(k *Kernel) string {
	var out []string
	s := k.Mem.Sysctl()
	for _, t := range k.zoneTypes() {
		out = append(out, strconv.Itoa(s.LowmemReserveRatio[t]))
	}
	return strings.Join(out, "\t")
}

func setLowmemReserveRatio(k *Kernel, v string) error {
	var ratios []int
	for _, f := range strings.Fields(v) {
		n, err := strconv.ParseInt(f, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not a whole number of 32 bits", f)
		}
		ratios = append(ratios, int(n))
	}
	return k.Mem.SetLowmemReserveRatio(ratios)
}

// zoneTypes are the zone types of the machine's architecture.
func (k *Kernel) zoneTypes() []phys.ZoneType { return k.Mem.Arch.ZoneTypes() }

// SysctlNames are the settings that Sysctl and SetSysctl of this machine know, sorted.
func (k *Kernel) SysctlNames() []string {
	return slices.DeleteFunc(SysctlNames(), func(name string) bool { return !k.hasKnob(knobs[name]) })
}

func (k *Kernel) hasKnob(n knob) bool { return n.has == nil || n.has(k) }

// SysctlNames are the settings that machines know, sorted; some exist on some architectures only.
func SysctlNames() []string {
	names := make([]string, 0, len(knobs))
	for n := range knobs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Sysctl reads a setting, as /proc/sys shows it: nothing for one that can only be written (SysctlReadable). False: there is none of that name.
func (k *Kernel) Sysctl(name string) (string, bool) {
	n, ok := knobs[name]
	if !ok || !k.hasKnob(n) {
		return "", false
	}
	if n.get == nil {
		return "", true
	}
	return n.get(k), true
}

// SetSysctl changes a setting; what depends on it is computed anew. The error names the setting, the value and what is allowed, or, for an unknown
// name, the nearest.
func (k *Kernel) SetSysctl(name, value string) error {
	n, ok := knobs[name]
	if !ok || !k.hasKnob(n) {
		return suggest.Unknown("sysctl", name, k.SysctlNames())
	}
	if n.act != nil {
		return fmt.Errorf("%s: writing it makes a running machine do something once; it is no setting to begin with", name)
	}
	if err := n.set(k, strings.TrimSpace(value)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
