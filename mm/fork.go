package mm

import (
	"math/bits"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// Fork makes a child with a copy-on-write copy of the address space, which runs body (fork(2), copy_process, dup_mmap). The child's full
// name is parent/name, or parent/N with its ordinal if name is empty. EAGAIN: kernel.pid_max, kernel.threads-max or RLIMIT_NPROC; ENOMEM: the commit limit or the page tables.
func (p *Process) Fork(name string, body func(*Process)) (int, Errno) {
	k := p.k
	c := p.newChild(name)
	if c == nil {
		return 0, EAGAIN
	}
	c.mm = addrspace.NewSpaceLike(p.mm)
	copied := p.allocPgd(c.mm) && p.dupMmap(c)
	k.flushTLBMM(p.mm, false)
	if !copied {
		p.abandon(c)
		return 0, ENOMEM
	}
	if p.heap != nil {
		c.heap = p.heap.Clone(heapOS{c})
	}
	p.startChild(c, func(c *Process) {
		c.breakCarried()
		body(c)
	})
	p.breakCarried()
	p.checkSignals()
	return c.pid, 0
}

// newChild is a process that has of its parent what is not memory or files, nil if there may be no more (copy_process).
func (p *Process) newChild(name string) *Process {
	p.syscall(p.k.cost.ForkBase)
	if !p.mayFork() {
		return nil
	}
	c := p.k.newProcess(p.childName(name), p.nice, p.pin)
	if c != nil {
		c.node, c.rlimit, c.declared, c.oomScoreAdj, c.adjMin, c.malloc = p.node, p.rlimit, p.declared, p.oomScoreAdj, p.adjMin, p.malloc
	}
	return c
}

// startChild gives a child that has its address space the rest, and makes it run.
func (p *Process) startChild(c *Process, body func(*Process)) {
	p.dupFiles(c)
	c.allocStackAs(&p.task)
	c.parent = p
	p.children = append(p.children, c)
	p.forks++
	c.carried = p.carried
	c.start(p.k.Sim.Now(), body)
}

// abandon takes a half-made child away again.
func (p *Process) abandon(c *Process) {
	p.k.unmapAll(c.mm, &p.task, p.cpu())
	p.k.forgetSwapped(c.mm)
	p.k.freePgd(p.cpu(), c.mm)
	c.mm = nil
	c.release()
	p.k.live--
	p.k.processes = p.k.processes[:len(p.k.processes)-1]
	delete(p.k.byName, c.name)
}

// dupMmap copies the VMAs and those page tables that the child could not fill by faulting (dup_mmap, copy_page_range).
func (p *Process) dupMmap(c *Process) bool {
	for _, v := range p.mm.List() {
		if v.Flags&addrspace.VMDontCopy != 0 {
			continue
		}
		if v.Flags&addrspace.VMAccount != 0 && !p.charge(v.Pages()) {
			return false
		}
		w := &addrspace.VMA{
			Start: v.Start, End: v.End, PgOff: v.PgOff, Flags: v.Flags &^ addrspace.VMLockMask, Attached: v.Attached, Name: v.Name, Object: v.Object,
			File:   v.File,
			Swapin: v.Swapin,
		}
		c.mm.Adopt(w)
		if v.Flags&addrspace.VMWipeOnFork != 0 {
			continue
		}
		p.k.anons.Fork(w, v)
		if v.AnonVMA != nil && !p.copyHalfTables(c.mm, v) {
			return false
		}
		if v.AnonVMA != nil && !p.copyTables(c.mm, v) || !p.copyStartTables(c.mm, v) {
			return false
		}
	}
	return true
}

// copyStartTables gives the child the tables of entries that every process has from its start: those of the kernel's pages, which are always
// copied (VM_PFNMAP), and that of the stack, which the child uses at once.
func (p *Process) copyStartTables(dst *addrspace.Space, v *addrspace.VMA) bool {
	at := v.Start
	if v.Flags&addrspace.VMPFNMap == 0 {
		if !v.Contains(p.mm.Stack) {
			return true
		}
		at = p.mm.Stack
	}
	return p.mm.Leaf(at) == nil || dst.EnsureLeaf(at, p) != nil
}

// copyHalfTables gives the child, on architectures whose tables hold two chunks of entries, the tables that exist in the range of a VMA though none of its
// own entries is in use: its neighbour's are (copy_pmd_range).
func (p *Process) copyHalfTables(dst *addrspace.Space, v *addrspace.VMA) bool {
	shift := dst.Layout.TableShift
	if shift == addrspace.LeafShift {
		return true
	}
	for at := v.Start >> shift << shift; at < v.End; {
		src, base := p.mm.NextLeaf(at, (v.End-1)>>shift<<shift+1<<shift)
		if src == nil {
			return true
		}
		if dst.EnsureLeaf(base, p) == nil {
			return false
		}
		at = (base>>shift + 1) << shift
	}
	return true
}

// copyTables copies the entries of one VMA by chunks of 512.
func (p *Process) copyTables(dst *addrspace.Space, v *addrspace.VMA) bool {
	for addr := v.Start; addr < v.End; {
		src, base := p.mm.NextLeaf(addr, v.End)
		if src == nil {
			return true
		}
		from, to := addrspace.Slot(max(addr, base)), uint(addrspace.LeafPages)
		if v.End < base+1<<addrspace.LeafShift {
			to = addrspace.Slot(v.End)
		}
		addr = base + 1<<addrspace.LeafShift
		l := dst.EnsureLeaf(base, p) // even if no entry of src is in use
		if l == nil {
			return false
		}
		n := p.k.copyLeaf(dst, p.mm, l, src, from, to)
		p.spend(engine.Time(n) * p.k.cost.ForkPage)
	}
	return true
}

// copyLeaf copies the entries [from, to) of src to dst, whose are none there: pages are write-protected on both sides and counted as
// mapped once more, accessed bits stay behind, swap entries get one more user (copy_pte_range). It returns how many it copied.
func (k *Kernel) copyLeaf(to, of *addrspace.Space, dst, src *addrspace.Leaf, first, end uint) int {
	n, anon := 0, int64(0)
	for w := first / 64; w*64 < end; w++ {
		m := ^uint64(0)
		if first > w*64 {
			m <<= first - w*64
		}
		if end < w*64+64 {
			m &= ^uint64(0) >> (w*64 + 64 - end)
		}
		present := src.Present[w] & m
		for b := present; b != 0; b &= b - 1 {
			i := w*64 + uint(bits.TrailingZeros64(b))
			pte := src.PTE[i]
			dst.PTE[i] = pte
			if pte != k.zeroPage {
				page := k.Mem.Page(phys.PFN(pte))
				page.Mapcount++
				if page.Kind() != phys.KindAnon { // of a file, in a private mapping
					to.RSS[rssOf(page)]++
					continue
				}
				page.Clear(phys.FlagExclusive)
				anon++
			}
		}
		n += bits.OnesCount64(present)
		dst.Present[w] |= present
		dst.Dirty[w] |= src.Dirty[w] & present
		dst.ProtNone[w] |= src.ProtNone[w] & present
		src.Writable[w] &^= present
	}
	dst.Used += int32(n)
	to.RSS[addrspace.RSSAnon] += anon
	if of.RSS[addrspace.RSSSwap] > 0 {
		n += k.copySwapEntries(to, of, dst, src, first, end)
	}
	return n
}

func (k *Kernel) copySwapEntries(to, of *addrspace.Space, dst, src *addrspace.Leaf, first, end uint) int {
	n := 0
	for i := first; i < end; i++ {
		if src.PTE[i] == 0 || addrspace.Test(&src.Present, i) {
			continue
		}
		e := swap.Entry(src.PTE[i]).WithExclusive(false)
		src.PTE[i], dst.PTE[i] = uint32(e), uint32(e)
		k.swap.Dup(e)
		n++
	}
	dst.Used += int32(n)
	if n > 0 {
		k.noteSwapped(to, of)
	}
	to.RSS[addrspace.RSSSwap] += int64(n)
	return n
}
