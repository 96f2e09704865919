package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/extents"
	"mmsim/mm/phys"
)

// ext4meta is where a file system keeps its own data: blocks of the device that are read through the device's own page cache, whose pages /proc/meminfo
// calls Buffers: tables of inodes, folders, blocks of extents, bitmaps, descriptors, the superblock and the journal. What is written of it, ext4log.go tells.
type ext4meta struct {
	bdev       *inode              // the device
	inodes     uint64              // the last inode number given
	perGroup   uint64              // inodes of a block group
	used       map[uint64]int      // by group: inodes given
	nextFolder uint64              // the block of the next folder, and of extents
	groups     uint64              // block groups
	folders    map[uint64]int      // by group: folders
	freed      map[uint64][]uint64 // by group: inodes given back
	recent     []bhLRU             // by CPU
	onDisk     map[uint64]bool     // blocks that have content on the device; the others are made in memory
	buddy      *inode              // the allocator's view of each group's bitmap, two pages a group
	sampled    bool                // the superblock says where it is mounted
}

// Shape of the file system: a block group is what one block of bits describes, inodes are 256 bytes, a file's inode holds four extents and a block 340,
// and an extent is at most 128 MiB long and ends with its group (fs/ext4/ext4.h, fs/ext4/ext4_extents.h).
const (
	groupBlocks     = 32768
	inodesPerBlock  = 16
	inodesDeclared  = 4096 // of the whole file system (mkfs.ext4 -N)
	rootInode       = 2
	firstInode      = 11 // lost+found
	extentsInInode  = 4
	extentsPerBlock = 340
	itableBlock     = 1 << 20 // where tables of inodes begin, in our numbering
)

// gfpMeta is what a page of the device's cache is allocated with (grow_dev_page).
const gfpMeta = phys.GFPUser&^phys.GFPFS | phys.GFPMovable | phys.GFPNofail

func (fs *ext4) initMeta() {
	m := &fs.meta
	m.bdev = fs.newInode()
	m.bdev.fs = blockDev{fs}
	m.bdev.Name, m.bdev.nlink, m.bdev.size = "bdev", 1, 1<<44-addrspace.PageSize
	m.bdev.blocks.Add(extents.Extent{Len: 1 << 32})
	m.inodes, m.used = firstInode, map[uint64]int{0: firstInode}
	m.folders, m.freed, m.onDisk = map[uint64]int{0: 2}, map[uint64][]uint64{}, map[uint64]bool{}
	m.recent = make([]bhLRU, len(fs.k.nodeOfCPU))
	m.buddy = fs.newInode()
	m.buddy.Name, m.buddy.nlink, m.buddy.flusher = "buddy", 1, nil
}

// mounted fixes the shape when all declared files are there.
func (fs *ext4) mounted() {
	groups := (fs.grow>>addrspace.PageShift + groupBlocks - 1) / groupBlocks
	fs.meta.groups = groups
	n := (inodesDeclared + groups - 1) / groups
	fs.meta.perGroup = max((n+inodesPerBlock-1)/inodesPerBlock, 1) * inodesPerBlock
	for ino := uint64(firstInode + 1); ino <= fs.meta.inodes; ino++ {
		fs.meta.used[(ino-1)/fs.meta.perGroup]++
	}
	fs.noteOnDisk()
	fs.adoptBuffers()
}

// readMeta makes sure that a block of the device is cached, waiting for it, and notes its use (sb_bread, touch_buffer).
func (fs *ext4) readMeta(t *task, block uint64) {
	bdev := &fs.meta.bdev.mapping
	fresh := bdev.tree.Page(block) == 0
	pfn, err := t.readPage(bdev, block, gfpMeta)
	if err != 0 {
		return
	}
	t.createBuffers(bdev, block, pfn)
	if fresh { // making the page is a use, too (FGP_ACCESSED)
		fs.k.markAccessed(t.cpu(), pfn)
	}
	fs.k.markAccessed(t.cpu(), pfn)
	fs.meta.recent[t.cpu()].note(block)
}

// readFolder reads the block of a folder in which a name is looked up (ext4_find_entry).
func (fs *ext4) readFolder(p *Process, d *dentry) { fs.readMeta(&p.task, d.inode.metaBlock) }

// readInode reads an inode that is not in memory: the block of the table of inodes that holds it, and with it those before and behind that are in use,
// within 32 blocks (ext4_iget, __ext4_get_inode_loc). The table's first part is in memory from the mount on, for the root.
func (fs *ext4) readInode(p *Process, i *inode) {
	m := &fs.meta
	if i.inCore {
		return
	}
	i.inCore = true
	i.syncTID = fs.journal.log.Last() // what was logged of it may not be in the log yet (ext4_iget)
	i.datasyncTID = i.syncTID
	group := (i.disk - 1) / m.perGroup
	perGroup := m.perGroup / inodesPerBlock
	table := group * perGroup
	block := table + (i.disk-1)%m.perGroup/inodesPerBlock
	if last := uint64(m.used[0]) / inodesPerBlock; block <= last {
		return
	}
	const window = 32
	if m.bdev.tree.Page(itableBlock+block) != 0 {
		fs.readMeta(&p.task, itableBlock+block)
		return
	}
	from := max(block&^(window-1), table)
	for b, end := from, min(from+window, table+uint64(m.used[group])/inodesPerBlock); b <= end; b++ {
		if b != block && m.bdev.tree.Page(itableBlock+b) == 0 {
			p.startMeta(&m.bdev.mapping, itableBlock+b)
		}
	}
	fs.readMeta(&p.task, itableBlock+block)
}

// startMeta begins to read a block ahead (sb_breadahead_unmovable).
func (p *Process) startMeta(m *mapping, block uint64) {
	pfn := p.allocPage(gfpMeta &^ phys.GFPMovable)
	if pfn == 0 {
		return
	}
	if m.tree.Page(block) != 0 {
		p.k.Mem.FreePage(p.cpu(), pfn)
		return
	}
	p.addToPageCache(m, block, pfn, gfpMeta, phys.FlagLocked|phys.FlagReferenced)
	p.createBuffers(m, block, pfn)
	p.spend(p.k.cost.SubmitIO)
	p.k.submitRead(p.cpu(), m, block, 1, false)
}

// extentBlock is the block in which a leaf of a file's extents is.
func (fs *ext4) extentBlock(i *inode, leaf uint64) uint64 {
	for uint64(len(i.extentBlocks)) <= leaf {
		i.extentBlocks = append(i.extentBlocks, 0)
	}
	b := &i.extentBlocks[leaf]
	if *b == 0 {
		fs.meta.nextFolder++
		*b = fs.meta.nextFolder
	}
	return *b
}
