package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/slab"
)

// recordedBuffers stands in a page's private word for buffers whose objects are among those of a record.
const recordedBuffers = ^uint32(0)

// gfpBuffers is what buffers are allocated with (alloc_page_buffers).
const gfpBuffers = phys.GFPKernelAccount&^phys.GFPFS | phys.GFPNofail

// createBuffers gives a page of a file or of a device the buffer head that says where its block is, if it has none: written pages have one, and those of a
// device; pages of files that are only read have none. The page keeps it until it leaves its file, or reclaim frees it (create_empty_buffers,
// grow_dev_page). False: the page has left its file meanwhile.
func (t *task) createBuffers(m *mapping, index uint64, pfn phys.PFN) bool {
	k := t.k
	if k.Mem.Private(pfn) != 0 {
		return true
	}
	id := t.object(k.slabs.bufferHeads, gfpBuffers)
	switch there := phys.PFN(m.tree.Page(index)) == pfn; {
	case id == 0: // the task is about to die
		return there
	case !there || k.Mem.Private(pfn) != 0:
		k.slabs.bufferHeads.Free(t.cpu(), id)
		return there
	}
	k.Mem.SetPrivate(pfn, uint32(id))
	m.buffers = true
	return true
}

// freeBuffers takes a page's buffer head away, if it has one (try_to_free_buffers).
func (k *Kernel) freeBuffers(pfn phys.PFN) {
	b := k.Mem.Private(pfn)
	if b == 0 {
		return
	}
	k.Mem.SetPrivate(pfn, 0)
	if b != recordedBuffers {
		k.slabs.bufferHeads.Free(k.thisCPU(), slab.ID(b))
	}
}
