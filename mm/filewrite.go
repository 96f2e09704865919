package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/extents"
	"mmsim/mm/phys"
)

// gfpWrite is what a page that is about to be written is allocated with (FGP_WRITE).
const gfpWrite = gfpFile | phys.GFPWrite

// genericPerformWrite writes to the page cache, page by page (ext4_buffered_write_iter, generic_perform_write). A page that is not written whole and
// has content is read first. ENOSPC: no block can be promised; ENOMEM; EINTR: the task was killed.
func (p *Process) genericPerformWrite(f *file, pos, n uint64) (uint64, Errno) {
	k, i := p.k, f.inode
	m := &i.mapping
	fs := i.fs.(*ext4)
	fs.updateTime(i)
	start, end := pos, pos+n
	for pos < end {
		index := pos >> addrspace.PageShift
		stop := min((index+1)<<addrspace.PageShift, end)
		cost := k.cost.File.RewritePage
		if m.tree.Page(index) == 0 {
			cost = k.cost.File.WritePage
		}
		pfn, err := p.writeBegin(i, index, pos, stop)
		if err != 0 {
			if pos > start {
				break
			}
			return 0, err
		}
		p.spend(cost)
		if phys.PFN(m.tree.Page(index)) != pfn {
			continue // it was cut off meanwhile
		}
		if k.setFileDirty(i, pfn) {
			p.accountDirtied(1)
		}
		if pos = stop; pos > i.size {
			i.size = pos
			fs.dirtyInode(i, true)
		}
		p.balanceDirtyPagesRatelimited(i)
		if p.fatalSignal() {
			break
		}
	}
	return pos - start, 0
}

// writeBegin finds or makes the page for a write of [pos, stop), with its block promised (ext4_da_write_begin). A page that is being written can be
// changed meanwhile: the device does not need it stable.
func (p *Process) writeBegin(i *inode, index, pos, stop uint64) (phys.PFN, Errno) {
	k, m := p.k, &i.mapping
	fs := i.fs.(*ext4)
	for {
		pfn := phys.PFN(m.tree.Page(index))
		if pfn == 0 {
			fs.readExtents(&p.task, i, index, index+1)
			e, there := i.blocks.At(index)
			whole := pos&(addrspace.PageSize-1) == 0 && (stop&(addrspace.PageSize-1) == 0 || stop >= i.size)
			if there && !e.Unwritten && !whole && index < i.filePages() {
				if _, err := p.readPage(m, index, gfpWrite); err != 0 {
					return 0, err
				}
				continue
			}
			if !fs.promise(i, index) {
				return 0, ENOSPC
			}
			pfn = p.allocPage(gfpWrite)
			if pfn == 0 || m.tree.Page(index) != 0 {
				fs.forget(i, index)
				if pfn == 0 {
					return 0, ENOMEM
				}
				k.Mem.FreePage(p.cpu(), pfn)
				continue
			}
			p.addToPageCache(m, index, pfn, gfpWrite, 0)
		} else if k.Mem.Page(pfn).Test(phys.FlagLocked) {
			p.waitPage(pfn)
			if p.fatalSignal() {
				return 0, EINTR
			}
			continue
		}
		if k.Mem.Private(pfn) == 0 && !p.createBuffers(m, index, pfn) {
			continue
		}
		return pfn, 0
	}
}

// promise sets a block aside for a page that has none, to be chosen when it is written (ext4_da_reserve_space). False: the device is full. Which pages
// have one, the file's set of delayed extents tells.
func (fs *ext4) promise(i *inode, index uint64) bool {
	if _, ok := i.blocks.At(index); ok {
		return true
	}
	if _, ok := i.delayed.At(index); ok {
		return true
	}
	if fs.room() == 0 {
		return false
	}
	fs.held++
	i.delayed.Add(extents.Extent{Start: index, Len: 1, Phys: index})
	fs.status.know(i, index, 1, 0, extents.Delayed)
	return true
}

// forget takes a promise back if the page is not dirty after all.
func (fs *ext4) forget(i *inode, index uint64) {
	if i.tree.Page(index) != 0 {
		return
	}
	if n := i.delayed.Remove(index, index+1); n > 0 {
		fs.held -= n
		fs.status.know(i, index, 1, 0, extents.Hole)
	}
}

// allocateDelayed gives pages that are about to be written their blocks.
func (fs *ext4) allocateDelayed(t *task, i *inode, from, end uint64) {
	fs.held -= i.delayed.Remove(from, end)
	first := fs.next
	fs.allocate(i, from, end, false)
	i.blocks.Written(from, end)
	fs.knowMapped(i, from, end)
	fs.logAllocation(t, i, first)
}
