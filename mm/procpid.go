package mm

import (
	"fmt"
	"strconv"
	"strings"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
)

// pidFiles are the files of /proc/PID that a process has.
var pidFiles = []struct {
	name string
	make func(*Process) procfs.File
}{
	{"maps", func(p *Process) procfs.File { return p.maps() }},
	{"smaps", func(p *Process) procfs.File { return p.smaps() }},
	{"smaps_rollup", func(p *Process) procfs.File { return p.smapsRollup() }},
	{"numa_maps", func(p *Process) procfs.File { return p.numaMaps() }},
	{"status", func(p *Process) procfs.File { return p.statusFile() }},
	{"stat", func(p *Process) procfs.File { return p.pidStat() }},
	{"comm", func(p *Process) procfs.File { return p.commFile() }},
	{"cmdline", func(p *Process) procfs.File { return p.cmdline() }},
	{"statm", func(p *Process) procfs.File { return p.statm() }},
	{"oom_score", func(p *Process) procfs.File { n := procfs.Number(p.oomScore()); return &n }},
	{"oom_score_adj", func(p *Process) procfs.File { n := procfs.Number(p.oomScoreAdj); return &n }},
}

// PIDPaths are the paths under /proc/self that PIDFile knows.
func PIDPaths() []string {
	out := make([]string, len(pidFiles))
	for i, f := range pidFiles {
		out[i] = "/proc/self/" + f.name
	}
	return out
}

// PIDFile is the text of /proc/PID/NAME or, for the process that asks, /proc/self/NAME. known is false for a path that is none of those; ok is false if
// there is no such process (ENOENT).
func (k *Kernel) PIDFile(self *Process, path string) (text string, known, ok bool) {
	who, name, _ := strings.Cut(strings.TrimPrefix(path, "/proc/"), "/")
	p := self
	if who != "self" {
		pid, err := strconv.Atoi(who)
		if err != nil || pid < 1 {
			return "", false, false
		}
		p = k.byPID(pid)
	}
	for _, f := range pidFiles {
		if f.name == name {
			if p == nil || p.mm == nil {
				return "", true, false
			}
			return string(procfs.Text(f.make(p))), true, true
		}
	}
	return "", false, false
}

// PIDSnapshot are the files of all processes that have an address space, by the names under which a run directory keeps them: pid_PID_FILE for
// /proc/PID/FILE.
func (k *Kernel) PIDSnapshot() []NamedText {
	var out []NamedText
	for _, p := range k.processes {
		if p.mm == nil {
			continue
		}
		for _, f := range pidFiles {
			out = append(out, NamedText{fmt.Sprintf("pid_%d_%s", p.pid, f.name), string(procfs.Text(f.make(p)))})
		}
	}
	return out
}

func (p *Process) maps() *procfs.Maps {
	f := &procfs.Maps{Arch: p.k.procArch()}
	p.mm.Each(func(v *addrspace.VMA) bool {
		f.Mappings = append(f.Mappings, p.mapping(v))
		return true
	})
	return f
}

// mapping is the line of a VMA (show_map_vma).
func (p *Process) mapping(v *addrspace.VMA) procfs.Mapping {
	s := p.mm
	m := procfs.Mapping{
		Start: v.Start, End: v.End, Read: v.Flags&addrspace.VMRead != 0, Write: v.Flags&addrspace.VMWrite != 0,
		Exec: v.Flags&addrspace.VMExec != 0, Shared: v.Flags&addrspace.VMMayShare != 0, Name: v.Name,
	}
	switch {
	case v.Object != nil:
		host := p.k.mappingOf(v).host
		m.Name, m.Offset, m.Inode = v.Object.Name, v.PgOff<<addrspace.PageShift, host.ino
		if fs, ok := host.fs.(*tmpfs); ok {
			m.Minor = fs.minor
		} else {
			m.Major, m.Minor = 0xfe, 0 // the data disk is the first virtio disk
		}
	case v.Name != "":
	case v.Start <= s.Brk && v.End >= s.StartBrk:
		m.Name = "[heap]"
	case v.Start <= s.Stack && v.End >= s.Stack:
		m.Name = "[stack]"
	}
	return m
}

// softDirty is the code of VM_SOFTDIRTY, which x86-64 has (CONFIG_MEM_SOFT_DIRTY). Every mapping is, since nobody resets that.
const softDirty = "sd"

// vmFlagCodes are the codes of flags in smaps, in the order of their bits (show_smap_vma_flags).
var vmFlagCodes = []struct {
	flag addrspace.VMFlags
	code string
}{
	{addrspace.VMRead, "rd"},
	{addrspace.VMWrite, "wr"},
	{addrspace.VMExec, "ex"},
	{addrspace.VMShared, "sh"},
	{addrspace.VMMayRead, "mr"},
	{addrspace.VMMayWrite, "mw"},
	{addrspace.VMMayExec, "me"},
	{addrspace.VMMayShare, "ms"},
	{addrspace.VMGrowsDown, "gd"},
	{addrspace.VMPFNMap, "pf"},
	{addrspace.VMLocked, "lo"},
	{addrspace.VMIO, "io"},
	{addrspace.VMSeqRead, "sr"},
	{addrspace.VMRandRead, "rr"},
	{addrspace.VMDontCopy, "dc"},
	{addrspace.VMDontExpand, "de"},
	{addrspace.VMAccount, "ac"},
	{addrspace.VMNoReserve, "nr"},
	{addrspace.VMWipeOnFork, "wf"},
	{addrspace.VMDontDump, "dd"},
	{0, softDirty},
	{addrspace.VMHugePage, "hg"},
	{addrspace.VMNoHugePage, "nh"},
	{addrspace.VMMergeable, "mg"},
}

func (p *Process) smaps() *procfs.Smaps {
	f := &procfs.Smaps{Arch: p.k.procArch()}
	p.mm.Each(func(v *addrspace.VMA) bool {
		var m memSize
		m.add(p.k, v)
		r := procfs.SmapsMapping{Mapping: p.mapping(v), Size: v.Pages() * 4, KernelPageSize: 4, MMUPageSize: 4, SmapsUsage: m.usage()}
		for _, c := range vmFlagCodes {
			if v.Flags&c.flag == c.flag && (c.code != softDirty || p.k.Mem.Arch == phys.X86_64) {
				r.VMFlags = append(r.VMFlags, c.code)
			}
		}
		f.Mappings = append(f.Mappings, r)
		return true
	})
	return f
}

func (p *Process) smapsRollup() *procfs.SmapsRollup {
	f := &procfs.SmapsRollup{Arch: p.k.procArch()}
	var m memSize
	first := true
	p.mm.Each(func(v *addrspace.VMA) bool {
		if first {
			f.Start, first = v.Start, false
		}
		f.End = v.End
		m.add(p.k, v)
		return true
	})
	f.SmapsUsage = m.usage()
	return f
}

// Smaps reads a row of /proc/self/smaps_rollup, with the cost of a system call, in bytes. False: there is no such row.
func (p *Process) Smaps(field string) (int64, bool) {
	p.syscall(0)
	n, ok := p.smapsRollup().Value(field)
	return int64(n) * 1024, ok
}

// SmapsFields are the rows that Smaps knows.
func SmapsFields() []string { return (&procfs.SmapsRollup{}).Names() }

func (p *Process) statm() *procfs.Statm {
	s := p.mm
	return &procfs.Statm{
		Size: s.TotalVM, Resident: uint64(max(s.Resident(), 0)), Shared: uint64(max(s.RSS[addrspace.RSSFile]+s.RSS[addrspace.RSSShmem], 0)),
		Text: s.TextPages(), Data: s.DataVM + s.StackVM,
	}
}

// statusFile is /proc/PID/status. What is not memory is as for a process of one thread that nobody has changed anything about.
func (p *Process) statusFile() *procfs.Status {
	kb := func(name string) uint64 {
		n, _ := p.PeekStatus(name)
		return uint64(max(n, 0)) / 1024
	}
	pid, ppid := strconv.Itoa(p.pid), "1"
	if p.parent != nil {
		ppid = strconv.Itoa(p.parent.pid)
	}
	uid := strings.Repeat("\t"+strconv.Itoa(p.uid()), 4)[1:]
	lines := func(pairs ...string) []procfs.StatusLine {
		out := make([]procfs.StatusLine, 0, len(pairs)/2)
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, procfs.StatusLine{Name: pairs[i], Value: pairs[i+1]})
		}
		return out
	}
	const none = "0000000000000000"
	cpus, list := p.cpusAllowed()
	mems := uint64(1)<<len(p.k.Mem.Nodes) - 1
	return &procfs.Status{
		Before: lines("Name", p.comm(), "Umask", "0022", "State", p.stateName(), "Tgid", pid, "Ngid", "0", "Pid", pid, "PPid", ppid,
			"TracerPid", "0", "Uid", uid, "Gid", uid, "FDSize", "64", "Groups", " ", "NStgid", pid, "NSpid", pid, "NSpgid", pid, "NSsid", "0"),
		VmPeak: kb("VmPeak"), VmSize: kb("VmSize"), VmLck: kb("VmLck"), VmHWM: kb("VmHWM"), VmRSS: kb("VmRSS"), RssAnon: kb("RssAnon"),
		RssFile: kb("RssFile"), RssShmem: kb("RssShmem"), VmData: kb("VmData"), VmStk: kb("VmStk"), VmExe: kb("VmExe"), VmLib: kb("VmLib"),
		VmPTE: kb("VmPTE"), VmSwap: kb("VmSwap"), THPEnabled: 1,
		After: lines("Threads", "1", "SigQ", fmt.Sprintf("0/%d", p.k.totalRAM()*4096/(16<<10)/16), "SigPnd", none, "ShdPnd", none, "SigBlk", none,
			"SigIgn", none, "SigCgt", none, "CapInh", none, "CapPrm", none, "CapEff", none, "CapBnd", "000001ffffffffff", "CapAmb", none,
			"NoNewPrivs", "0", "Seccomp", "0", "Seccomp_filters", "0", "Speculation_Store_Bypass", "not vulnerable",
			"SpeculationIndirectBranch", "always enabled", "Cpus_allowed", cpus, "Cpus_allowed_list", list,
			"Mems_allowed", strings.Repeat("00000000,", 31)+fmt.Sprintf("%08x", mems), "Mems_allowed_list", p.k.memsAllowed(),
			"voluntary_ctxt_switches", "0", "nonvoluntary_ctxt_switches", "0"),
	}
}

func (p *Process) stateName() string {
	if p.k.Sim.Current() == p.proc {
		return "R (running)"
	}
	return "S (sleeping)"
}

// cpusAllowed is the set of CPUs that the process may run on, as a mask and as a list.
func (p *Process) cpusAllowed() (mask, list string) {
	n := len(p.k.nodeOfCPU)
	first, last := 0, n-1
	if p.pin >= 0 {
		first, last = p.pin, p.pin
	}
	for word := (n - 1) / 32; word >= 0; word-- {
		bits := uint32(0)
		for i := range 32 {
			if c := word*32 + i; first <= c && c <= last {
				bits |= 1 << i
			}
		}
		width := min(8, (n-word*32+3)/4)
		mask += fmt.Sprintf("%0*x", width, bits)
		if word > 0 {
			mask += ","
		}
	}
	if list = strconv.Itoa(first); last > first {
		list += "-" + strconv.Itoa(last)
	}
	return mask, list
}
