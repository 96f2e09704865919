package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// A fileIO is one request that reads pages of a file in a row from blocks in a row. They are used again.
type fileIO struct {
	k        *Kernel
	m        *mapping
	start, n uint64
	cpu      int
	dev      *engine.Device
	send     func() // bound to submit once
	done     func() // bound to complete once
}

// submitRead sends the reads of pages of a file, in as many requests as its extents and the limit on requests call for; what is a hole, or has never
// been written, is read as zeros at once (ext4_mpage_readpages, submit_bio). Those of a task that has no plug are sent by a worker of kblockd.
func (k *Kernel) submitRead(cpu int, m *mapping, start, n uint64, plugged bool) {
	fs := m.disk()
	for n > 0 {
		e, ok := m.host.blocks.At(start)
		c := min(e.Len, n)
		if !ok || e.Unwritten {
			k.endRead(m, start, c)
			start += c
			n -= c
			continue
		}
		c = min(c, maxIOPages)
		var io *fileIO
		if l := len(k.freeFileIO); l > 0 {
			io = k.freeFileIO[l-1]
			k.freeFileIO = k.freeFileIO[:l-1]
		} else {
			io = &fileIO{k: k}
			io.send, io.done = io.submit, io.complete
		}
		io.m, io.start, io.n, io.cpu, io.dev = m, start, c, cpu, fs.dev
		k.count(vmstat.PgPgin, 4*c)
		if plugged {
			io.submit()
		} else {
			queueWork(k.kblockd, cpu, io.send)
		}
		start += c
		n -= c
	}
}

func (io *fileIO) submit() { io.dev.Submit(int64(io.n)*4096, false, io.done) }

// complete is the end of a request.
func (io *fileIO) complete() {
	k, m := io.k, io.m
	k.interruptIO(io.cpu, int(io.n))
	k.endRead(m, io.start, io.n)
	if m.host.evicting {
		m.host.fs.evict(io.cpu, m.host)
	}
	io.m = nil
	k.freeFileIO = append(k.freeFileIO, io)
}

// endRead is the end of the read of pages: they can be used (mpage_end_io).
func (k *Kernel) endRead(m *mapping, start, n uint64) {
	rows := k.Mem.Rows()
	for n > 0 {
		row := m.tree.Row(start, n)
		for _, pfn := range row {
			rows.Page(phys.PFN(pfn)).Clear(phys.FlagLocked)
			if k.pageWaits.may(phys.PFN(pfn)) {
				k.pageWaits.wake(phys.PFN(pfn))
			}
		}
		start += uint64(len(row))
		n -= uint64(len(row))
	}
}

// directIO moves bytes between a file and a process past the page cache (iomap_dio_rw): what is dirty there is written first; a write throws out
// what is cached of the range. EINVAL: not aligned to the device's sectors of 512 bytes.
func (p *Process) directIO(f *file, pos, n uint64, write bool) (uint64, Errno) {
	k, i := p.k, f.inode
	fs := i.fs.(*ext4)
	if (pos|n)&511 != 0 {
		return 0, EINVAL
	}
	if !write {
		if pos >= i.size {
			return 0, 0
		}
		n = min(n, i.size-pos)
	}
	from, end := pos>>12, (pos+n+4095)>>12
	p.writeAndWait(i, from, end)
	if write {
		need := uint64(0)
		for b := from; b < end; {
			e, ok := i.blocks.At(b)
			c := min(e.Len, end-b)
			if !ok {
				need += c
			}
			b += c
		}
		if need > fs.room() {
			return 0, ENOSPC
		}
		p.invalidateRange(i, from, end, false)
		first := fs.next
		fs.updateTime(i)
		fs.allocate(i, from, end, false)
		i.blocks.Written(from, end)
		fs.knowMapped(i, from, end)
		if fs.next != first {
			fs.logAllocation(&p.task, i, first)
		}
	}
	p.spend(engine.Time(end-from)*k.cost.File.DirectPage + k.cost.SubmitIO)
	cpu := p.cpu()
	wait := engine.NewCond(k.Sim)
	left := 0
	for b := from; b < end; {
		e, ok := i.blocks.At(b)
		c := min(e.Len, end-b, maxIOPages)
		if ok && (write || !e.Unwritten) {
			bytes := min(pos+n, (b+c)<<12) - max(pos, b<<12)
			if write {
				k.count(vmstat.PgPgout, bytes>>10)
			} else {
				k.count(vmstat.PgPgin, bytes>>10)
			}
			left++
			fs.dev.Submit(int64(bytes), write, func() {
				k.interruptIO(cpu, int(c))
				if left--; left == 0 {
					wait.Broadcast()
				}
			})
		}
		b += c
	}
	for left > 0 {
		p.ioWait(wait)
	}
	if write {
		p.invalidateRange(i, from, end, false)
		if pos+n > i.size {
			i.size = pos + n
			fs.dirtyInode(i, true)
		}
	}
	return n, 0
}
