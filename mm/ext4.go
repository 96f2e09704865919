package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/extents"
	"mmsim/mm/writeback"
)

// ext4 is the file system of the data disk: files in extents on one device, blocks given out when data is written back (delayed allocation).
type ext4 struct {
	k       *Kernel
	dev     *engine.Device
	bdi     *flusher
	grow    uint64 // bytes of the device beside the room for new files
	next    uint64 // the first block that was never given out
	free    uint64 // blocks given back; which ones does not matter to anything that is modelled
	meta    ext4meta
	super   superBlock
	status  extentStatus
	journal *journal
	held    uint64 // blocks that delayed allocation has promised (s_dirtyclusters_counter)
}

// dataRoom is the room on the data disk beside what the declared files take, in bytes.
const dataRoom = 4 << 30

func newExt4(k *Kernel) *ext4 {
	dev := engine.NewDevice(k.Sim, k.cost.Devices["ssd"])
	fs := &ext4{k: k, dev: dev, bdi: k.newFlusher("254:0", dev), grow: dataRoom, next: 1}
	fs.initMeta()
	fs.super.init(k)
	fs.status.init(k)
	fs.startJournal()
	return fs
}

func (fs *ext4) kernel() *Kernel { return fs.k }

func (fs *ext4) direct() bool { return true }

func (fs *ext4) disk() *ext4 { return fs }

// maxBytes is what 2^32 blocks hold but for the last (ext4_max_size).
func (fs *ext4) maxBytes() uint64 { return 1<<44 - addrspace.PageSize }

func (fs *ext4) newInode() *inode {
	i := &inode{fs: fs, flusher: fs.bdi}
	i.host, i.io.Owner = i, i
	i.tree.Shadows = &fs.k.shadows
	fs.k.objects.add(&i.mapping)
	i.tree.Owner = i.ID
	return i
}

func (fs *ext4) create(*Process) (*inode, Errno) {
	i := fs.newInode()
	i.inCore = true
	return i, 0
}

// room is the number of blocks that can still be given out or promised.
func (fs *ext4) room() uint64 {
	total := fs.grow >> addrspace.PageShift
	return total + fs.free - min(total+fs.free, fs.next+fs.held)
}

// allocate gives the holes of a range of pages blocks, in a row where they are a row in the file (ext4_ext_map_blocks, ext4_mb_new_blocks).
func (fs *ext4) allocate(i *inode, from, end uint64, unwritten bool) {
	for from < end {
		e, ok := i.blocks.At(from)
		n := min(e.Len, end-from)
		if !ok {
			i.blocks.Add(extents.Extent{Start: from, Len: n, Phys: fs.next, Unwritten: unwritten})
			fs.next += n
		}
		from += n
	}
}

func (fs *ext4) read(p *Process, f *file, pos, n uint64) (uint64, Errno) {
	if f.direct {
		return p.directIO(f, pos, n, false)
	}
	return p.filemapRead(f, pos, n)
}

func (fs *ext4) write(p *Process, f *file, pos, n uint64) (uint64, Errno) {
	if f.direct {
		return p.directIO(f, pos, n, true)
	}
	return p.genericPerformWrite(f, pos, n)
}

// truncate sets a file's size: pages and blocks beyond it go; the rest of the last page becomes zeros, for which it is read if need be
// (ext4_setattr, ext4_truncate, ext4_block_truncate_page).
func (fs *ext4) truncate(p *Process, i *inode, size uint64) Errno {
	k := fs.k
	old := i.size
	i.size = size
	fs.updateTime(i)
	fs.dirtyInode(i, true)
	if size > old {
		return 0
	}
	fs.log(sbBlock) // the list of orphans
	if size == 0 {
		i.flushOnClose = true
	}
	k.unmapMappingRange(p.cpu(), &i.mapping, i.filePages(), maxIndex+1, true)
	if off := size & (addrspace.PageSize - 1); off != 0 {
		index := size >> addrspace.PageShift
		if e, ok := i.blocks.At(index); i.tree.Page(index) != 0 || ok && !e.Unwritten {
			pfn, err := p.readPage(&i.mapping, index, gfpFile)
			for err == 0 && !p.createBuffers(&i.mapping, index, pfn) {
				pfn, err = p.readPage(&i.mapping, index, gfpFile)
			}
			if err != 0 {
				return err
			}
			k.setFileDirty(i, pfn)
		}
	}
	p.truncatePages(i, i.filePages())
	fs.status.forget(i, i.filePages(), maxIndex+1)
	fs.freeBlocks(i, i.filePages(), extents.MaxLen)
	return 0
}

// fallocate gives a range blocks that read as zeros (ext4_fallocate).
func (fs *ext4) fallocate(p *Process, i *inode, off, n uint64) Errno {
	from, end := off>>addrspace.PageShift, addrspace.PageAlign(off+n)>>addrspace.PageShift
	need := uint64(0)
	for b := from; b < end; {
		e, ok := i.blocks.At(b)
		l := min(e.Len, end-b)
		if !ok {
			need += l
		}
		b += l
	}
	if need > fs.room() {
		return ENOSPC
	}
	first := fs.next
	fs.allocate(i, from, end, true)
	fs.knowMapped(i, from, end)
	fs.logAllocation(&p.task, i, first)
	i.size = max(i.size, off+n)
	return 0
}

// released notes that an open file was closed: what was written to a file that had been cut to nothing is sent at once, so that whoever replaces a file's
// content that way finds the old or the new one after a crash (ext4_release_file, ext4_alloc_da_blocks; mount option auto_da_alloc, the default).
func (fs *ext4) released(p *Process, i *inode) {
	if !i.flushOnClose {
		return
	}
	i.flushOnClose = false
	if i.delayed.Blocks() > 0 {
		p.startWrite(i, 0, maxIndex+1, false)
	}
}

func (fs *ext4) fsync(p *Process, i *inode, data bool) Errno {
	p.writeAndWait(i, 0, maxIndex+1)
	tid := i.syncTID
	if data {
		tid = i.datasyncTID
	}
	if !fs.journal.complete(&p.task, tid) {
		fs.flushDevice(&p.task)
	}
	return 0
}

func (fs *ext4) fadvise(p *Process, f *file, off, n uint64, advice Fadvice) Errno {
	return p.genericFadvise(f, off, n, advice)
}

// evict frees what a file without a name and without users has (ext4_evict_inode). While pages of it are on their way to or from the device it
// stays; the last of them takes it along.
func (fs *ext4) evict(cpu int, i *inode) {
	k := fs.k
	i.evicting = true
	k.dropPages(cpu, i, 0)
	if i.tree.Pages() > 0 {
		return
	}
	i.dropShadows(0)
	k.syncNodes(&i.mapping)
	i.io.State = writeback.Freeing
	fs.bdi.lists.Remove(&i.io)
	fs.held -= i.delayed.Truncate(0)
	fs.status.drop(i)
	fs.freeBlocks(i, 0, extents.MaxLen)
	fs.freeInode(i)
	k.objects.remove(&i.mapping)
	k.destroyInode(cpu, i)
	i.evicting = false
}
