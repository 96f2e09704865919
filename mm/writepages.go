package mm

import (
	"mmsim/engine"
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// maxWritePages is the most pages of a request whose pages lie in a row in memory, as those of a file that was written in one go do (max_sectors_kb).
const maxWritePages = 1280 << 10 >> 12

// maxWriteExtent is the most pages that get their blocks at once (MAX_WRITEPAGES_EXTENT_LEN).
const maxWriteExtent = 2048

// A writeEnd is pages that were given their blocks together: they are written when the last of their requests is done, since only then the file is known to
// have these blocks (struct ext4_io_end).
type writeEnd struct {
	m        *mapping
	start, n uint64
	left     int // requests
}

// A writeIO is one request that writes pages of a file in a row to blocks in a row. They are used again.
type writeIO struct {
	k        *Kernel
	cpu      int
	m        *mapping
	start, n uint64
	end      *writeEnd // nil: the pages are written when the request is done
	done     func()    // bound to complete once
}

// writepages writes dirty pages of a file in the order of their places, beginning where the last turn ended if the turn is cyclic (ext4_writepages). Pages
// that have blocks go out as they are found; those without get them first, up to 8 MiB at once.
func (fs *ext4) writepages(t *task, i *inode, c *writebackControl) {
	tree := &i.tree
	if tree.Tagged(pagecache.Dirty) == 0 {
		return
	}
	from, end := c.start, c.end
	begin := i.writebackIndex
	again := c.cyclic && begin > 0
	if c.cyclic {
		from = begin
	}
	for {
		if c.integrity {
			tree.TagRange(from, end, pagecache.Dirty, pagecache.Towrite)
		}
		next := fs.writeRange(t, i, c, from, end)
		if again && c.nrToWrite > 0 {
			again = false
			from, end = 0, begin
			continue
		}
		if c.cyclic || c.start == 0 && c.end > maxIndex && c.nrToWrite > 0 {
			i.writebackIndex = next
		}
		return
	}
}

// writeRange writes the dirty pages of [from, end), or those tagged when an integrity write began, and returns the index behind the last one.
func (fs *ext4) writeRange(t *task, i *inode, c *writebackControl, from, end uint64) (next uint64) {
	k, m := t.k, &i.mapping
	tag := pagecache.Dirty
	if c.integrity {
		tag = pagecache.Towrite
	}
	next = from
	for pos := from; c.nrToWrite > 0; {
		start, ok := m.tree.NextTagged(tag, pos, end)
		if !ok {
			break
		}
		pfn := phys.PFN(m.tree.Page(start))
		p := k.Mem.Page(pfn)
		if !p.Test(phys.FlagDirty) { // cleaned since it was tagged
			m.tree.ClearTag(start, tag)
			continue
		}
		if p.Test(phys.FlagWriteback | phys.FlagLocked) {
			if c.integrity {
				t.waitFlags(pfn, phys.FlagWriteback|phys.FlagLocked)
			} else {
				pos = start + 1
			}
			continue
		}
		if k.ownedByJournal(m, start) {
			k.skipWrite(t.cpu(), m, phys.PFN(m.tree.Page(start)))
			t.spend(k.cost.File.WritebackPage)
			c.nrToWrite--
			pos, next = start+1, start+1
			continue
		}
		fresh, limit := fs.needsBlock(i, start)
		most := uint64(maxWritePages)
		if fresh {
			most = maxWriteExtent
		}
		most = min(most, limit, end-start, uint64(c.nrToWrite))
		n := uint64(0)
		for n < most && m.tree.HasTag(start+n, tag) {
			q := phys.PFN(m.tree.Page(start + n))
			if f := k.Mem.Page(q); !f.Test(phys.FlagDirty) || f.Test(phys.FlagWriteback|phys.FlagLocked) || k.ownedByJournal(m, start+n) {
				break
			}
			k.startWriteback(m, q)
			n++
		}
		c.nrToWrite -= int64(n)
		pos, next = start+n, start+n
		fs.send(t, m, start, n, fresh)
	}
	return next
}

// needsBlock tells whether a page of a file has no block that its data may go to, and for how many pages from there on that is so.
func (fs *ext4) needsBlock(i *inode, index uint64) (fresh bool, n uint64) {
	e, ok := i.blocks.At(index)
	return !ok || e.Unwritten, e.Len
}

// send writes pages that are marked as on their way, in as many requests as it takes.
func (fs *ext4) send(t *task, m *mapping, start, n uint64, fresh bool) {
	k := t.k
	var end *writeEnd
	if fresh {
		fs.allocateDelayed(t, m.host, start, start+n)
		end = &writeEnd{m: m, start: start, n: n, left: 1} // one is held until all are sent
	}
	for stop := start + n; start < stop; {
		e, _ := m.host.blocks.At(start)
		c := min(e.Len, stop-start, maxWritePages)
		t.spend(engine.Time(c)*k.cost.File.WritebackPage + k.cost.File.WriteRequest)
		if end != nil {
			end.left++
		}
		k.submitWrite(t.cpu(), m, start, c, end)
		start += c
	}
	if end != nil {
		k.putWriteEnd(t.cpu(), end)
	}
}

// submitWrite sends one request that writes pages of a file (submit_bio). end is what it is a part of, nil: nothing.
func (k *Kernel) submitWrite(cpu int, m *mapping, start, n uint64, end *writeEnd) {
	var io *writeIO
	if l := len(k.freeWriteIO); l > 0 {
		io = k.freeWriteIO[l-1]
		k.freeWriteIO = k.freeWriteIO[:l-1]
	} else {
		io = &writeIO{k: k}
		io.done = io.complete
	}
	io.cpu, io.m, io.start, io.n, io.end = cpu, m, start, n, end
	k.count(vmstat.PgPgout, 4*n)
	m.disk().dev.Submit(int64(n)*4096, true, io.done)
}

func (io *writeIO) complete() {
	k := io.k
	if io.end != nil {
		k.putWriteEnd(io.cpu, io.end)
	} else {
		k.endWritebackRange(io.cpu, io.m, io.start, io.n)
	}
	io.m, io.end = nil, nil
	k.freeWriteIO = append(k.freeWriteIO, io)
}

// putWriteEnd is the end of one of the requests for pages that got their blocks together (ext4_put_io_end).
func (k *Kernel) putWriteEnd(cpu int, e *writeEnd) {
	if e.left--; e.left == 0 {
		k.endWritebackRange(cpu, e.m, e.start, e.n)
	}
}

func (k *Kernel) endWritebackRange(cpu int, m *mapping, start, n uint64) {
	for index := start; index < start+n; index++ {
		k.endWriteback(cpu, phys.PFN(m.tree.Page(index)))
	}
	if m.host.evicting {
		m.host.fs.evict(cpu, m.host)
	}
}

// startWrite writes what is dirty of [from, end) of a file, everything or, without integrity, what is not on its way anyhow (filemap_fdatawrite_range).
func (t *task) startWrite(i *inode, from, end uint64, integrity bool) {
	if i.flusher == nil || i.tree.Tagged(pagecache.Dirty) == 0 {
		return
	}
	t.doWritepages(i.flusher, i, &writebackControl{nrToWrite: maxIndex, start: from, end: end, integrity: integrity})
}

// waitWriteback waits until no page of [from, end) that is on its way now is any more (filemap_fdatawait_range).
func (t *task) waitWriteback(i *inode, from, end uint64) {
	for {
		index, ok := i.tree.NextTagged(pagecache.Writeback, from, end)
		if !ok {
			return
		}
		t.waitFlags(phys.PFN(i.tree.Page(index)), phys.FlagWriteback)
		from = index + 1
	}
}

// writeAndWait writes what is dirty of [from, end) and waits until it is on the device (file_write_and_wait_range).
func (t *task) writeAndWait(i *inode, from, end uint64) {
	t.startWrite(i, from, end, true)
	t.waitWriteback(i, from, end)
}
