package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/pagecache"
)

// A mapping is the pages of a file or of a piece of shared memory, and who maps them (struct address_space). A page of it names it by its
// Mapping. The tree holds pages, shadows of evicted pages and, of shared memory, swap slots.
type mapping struct {
	addrspace.Object
	tree           pagecache.Tree
	host           *inode
	nodes          mappingNodes
	writebackIndex uint64 // where the next round of writeback goes on
	buffers        bool   // a page of it has had a buffer head
}

// objectTable finds mappings by ID.
type objectTable struct {
	byID []*mapping // entry 0 is unused
	free []uint32
	ino  uint64 // the last inode number given
}

func (t *objectTable) add(m *mapping) {
	if len(t.byID) == 0 {
		t.byID = append(t.byID, nil)
	}
	t.ino++
	m.host.ino = t.ino
	if n := len(t.free); n > 0 {
		m.ID = t.free[n-1]
		t.free = t.free[:n-1]
		t.byID[m.ID] = m
		return
	}
	m.ID = uint32(len(t.byID))
	t.byID = append(t.byID, m)
}

func (t *objectTable) remove(m *mapping) {
	t.byID[m.ID] = nil
	t.free = append(t.free, m.ID)
}

// get is the mapping with that ID, or nil for a page that was there when the machine was started and that nobody owns.
func (t *objectTable) get(id uint32) *mapping {
	if int(id) >= len(t.byID) {
		return nil
	}
	return t.byID[id]
}
