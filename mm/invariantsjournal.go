package mm

import (
	"fmt"

	"mmsim/mm/pagecache"
)

// journal checks the journal's own books, and that what it holds is in memory: a block of a transaction on its way to the log has a page, and one that waits
// for its checkpoint has, until it is written.
func (c *checker) journal() error {
	fs := c.k.vfs.disk
	if err := fs.journal.log.Check(); err != nil {
		return err
	}
	tree := &fs.meta.bdev.tree
	held := map[uint64]bool{}
	for _, b := range fs.journal.log.Held() {
		held[b] = true
		if tree.Page(b) == 0 && !fs.journal.log.Owns(b) {
			return fmt.Errorf("block %d waits for its checkpoint and is not cached", b)
		}
		if !fs.meta.onDisk[b] {
			return fmt.Errorf("block %d was logged and has no content", b)
		}
	}
	for index, ok := tree.NextTagged(pagecache.Dirty, 0, maxIndex+1); ok; index, ok = tree.NextTagged(pagecache.Dirty, index+1, maxIndex+1) {
		if !held[index] {
			return fmt.Errorf("block %d is dirty and the journal does not hold it", index)
		}
	}
	for g, free := range fs.meta.freed {
		if uint64(len(free)) > fs.meta.perGroup {
			return fmt.Errorf("group %d has %d inodes given back of %d", g, len(free), fs.meta.perGroup)
		}
	}
	return nil
}
