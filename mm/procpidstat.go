package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/procfs"
)

// Flags of a task that /proc/PID/stat shows (PF_FORKNOEXEC, PF_RANDOMIZE), and the signal that a child's end is to its parent (SIGCHLD).
const (
	pfForkNoExec = 0x40
	pfRandomize  = 0x400000
	sigchld      = 17
)

// pidStat is /proc/PID/stat (do_task_stat). CPU time is not divided and counts as user time. Where a program's data, arguments and environment lie is not
// modelled: those are 0.
func (p *Process) pidStat() *procfs.PIDStat {
	s := p.mm
	f := &procfs.PIDStat{
		PID: p.pid, Comm: p.comm(), State: p.stateName()[0], PPID: 1, PGRP: p.pid, TPGID: -1, MinFlt: p.minFlt, MajFlt: p.majFlt,
		Priority: int64(20 + p.nice), Nice: int64(p.nice), Threads: 1, StartTime: ticks(p.began),
		VSize: s.TotalVM << addrspace.PageShift, RSS: max(s.Resident(), 0), RSSLimit: Unlimited, StartCode: s.StartCode, EndCode: s.EndCode,
		StartStack: s.Stack, StartBrk: s.StartBrk, ExitSignal: sigchld,
	}
	if p.proc != nil { // else it is just being made
		f.UTime, f.Processor = ticks(p.proc.CPUTime()), int64(max(p.proc.CPU(), 0))
	}
	if p.parent != nil {
		f.PPID = p.parent.pid
		f.Flags |= pfForkNoExec
	}
	if p.k.sysctl.randomizeVASpace > 0 {
		f.Flags |= pfRandomize
	}
	return f
}

// commFile is /proc/PID/comm.
func (p *Process) commFile() *procfs.Verbatim {
	v := procfs.Verbatim(p.comm() + "\n")
	return &v
}

// cmdline is /proc/PID/cmdline: a declared process has its name as its only argument.
func (p *Process) cmdline() *procfs.Verbatim {
	v := procfs.Verbatim(p.name + "\x00")
	return &v
}
