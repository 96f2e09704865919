package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// shrinkFilePage decides about a page of a file that is on a file system with a device, in the order of shrink_folio_list. Only kswapd ever writes
// such pages itself, one by one, and only where it meets nothing but dirty ones.
func (sc *scanControl) shrinkFilePage(pfn phys.PFN, p *phys.Page, cpu int, res *shrinkResult) verdict {
	k := sc.t.k
	if p.Test(phys.FlagMlocked) {
		return activate
	}
	dirty, writeback := p.Test(phys.FlagDirty), p.Test(phys.FlagWriteback)
	if dirty || writeback {
		res.dirty++
		if !writeback {
			res.unqueuedDirty++
		} else if p.Test(phys.FlagReclaim) {
			res.congested++
		}
	}
	if writeback {
		return sc.underWriteback(p, res)
	}
	clean := false
	switch sc.checkFileReferences(pfn, p) {
	case refActivate:
		return activate
	case refKeep:
		return keep
	case refReclaimClean:
		clean = true
	}
	if p.Mapcount > 0 {
		k.owed += k.cost.UnmapPage
		if !k.tryToUnmap(pfn) {
			return activate
		}
		dirty = p.Test(phys.FlagDirty) // an entry may have known of a write
	}
	if dirty {
		st := &k.nodes[k.zoneOf(p).Node.ID]
		if !sc.t.kswapd || !p.Test(phys.FlagReclaim) || !st.dirtyFlag {
			k.zoneOf(p).Node.Stat[vmstat.NRVmscanImmediateReclaim]++
			p.Set(phys.FlagReclaim)
			return activate
		}
		if !clean && sc.gfp&phys.GFPFS != 0 && sc.mayWritepage {
			sc.pageoutFile(pfn, p, cpu, res)
		}
		return keep
	}
	if k.pinned(k.objects.get(p.Mapping), uint64(p.Index)) {
		return activate
	}
	k.owed += k.cost.File.FreePage
	k.evictFilePage(k.objects.get(p.Mapping), pfn, p)
	k.freePage(cpu, pfn)
	return freed
}

// busyFile are the flags of a page of a file that make reclaim look closer. That it was read is none: a clean one goes all the same.
const busyFile = phys.FlagLocked | phys.FlagDirty | phys.FlagWriteback | phys.FlagMlocked | phys.FlagBatched

// evictState are the flags that must be the same for pages to be evicted in one run.
const evictState = busyFile | phys.FlagWorkingset

// evictRun takes the first of some pages, whose row is p, and those behind it that follow it in its file, out of the file, as far as they are clean and nobody
// maps or uses them, and returns how many. They are the caller's to free. alike is how many are alike in that, 0 if it is not known.
func (k *Kernel) evictRun(pages []phys.PFN, alike int, p *phys.Page) int {
	m := k.objects.get(p.Mapping)
	if m == nil || m == &k.vfs.disk.meta.bdev.mapping || p.Mapcount > 0 || p.Test(busyFile) {
		return 0
	}
	count := min(alike, maxRun)
	if count == 0 {
		count = k.alike(pages[:min(len(pages), maxRun)], p)
	}
	if m.buffers {
		for _, pfn := range pages[:count] {
			k.freeBuffers(pfn)
		}
	}
	first, n := p.Index, k.zoneOf(p).Node
	if k.lruGen == nil {
		v := k.lruvecs[n.ID]
		m.tree.EvictRun(uint64(first), uint64(count), packShadow(v.NonresidentAge, n, p), 1<<shadowAgeShift)
		v.NonresidentAge += uint64(count)
		k.Mem.Prefetch(m.tree.Row(uint64(first)+uint64(count), maxRun)) // which are mostly the next on the list
	} else {
		var shadows [maxRun]uint64
		for j, pfn := range pages[:count] {
			shadows[j] = k.lruGenEviction(pfn, k.Mem.Page(pfn))
		}
		m.tree.Evict(uint64(first), shadows[:count])
	}
	k.syncNodes(m)
	n.Stat[vmstat.NRFilePages] -= int64(count)
	return count
}

// alike is how many pages from the first on follow one another in a file, mapped by nobody, with the same zone, kind and flags of evictState. p is the first
// one's row.
func (k *Kernel) alike(pages []phys.PFN, p *phys.Page) int {
	state, mapping, index := p.State(evictState), p.Mapping, p.Index
	for i := 1; i < len(pages); i++ {
		p := k.Mem.Page(pages[i])
		if p.State(evictState) != state || p.Mapping != mapping || p.Index != index+uint32(i) || p.Mapcount > 0 {
			return i
		}
	}
	return len(pages)
}

// evictFilePage takes a clean page out of its file and leaves a shadow (__remove_mapping).
func (k *Kernel) evictFilePage(m *mapping, pfn phys.PFN, p *phys.Page) {
	k.freeBuffers(pfn)
	n := k.zoneOf(p).Node
	m.tree.SetValue(uint64(p.Index), k.shadowOn(n, pfn, p))
	k.syncNodes(m)
	n.Stat[vmstat.NRFilePages]--
}

// pageoutFile starts the write of one dirty page of a file if its block is known; else only the flusher can write it (pageout, ext4_writepage).
func (sc *scanControl) pageoutFile(pfn phys.PFN, p *phys.Page, cpu int, res *shrinkResult) {
	k := sc.t.k
	m := k.objects.get(p.Mapping)
	index := uint64(p.Index)
	res.pageout++
	k.zoneOf(p).Node.Stat[vmstat.NRVmscanWrite]++
	if _, ok := m.host.blocks.At(index); !ok {
		return
	}
	if k.ownedByJournal(m, index) {
		k.skipWrite(cpu, m, pfn)
		return
	}
	k.startWriteback(m, pfn)
	p.Set(phys.FlagReclaim)
	m.host.blocks.Written(index, index+1)
	k.submitWrite(cpu, m, index, 1, nil)
}

// checkFileReferences tells what the use of a file's page since the last look calls for (folio_check_references): one that a process maps and has touched
// gets another round; it becomes active when that was so before, when several mappings were touched, or when it is executed. One that was read by a
// system call once goes if it is clean.
func (sc *scanControl) checkFileReferences(pfn phys.PFN, p *phys.Page) references {
	if p.Mapcount == 0 {
		if p.TestClear(phys.FlagReferenced) {
			return refReclaimClean
		}
		return refReclaim
	}
	n, locked, exec := sc.references(pfn)
	was := p.TestClear(phys.FlagReferenced)
	switch {
	case locked:
		return refActivate
	case n == 0 && was:
		return refReclaimClean
	case n == 0:
		return refReclaim
	}
	p.Set(phys.FlagReferenced)
	if was || n > 1 || exec {
		return refActivate
	}
	return refKeep
}
