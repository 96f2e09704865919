package mm

import (
	"mmsim/mm/addrspace"
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
	k.owed += k.cost.FreePage
	k.removeFromPageCache(pfn, k.evictionShadow(pfn, p))
	k.freePage(cpu, pfn)
	return freed
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
	k.startWriteback(m, pfn)
	p.Set(phys.FlagReclaim)
	m.host.blocks.Written(index, index+1)
	k.submitIO(cpu, m, index, 1, true)
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
	n, locked, exec := sc.referencedExec(pfn)
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

// referencedExec is referenced, and tells besides whether a mapping through which the page was accessed is executable.
func (sc *scanControl) referencedExec(pfn phys.PFN) (n int, locked, exec bool) {
	k := sc.t.k
	p := k.Mem.Page(pfn)
	for _, v := range k.mappers(p) {
		l, i := k.mappedAt(v, pfn, p.Index)
		if l != nil && addrspace.Test(&l.Accessed, i) && v.Flags&(addrspace.VMExec|addrspace.VMSeqRead) == addrspace.VMExec {
			exec = true
			break
		}
	}
	n, locked = sc.references(pfn)
	return n, locked, exec
}
