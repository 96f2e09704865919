package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/vmstat"
)

// bootState is what a machine holds from its boot on, before the first declared process: the kernel's own memory, the page cache and the memory of boot
// processes. /proc tells how much there is of each kind in each zone, not which frame is what, so that is chosen.
type bootState struct {
	steady    procfs.Meminfo     // rows of /proc/meminfo that nothing on the simulated machine changes
	spaces    []*addrspace.Space // of the boot processes: who they are, /proc does not tell
	committed int64              // pages charged to boot processes, and not adopted by declared ones yet
	stacks    []phys.PFN         // kernel stacks; those of the waiting declared processes are among them
	tables    []phys.PFN         // page tables
	buffers   []phys.PFN         // pages of the data disk that its file system holds
	adopted   uint64             // of these, those that are blocks that we know

	sharedPages  []phys.PFN // pages of shared memory that are locked for good, and nobody's yet
	programPages []phys.PFN // unevictable pages of files that are nobody's yet, locked ones first
	program      *file      // the recorder; nil until a process maps it, as what its processes share
	shared       *shmem
}

// inUse is the frames of a zone that were in use when it was recorded and have no kind yet.
type inUse struct {
	z              *phys.Zone
	rec            *procfs.ZoneinfoZone
	movable, other []phys.PFN // in MOVABLE pageblocks, in others
}

// user takes a frame for user memory: from a MOVABLE pageblock if there is one left, and of these the lowest, since the first that a boot has to give away are the
// small blocks between the parts of the kernel's image. 0: none is left.
func (u *inUse) user() phys.PFN {
	if len(u.movable) > 0 {
		pfn := u.movable[0]
		u.movable = u.movable[1:]
		return pfn
	}
	return takeLast(&u.other)
}

// kernel takes a frame for the kernel.
func (u *inUse) kernel() phys.PFN { return takeLast(&u.other, &u.movable) }

func takeLast(pools ...*[]phys.PFN) phys.PFN {
	for _, p := range pools {
		if n := len(*p); n > 0 {
			pfn := (*p)[n-1]
			*p = (*p)[:n-1]
			return pfn
		}
	}
	return 0
}

// restorer gives the frames of a recorded machine their uses.
type restorer struct {
	k     *Kernel
	s     *procfs.Snapshot
	zones []inUse
	users userland
	// By node: user pages that have no frame yet.
	anon, file, shmem []int64
	held              uint64 // pages of block devices whose buffers a file system holds, still to be placed
}

// restore makes the state that the recorded files tell: the kernel's pages by kind, user pages on their lists, and counters.
func (k *Kernel) restore(s *procfs.Snapshot) *userland {
	n := len(k.Mem.Nodes)
	r := &restorer{k: k, s: s, users: userland{k: k}, anon: make([]int64, n), file: make([]int64, n), shmem: make([]int64, n)}
	r.held = min(s.Meminfo.Buffers/4, heldBuffers)
	r.collect()
	r.counters()
	r.stacksAndTables()
	r.lists()
	r.unevictable()
	r.batched()
	r.slabsAndAreas()
	k.boot.committed = int64(s.Meminfo.CommittedAS) / 4
	k.committed = k.boot.committed
	k.boot.keep(s.Meminfo)
	return &r.users
}

// keep takes over the rows of a recorded meminfo that do not change.
func (b *bootState) keep(m *procfs.Meminfo) {
	b.steady = procfs.Meminfo{
		Buffers: m.Buffers, Zswap: m.Zswap, Zswapped: m.Zswapped, SecPageTables: m.SecPageTables, Bounce: m.Bounce, VmallocTotal: m.VmallocTotal,
		VmallocUsed: m.VmallocUsed, Percpu: m.Percpu, HardwareCorrupted: m.HardwareCorrupted, HugePagesTotal: m.HugePagesTotal,
		HugePagesFree: m.HugePagesFree, HugePagesRsvd: m.HugePagesRsvd, HugePagesSurp: m.HugePagesSurp, Hugepagesize: m.Hugepagesize,
		Hugetlb: m.Hugetlb, DirectMap4k: m.DirectMap4k, DirectMap2M: m.DirectMap2M, DirectMap4M: m.DirectMap4M, DirectMap1G: m.DirectMap1G,
	}
}

// collect lists the frames in use of every populated zone.
func (r *restorer) collect() {
	for i := range r.s.Zoneinfo.Zones {
		rec := &r.s.Zoneinfo.Zones[i]
		for _, z := range r.k.Mem.Nodes[rec.Node].Zones {
			if z.Name() != rec.Zone || !z.Populated() {
				continue
			}
			u := inUse{z: z, rec: rec}
			z.EachInUse(func(pfn phys.PFN) bool {
				if r.k.Mem.BlockType(pfn) == phys.MigrateMovable {
					u.movable = append(u.movable, pfn)
				} else {
					u.other = append(u.other, pfn)
				}
				return true
			})
			r.zones = append(r.zones, u)
		}
	}
}

// counters sets the counters of zones and nodes, but for those that count what is placed afterwards.
func (r *restorer) counters() {
	placed := func(i vmstat.NodeItem) bool {
		return i <= vmstat.NRUnevictable || i == vmstat.NRAnonPages || i == vmstat.NRSwapcached || i == vmstat.NRIsolatedAnon ||
			i == vmstat.NRIsolatedFile
	}
	for i := range r.zones {
		u := &r.zones[i]
		u.z.NumaStat = u.rec.Numa
		for item, n := range u.rec.Stat {
			switch i := vmstat.ZoneItem(item); i {
			case vmstat.NRFreePages, vmstat.NRFreeCma, vmstat.NRZoneInactiveAnon, vmstat.NRZoneActiveAnon, vmstat.NRZoneInactiveFile,
				vmstat.NRZoneActiveFile, vmstat.NRZoneUnevictable, vmstat.NRZoneWritePending:
			default:
				u.z.Stat[i] = n
			}
		}
		if u.rec.NodeStats == nil {
			continue
		}
		n := u.z.Node
		rec := &u.rec.NodeStats.Stat
		for item, v := range rec {
			if i := vmstat.NodeItem(item); !placed(i) {
				n.Stat[i] = v
			}
		}
		// Dirty pages are written by then; pages of the swap cache are anonymous pages without a slot.
		n.Stat[vmstat.NRDirty], n.Stat[vmstat.NRWriteback] = 0, 0
		n.Stat[vmstat.NRFilePages] -= rec[vmstat.NRSwapcached]
		r.anon[n.ID] = rec[vmstat.NRAnonPages]
		r.shmem[n.ID] = min(rec[vmstat.NRShmem], n.Stat[vmstat.NRFilePages])
		r.file[n.ID] = n.Stat[vmstat.NRFilePages] - r.shmem[n.ID]
	}
}

// stacksAndTables says which frames are kernel stacks and page tables.
func (r *restorer) stacksAndTables() {
	b := &r.k.boot
	for _, n := range r.k.Mem.Nodes {
		b.stacks = append(b.stacks, r.take(n, phys.KindStack, n.Stat[vmstat.NRKernelStack]/4)...)
		b.tables = append(b.tables, r.take(n, phys.KindPageTable, n.Stat[vmstat.NRPageTablePages])...)
	}
}

// slabsAndAreas says which frames are slabs and which belong to vmalloc areas. Nothing depends on it but what a page is called.
func (r *restorer) slabsAndAreas() {
	areas := make([]int64, len(r.k.Mem.Nodes))
	if f := r.s.Vmallocinfo; f != nil {
		for _, a := range f.Areas {
			for _, n := range a.Nodes {
				if n.Node < len(areas) && a.Flags&procfs.VmallocVmalloc != 0 {
					areas[n.Node] += int64(min(n.Pages, 1<<32))
				}
			}
		}
	}
	for id, n := range r.k.Mem.Nodes {
		r.take(n, phys.KindSlab, n.Stat[vmstat.NRSlabReclaimable]+n.Stat[vmstat.NRSlabUnreclaimable])
		stacks := int64(0)
		if r.k.Mem.Arch == phys.X86_64 { // stacks are such areas, too (VMAP_STACK)
			stacks = n.Stat[vmstat.NRKernelStack] / 4
		}
		r.take(n, phys.KindVmalloc, areas[id]-stacks)
	}
}

// take gives frames of a node a kind of the kernel's, from the zones that such requests prefer.
func (r *restorer) take(n *phys.Node, kind phys.Kind, pages int64) []phys.PFN {
	var out []phys.PFN
	for i := len(r.zones) - 1; i >= 0; i-- {
		u := &r.zones[i]
		if u.z.Node != n || u.z.IsHighmem() {
			continue
		}
		for int64(len(out)) < pages {
			pfn := u.kernel()
			if pfn == 0 {
				break
			}
			r.k.Mem.Page(pfn).SetKind(kind)
			out = append(out, pfn)
		}
	}
	return out
}

// lists fills the lists that reclaim looks at. An anonymous list has anonymous pages first and then shared memory.
func (r *restorer) lists() {
	for i := range r.zones {
		u := &r.zones[i]
		id := u.z.Node.ID
		for l := lru.InactiveAnon; l <= lru.ActiveFile; l++ {
			flags := phys.Flag(0)
			if l.IsActive() {
				flags = phys.FlagActive
			}
			for range u.rec.Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)] {
				pfn := phys.PFN(0)
				switch {
				case l.IsFile() && r.file[id] > 0:
					pfn = r.cachePage(u, phys.KindFile, flags)
				case !l.IsFile() && r.anon[id] > 0:
					pfn = r.anonPage(u, flags)
				case !l.IsFile() && r.shmem[id] > 0:
					pfn = r.cachePage(u, phys.KindShmem, flags|phys.FlagSwapbacked)
				}
				if pfn == 0 {
					break
				}
				r.k.lruvecs[id].Add(pfn)
			}
		}
	}
}

// unevictable places the pages that are locked in memory and those of file systems that are memory.
func (r *restorer) unevictable() {
	// What the recorder's first process has locked, of the program and of what is shared, is locked however many others map it.
	text, shared := r.k.recorder().locked()
	for i := range r.zones {
		u := &r.zones[i]
		id := u.z.Node.ID
		locked := u.rec.Stat[vmstat.NRMlock]
		for n := range u.rec.Stat[vmstat.NRZoneUnevictable] {
			flags := phys.FlagUnevictable
			if n < locked {
				flags |= phys.FlagMlocked
			}
			pfn := phys.PFN(0)
			switch {
			case n < locked && shared > 0 && r.shmem[id] > 0:
				pfn = r.cachePage(u, phys.KindShmem, flags|phys.FlagSwapbacked)
				r.k.boot.sharedPages = append(r.k.boot.sharedPages, pfn)
				shared--
			case n < locked && text > 0 && r.file[id] > 0:
				pfn = r.programPage(u, flags)
				text--
			case r.anon[id] > 0 && (n < locked || r.file[id] == 0):
				pfn = r.anonPage(u, flags)
			case r.file[id] > 0:
				pfn = r.programPage(u, flags)
			case r.shmem[id] > 0:
				pfn = r.cachePage(u, phys.KindShmem, flags|phys.FlagSwapbacked)
			}
			if pfn == 0 {
				break
			}
			r.k.lruvecs[id].Add(pfn)
		}
	}
}

// programPage makes a frame a page of a file that is in memory for good.
func (r *restorer) programPage(u *inUse, flags phys.Flag) phys.PFN {
	pfn := r.cachePage(u, phys.KindFile, flags)
	if pfn != 0 {
		r.k.boot.programPages = append(r.k.boot.programPages, pfn)
	}
	return pfn
}

// batched places the user pages that are on no list: they wait in the batches of their node's CPUs to be added to one.
func (r *restorer) batched() {
	k := r.k
	for i := range r.zones {
		u := &r.zones[i]
		id := u.z.Node.ID
		next := 0
		for r.anon[id]+r.file[id]+r.shmem[id] > 0 {
			pfn := phys.PFN(0)
			switch {
			case r.anon[id] > 0:
				pfn = r.anonPage(u, 0)
			case r.file[id] > 0:
				pfn = r.cachePage(u, phys.KindFile, 0)
			default:
				pfn = r.cachePage(u, phys.KindShmem, phys.FlagSwapbacked)
			}
			if pfn == 0 {
				break
			}
			cpu := 0
			if cpus := u.z.Node.CPUs; len(cpus) > 0 {
				cpu = cpus[next%len(cpus)]
			}
			if next < (lru.BatchSize-1)*max(len(u.z.Node.CPUs), 1) {
				k.lruAdd(cpu, pfn)
			} else {
				k.lruvecs[id].Add(pfn)
			}
			next++
		}
	}
	// What found no frame is not there.
	for id, n := range k.Mem.Nodes {
		if missing := r.file[id] + r.shmem[id]; missing > 0 {
			n.Stat[vmstat.NRFilePages] -= missing
			n.Stat[vmstat.NRShmem] -= r.shmem[id]
			n.Stat[vmstat.NRMapped] = min(n.Stat[vmstat.NRMapped], n.Stat[vmstat.NRFilePages])
		}
	}
}

// anonPage makes a frame an anonymous page of a boot process.
func (r *restorer) anonPage(u *inUse, flags phys.Flag) phys.PFN {
	pfn := u.user()
	if pfn != 0 {
		r.anon[u.z.Node.ID]--
		r.users.mapPage(pfn, flags)
	}
	return pfn
}

// cachePage makes a frame a page of a file or of shared memory.
func (r *restorer) cachePage(u *inUse, kind phys.Kind, flags phys.Flag) phys.PFN {
	pfn := u.user()
	if pfn == 0 {
		return 0
	}
	if id := u.z.Node.ID; kind == phys.KindFile {
		r.file[id]--
	} else {
		r.shmem[id]--
	}
	p := r.k.Mem.Page(pfn)
	p.SetKind(kind)
	p.SetFlags(flags)
	if kind == phys.KindFile && r.held > 0 && flags&phys.FlagUnevictable == 0 {
		r.held--
		r.k.Mem.SetPrivate(pfn, recordedBuffers)
		r.k.boot.buffers = append(r.k.boot.buffers, pfn)
	}
	return pfn
}
