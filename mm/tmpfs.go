package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// A tmpfs is a file system in memory (mm/shmem.c): its files' pages are page cache that is swapped like anonymous memory and lost with the file. The one
// that is mounted nowhere has what has no name: memory that processes share, System V segments and memfd files.
type tmpfs struct {
	k     *Kernel
	minor uint64 // of its device number, whose major is 0
	limit int64  // pages that its files may have (size=); 0: no limit
	used  int64  // and have
	ino   uint64 // the inode number given last; the root has 1
}

// Device numbers of the file systems in memory, as on the recorded machines.
const (
	minorInternal = 0x01
	minorRoot     = 0x02
	minorDevShm   = 0x15
	minorTmp      = 0x16
)

// initTmpfs mounts the file systems in memory: /dev/shm and /tmp with as many pages as the machine has (size=100%), as the recorded machines had
// them.
func (k *Kernel) initTmpfs() {
	k.shmMount = &tmpfs{k: k, minor: minorInternal, ino: 1}
	for _, m := range []struct {
		prefix string
		minor  uint64
	}{{"/dev/shm/", minorDevShm}, {"/tmp/", minorTmp}} {
		k.vfs.mounts = append(k.vfs.mounts, mount{m.prefix, &tmpfs{k: k, minor: m.minor, limit: k.totalRAM(), ino: 1}})
	}
}

func (fs *tmpfs) kernel() *Kernel  { return fs.k }
func (fs *tmpfs) direct() bool     { return false }
func (fs *tmpfs) maxBytes() uint64 { return (maxIndex + 1) << addrspace.PageShift }

// newShmem makes an empty inode (shmem_get_inode).
func (fs *tmpfs) newShmem() *shmem {
	o := &shmem{}
	o.fs, o.host, o.shm = fs, &o.inode, o
	fs.k.objects.add(&o.mapping)
	fs.ino++
	o.ino = fs.ino
	return o
}

func (fs *tmpfs) create(*Process) (*inode, Errno) { return &fs.newShmem().inode, 0 }

// acctBlock charges a page that a file is about to get: to Committed_AS, unless all of it was charged when it was made, and to the file system
// (shmem_inode_acct_block). ENOSPC: either is full.
func (p *Process) acctBlock(o *shmem) Errno {
	fs := o.tmpfs()
	if !o.reserve && !p.charge(1) {
		return ENOSPC
	}
	if fs.limit > 0 && fs.used+1 > fs.limit {
		if !o.reserve {
			p.k.acct(p.cpu(), -1)
		}
		return ENOSPC
	}
	fs.used++
	return 0
}

// unacctBlocks gives back what acctBlock charged (shmem_inode_unacct_blocks).
func (k *Kernel) unacctBlocks(cpu int, o *shmem, pages int64) {
	o.tmpfs().used -= pages
	if !o.reserve {
		k.acct(cpu, -pages)
	}
}

// recalcInode uncharges pages that are gone without that their file was told: clean ones that reclaim or drop_caches took (shmem_recalc_inode).
func (k *Kernel) recalcInode(cpu int, o *shmem) {
	if freed := o.alloced - o.swapped - o.resident; freed > 0 {
		o.alloced -= freed
		k.unacctBlocks(cpu, o, freed)
	}
}

// read copies from a file; a hole reads as zeros and stays one (shmem_file_read_iter).
func (fs *tmpfs) read(p *Process, f *file, pos, n uint64) (uint64, Errno) {
	k, o := p.k, f.inode.shm
	start, end := pos, pos+n
	for pos < end && pos < o.size {
		pfn, _, err := p.shmemGetPage(o, pos>>addrspace.PageShift, sgpRead, false)
		if err != 0 {
			if err == EINVAL || pos > start {
				break
			}
			return 0, err
		}
		if pfn != 0 && pos&(addrspace.PageSize-1) == 0 {
			k.markAccessed(p.cpu(), pfn)
		}
		pos = min(pos&^(addrspace.PageSize-1)+addrspace.PageSize, end, o.size)
		p.owes += k.cost.File.TmpfsPage
		p.pay()
	}
	return pos - start, 0
}

// write copies to a file, whose pages are dirty and written nowhere (generic_perform_write, shmem_write_begin, shmem_write_end).
func (fs *tmpfs) write(p *Process, f *file, pos, n uint64) (uint64, Errno) {
	k, o := p.k, f.inode.shm
	start, end := pos, pos+n
	for pos < end && !p.fatalSignal() {
		index := pos >> addrspace.PageShift
		pfn, _, err := p.shmemGetPage(o, index, sgpWrite, false)
		if err != 0 {
			if pos > start {
				break
			}
			return 0, err
		}
		pos = min((index+1)<<addrspace.PageShift, end)
		o.size = max(o.size, pos)
		k.Mem.SetPrivate(pfn, 0)
		k.Mem.Page(pfn).Set(phys.FlagDirty)
		p.owes += k.cost.File.TmpfsPage
		p.pay()
	}
	return pos - start, 0
}

// truncate sets a file's size. What lies beyond is unmapped, private copies included, and freed (shmem_setattr).
func (fs *tmpfs) truncate(p *Process, i *inode, size uint64) Errno {
	k, o := p.k, i.shm
	old := o.size
	o.size = size
	if size > old {
		return 0
	}
	from := addrspace.PageAlign(size) >> addrspace.PageShift
	if from < addrspace.PageAlign(old)>>addrspace.PageShift {
		n := k.unmapMappingRange(p.cpu(), &o.mapping, from, maxIndex+1, true)
		p.spend(engine.Time(n) * k.cost.UnmapPage)
	}
	if o.alloced > 0 {
		n := k.shmemTruncate(p.cpu(), o, from, maxIndex+1)
		p.spend(engine.Time(n) * k.cost.UnmapPage)
		if size&(addrspace.PageSize-1) != 0 { // the end of the last page is cleared, for which it is brought back from swap
			if pfn, _, err := p.shmemGetPage(o, size>>addrspace.PageShift, sgpRead, false); err == 0 && pfn != 0 {
				k.Mem.Page(pfn).Set(phys.FlagDirty)
			}
			p.pay()
		}
	}
	return 0
}

// shmemTruncate frees the pages and swap slots of [from, end), which nobody maps, and returns their number (shmem_undo_range).
func (k *Kernel) shmemTruncate(cpu int, o *shmem, from, end uint64) (n int) {
	for index, ok := o.tree.NextEntry(from, end); ok; index, ok = o.tree.NextEntry(index+1, end) {
		n++
		e, swapped := o.at(index)
		o.tree.Delete(index)
		if swapped {
			o.swapped--
			k.putSwap(cpu, swap.Entry(e))
			continue
		}
		pfn := phys.PFN(e)
		if k.Mem.Page(pfn).Mapcount > 0 {
			k.unmapObjectPage(cpu, pfn)
		}
		k.Mem.SetPrivate(pfn, 0)
		k.forgetShmemPage(o, pfn)
		k.lruForget(pfn)
		k.freePage(cpu, pfn)
	}
	k.syncNodes(&o.mapping)
	k.recalcInode(cpu, o)
	return n
}

// fallocate gives a range its pages, which hold nothing yet; what it has made is undone when it fails (shmem_fallocate). ENOSPC; ENOMEM: reclaim
// wants the pages back faster than they are made; EINTR: the task was killed.
func (fs *tmpfs) fallocate(p *Process, i *inode, off, n uint64) Errno {
	k, o := p.k, i.shm
	start, end := off>>addrspace.PageShift, addrspace.PageAlign(off+n)>>addrspace.PageShift
	if fs.limit > 0 && end-start > uint64(fs.limit) {
		return ENOSPC
	}
	for o.falloc != nil { // another process holds the inode's lock
		p.proc.Wait(&o.falloc.done)
	}
	fa := &shmemFalloc{start: start, next: start}
	o.falloc = fa
	defer func() {
		o.falloc = nil
		fa.done.Broadcast()
	}()
	for index := start; index < end; index++ {
		err := Errno(0)
		var pfn phys.PFN
		switch {
		case p.fatalSignal():
			err = EINTR
		case fa.unswapped > fa.falloced:
			err = ENOMEM
		default:
			pfn, _, err = p.shmemGetPage(o, index, sgpFalloc, false)
		}
		if err != 0 {
			k.undoFalloc(p.cpu(), o, start, index)
			return err
		}
		if k.Mem.Private(pfn) != 0 {
			fa.falloced++
		}
		fa.next = index + 1
		k.Mem.Page(pfn).Set(phys.FlagDirty)
		p.pay()
	}
	o.size = max(o.size, off+n)
	return 0
}

// undoFalloc frees the pages of [from, end) that hold nothing.
func (k *Kernel) undoFalloc(cpu int, o *shmem, from, end uint64) {
	for index, ok := o.tree.Next(from, end); ok; index, ok = o.tree.Next(index+1, end) {
		if pfn := phys.PFN(o.tree.Page(index)); k.Mem.Private(pfn) != 0 {
			k.shmemTruncate(cpu, o, index, index+1)
		}
	}
}

func (fs *tmpfs) fsync(*Process, *inode, bool) Errno { return 0 }

// fadvise does nothing: there is no device behind (generic_fadvise).
func (fs *tmpfs) fadvise(*Process, *file, uint64, uint64, Fadvice) Errno { return 0 }

// evict frees all of a file that nobody names, has open or maps (shmem_evict_inode).
func (fs *tmpfs) evict(cpu int, i *inode) {
	k, o := fs.k, i.shm
	k.shmemTruncate(cpu, o, 0, maxIndex+1)
	k.forgetSwapfile(o)
	if o.reserve {
		k.acct(cpu, -int64(o.filePages()))
	}
	k.objects.remove(&o.mapping)
	k.destroyInode(cpu, i)
}

// Memfd makes an empty file in memory that has no name in any folder, and returns its descriptor (memfd_create(2)). EMFILE: no descriptor is free;
// EINVAL: the name is longer than 249 bytes.
func (p *Process) Memfd(name string) (int, Errno) {
	p.syscall(p.k.cost.File.Open)
	const prefix = "memfd:"
	if len(name) > nameMax-len(prefix) {
		return 0, EINVAL
	}
	n, err := p.freeFD()
	if err != 0 {
		return 0, err
	}
	o := p.k.shmMount.newShmem()
	if !p.anonInode(o) {
		p.k.putInode(p.cpu(), &o.inode)
		return 0, ENOMEM
	}
	o.Name = "/" + prefix + name + " (deleted)"
	p.installFD(n, p.k.newFile(&o.inode, OpenFlags{Read: true, Write: true}))
	return n, 0
}
