package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// carriedPart is a range of a process's recorder: locked again and faulted in after a fork, or written to, or looked at.
type carriedPart struct {
	start, end   uint64
	lock, looked bool
}

// heapStart is where a program's heap begins without randomisation: that of the recorder behind its image.
func (k *Kernel) heapStart() uint64 {
	if r := k.recorder(); r != nil {
		return r.heap
	}
	return k.layout.ImageBase
}

// adoptCarried moves what the process carries from the boot processes, which have all that was recorded, into its own address space.
func (p *Process) adoptCarried() {
	k := p.k
	r := k.recorder()
	if r == nil {
		return
	}
	p.mapCarried(r)
	for _, part := range r.parts {
		v := p.mm.Find(part.start)
		if v.Object != nil {
			p.mapRecorded(v, part.pages-part.anon)
		}
		if part.anon > 0 {
			k.anons.Prepare(v)
			k.moveFromBoot(p, v, v.End-part.anon<<addrspace.PageShift, part.anon, lockedVMA(v))
		}
		if v.Flags&addrspace.VMAccount != 0 {
			charged := min(int64(v.Pages()), k.boot.committed)
			k.boot.committed -= charged
			k.committed -= charged
		}
	}
	stack := p.mm.Find(p.mm.Stack)
	k.anons.Prepare(stack)
	n := min(r.stack, stack.Pages())
	k.moveFromBoot(p, stack, stack.End-n<<addrspace.PageShift, n, false)
	heap := p.mm.Find(p.mm.StartBrk)
	p.prepareHeap(heap)
	k.moveFromBoot(p, heap, heap.Start, heap.Pages(), false)
	p.noteCarried(r)
	p.useVDSO(vdsoTables, true)
}

// prepareHeap gives the heap the anon_vma of what lies below it, with which it was one mapping until that was locked.
func (p *Process) prepareHeap(heap *addrspace.VMA) {
	if below := heap.Prev(); below != nil && below.End == heap.Start {
		flags := below.Flags
		below.Flags = heap.Flags
		p.k.anons.Prepare(heap)
		below.Flags = flags
	}
	p.k.anons.Prepare(heap)
}

// renewCarried gives a process that has begun another program what it carries, by faults of its own.
func (p *Process) renewCarried() {
	r := p.k.recorder()
	if r == nil {
		return
	}
	p.mapCarried(r)
	p.noteCarried(r)
	for _, part := range r.parts {
		if part.anon == 0 {
			continue
		}
		v := p.mm.Find(part.start)
		v.Flags |= addrspace.VMWrite // relocated constants are written before they are protected
		p.touchSeq(part.end()-part.anon<<addrspace.PageShift, part.anon, true, false)
		v.Flags = part.flags
	}
	p.useVDSO(vdsoTables, false)
	p.breakCarried()
}

// mapCarried maps what a process carries, without its pages.
func (p *Process) mapCarried(r *recorder) {
	k := p.k
	if k.boot.program == nil {
		k.adoptRecorder(r)
	}
	p.mm.StartCode, p.mm.EndCode = r.text.start, r.text.end()
	for _, part := range r.parts {
		v := &addrspace.VMA{Start: part.start, End: part.end(), PgOff: part.start >> addrspace.PageShift, Flags: part.flags}
		switch {
		case part.file:
			v.Object, v.File, v.PgOff = &k.boot.program.inode.Object, k.boot.program, part.index
		case part.shared:
			v.Object, v.PgOff = &k.boot.shared.Object, 0
		}
		p.mapImage(p.mm, v)
		if part.flags&addrspace.VMLocked != 0 {
			p.mm.LockedVM += part.pages
		}
	}
}

// rawIO tells whether the process has CAP_SYS_RAWIO, with which it may map below vm.mmap_min_addr (cap_mmap_addr): the recorder's have, others are an
// ordinary user's.
func (p *Process) rawIO() bool { return len(p.carried) > 0 }

// noteCarried says which parts the recorder has a look at after a fork.
func (p *Process) noteCarried(r *recorder) {
	p.carried = nil
	for _, part := range r.parts {
		lock := part.flags&addrspace.VMLocked != 0
		switch n := len(p.carried); {
		case lock && n > 0 && p.carried[n-1].end == part.start:
			p.carried[n-1].end = part.end()
		case lock:
			p.carried = append(p.carried, carriedPart{start: part.start, end: part.end(), lock: true})
		case part.shared:
			p.carried = append(p.carried, carriedPart{start: part.start, end: part.end(), looked: true})
		}
	}
	heap := p.mm.StartBrk
	p.carried = append(p.carried, carriedPart{start: heap, end: heap + startHeap<<addrspace.PageShift})
	if top := p.mm.Find(p.mm.Stack); top != nil {
		p.carried = append(p.carried, carriedPart{start: top.End - r.stack<<addrspace.PageShift, end: top.End})
	}
}

// breakCarried makes a process's carried pages its own again after a fork, and locks them: on both sides, the recorder locks its memory anew, which
// writes to all that it may write to, and writes to the stack that it will need.
func (p *Process) breakCarried() {
	p.useVDSO(vdsoEntry, false)
	for _, c := range p.carried {
		switch {
		case c.looked:
			p.touchSeq(c.start, 1, false, false)
		case !c.lock:
			p.touchSeq(c.start, (c.end-c.start)>>addrspace.PageShift, true, false)
		case p.applyLock(c.start, c.end-c.start, addrspace.VMLocked) == 0:
			p.populate(c.start, c.end, true)
		}
	}
}

// adoptRecorder makes the file that the recorder is loaded from and the shared memory in which its processes tell each other what to do, of recorded pages,
// and the first of its processes, which has both locked in memory for good.
func (k *Kernel) adoptRecorder(r *recorder) {
	b := &k.boot
	i := &inode{nlink: 1, opens: 1}
	i.host, i.fs = i, &tmpfs{k: k, minor: minorRoot}
	k.objects.add(&i.mapping)
	i.Name = "/init"
	b.program = &file{inode: i, read: true} // a file system in memory reads nothing ahead
	b.shared = k.shmMount.newShmem()
	b.shared.Name, b.shared.opens = "/memfd:control (deleted)", 1
	s := addrspace.NewSpace(k.layout, defaultRlimit.Stack, &k.anons)
	b.spaces = append(b.spaces, s)
	for _, part := range r.parts {
		v := &addrspace.VMA{Start: part.start, End: part.end(), Flags: part.flags | addrspace.VMLocked}
		var pool *[]phys.PFN
		var m *mapping
		switch {
		case part.file:
			v.Flags &^= addrspace.VMWrite | addrspace.VMAccount
			m, pool = &i.mapping, &b.programPages
			v.File, v.PgOff = b.program, part.index
		case part.shared:
			m, pool = &b.shared.mapping, &b.sharedPages
		default:
			continue
		}
		v.Object = &m.Object
		m.host.size = max(m.host.size, (v.PgOff+part.pages)<<addrspace.PageShift)
		s.Insert(v)
		s.LockedVM += part.pages
		there := min(part.pages, uint64(len(*pool)))
		for n := range there {
			pfn := (*pool)[n]
			page := k.Mem.Page(pfn)
			page.Mapping, page.Index = m.ID, uint32(v.PgOff+n)
			m.tree.Set(v.PgOff+n, uint32(pfn))
			if n < part.pages-part.anon {
				addr := part.start + n<<addrspace.PageShift
				s.EnsureLeaf(addr, &userland{k: k}).MapShared(addrspace.Slot(addr), uint32(pfn), part.shared, part.shared)
				s.RSS[rssOf(page)]++
				page.Mapcount, page.Prev = 1, 1
			}
		}
		*pool = (*pool)[there:]
		if part.shared {
			o, n := b.shared, int64(there)
			o.alloced, o.resident = n, n
			o.tmpfs().used += n
			b.committed -= min(n, b.committed)
		}
	}
}

// mapRecorded maps the first pages of a part of the program or of what is shared, as far as they are in memory.
func (p *Process) mapRecorded(v *addrspace.VMA, n uint64) {
	k := p.k
	m := k.mappingOf(v)
	for addr := v.Start; addr < v.Start+n<<addrspace.PageShift; addr += addrspace.PageSize {
		if pfn := phys.PFN(m.tree.Page(v.Index(addr))); pfn != 0 {
			k.mapObjectPage(0, v, m, p.mm.EnsureLeaf(addr, startTables{p}), addrspace.Slot(addr), pfn, false)
		}
	}
}

// moveFromBoot maps up to n pages of the boot processes, locked ones or others, at an address of the process instead.
func (k *Kernel) moveFromBoot(p *Process, v *addrspace.VMA, addr, n uint64, locked bool) {
	move := func(pfn phys.PFN) bool {
		to := p.mm.EnsureLeaf(addr, startTables{p})
		if to == nil {
			return false
		}
		page := k.Mem.Page(pfn)
		page.Mapping, page.Index = v.AnonVMA.ID, uint32(v.Index(addr))
		if locked {
			page.Prev = 1 // this mapping
		}
		to.Map(addrspace.Slot(addr), uint32(pfn), true)
		p.mm.RSS[addrspace.RSSAnon]++
		addr += addrspace.PageSize
		return true
	}
	for i := len(k.boot.spaces) - 1; i >= 0 && n > 0; i-- {
		s := k.boot.spaces[i]
		for _, from := range s.List() {
			if from.Object != nil || (from.Flags&addrspace.VMLocked != 0) != locked {
				continue
			}
			eachLeaf(s, from.Start, from.End, func(l *addrspace.Leaf, lo, hi uint, _ uint64) bool {
				for j := lo; j < hi && n > 0; j++ {
					if !addrspace.Test(&l.Present, j) {
						continue
					}
					pfn := phys.PFN(l.PTE[j])
					l.Zap(j)
					s.RSS[addrspace.RSSAnon]--
					n--
					if !move(pfn) {
						return false
					}
				}
				return n > 0
			})
		}
	}
}
