package mm

import "slices"

// flexGroups is the number of groups whose bitmaps and tables of inodes lie together (flex_bg, mke2fs.conf).
const flexGroups = 16

// numberInode gives a file or folder an inode, and a folder its block (__ext4_new_inode). Before the file system is mounted they are given in a row.
func (fs *ext4) numberInode(i, parent *inode) {
	m := &fs.meta
	if i.folder {
		m.nextFolder++
		i.metaBlock = m.nextFolder
	}
	if m.perGroup == 0 {
		m.inodes++
		i.disk = m.inodes
		return
	}
	g := fs.groupFor(i, parent)
	if i.folder {
		m.folders[g/flexGroups]++
	}
	m.used[g]++
	if free := m.freed[g]; len(free) > 0 { // the lowest number that is free
		at := slices.Index(free, slices.Min(free))
		i.disk = free[at]
		m.freed[g] = slices.Delete(free, at, at+1)
		return
	}
	i.disk = g*m.perGroup + uint64(m.used[g])
	m.inodes = max(m.inodes, i.disk)
}

// groupFor is the group of a new inode: a folder in the root goes where there are the fewest folders, if there is as much room as elsewhere; everything else
// to its folder's groups (find_group_orlov, find_group_other). In the kernel the search for a folder's begins at a hash of its name.
func (fs *ext4) groupFor(i, parent *inode) uint64 {
	m := &fs.meta
	flexes := (m.groups + flexGroups - 1) / flexGroups
	flex := (max(parent.disk, rootInode) - 1) / m.perGroup / flexGroups // a folder in memory below which a file of the disk is has no number
	if i.folder && parent.disk <= rootInode {
		given := 0
		for _, n := range m.used {
			given += n
		}
		average := (int(m.groups*m.perGroup) - given) / int(flexes)
		best := -1
		for f := range flexes {
			if n := m.folders[f]; fs.freeInodes(f) >= average && fs.freeClusters(f) >= fs.room()/flexes && (best < 0 || n < best) {
				best, flex = n, f
			}
		}
	}
	for g := flex * flexGroups; g < min((flex+1)*flexGroups, m.groups); g++ {
		if uint64(m.used[g]) < m.perGroup {
			return g
		}
	}
	for g := range m.groups {
		if uint64(m.used[g]) < m.perGroup {
			return g
		}
	}
	return m.groups // more inodes than the file system has: they go on behind the last group
}

// freeInodes is the number of free inodes of the groups whose tables lie together.
func (fs *ext4) freeInodes(flex uint64) int {
	m := &fs.meta
	n := 0
	for g := flex * flexGroups; g < min((flex+1)*flexGroups, m.groups); g++ {
		n += int(m.perGroup) - m.used[g]
	}
	return n
}

// freeClusters is the number of blocks of such groups that were never given out.
func (fs *ext4) freeClusters(flex uint64) uint64 {
	from, end := flex*flexGroups*groupBlocks, min((flex+1)*flexGroups, fs.meta.groups)*groupBlocks
	return end - min(max(from, fs.next), end)
}
