package mm

import (
	"mmsim/mm/phys"
)

// blockDev is a disk as a file: its page cache holds what the file system on it keeps beside files (struct block_device, def_blk_aops). Writing its pages goes
// as that of a file's whose blocks are all known, but for blocks that the journal has not got into its log yet.
type blockDev struct{ *ext4 }

// heldBlock tells whether a mounted file system holds a block: its superblock, the descriptors of its groups and the journal's superblock.
func heldBlock(block uint64) bool {
	return block == sbBlock || block == journalBlock || block >= descBlock && block < inodeBitmapBlock
}

// pinned tells whether a page of the device has a user, so that its buffers, and with them the page, cannot be freed (drop_buffers).
func (k *Kernel) pinned(m *mapping, index uint64) bool {
	fs := k.vfs.disk
	if m != &fs.meta.bdev.mapping {
		return false
	}
	for cpu := range fs.meta.recent {
		if fs.meta.recent[cpu].has(index) {
			return true
		}
	}
	return heldBlock(index) || fs.journal.log.Holds(index)
}

// ownedByJournal tells whether a page of the device must not be written yet: its block is in a transaction that is not in the log. The page may be dirty all the
// same, from an earlier one; its buffers are not (jbd2_journal_get_write_access).
func (k *Kernel) ownedByJournal(m *mapping, index uint64) bool {
	fs := k.vfs.disk
	return m == &fs.meta.bdev.mapping && fs.journal.log.Owns(index)
}

// skipWrite is the writing of a dirty page none of whose buffers is dirty: it counts as written, and nothing reaches the device (__block_write_full_page).
func (k *Kernel) skipWrite(cpu int, m *mapping, pfn phys.PFN) {
	k.startWriteback(m, pfn)
	k.endWriteback(cpu, pfn)
}

// getMeta makes sure that a block of the device is cached that is about to be changed: it is read if it has content on the device (sb_bread), else made
// (sb_getblk).
func (fs *ext4) getMeta(t *task, block uint64) {
	if fs.meta.onDisk[block] && !heldBlock(block) && block != itableBlock { // those, and the root's inode, were read when it was mounted
		fs.readMeta(t, block)
		return
	}
	m := &fs.meta.bdev.mapping
	pfn := phys.PFN(m.tree.Page(block))
	if pfn == 0 {
		if pfn = t.addBlank(m, block, gfpMeta); pfn == 0 {
			return
		}
	}
	t.createBuffers(m, block, pfn)
	t.k.markAccessed(t.cpu(), pfn)
	fs.meta.recent[t.cpu()].note(block)
}

// addBlank adds a page to a file that is filled in memory, and returns it; 0: there is no memory (find_or_create_page).
func (t *task) addBlank(m *mapping, index uint64, gfp phys.GFP) phys.PFN {
	pfn := t.allocPage(gfp)
	if pfn == 0 {
		return 0
	}
	if there := m.tree.Page(index); there != 0 { // somebody was faster
		t.k.Mem.FreePage(t.cpu(), pfn)
		return phys.PFN(there)
	}
	t.addToPageCache(m, index, pfn, gfp, phys.FlagReferenced)
	return pfn
}

// adoptBuffers says of the recorded pages of the device that its file system holds which blocks they are, as far as that matters: those that it changes later.
func (fs *ext4) adoptBuffers() {
	k := fs.k
	m := &fs.meta.bdev.mapping
	blocks := []uint64{sbBlock, descBlock, journalBlock, itableBlock, blockBitmapBlock, blockBitmapBlock + flexGroups}
	for i, pfn := range k.boot.buffers {
		if i == len(blocks) {
			break
		}
		p := k.Mem.Page(pfn)
		m.tree.Set(blocks[i], uint32(pfn))
		p.Mapping, p.Index, p.Mapcount = m.ID, uint32(blocks[i]), 0
		fs.meta.recent[0].note(blocks[i])
		k.boot.adopted++
	}
	m.nodes.boot = int32(m.tree.Nodes())
}
