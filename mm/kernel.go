package mm

import (
	"fmt"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/psi"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// A Kernel is the memory management of one simulated machine. It belongs to one engine.Sim and is not safe for concurrent use.
type Kernel struct {
	Sim *engine.Sim
	Mem *phys.Memory

	// Where the machine reports what happens; nil functions are not called.
	OnExit  func(ExitEvent)
	OnTrace func(TraceEvent)
	OnDmesg func(engine.Time, string)

	cfg      Config
	seed     uint64
	cost     *CostTable
	layout   *addrspace.Layout
	swap     *swap.Swap
	devs     []*engine.Device // of the swap areas, by area
	swapDevs []swapDevice     // those that were declared, in use or not
	anons    addrspace.AnonVMAs

	events      *[vmstat.NrEvents]uint64
	lruvecs     []*lru.Lruvec   // by node
	lruGen      *lruGen         // of the multi-generational LRU; nil: the machine has the classic one
	nodes       []nodeState     // by node
	compactions []*compactState // by zone
	batches     []cpuBatches    // by CPU
	nodeOfCPU   []*phys.Node

	processes []*Process // in the order of creation, ended ones included
	byName    map[string]*Process
	pids      pids
	live      int

	committed    int64        // pages charged (vm_committed_as)
	commitBehind commitBehind // of these, what the commit limit does not see yet
	leaked       int64        // of these, what no mapping stands for any more
	sysctl       sysctls
	dirty        dirtyState
	boot         bootState
	load         loads
	psi          *psi.Group
	psiWork      func() // its periodic aggregation
	zeroPage     uint32 // frame of the shared zero page
	vdso         [vdsoPages]phys.PFN
	objects      objectTable
	segments     []*shmem // System V segments by id
	shmMount     *tmpfs   // of memory without a name (shm_mnt)
	cluster      clusterState
	mmlist       []*addrspace.Space // those that may have swap entries, the one that joined last at the end
	swapfiles    []*shmem           // objects with pages in swap slots, the one that joined last at the end (shmem_swaplist)

	vfs         vfs
	freeFileIO  []*fileIO
	freeWriteIO []*writeIO
	shadows     pagecache.ShadowList // of all files

	mlocked int64 // pages marked as locked in memory

	missedMlocks map[phys.PFN]bool // for CheckInvariants, unless nil: mapped pages that may lack the mark of a locked mapping
	stranded     bool              // a page of the unevictable list was unlocked while it was off it: there may be such in the batches

	aslr *engine.Stream // where address randomisation draws from

	dataWarned bool // that RLIMIT_DATA refused something has been said

	pageWaits waitTable // who waits for a page that is read or written

	oom        oomState
	zipfs      map[zipfKey]*engine.Zipf
	slabs      slabCaches
	bioPool    bioPool
	workers    []kworker // by CPU, of system_wq
	kblockd    []kworker // by CPU: they hand requests to devices
	vmpressure vmpressure
	unmapped   *unmapBatch // nil with one CPU
	rcu        rcuState
	atomic     []atomicSource // by CPU
	shrinkers  []*shrinker
	procNames  procDentries
	tlb        *tlbState // nil: the machine has no translation lookaside buffers

	dropsQuietly bool // drop_caches is logged no more

	bindMasks []phys.Nodemask // by node: that node alone

	owed      engine.Time // CPU time of the batch of pages that reclaim is at; spent when the batch is done
	isolated  []phys.PFN  // the batch
	skipped   []phys.PFN  // pages that it passed over
	reclaimed []phys.PFN  // pages of it that go
	held      []*heldPages
	spareHeld []*heldPages // not in use
	fastAC    phys.AllocContext
	gathers   []*mmuGather // not in use

	stacks   [][][]phys.PFN // by CPU: kernel stacks of ended tasks, kept for new ones
	vforking int            // tasks that wait in vfork

	freeIO        []*swapIO
	deferWakes    bool // a run of allocations is under way, whose time is not spent yet
	deferredWakes []deferredWake
}

// nodeState is what reclaim keeps per node (parts of struct pglist_data).
type nodeState struct {
	kswapd             task
	kcompactd          kcompactdState
	wait               *engine.Cond // kswapd_wait
	sleeping           bool
	order              int // kswapd_order
	highestZoneidx     int // kswapd_highest_zoneidx; noZone: none asked
	failures           int // kswapd_failures
	pfmemalloc         *engine.Cond
	writebackFlag      bool // PGDAT_WRITEBACK
	dirtyFlag          bool // PGDAT_DIRTY
	congested          bool // LRUVEC_CONGESTED
	walk               lruGenWalk
	throttled          [nrThrottle]*engine.Cond
	nrWritebackThrottl int
	throttleMark       uint64
}

// ExitEvent reports the end of a process.
type ExitEvent struct {
	Time    engine.Time
	PID     int
	Process string
	WaitStatus
}

// TraceEvent reports something that the kernel has a tracepoint for, under the tracepoint's name.
type TraceEvent struct {
	Time    engine.Time
	Name    string
	Process string
	Detail  string
}

// trace reports an event if anybody listens.
func (k *Kernel) trace(name, process, detail string) {
	if k.OnTrace != nil {
		k.OnTrace(TraceEvent{Time: k.Sim.Now(), Name: name, Process: process, Detail: detail})
	}
}

// printk writes a line of the kernel's log.
func (k *Kernel) printk(format string, args ...any) {
	if k.OnDmesg != nil {
		k.OnDmesg(k.Sim.Now(), fmt.Sprintf(format, args...))
	}
}

func (k *Kernel) reportExit(p *Process) {
	if k.OnExit != nil {
		k.OnExit(ExitEvent{Time: k.Sim.Now(), PID: p.pid, Process: p.name, WaitStatus: p.status})
	}
}

// count adds to an event of /proc/vmstat.
func (k *Kernel) count(e vmstat.Event, n uint64) { k.events[e] += n }

// lruvecOf is the set of lists that a page belongs on.
func (k *Kernel) lruvecOf(p *phys.Page) *lru.Lruvec { return k.lruvecs[k.zoneOf(p).Node.ID] }

// Processes are all processes in the order of creation, ended ones included.
func (k *Kernel) Processes() []*Process { return k.processes }

// FindProcess is the process last created under a full name, or nil.
func (k *Kernel) FindProcess(name string) *Process { return k.byName[name] }

// zoneOf is the zone of an allocated page.
func (k *Kernel) zoneOf(p *phys.Page) *phys.Zone { return k.Mem.ZoneByID(p.ZoneID()) }
