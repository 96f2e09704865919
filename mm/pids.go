package mm

import (
	"fmt"
	"math/bits"
	"strconv"

	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// Pids (kernel/pid.c): the first that a scenario's process gets, after those of the kernel's own threads; where numbers go on when they have reached
// kernel.pid_max (RESERVED_PIDS); how many there are at least for each CPU (PIDS_PER_CPU_DEFAULT, PIDS_PER_CPU_MIN).
const (
	firstPID      = 100
	reservedPIDs  = 300
	defaultPIDMax = 32768
	pidsPerCPU    = 1024
	leastPerCPU   = 8
	pidLimit      = 4 << 20 // PID_MAX_LIMIT of 64 bits
	pidLimit32    = 32768
)

// pids says which numbers are taken, by processes that have not been waited for included, and limits how many there may be.
type pids struct {
	max        uint64   // kernel.pid_max
	maxThreads uint64   // kernel.threads-max
	perUser    uint64   // RLIMIT_NPROC of who declares none: half of what kernel.threads-max is at boot
	used       []uint64 // a bit a number
	last       uint64
	holder     map[uint64]*Process // for looking up alone
	processes  uint64              // that have a pid and are not the kernel's
}

// init sets the limits of a kernel that boots (pid_idr_init, fork_init): threads may take an eighth of memory for their stacks, of the memory that is not
// given back late in boot.
func (t *pids) init(k *Kernel) {
	t.max = min(max(defaultPIDMax, pidsPerCPU*uint64(len(k.nodeOfCPU))), k.pidLimit())
	t.last = firstPID - 1
	t.holder = map[uint64]*Process{}
	t.maxThreads = min(max(k.Mem.PagesAtForkInit()/uint64(8*k.kernelStackPages()), 20), maxThreadsLimit)
	t.perUser = t.maxThreads / 2
}

// maxThreadsLimit is the most that kernel.threads-max can be (FUTEX_TID_MASK).
const maxThreadsLimit = 0x3fffffff

func (k *Kernel) pidLimit() uint64 {
	if k.Mem.Arch == phys.I386 {
		return pidLimit32
	}
	return pidLimit
}

// take gives the next number that is free, cyclically (alloc_pid, idr_alloc_cyclic). False: all are taken.
func (t *pids) take(p *Process) bool {
	low := uint64(1)
	if t.last+1 > reservedPIDs {
		low = reservedPIDs
	}
	n, ok := t.free(max(t.last+1, low))
	if !ok {
		n, ok = t.free(low)
	}
	if !ok {
		return false
	}
	for uint64(len(t.used))*64 <= n {
		t.used = append(t.used, 0)
	}
	t.used[n/64] |= 1 << (n % 64)
	t.holder[n] = p
	t.last = n
	t.processes++
	p.pid = int(n)
	return true
}

// free is the first number from one on that nobody has, below kernel.pid_max.
func (t *pids) free(from uint64) (uint64, bool) {
	for n := from; n < t.max; {
		w := n / 64
		if w >= uint64(len(t.used)) {
			return n, true
		}
		if rest := ^t.used[w] >> (n % 64); rest != 0 {
			n += uint64(bits.TrailingZeros64(rest))
			return n, n < t.max
		}
		n = (w + 1) * 64
	}
	return 0, false
}

// release makes a process's number free: it has been waited for, or nobody will (release_task). What only the living need goes.
func (p *Process) release() {
	p.state = stateDead
	t := &p.k.pids
	n := uint64(p.pid)
	if t.holder[n] != p {
		return
	}
	delete(t.holder, n)
	t.used[n/64] &^= 1 << (n % 64)
	t.processes--
	p.heap, p.carried = nil, nil
}

// mayFork tells whether there may be one more process: RLIMIT_NPROC bounds those of the user, who has all that the scenario declares, and
// kernel.threads-max all tasks of the machine (copy_process). Those that have ended count until they are waited for.
func (p *Process) mayFork() bool {
	k := p.k
	stack := int64(k.kernelStackPages()) * 4
	tasks := int64(k.pids.processes) - int64(k.live)
	for _, n := range k.Mem.Nodes {
		tasks += n.Stat[vmstat.NRKernelStack] / stack
	}
	return k.pids.processes < p.rlimit.Nproc && uint64(max(tasks, 0)) < k.pids.maxThreads
}

// pidMaxKnob is kernel.pid_max, whose bounds depend on the machine.
var pidMaxKnob = knob{
	get: func(k *Kernel) string { return strconv.FormatUint(k.pids.max, 10) },
	set: func(k *Kernel, v string) error {
		least := max(reservedPIDs+1, leastPerCPU*uint64(len(k.nodeOfCPU)))
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil || n < least || n > k.pidLimit() {
			return fmt.Errorf("%s is not a number from %d to %d", v, least, k.pidLimit())
		}
		k.pids.max = n
		return nil
	},
}
