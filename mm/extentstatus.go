package mm

import (
	"slices"

	"mmsim/mm/extents"
	"mmsim/mm/phys"
	"mmsim/mm/slab"
)

// extentStatus is what a file system has in memory of where the blocks of its files are, which reclaim may forget where that is on the disk, too
// (s_es_list, s_es_stats; fs/ext4/extents_status.c).
type extentStatus struct {
	k      *Kernel
	inodes []*inode // with runs that may be forgotten; the one that reclaim has looked at last is at the end. Some have none any more.
	count  int      // such runs
}

// mountedExtents are the runs that a mounted file system has in memory when nothing is cached: of the journal and of the root.
const mountedExtents = 2

func (s *extentStatus) init(k *Kernel) {
	s.k = k
	k.addShrinker(&shrinker{
		name: "ext4-es", seeks: defaultSeeks, batch: shrinkBatch,
		count: func(*Kernel, *phys.Node) uint64 { return uint64(s.count) },
		scan:  s.scan,
	})
}

// Alloc takes the memory of a run (ext4_es_alloc_extent). Without any, a run is known all the same.
func (s *extentStatus) Alloc() uint32 {
	return uint32(s.k.slabs.extentStatus.Alloc(&s.k.atomic[s.k.thisCPU()], phys.GFPAtomic))
}

// Free gives the memory of a run back.
func (s *extentStatus) Free(object uint32) {
	if object != 0 {
		s.k.slabs.extentStatus.Free(s.k.thisCPU(), slab.ID(object))
	}
}

// scan looks at runs of one inode after the other (ext4_es_scan, __es_shrink).
func (s *extentStatus) scan(_ *task, _ *phys.Node, nr uint64) (freed uint64) {
	for walk := len(s.inodes); walk > 0 && nr > 0; walk-- {
		i := s.inodes[0]
		s.inodes = s.inodes[1:]
		if i.status.Reclaimable() == 0 {
			i.statusListed = false
			continue
		}
		s.inodes = append(s.inodes, i)
		var n uint64
		n, nr = i.status.Reclaim(nr, s)
		s.count -= int(n)
		freed += n
	}
	return freed
}

// changed notes that an inode had so many runs before that may be forgotten.
func (s *extentStatus) changed(i *inode, before int) {
	s.count += i.status.Reclaimable() - before
	if !i.statusListed && i.status.Reclaimable() > 0 {
		i.statusListed = true
		s.inodes = append(s.inodes, i)
	}
}

// know notes what n blocks of a file from start on are.
func (s *extentStatus) know(i *inode, start, n, phys uint64, kind extents.Kind) {
	before := i.status.Reclaimable()
	i.status.Insert(start, n, phys, kind, s)
	s.changed(i, before)
}

// forget forgets everything about a file from a block on.
func (s *extentStatus) forget(i *inode, start, end uint64) {
	if i.status.Len() == 0 {
		return
	}
	before := i.status.Reclaimable()
	i.status.Remove(start, end-start, s)
	s.changed(i, before)
}

// drop takes an inode that leaves memory out.
func (s *extentStatus) drop(i *inode) {
	s.forget(i, 0, maxIndex+1)
	if i.statusListed {
		i.statusListed = false
		at := slices.Index(s.inodes, i)
		s.inodes = slices.Delete(s.inodes, at, at+1)
	}
}

// knowMapped notes the extents of a range as they are on the device (ext4_map_blocks).
func (fs *ext4) knowMapped(i *inode, from, end uint64) {
	for from < end {
		e, ok := i.blocks.At(from)
		n := min(e.Len, end-from)
		if ok {
			fs.status.know(i, from, n, e.Phys, kindOf(e))
		}
		from += n
	}
}

func kindOf(e extents.Extent) extents.Kind {
	if e.Unwritten {
		return extents.Unwritten
	}
	return extents.Written
}

// readExtents makes sure that it is known in memory where pages [from, end) of a file are (ext4_map_blocks, ext4_es_lookup_extent).
func (fs *ext4) readExtents(t *task, i *inode, from, end uint64) {
	for from < end {
		e, ok := i.status.Lookup(from)
		if !ok {
			fs.findExtent(t, i, from)
			if e, ok = i.status.Any(from, from+1); !ok { // a hole that begins before a delayed run is not noted
				h, _ := i.blocks.At(from)
				from += h.Len
				continue
			}
		}
		from = e.End()
	}
}

// findExtent looks for a block in a file's tree of extents. If the inode does not hold them all, the leaf that says where the block is is read. All extents found
// on the way, and the holes between them, are known from then on, as is the hole that the block is in (ext4_ext_map_blocks, ext4_find_extent, ext4_cache_extents,
// ext4_ext_put_gap_in_cache).
func (fs *ext4) findExtent(t *task, i *inode, block uint64) {
	if i.blocks.Large(extentsInInode, groupBlocks) {
		fs.readMeta(t, fs.extentBlock(i, i.blocks.Ordinal(block, groupBlocks)/extentsPerBlock))
	}
	list := i.blocks.Extents()
	at, _ := slices.BinarySearchFunc(list, block, func(e extents.Extent, b uint64) int {
		if e.End() > b {
			return 1
		}
		return -1
	})
	first := min(at, max(len(list)-1, 0)) / extentsPerBlock * extentsPerBlock
	leaf := list[first:min(first+extentsPerBlock, len(list))]
	for n, e := range leaf {
		if n > 0 && leaf[n-1].End() < e.Start {
			fs.knowIfNothing(i, leaf[n-1].End(), e.Start-leaf[n-1].End(), 0, extents.Hole)
		}
		fs.knowIfNothing(i, e.Start, e.Len, e.Phys, kindOf(e))
	}
	if at < len(list) && list[at].Start <= block {
		fs.status.know(i, list[at].Start, list[at].Len, list[at].Phys, kindOf(list[at]))
		return
	}
	start, end := uint64(0), uint64(maxIndex+1)
	if at > 0 {
		start = list[at-1].End()
	}
	if at < len(list) {
		end = list[at].Start
	}
	if d, ok := i.delayed.First(start, end); ok {
		if d.Start <= start {
			return
		}
		end = d.Start
	}
	fs.status.know(i, start, end-start, 0, extents.Hole)
}

// knowIfNothing notes what blocks are if nothing is known of any of them (ext4_es_cache_extent).
func (fs *ext4) knowIfNothing(i *inode, start, n, phys uint64, kind extents.Kind) {
	if _, ok := i.status.Any(start, start+n); !ok {
		fs.status.know(i, start, n, phys, kind)
	}
}

// readExtents reads what tells where pages [from, end) of a mapping are on the device.
func (t *task) readExtents(m *mapping, from, end uint64) {
	if fs, ok := m.host.fs.(*ext4); ok && m.host != fs.meta.buddy {
		fs.readExtents(t, m.host, from, end)
	}
}
