package mm

import (
	"mmsim/engine"
	"mmsim/mm/procfs"
)

// Load averages are fixed-point numbers with 11 fraction bits, taken every 5 s and one tick of 250 Hz (kernel/sched/loadavg.c).
const (
	loadShift = 11
	loadOne   = 1 << loadShift
	loadEvery = 5*engine.Second + 4*engine.Millisecond
)

// loadDecay is 1/exp(5 s / 1, 5 and 15 min) in fixed point (EXP_1, EXP_5, EXP_15).
var loadDecay = [3]uint64{1884, 2014, 2037}

// loads are the load averages (avenrun).
type loads struct {
	avg     [3]uint64
	ticking bool
}

// startLoad begins to take load averages when there is a process to run. A machine on which nothing will ever run again stops, so that waiting for
// the next time does not hide that.
func (k *Kernel) startLoad() {
	if !k.load.ticking {
		k.load.ticking = true
		k.Sim.AfterUpkeep(loadEvery, k.tickLoad)
	}
}

func (k *Kernel) tickLoad() {
	k.load.ticking = false
	active := (k.running() + k.blocked()) * loadOne
	for i, exp := range loadDecay {
		v := k.load.avg[i]*exp + active*(loadOne-exp)
		if active >= k.load.avg[i] {
			v += loadOne - 1
		}
		k.load.avg[i] = v / loadOne
	}
	if !k.Sim.Idle() { // else nothing will ever happen again, and the run is over
		k.startLoad()
	}
}

// running is the number of tasks that run or wait for a CPU (nr_running).
func (k *Kernel) running() uint64 {
	n := 0
	for cpu := range k.nodeOfCPU {
		n += k.Sim.CPUStat(cpu).Running
	}
	return uint64(n)
}

// blocked is the number of tasks that wait for a page's transfer or for a child that has their memory (nr_uninterruptible).
func (k *Kernel) blocked() uint64 {
	return uint64(k.vforking + k.pageWaits.waiting())
}

// loadavg is /proc/loadavg. Threads are the declared processes and kswapd; a kernel has some forty threads more.
func (k *Kernel) loadavg() *procfs.Loadavg {
	f := &procfs.Loadavg{Running: k.running(), Threads: uint64(k.live + len(k.nodes)), LastPID: k.pids.last}
	for i, v := range k.load.avg {
		v += loadOne / 200
		f.Load[i] = v * 100 >> loadShift
	}
	return f
}

// btime is when every simulated machine booted: the day on which Linux 6.1 came out, 2022-12-11 22:15:18 UTC, in seconds since 1970.
const btime = 1670796918

// stat is /proc/stat. CPU time of kswapd is system time; that of processes is not divided and counts as user time. Interrupts are not counted.
func (k *Kernel) stat() *procfs.Stat {
	f := &procfs.Stat{
		Btime: btime, Processes: k.pids.last, ProcsRunning: max(k.running(), 1), ProcsBlocked: k.blocked(),
	}
	system := make([]engine.Duration, len(k.nodeOfCPU))
	for i := range k.nodes {
		if p := k.nodes[i].kswapd.proc; p != nil && p.CPU() >= 0 {
			system[p.CPU()] += p.CPUTime()
		}
	}
	for cpu := range k.nodeOfCPU {
		st := k.Sim.CPUStat(cpu)
		f.Ctxt += st.Switches
		sys := min(system[cpu], st.Busy)
		t := procfs.StatTimes{User: ticks(st.Busy - sys), System: ticks(sys), Idle: ticks(k.Sim.Now() - st.Busy)}
		f.CPUs = append(f.CPUs, procfs.StatCPU{CPU: cpu, StatTimes: t})
		f.CPU.User += t.User
		f.CPU.System += t.System
		f.CPU.Idle += t.Idle
	}
	return f
}

func ticks(d engine.Duration) uint64 { return uint64(max(d, 0) / (engine.Second / procfs.UserHZ)) }

// uptime is /proc/uptime. The machine has been up since the virtual time 0.
func (k *Kernel) uptime() *procfs.Uptime {
	f := &procfs.Uptime{Uptime: ticks(k.Sim.Now())}
	for cpu := range k.nodeOfCPU {
		f.Idle += ticks(k.Sim.Now() - k.Sim.CPUStat(cpu).Busy)
	}
	return f
}
