package mm

import (
	"mmsim/engine"
	"mmsim/internal/suggest"
)

// A CostTable is how long things take, in nanoseconds of virtual time. Nothing else in mm holds a duration of work; delays that are
// the kernel's policy (kswapd's short sleep, the OOM reaper's patience) stand beside the policy.
type CostTable struct {
	Name string

	Syscall         engine.Time // entering and leaving the kernel, with what a cheap call does
	LibCall         engine.Time // a call of the C library that makes no system call, such as malloc(3) from its cache
	Mmap            engine.Time // mmap(2) or munmap(2) of a range with no pages
	Brk             engine.Time // brk(2) that moves the break
	Mprotect        engine.Time // mprotect(2), mremap(2) and madvise(2) of a range with no pages
	Mremap          engine.Time
	Madvise         engine.Time
	UnmapPage       engine.Time // per page taken out of a page table and freed
	ProtectPage     engine.Time // per page-table entry that mprotect changes
	MovePage        engine.Time // per page-table entry that mremap moves
	LockPage        engine.Time // per page put on the unevictable list or taken from it
	AdvisePage      engine.Time // per page that madvise looks at
	TouchMapped     engine.Time // access to one page that is mapped
	ZeroPageFault   engine.Time // read fault that maps the zero page
	AnonFault       engine.Time // write fault on fresh anonymous memory, clearing of the page included
	COWFault        engine.Time // write fault that copies a page
	ShmemFault      engine.Time // fault on fresh shared memory
	FaultAroundPage engine.Time // per further page that a read fault maps
	ReuseFault      engine.Time // write fault that only makes the entry writable
	SwapInFault     engine.Time // CPU work of a fault on a swap entry, per page brought in; the device's time comes on top
	UnusePage       engine.Time // swapoff: CPU work per page that is brought back
	ForkBase        engine.Time // fork(2) of a process without pages
	ForkPage        engine.Time // per page-table entry copied by fork
	Exit            engine.Time // exit of a process without pages
	Exec            engine.Time // execve(2), and the start of the program up to its first line
	Work            engine.Time // something short that a worker is woken for, beside the switch to it
	ContextSwitch   engine.Time // switching a CPU to another process
	WakeLatency     engine.Time // from waking a process until it runs on another CPU, which is idle; it takes no CPU time
	ScanPage        engine.Time // reclaim: per page taken from a list, looked up in page tables and put back; also per object that a cache looks at, and per candidate victim
	SkipPage        engine.Time // reclaim: per page that is passed over for its zone
	ReclaimRound    engine.Time // reclaim: per round over a node, beside its pages: what was found is noted, every cache of the kernel is asked
	DirectReclaim   engine.Time // reclaim by a task: beginning it
	KswapdWake      engine.Time // a time that kswapd is awake, beside its rounds: beginning, and going to sleep
	AgeEntry        engine.Time // multi-generational LRU: per page-table entry that aging looks at
	AgePage         engine.Time // the same: per page put into another generation
	SwapOutPage     engine.Time // reclaim: per page unmapped and handed to the swap device
	SwapOutRequest  engine.Time // reclaim: per request that those pages are written by: handing it to its device
	CompressPage    engine.Time // reclaim: the same onto a compressed device in memory, storing included
	ReadSwapPage    engine.Time // per page that is read into the swap cache: allocated, entered there and handed to the block layer
	SubmitIO        engine.Time // per request that reads: handing it to its device; of those that write, see SwapOutRequest and FileCosts.WriteRequest
	DispatchIO      engine.Time // per request that no plug holds back: what the worker of kblockd that takes it from the queue to its device spends, beside the switch to it
	CompleteIO      engine.Time // per request: the interrupt at its end
	CompletePage    engine.Time // the same, per page of it
	FreePage        engine.Time // reclaim: per clean page removed from the swap cache and freed
	CompactScan     engine.Time // compaction: per page frame looked at
	MigratePage     engine.Time // compaction: per page moved: unmapped, copied, mapped again
	OOMKill         engine.Time // choosing and killing a victim

	// Of machines with a TLB. TouchMapped is measured with a miss each time, so a hit costs PageWalk less.
	PageWalk         engine.Time // a translation that the TLB does not have
	InvalidatePage   engine.Time // dropping one from the CPU's own
	FlushTLB         engine.Time // dropping all of an address space from it
	ShootdownSend    engine.Time // interrupting other CPUs to do so, and waiting for them
	ShootdownReceive engine.Time // what such an interrupt takes from the CPU that it stops

	File FileCosts // files and the page cache

	Devices map[string]engine.DeviceConfig // "ssd", "disk", "zram"
}

// serverCosts stand for current server hardware. Sources: [E] measured with docs/costs/measure.c on an AMD EPYC guest, Linux 6.18,
// November 2026; [P] page-fault latency, Linux 6.6, i7 of the 11th generation: least 575 ns, median 1,013 ns; process switch through a
// pipe on the same machine 2,410 ns (ddumbying.vercel.app, experiments); [S] the oracle's calibration divided by 15, the factor by which
// its README says emulation is slower; [D] vendor data sheets: Solidigm D7-P5520 (75 us read latency, 1,000,000 read requests/s,
// 4,200 MB/s sustained write), Seagate Exos 7E10 (4.16 ms rotation, 8.5 ms seek, 260 MB/s).
// [T] measured with docs/costs/tlb.c on the machine of [E]; [A] N. Amit, Optimizing the TLB Shootdown Algorithm with Page Access Tracking, USENIX ATC 2017: a
// shootdown takes some 2 to 4 us, as others cite it; the paper itself was not at hand.
var serverCosts = CostTable{
	Name:            "server",
	Syscall:         176,    // [E] getppid
	LibCall:         5,      // [E] malloc and free of 64 bytes, halved
	Mmap:            2025,   // [E] mmap and munmap of one page, halved
	Mprotect:        2025,   // as Mmap: a VMA is split or merged
	Mremap:          2025,   // as Mmap
	Madvise:         176,    // as Syscall
	ProtectPage:     12,     // [S] 0.18 us
	MovePage:        16,     // [S] 0.25 us
	LockPage:        110,    // [S] 1.7 us
	AdvisePage:      57,     // [S] MADV_FREE, 0.86 us
	ShmemFault:      1380,   // [S] 20.7 us
	FaultAroundPage: 60,     // [S] refault of 4,096 shared pages, 0.95 us each, less one read fault in 16
	Brk:             1786,   // [E]
	UnmapPage:       230,    // [E] munmap of 256 MiB
	TouchMapped:     13,     // [E] sequential reads, one a page
	ZeroPageFault:   575,    // [P] the least latency: no page to clear
	AnonFault:       1013,   // [P] median
	COWFault:        1218,   // [P] median, and 4 KiB more to read at 20 GB/s
	ReuseFault:      575,    // [P] the least latency: no page to clear
	SwapInFault:     1218,   // a fault that finds the page in memory after the device is done: as COWFault
	UnusePage:       430,    // [S] 6.5 us
	ForkBase:        70_000, // [E] fork, exit and wait of a small process 140 us, halved
	ForkPage:        67,     // [E] fork of 65,536 mapped pages
	Exit:            70_000, // [E] the other half of the 140 us
	Work:            670,    // [S] 10 us
	ContextSwitch:   2410,   // [P]
	WakeLatency:     4300,   // [S] 65 us
	ScanPage:        100,    // [S] 1.5 us
	SkipPage:        5,      // [S] 69 ns
	ReclaimRound:    930,    // [S] 14 us
	DirectReclaim:   1300,   // [S] 20 us
	KswapdWake:      1800,   // [S] 27 us
	AgeEntry:        4,      // [S] 55 ns
	AgePage:         7,      // [S] 109 ns
	SwapOutPage:     560,    // [S] 8.4 us
	SwapOutRequest:  6500,   // [S] 97 us
	CompressPage:    910,    // [S] 13.7 us
	ReadSwapPage:    870,    // [S] 13 us
	SubmitIO:        4000,   // [S] 60 us
	DispatchIO:      3000,   // [S] 45 us
	CompleteIO:      1200,   // [S] 18 us
	CompletePage:    120,    // [S] 1.8 us
	FreePage:        47,     // [S] 0.7 us
	CompactScan:     346,    // compact_memory on 512 MiB that looked at 10,925 frames and moved none: 3.78 ms
	MigratePage:     23_000, // the same, 12,286 frames and 230 pages moved: 9.62 ms
	OOMKill:         65_000, // [S] 0.97 ms

	PageWalk:         9,    // [T] 4,096 pages in random order: 20.6 ns a load, over huge pages 11.2
	InvalidatePage:   42,   // [T] mprotect of 8 to 32 pages 103.7 ns a page, of 40 to 64 pages 61.7
	FlushTLB:         184,  // [T] mprotect of 40 pages 4,594 ns, less its call, 1,942, and 61.7 a page
	ShootdownSend:    3000, // [A]
	ShootdownReceive: 1700, // [A] and [T]: the share of the sender's time, 7.2 of 13 us in a guest, where every interrupt leaves it

	Exec: 500_000, // [E] fork, exec, exit and wait 620 us, less the same without exec, 120 us
	File: serverFileCosts,

	Devices: map[string]engine.DeviceConfig{
		"ssd":  {Name: "ssd", Latency: 75 * engine.Microsecond, BytesPerSec: 4_200_000_000, IOPS: 1_000_000, Depth: 128}, // [D]
		"disk": {Name: "disk", Latency: 4160 * engine.Microsecond, BytesPerSec: 260_000_000, IOPS: 118, Depth: 32},       // [D]
		"zram": {Name: "zram", Latency: 0, BytesPerSec: 15_000_000_000, IOPS: 0, Depth: 1},                               // [S] 4.1 us a page
	},
}

// oracleCosts are those of the emulated machine that the recorded cases come from, in its guest time: the case calibration and the table
// "Time" of the oracle's README unless a line says otherwise. [R]: reclaim traced there (mm_vmscan_lru_shrink_inactive, sched_switch), with swap-fill-1.5x unless
// it says zram: CPU time between two batches of 32 pages that are all of one kind, of the batches the quickest tenth; traced: the quickest tenth likewise of what
// is named. The devices' rates are the limits that the README lists, whose enforcer lets through at once what they allow in a tenth of a second; beside them a
// request for 16 pages takes as long as one for a page, and one for 254 takes 240 us more. The latencies are the least of 355 (ssd) and 93 (disk) single swap-in
// faults measured there with vm.page-cluster = 0, 268 and 293 us, less the CPU's part; a write takes 35 us longer (the quickest tenth of 343). On zram, the least
// of 40 runs of 1,024 faults was 14.44 us a fault: 8.57 us more than one that finds its page in the swap cache, 478 MB/s.
var oracleCosts = CostTable{
	Name:            "oracle",
	Syscall:         3000,
	LibCall:         3000, // the Lua call, as in Syscall
	Mmap:            3000,
	Mprotect:        3000,
	Mremap:          3000,
	Madvise:         3000,
	ProtectPage:     180, // these per page: one run of 16,384 pages each
	MovePage:        250,
	LockPage:        1700,
	AdvisePage:      860,
	ShmemFault:      20_700,
	FaultAroundPage: 900,
	Brk:             3000,
	UnmapPage:       1981,
	TouchMapped:     130,
	ZeroPageFault:   3400,
	AnonFault:       8000,
	COWFault:        9000,
	ReuseFault:      3400,
	SwapInFault:     5863,
	UnusePage:       6500, // swapoff of 22,592 used slots: 912 ms, less 304 ms in which nothing ran for the device (/proc/pressure/io) and the reads, eight pages each
	ForkBase:        400_000,
	ForkPage:        975, // 11.68 ms for 8,192 pages, less ForkBase and the copies of the 366 anonymous pages that a process carries
	Exit:            400_000,
	Exec:            16_000_000, // two execs of the recorder, which reads the scenario's function: 20 and 23 ms, less the faults on its 366 pages
	Work:            10_000,     // zram-fill-1.5x traced: kworker/0:2, which vmpressure wakes for 15 us, ContextSwitch among them
	ContextSwitch:   5000,       // file-stream-2x traced: the quickest tenth of 2,301 from the switch to kswapd to its first tracepoint
	WakeLatency:     65_000,     // swap-seq-2cpu traced: half of the 488 times that kswapd was woken on the idle CPU it took 122 us until the switch to it, where a page that is kept took 2.8 us; that as ScanPage
	ScanPage:        1500,       // [R] that are kept because they were used: of 1,563
	SkipPage:        69,         // file-stream-2x traced: 39,136 pages passed over between two tracepoints 2.7 ms apart
	ReclaimRound:    14_000,     // file-stream-2x traced: the quickest tenth from a batch to the next one in another round, and from the last to the end
	DirectReclaim:   20_000,     // the same: the quickest from its beginning to its first batch
	KswapdWake:      27_000,     // the same, quickest tenths: from the switch to the first batch 21 us, from the last to sleep 25, less ContextSwitch and a round; in zram-fill-1.5x, where compressing takes the caches, 40 and 51
	AgeEntry:        55,         // aging by way of debugfs/lru_gen, 65,536 entries of which 131 were used: 3.58 ms, the least of three
	AgePage:         109,        // the same, all used: 10.74 ms, the least of seven, less AgeEntry
	SwapOutPage:     8400,       // swap-fill-1.5x traced, 1,853 batches that are written and 721 requests, the least sum of deviations: 9.91 us a page and 97 a request; less ScanPage
	SwapOutRequest:  97_000,     // the same
	CompressPage:    13_700,     // [R] that are freed onto zram: 15.9 us a page of 2,801, less ScanPage and FreePage
	ReadSwapPage:    13_000,     // swap-seq-1.2x traced: faults that read eight pages run for 222 us, those that read one for 84: 20 us a page, less SwapInFault and an access
	SubmitIO:        60_000,     // the same: what is left of the 84 us
	DispatchIO:      45_000,     // balance-swappiness-200 traced: kworker/0:1H runs for 52 us for each of 13,532 requests, the switch to it among them
	CompleteIO:      18_000,     // the same: 20 us for each of 16,323 interrupts with one page, less CompletePage
	CompletePage:    1800,       // the same: 1.8 us a page in interrupts with more than 40
	FreePage:        700,        // [R] that are clean and freed: 2.2 us a page of 762, less ScanPage
	CompactScan:     346,        // compact_memory on 512 MiB that looked at 10,925 frames and moved none: 3.78 ms
	MigratePage:     23_000,     // the same, 12,286 frames and 230 pages moved: 9.62 ms
	OOMKill:         973_000,    // oom-order: from "invoked oom-killer" to "Killed process" in its dmesg

	// An emulated TLB misses and is flushed in other ways than a real one, and what that takes is in the measured costs: a page walk and a flush cost nothing
	// more here. A shootdown does: of 384 MiB written on 256 MiB and two CPUs, kswapd interrupts the process for each page that it writes; that takes itself 39 us
	// a page instead of 19, and the process 37 us a fault instead of 9.
	PageWalk: 0, InvalidatePage: 0, FlushTLB: 0, ShootdownSend: 20_000, ShootdownReceive: 28_000,

	File: oracleFileCosts,

	Devices: map[string]engine.DeviceConfig{
		"ssd":  {Name: "ssd", Latency: 140 * engine.Microsecond, WriteDelay: 35 * engine.Microsecond, BytesPerSec: 500_000_000, IOPS: 50_000, Depth: 128, Burst: 100 * engine.Millisecond, BurstBytesPerSec: 4_800_000_000},
		"disk": {Name: "disk", Latency: 165 * engine.Microsecond, WriteDelay: 35 * engine.Microsecond, BytesPerSec: 120_000_000, IOPS: 400, Depth: 128, Burst: 100 * engine.Millisecond, BurstBytesPerSec: 4_800_000_000},
		"zram": {Name: "zram", Latency: 0, BytesPerSec: 478_000_000, IOPS: 0, Depth: 1},
	},
}

var presets = []*CostTable{&serverCosts, &oracleCosts}

// CostPresetNames are the names that CostPreset knows, the default first.
func CostPresetNames() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.Name
	}
	return names
}

// CostPreset returns a named table of costs; the empty name is the default, "server". The error names the nearest preset.
func CostPreset(name string) (*CostTable, error) {
	if name == "" {
		return presets[0], nil
	}
	for _, p := range presets {
		if p.Name == name {
			return p, nil
		}
	}
	return nil, suggest.Unknown("cost preset", name, CostPresetNames())
}
