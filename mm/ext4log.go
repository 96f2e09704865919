package mm

import (
	"mmsim/mm/extents"
	"mmsim/mm/phys"
)

// Where the file system's own blocks are, in our numbering: each kind has a range of the device to itself, above those of folders and extents and the tables
// of inodes. Bitmaps and descriptors go by group.
const (
	sbBlock          = 2 << 20
	journalBlock     = sbBlock + 1 // the journal's superblock; its log follows
	descBlock        = 3 << 20
	inodeBitmapBlock = 4 << 20
	blockBitmapBlock = 5 << 20 // of groups whose inodes are used: folders lie there
	dataBitmapBlock  = 6 << 20 // of groups for the data of files
)

// groupsPerDesc is the number of groups that a block of descriptors describes (64bit: 64 bytes each).
const groupsPerDesc = 64

// log adds blocks to the running transaction, and returns its number (ext4_handle_dirty_metadata).
func (fs *ext4) log(blocks ...uint64) (tid uint64) {
	for _, b := range blocks {
		fs.meta.onDisk[b] = true
		var began bool
		if tid, began = fs.journal.log.Log(b); began {
			fs.journal.startTimer()
		}
	}
	fs.journal.syncHeads()
	return tid
}

// itable is the block of the table of inodes that holds an inode.
func (fs *ext4) itable(ino uint64) uint64 {
	per := fs.meta.perGroup
	return itableBlock + (ino-1)/per*(per/inodesPerBlock) + (ino-1)%per/inodesPerBlock
}

// dirtyInode notes that an inode has changed, which the running transaction takes along; data: what reading its data needs is among that
// (ext4_mark_inode_dirty, ext4_update_inode_fsync_trans).
func (fs *ext4) dirtyInode(i *inode, data bool) {
	tid := fs.journal.log.Running()
	if i.syncTID != tid || tid == 0 {
		tid = fs.log(fs.itable(i.disk))
		i.syncTID = tid
	}
	if data {
		i.datasyncTID = tid
	}
}

// updateTime notes the time of a change of a file; it goes on with the ticks (file_update_time).
func (fs *ext4) updateTime(i *inode) {
	if now := fs.k.jiffies(); i.mtime != now {
		i.mtime = now
		fs.dirtyInode(i, false)
	}
}

// sampleMount writes to the superblock where the file system is mounted, when the first file is opened (ext4_sample_last_mounted).
func (fs *ext4) sampleMount() {
	if !fs.meta.sampled {
		fs.meta.sampled = true
		fs.log(sbBlock)
	}
}

// logInode logs that an inode was taken: the group's bitmap and descriptor, and the inode itself (__ext4_new_inode). A group of which nothing was used before
// gets its bitmap of blocks, too.
func (fs *ext4) logInode(t *task, i *inode) {
	g := (i.disk - 1) / fs.meta.perGroup
	blocks := [...]uint64{inodeBitmapBlock + g, descBlock + g/groupsPerDesc, fs.itable(i.disk)}
	for _, b := range blocks {
		fs.getMeta(t, b)
	}
	if fresh := !fs.meta.onDisk[inodeBitmapBlock+g] && g%flexGroups != 0; fresh {
		fs.getMeta(t, blockBitmapBlock+g)
		fs.log(blockBitmapBlock + g)
	}
	i.syncTID = fs.log(blocks[:]...)
	i.datasyncTID = i.syncTID
	i.mtime = fs.k.jiffies()
}

// logName logs that a name was added to a folder or taken away (ext4_add_entry, ext4_delete_entry). A folder in memory has nothing to log.
func (fs *ext4) logName(t *task, folder *inode) {
	if folder.disk == 0 {
		return
	}
	fs.getMeta(t, fs.itable(folder.disk))
	fs.getMeta(t, folder.metaBlock)
	fs.log(folder.metaBlock, fs.itable(folder.disk))
}

// logCreate logs a new file (ext4_create).
func (fs *ext4) logCreate(p *Process, folder, i *inode) {
	fs.logInode(&p.task, i)
	fs.logName(&p.task, folder)
}

// logMkdir logs a new folder, whose block is in the first group of those whose tables lie together (ext4_mkdir, ext4_inode_to_goal_block).
func (fs *ext4) logMkdir(p *Process, folder, i *inode) {
	fs.logInode(&p.task, i)
	g := (i.disk - 1) / fs.meta.perGroup &^ (flexGroups - 1)
	fs.takeFrom(&p.task, blockBitmapBlock+g, g)
	fs.getMeta(&p.task, i.metaBlock)
	fs.log(i.metaBlock)
	fs.logName(&p.task, folder)
}

// logUnlink logs that a name went: without another one, the file becomes an orphan until it is freed (ext4_unlink, ext4_orphan_add).
func (fs *ext4) logUnlink(p *Process, folder, i *inode) {
	fs.logName(&p.task, folder)
	i.mtime = fs.k.jiffies()
	fs.dirtyInode(i, false)
	fs.log(sbBlock)
}

// takeFrom logs that blocks of a group were taken: its bitmap and its descriptor. The allocator keeps two pages about a group (ext4_mb_load_buddy,
// ext4_mb_mark_diskspace_used).
func (fs *ext4) takeFrom(t *task, bitmap, group uint64) {
	desc := descBlock + group/groupsPerDesc
	fs.getMeta(t, bitmap)
	fs.getMeta(t, desc)
	m := &fs.meta.buddy.mapping
	first := 2 * (bitmap - blockBitmapBlock)
	for index := first; index < first+2; index++ {
		if pfn := phys.PFN(m.tree.Page(index)); pfn != 0 {
			t.k.markAccessed(t.cpu(), pfn)
		} else {
			t.addBlank(m, index, gfpBuddy)
		}
	}
	fs.log(bitmap, desc)
}

// gfpBuddy is what a page of the allocator's is allocated with (ext4_mb_load_buddy_gfp).
const gfpBuddy = phys.GFPKernel &^ phys.GFPFS

// logAllocation logs that a file got blocks: all that were given out since next was first. Blocks that it had and that are written for the first time change
// nothing but the file's extents.
func (fs *ext4) logAllocation(t *task, i *inode, first uint64) {
	if fs.next > first {
		for g := first / groupBlocks; g <= (fs.next-1)/groupBlocks; g++ {
			fs.takeFrom(t, dataBitmapBlock+g, g)
		}
	}
	if n := i.blocks.Ordinal(extents.MaxLen, groupBlocks); n > extentsInInode {
		leaf := (n - 1) / extentsPerBlock
		b := fs.extentBlock(i, leaf)
		fs.getMeta(t, b)
		fs.log(b)
	}
	fs.dirtyInode(i, true)
}

// freeBlocks gives the blocks of [start, end) of a file back, and logs that (ext4_free_blocks).
func (fs *ext4) freeBlocks(i *inode, start, end uint64) {
	for _, e := range i.blocks.Extents() {
		from, to := max(e.Start, start), min(e.End(), end)
		if from >= to {
			continue
		}
		for g := (e.Phys + from - e.Start) / groupBlocks; g <= (e.Phys+to-1-e.Start)/groupBlocks; g++ {
			fs.log(dataBitmapBlock+g, descBlock+g/groupsPerDesc)
		}
	}
	if n := i.blocks.Remove(start, end); n > 0 {
		fs.free += n
		fs.dirtyInode(i, true)
	}
}

// freeInode gives an inode's number back, and logs that (ext4_free_inode). One of a file in the making has none.
func (fs *ext4) freeInode(i *inode) {
	if i.disk == 0 || i.freed {
		return
	}
	i.freed = true
	g := (i.disk - 1) / fs.meta.perGroup
	fs.log(inodeBitmapBlock+g, descBlock+g/groupsPerDesc, fs.itable(i.disk))
	fs.meta.freed[g] = append(fs.meta.freed[g], i.disk)
	fs.meta.used[g]--
}

// noteOnDisk notes what was written when the file system was made: everything about the declared files, and bitmaps of the groups that begin a row of tables.
func (fs *ext4) noteOnDisk() {
	m := &fs.meta
	m.onDisk[sbBlock], m.onDisk[journalBlock], m.onDisk[inodeBitmapBlock] = true, true, true
	for b := uint64(0); b <= m.nextFolder; b++ {
		m.onDisk[b] = true
	}
	for ino := uint64(1); ino <= m.inodes; ino++ {
		m.onDisk[fs.itable(ino)] = true
		m.onDisk[inodeBitmapBlock+(ino-1)/m.perGroup] = true
	}
	for g := uint64(0); g < m.groups; g++ {
		m.onDisk[descBlock+g/groupsPerDesc] = true
		if g%flexGroups == 0 {
			m.onDisk[blockBitmapBlock+g] = true
		}
	}
	for g := range fs.next / groupBlocks { // the last group that declared files reach is where new files begin: its bitmap is made in memory
		m.onDisk[dataBitmapBlock+g] = true
	}
}
