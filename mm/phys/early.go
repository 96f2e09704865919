package phys

// earlyUse holds the constants of the rule for what the kernel has taken from the allocator when it sets vm.user_reserve_kbytes
// (subsys_initcall). Only sums can be read off the recorded machines: the reserve, times 32, is what was free then, to within 8 pages. What is free
// does not count pages on per-CPU lists, so the sums have a part that goes with the size of the lists. TestEarlyFree compares.
type earlyUse struct {
	base    uint64
	perCPU  uint64 // each CPU but the first
	perNode uint64 // each node but the first
	highmem uint64 // a machine with high memory
	normal  uint64 // less with memory above 4 GiB: boot takes first from one zone's lists and later from another's
	blocks  bool   // one page for each memory block in sysfs (memory_dev_init)
}

var (
	earlyX86 = earlyUse{base: 1310, perCPU: 36, perNode: 105, normal: 27, blocks: true}
	early386 = earlyUse{base: 489, highmem: 214}
)

// earlyLists[i] is what the lists of a machine with one CPU hold then, in pages, where the largest zone's batch is 1<<i - 1.
var earlyLists = [...]uint64{3, 5, 10, 25, 50, 85, 101}

// earlyListShare is the part of their high marks that lists hold on a machine with several CPUs, in percent.
const earlyListShare = 29

// PagesAtForkInit is how many pages the zones manage when the kernel computes how many threads there may be (fork_init): all but what the initial RAM
// disk and init memory give back later.
func (m *Memory) PagesAtForkInit() uint64 {
	n := uint64(m.Managed())
	for _, f := range m.lateFrees() {
		n -= min(f.pages, n)
	}
	return n
}

// EarlyFree returns the free pages of all zones at the moment of boot when the kernel computes vm.user_reserve_kbytes and
// vm.admin_reserve_kbytes from them (init_user_reserve, init_admin_reserve): the initial RAM disk and init memory are not free yet, and most hash tables
// of the network not made. modules are pages that the RAM disk has beyond those of the recorded machine with the fewest
// devices. It must be called before anything changes vm.lowmem_reserve_ratio or the like, because it computes the marks of that moment.
func (m *Memory) EarlyFree(modules uint64) uint64 {
	e, r := &earlyX86, &runningX86
	if m.Arch == I386 {
		e, r = &early386, &running386
	}
	cpus, used := uint64(m.CPUs()), modules+e.base
	for _, f := range m.lateFrees() {
		used += f.pages
	}
	hashes := m.layout.lateHashes(m.CPUs())
	n := 3 // mount, mountpoint and futex tables
	if len(m.Nodes) > 1 {
		n += len(m.layout.earlyHashes())
	}
	for _, h := range hashes[:n] {
		used += h
	}
	if r.pools {
		used += 3 * m.dmaPool()
	}
	if e.blocks {
		for _, z := range m.ranges {
			used += (z.end - z.start) >> sectionShift
		}
	}
	batch := 0
	for _, z := range m.zones {
		if z.Populated() {
			batch = max(batch, z.pcp[0].Batch)
		}
		if z.Populated() && z.Type == ZoneHighMem {
			used += e.highmem
		}
	}
	used += earlyLists[min(log2(uint64(batch)+1), len(earlyLists)-1)]
	used += e.perCPU*(cpus-1) + e.perNode*uint64(len(m.Nodes)-1)
	if cpus > 1 {
		used += m.earlyHighs() * earlyListShare / 100
	}
	if z := m.Nodes[0].Zone(ZoneNormal); m.Arch == X86_64 && z.Populated() {
		used -= e.normal
	}
	return m.Managed() - min(m.Managed(), used)
}

// earlyHighs adds up the high marks of all lists as they are before khugepaged raises min_free_kbytes.
func (m *Memory) earlyHighs() uint64 {
	m.calculateMinFree()
	m.setupWatermarks()
	sum := uint64(0)
	for _, z := range m.zones {
		for i := range z.pcp {
			sum += uint64(z.pcp[i].High)
		}
	}
	for _, z := range m.zones {
		z.Watermark = [NrWmark]uint64{}
	}
	m.initWatermarks(m.afterInitcalls())
	return sum
}

// dmaPool is the size of one of the pools for atomic DMA, in pages (dma_atomic_pool_init).
func (m *Memory) dmaPool() uint64 { return min(max(roundUpPow2(m.Managed()/8192), 32), maxBlock) }

func log2(v uint64) int {
	n := 0
	for v > 1 {
		v >>= 1
		n++
	}
	return n
}
