package phys

import "mmsim/mm/vmstat"

// KernelUse is what a kernel that has booted holds, in pages.
type KernelUse struct {
	SlabReclaimable, SlabUnreclaimable uint64
	Stacks                             uint64
	PageTables                         uint64
	// Vmalloc is memory taken page by page: kernel stacks of threads are not in it.
	Vmalloc uint64
	// Other is the rest: hash tables, pools for atomic DMA, buffers, driver memory.
	Other uint64
	// Percpu is what /proc/meminfo shows as Percpu: each CPU's first chunk, which is not managed memory, and what was added since.
	Percpu uint64
}

// Total returns the managed pages that the kernel holds.
func (u KernelUse) Total() uint64 {
	return u.SlabReclaimable + u.SlabUnreclaimable + u.Stacks + u.PageTables + u.Vmalloc + u.Other
}

// runningKernel holds the constants of the rule for what a kernel allocates while it boots. They are those of Debian's 6.1 cloud-amd64 and
// 686 with nothing but an init process and the oracle's few drivers, read off the recorded machines; TestKernelUse compares. What grows with memory or CPUs
// does so by the kernel's own rules, except where it says "per".
type runningKernel struct {
	slabReclaimable                            uint64
	slabBase, slabPerCPU, slabPerGiB           uint64
	threads, threadsPerCPU, pagesPerStack      uint64
	pageTables, vmalloc, perGiB, perNode, misc uint64
	pools                                      bool // DMA pools for atomic allocations (dma_atomic_pool_init)
}

var (
	runningX86 = runningKernel{
		slabReclaimable: 2246, slabBase: 1535, slabPerCPU: 127, slabPerGiB: 8, threads: 35, threadsPerCPU: 9, pagesPerStack: 4,
		pageTables: 11, vmalloc: 620, misc: 390, perNode: 500, pools: true,
	}
	running386 = runningKernel{
		slabReclaimable: 1588, slabBase: 860, slabPerCPU: 115, slabPerGiB: 8, threads: 34, threadsPerCPU: 9, pagesPerStack: 2,
		pageTables: 5, vmalloc: 200, misc: 250, perGiB: 40,
	}
)

// lateHashes returns the pages of the hash tables that are made when the allocator is up, in the order in which that happens.
func (l *Layout) lateHashes(cpus int) []uint64 {
	p := l.kernel().hashPtr
	mount := l.largeHash(19, p, 0, 0) * p
	established := l.largeHash(17, p, 0, 512<<10)
	udp := l.largeHash(21, 32, 256, 64<<10) * 32
	out := []uint64{
		mount, mount, // mount and mountpoint cache
		roundUpPow2(256*uint64(cpus)) * 64,            // futex
		l.largeHash(16, 8, 2048, 256<<10) * 8,         // IP idents
		l.largeHash(21, 2*p, 0, 64<<10) * 2 * p,       // tcp_listen_portaddr_hash
		65536 * 4,                                     // table-perturb
		established * p,                               // TCP established
		min(established, 64<<10) * 4 * p,              // TCP bind
		l.largeHash(20, 8+2*p, 0, 64<<10) * (8 + 2*p), // MPTCP token
		udp, udp, // UDP, UDP-Lite
	}
	if len(l.Nodes) > 1 {
		for _, h := range l.earlyHashes() {
			out = append([]uint64{h << pageShift}, out...)
		}
	}
	for i := range out {
		out[i] = (out[i] + 4095) >> pageShift
	}
	return out
}

// TakeKernelUse allocates what the running kernel holds, as its boot does, so that free memory is what a booted machine has; the pages stay
// allocated for good. It returns what it got: on a machine with too little memory, less than the rule says. Node counters of slabs, stacks and page
// tables are set.
func (m *Memory) TakeKernelUse() KernelUse {
	r := &runningX86
	if m.Arch == I386 {
		r = &running386
	}
	cpus, gibs := uint64(m.CPUs()), m.Present()/gib
	b := &booter{m: m}
	var u KernelUse
	for _, h := range m.layout.lateHashes(m.CPUs()) {
		u.Other += b.take(KindKernel, GFPKernel, h, MaxOrder-1)
	}
	if r.pools {
		pool := min(max(roundUpPow2(m.Managed()/8192), 32), maxBlock)
		for _, gfp := range []GFP{GFPKernel, GFPKernel | GFPDma, GFPKernel | GFPDma32} {
			u.Other += b.take(KindKernel, gfp, pool, MaxOrder-1)
		}
	}
	u.Other += b.take(KindKernel, GFPKernel, r.misc+r.perGiB*gibs+r.perNode*uint64(len(m.Nodes)-1), CostlyOrder)
	slab := r.slabBase + r.slabPerCPU*cpus + r.slabPerGiB*gibs
	u.SlabUnreclaimable = b.take(KindSlab, GFPKernel, slab/2, CostlyOrder) + b.take(KindSlab, GFPKernel, slab-slab/2, 0)
	u.SlabReclaimable = b.take(KindSlab, GFPKernel|GFPReclaimable, r.slabReclaimable, 2)
	u.PageTables = b.take(KindPageTable, GFPKernelAccount, r.pageTables, 0)
	u.Stacks = b.take(KindStack, GFPKernelAccount, (r.threads+r.threadsPerCPU*cpus)*r.pagesPerStack, 0)
	u.Vmalloc = b.take(KindVmalloc, GFPKernel|GFPHighmem, r.vmalloc+m.percpuMaps(), 0)
	u.Percpu = cpus * (m.layout.kernel().percpu + 3)
	n := &m.Nodes[b.node].Stat
	n[vmstat.NRSlabReclaimable] += int64(u.SlabReclaimable)
	n[vmstat.NRSlabUnreclaimable] += int64(u.SlabUnreclaimable)
	n[vmstat.NRPageTablePages] += int64(u.PageTables)
	n[vmstat.NRKernelStack] += int64(u.Stacks) * 4
	return u
}

// percpuMaps is the bookkeeping of the second chunk of per-CPU memory: 8 bytes for each 4 bytes of a CPU's unit, which is the CPU's
// share of a huge page on x86-64 (pcpu_alloc_chunk; each node has its own group of units).
func (m *Memory) percpuMaps() uint64 {
	if m.Arch == I386 {
		return 33 * 2
	}
	most := 1
	for _, n := range m.Nodes {
		most = max(most, len(n.CPUs))
	}
	return max(1024/roundUpPow2(uint64(most)), 64*2)
}

// booter allocates for the boot CPU.
type booter struct {
	m    *Memory
	node int
}

// take allocates pages in blocks of up to the given order and returns how many it got.
func (b *booter) take(kind Kind, gfp GFP, pages uint64, order int) uint64 {
	m := b.m
	b.node = m.cpuNode[0]
	var ac AllocContext
	flags := m.Prepare(&ac, gfp, 0, b.node, nil)
	got := uint64(0)
	for got < pages {
		for order > 0 && 1<<order > pages-got {
			order--
		}
		pfn := m.GetPageFromFreelist(&ac, order, flags)
		if pfn == 0 && order == 0 {
			break
		}
		if pfn == 0 {
			order--
			continue
		}
		m.Page(pfn).SetKind(kind)
		got += 1 << order
	}
	return got
}

func roundUpPow2(v uint64) uint64 {
	if v <= 1 {
		return 1
	}
	return roundDownPow2(v-1) << 1
}
