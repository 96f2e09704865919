package mm

import (
	"mmsim/engine"
)

// punchHole frees the pages and blocks of pages [from, end) of a file, whose size stays (ext4_punch_hole, truncate_pagecache_range). What is dirty of them is
// written first; copies that private mappings have made stay.
func (fs *ext4) punchHole(p *Process, i *inode, from, end uint64) {
	k, m := p.k, &i.mapping
	end = min(end, i.filePages())
	if from >= end {
		return
	}
	p.writeAndWait(i, from, end)
	n := k.unmapMappingRange(p.cpu(), m, from, end, false)
	n += p.invalidateRange(i, from, end, true)
	fs.status.forget(i, from, end)
	fs.freeBlocks(i, from, end)
	fs.updateTime(i)
	fs.held -= i.delayed.Remove(from, end)
	p.spend(engine.Time(n) * k.cost.UnmapPage)
}
