package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// faultAroundPages is the window that a read fault maps around the page asked for, as far as the pages are in memory (fault_around_bytes).
const faultAroundPages = 16

// mappingOf is what a VMA maps that is not private anonymous memory.
func (k *Kernel) mappingOf(v *addrspace.VMA) *mapping { return k.objects.get(v.Object.ID) }

// wantsWriteNotify tells whether the file system has to hear of the first write to a page of a shared mapping, so that entries are read-only until
// then (vma_wants_writenotify). Shared memory need not: its pages are never written back to a file.
func (m *mapping) wantsWriteNotify() bool { return m.host.shm == nil }

// objectFault resolves a fault on an entry that is none in a mapping of a file or of shared memory (do_fault). Beyond the end of the file it ends the
// process with SIGBUS.
func (p *Process) objectFault(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64, write bool) faultResult {
	m := p.k.mappingOf(v)
	switch {
	case !write:
		return p.readFault(v, m, l, i, addr)
	case v.Flags&addrspace.VMShared == 0:
		return p.cowFault(v, m, l, i, addr)
	}
	return p.sharedFault(v, m, l, i, addr)
}

// readFault maps the page, and its neighbours that are in memory (do_read_fault).
func (p *Process) readFault(v *addrspace.VMA, m *mapping, l *addrspace.Leaf, i uint, addr uint64) faultResult {
	k := p.k
	if p.faultAround(v, m, l, addr) {
		return faultDone
	}
	pfn, r := p.objectPage(v, m, v.Index(addr))
	if pfn == 0 {
		return r
	}
	if l.PTE[i] == 0 {
		k.mapObjectPage(p.cpu(), v, m, l, i, pfn, false)
	}
	return r
}

// cowFault gives a private mapping a copy of the page (do_cow_fault).
func (p *Process) cowFault(v *addrspace.VMA, m *mapping, l *addrspace.Leaf, i uint, addr uint64) faultResult {
	k := p.k
	k.anons.Prepare(v)
	copied := p.allocPage(gfpCopy)
	if copied == 0 {
		return faultOOM
	}
	pfn, r := p.objectPageOr(v, m, v.Index(addr), copied)
	if pfn == 0 {
		k.Mem.FreePage(p.cpu(), copied)
		return r
	}
	if l.PTE[i] != 0 {
		k.Mem.FreePage(p.cpu(), copied)
		return r
	}
	k.newAnon(p.cpu(), copied, v, addr)
	l.Map(i, uint32(copied), true)
	p.spend(k.cost.COWFault - min(k.cost.COWFault, k.cost.ZeroPageFault)) // finding the page has taken its time
	return r
}

// sharedFault maps the page for writing, once its file system has agreed (do_shared_fault).
func (p *Process) sharedFault(v *addrspace.VMA, m *mapping, l *addrspace.Leaf, i uint, addr uint64) faultResult {
	k := p.k
	index := v.Index(addr)
	pfn, r := p.objectPage(v, m, index)
	if pfn == 0 {
		return r
	}
	if m.wantsWriteNotify() && !p.pageMkwrite(m, index, pfn) {
		return r // the page is gone: the access comes again
	}
	if l.PTE[i] == 0 {
		k.mapObjectPage(p.cpu(), v, m, l, i, pfn, true)
	}
	p.faultDirtyShared(m, pfn)
	return r
}

// sharedWriteProtected makes a page of a shared mapping writable, whose file has not heard of a write since it was last clean (wp_page_shared).
func (p *Process) sharedWriteProtected(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64) faultResult {
	k := p.k
	m := k.mappingOf(v)
	pte := l.PTE[i]
	if m.wantsWriteNotify() && !p.pageMkwrite(m, v.Index(addr), phys.PFN(pte)) {
		return faultDone
	}
	if l.PTE[i] != pte || !addrspace.Test(&l.Present, i) {
		return faultDone
	}
	k.count(vmstat.PgReuse, 1)
	l.Map(i, pte, true)
	p.faultDirtyShared(m, phys.PFN(pte))
	return faultDone
}

// pageMkwrite asks the file system whether a page may be written, which takes a block for a page in a hole (ext4_page_mkwrite). False: the page has
// been cut off. Without a block the process ends with SIGBUS.
func (p *Process) pageMkwrite(m *mapping, index uint64, pfn phys.PFN) bool {
	k := p.k
	p.spend(k.cost.File.MkwriteFault)
	if phys.PFN(m.tree.Page(index)) != pfn || index >= m.host.filePages() {
		return false
	}
	if fs, ok := m.host.fs.(*ext4); ok {
		if !fs.promise(m.host, index) {
			p.bus()
		}
		fs.updateTime(m.host)
		if !p.createBuffers(m, index, pfn) {
			return false
		}
	}
	return true
}

// faultDirtyShared notes a write through a shared mapping, which may hold the process back as one by a system call does (fault_dirty_shared_page).
func (p *Process) faultDirtyShared(m *mapping, pfn phys.PFN) {
	k := p.k
	if !m.wantsWriteNotify() {
		k.Mem.Page(pfn).Set(phys.FlagDirty)
		return
	}
	if phys.PFN(m.tree.Page(uint64(k.Mem.Page(pfn).Index))) != pfn {
		return
	}
	if k.setFileDirty(m.host, pfn) {
		p.accountDirtied(1)
	}
	p.balanceDirtyPagesRatelimited(m.host)
}

// bus ends the process with SIGBUS.
func (p *Process) bus() {
	p.send("SIGBUS", false)
	p.checkSignals()
}

// rssOf is the counter of a page of an object in a resident set (mm_counter_file).
func rssOf(p *phys.Page) int {
	if p.Kind() == phys.KindShmem {
		return addrspace.RSSShmem
	}
	return addrspace.RSSFile
}

// mapObjectPage puts a page of an object in an entry that is none (do_set_pte).
func (k *Kernel) mapObjectPage(cpu int, v *addrspace.VMA, m *mapping, l *addrspace.Leaf, i uint, pfn phys.PFN, write bool) {
	p := k.Mem.Page(pfn)
	k.addFileRmap(v, p)
	const shared = addrspace.VMShared | addrspace.VMWrite
	l.MapShared(i, uint32(pfn), v.Flags&shared == shared && !m.wantsWriteNotify(), write)
	if lockedVMA(v) {
		k.mlockPage(pfn)
	}
}

// faultAround maps the pages of an object that can be used around an address, within one page table and the VMA, and tells whether the one at the
// address was among them (do_fault_around, filemap_map_pages). A page that is being read, or that readahead wants to hear of, is not.
func (p *Process) faultAround(v *addrspace.VMA, m *mapping, l *addrspace.Leaf, addr uint64) bool {
	if v.Attached {
		return false // shm_vm_ops has no map_pages
	}
	k := p.k
	n, hit := k.mapPagesAround(p.cpu(), v, m, l, addr)
	cost := engine.Time(n) * k.cost.FaultAroundPage
	if hit {
		cost += k.cost.ZeroPageFault - k.cost.FaultAroundPage
	}
	p.spend(cost)
	return hit
}

// mapPagesAround is faultAround without the time. It returns the number of pages that it mapped, too.
func (k *Kernel) mapPagesAround(cpu int, v *addrspace.VMA, m *mapping, l *addrspace.Leaf, addr uint64) (mapped int, hit bool) {
	const window = faultAroundPages * addrspace.PageSize
	start := max(addr&^(window-1), v.Start)
	end := min((start>>addrspace.LeafShift+1)<<addrspace.LeafShift, v.End, start+window)
	index, last := v.Index(start), min(v.Index(end-1)+1, m.host.filePages())
	at, wanted := addrspace.Slot(start), addrspace.Slot(addr)
	var miss *uint32
	if f, ok := v.File.(*file); ok {
		miss = &f.ra.mmapMiss
	}
	var run [faultAroundPages]uint32
	for index < last {
		n := m.tree.Run(index, run[:last-index])
		for j, q := range run[:n] {
			pfn, i := phys.PFN(q), at+uint(j)
			if k.Mem.Page(pfn).Test(phys.FlagLocked | phys.FlagReadahead | phys.FlagReclaim) { // PG_reclaim and PG_readahead are one bit
				continue
			}
			if m.host.shm != nil && k.Mem.Private(pfn) != 0 { // fallocate made it, and it holds nothing
				continue
			}
			if miss != nil && *miss > 0 {
				*miss--
			}
			if l.PTE[i] != 0 {
				continue
			}
			k.mapObjectPage(cpu, v, m, l, i, pfn, false)
			mapped++
			hit = hit || i == wanted
		}
		next := index + uint64(n) + 1
		if n == 0 {
			next = nextPage(&m.tree, index, last)
		}
		at += uint(next - index)
		index = next
	}
	return mapped, hit
}

// objectPage is the page of an object at an index, ready to be mapped. Page 0: what to do instead says the result.
func (p *Process) objectPage(v *addrspace.VMA, m *mapping, index uint64) (phys.PFN, faultResult) {
	return p.objectPageOr(v, m, index, 0)
}

// objectPageOr is objectPage for a task that has taken a page already, which is given back if the process ends here.
func (p *Process) objectPageOr(v *addrspace.VMA, m *mapping, index uint64, held phys.PFN) (phys.PFN, faultResult) {
	if index >= m.host.filePages() {
		if held != 0 {
			p.k.Mem.FreePage(p.cpu(), held)
		}
		p.bus()
	}
	var pfn phys.PFN
	var r faultResult
	if o := m.host.shm; o != nil {
		if pfn, r = p.shmemPage(o, index); r == faultSigbus {
			if held != 0 {
				p.k.Mem.FreePage(p.cpu(), held)
			}
			p.bus()
		}
	} else {
		pfn, r = p.filemapFault(v, m, index)
	}
	if pfn != 0 && index >= m.host.filePages() {
		return p.objectPageOr(v, m, index, held) // cut off while it was read
	}
	if pfn != 0 && phys.PFN(m.tree.Page(index)) != pfn {
		return 0, faultRetry // reclaimed or moved meanwhile
	}
	return pfn, r
}

// filemapFault finds the page of a file, reading it and what lies around it if it is not cached (filemap_fault). Where the kernel lets go of the
// address space to wait for the device, or to read ahead, the fault comes again when that is done: the page is 0 then, and the result faultAgain.
func (p *Process) filemapFault(v *addrspace.VMA, m *mapping, index uint64) (phys.PFN, faultResult) {
	k := p.k
	f := v.File.(*file)
	r, dropped := faultDone, false
	pfn := phys.PFN(m.tree.Page(index))
	if pfn == 0 {
		k.count(vmstat.PgMajfault, 1)
		r = faultMajor
		dropped = p.syncMmapReadahead(v, f, m, index)
		pfn = phys.PFN(m.tree.Page(index))
	} else if !p.tried {
		dropped = p.asyncMmapReadahead(v, f, m, pfn)
	}
	p.spend(k.cost.ZeroPageFault)
	if pfn == 0 || phys.PFN(m.tree.Page(index)) != pfn || k.Mem.Page(pfn).Test(phys.FlagLocked) {
		dropped = dropped || !p.tried
		var err Errno
		if pfn, err = p.readPage(m, index, gfpFile); err == ENOMEM {
			return 0, faultOOM
		}
	}
	if dropped {
		return 0, faultAgain
	}
	return pfn, r
}

// Readahead of mappings gives up after so many more faults that had to read than ones that had not, and remembers up to ten times as many
// (MMAP_LOTSAMISS).
const mmapLotsamiss = 100

// syncMmapReadahead reads the pages around one that is missing, and tells whether the address space was let go for that (do_sync_mmap_readahead).
func (p *Process) syncMmapReadahead(v *addrspace.VMA, f *file, m *mapping, index uint64) bool {
	ra := &f.ra
	switch {
	case v.Flags&addrspace.VMRandRead != 0 || ra.pages == 0:
		return false
	case v.Flags&addrspace.VMSeqRead != 0:
		p.pageCacheSyncReadahead(m, f, index, ra.pages)
		return !p.tried
	}
	if ra.mmapMiss < mmapLotsamiss*10 {
		ra.mmapMiss++
	}
	if ra.mmapMiss > mmapLotsamiss {
		return false
	}
	ra.start = index - min(index, ra.pages/2)
	ra.size, ra.asyncSize = ra.pages, ra.pages/4
	p.doReadahead(m, ra.start, ra.size, ra.asyncSize)
	return !p.tried
}

// asyncMmapReadahead goes on reading ahead if the page is marked for that, and tells whether the address space was let go for it
// (do_async_mmap_readahead).
func (p *Process) asyncMmapReadahead(v *addrspace.VMA, f *file, m *mapping, pfn phys.PFN) bool {
	if v.Flags&addrspace.VMRandRead != 0 || f.ra.pages == 0 {
		return false
	}
	if f.ra.mmapMiss > 0 {
		f.ra.mmapMiss--
	}
	page := p.k.Mem.Page(pfn)
	if !page.Test(phys.FlagReadahead | phys.FlagReclaim) {
		return false
	}
	if !page.Test(phys.FlagWriteback) {
		page.Clear(phys.FlagReclaim)
	}
	p.pageCacheAsyncReadahead(m, f, pfn, f.ra.pages)
	return true
}
