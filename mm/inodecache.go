package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/writeback"
)

// inodeCache is the cache that the inodes of a file system are objects of.
func (k *Kernel) inodeCache(fs fileSystem) *slab.Cache {
	if _, ok := fs.(*ext4); ok {
		return k.slabs.ext4Inodes
	}
	return k.slabs.shmemInodes
}

// allocInode takes the memory of an inode of a file system (alloc_inode). 0: there is none.
func (p *Process) allocInode(fs fileSystem) slab.ID {
	gfp := phys.GFPKernelAccount
	if _, ok := fs.(*ext4); ok {
		gfp &^= phys.GFPFS
	}
	return p.object(p.k.inodeCache(fs), gfp)
}

// grabInode gives the inode of a name on the disk its memory if it has none (iget_locked). False: there is none.
func (k *Kernel) grabInode(p *Process, i *inode) bool {
	if i.object != 0 {
		return true
	}
	id := p.allocInode(i.fs)
	if id == 0 {
		return false
	}
	if i.object != 0 {
		k.callRCU(k.inodeCache(i.fs), id)
		return true
	}
	i.object, i.inCore = id, false
	return true
}

// iput gives back an inode that no name in memory holds any more: one without a name goes, and another waits on the list of those that nobody uses
// (iput_final).
func (k *Kernel) iput(cpu int, i *inode) {
	if i.nlink == 0 {
		i.fs.evict(cpu, i)
		return
	}
	k.inodeAddLRU(i, true)
}

// inodeAddLRU puts an inode that nobody uses, that is clean, and of which nothing is cached on its file system's list, or notes that it was used if it is
// there already (__inode_add_lru). It is called again when the last page goes, and when it has been written.
func (k *Kernel) inodeAddLRU(i *inode, used bool) {
	if i.dentry != nil || i.object == 0 || i.nlink == 0 || i.io.State&(writeback.DirtyAll|writeback.Sync|writeback.Freeing) != 0 || !k.shrinkable(i) {
		return
	}
	fs, ok := i.fs.(*ext4)
	switch {
	case !ok:
	case i.lruState&inodeOnLRU == 0:
		fs.super.addInode(i)
	case used:
		i.lruState |= inodeReferenced
	}
}

// shrinkable tells whether an inode may go as far as its pages are concerned: nothing of it is cached but for one shadow at its beginning. Where there is
// high memory, inodes may be what fills low memory, and so take their pages along (mapping_shrinkable).
func (k *Kernel) shrinkable(i *inode) bool {
	return k.Mem.Arch == phys.I386 || i.tree.Pages() == 0 && i.tree.Nodes() == 0
}

// destroyInode frees the memory of an inode that is gone (destroy_inode, free_inode).
func (k *Kernel) destroyInode(cpu int, i *inode) {
	if i.lruState&inodeOnLRU != 0 {
		i.fs.(*ext4).super.removeInode(i)
	}
	if i.object != 0 {
		k.callRCU(k.inodeCache(i.fs), i.object)
		i.object = 0
	}
	if i.pseudo != 0 { // nobody could find it by its name, so nobody may be looking at it (DCACHE_NORCU)
		k.slabs.dentries.Free(cpu, i.pseudo)
		i.pseudo = 0
	}
}

// forgetInode takes an inode out of memory that stays on the disk (dispose_list).
func (k *Kernel) forgetInode(i *inode) {
	k.callRCU(k.inodeCache(i.fs), i.object)
	i.object, i.inCore, i.flushOnClose = 0, false, false
	i.fs.(*ext4).status.drop(i)
}

// anonInode gives shared memory that has no name in any folder its inode and the dentry that its file has (alloc_file_pseudo). False: there is no memory.
func (p *Process) anonInode(o *shmem) bool {
	if o.object = p.allocInode(o.fs); o.object == 0 {
		return false
	}
	o.pseudo = p.object(p.k.slabs.dentries, phys.GFPKernelAccount)
	return o.pseudo != 0
}
