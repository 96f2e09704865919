package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// carried is what every declared process of a recorded machine holds beside the scenario's own memory, in pages: the interpreter that ran the
// scenario, locked in memory. The record's sums contain it, and it goes with the process. The program's file pages, which all share, stay.
type carried struct {
	data   uint64 // private writable mappings: what is charged, and what is mapped here
	anon   uint64 // anonymous pages, resident
	locked uint64 // of these, locked
}

func (cfg *Config) carried() carried {
	if cfg.Boot == nil {
		return carried{}
	}
	b := cfg.Boot.Baseline
	c := carried{data: b.VmData / 4, anon: b.RssAnon / 4}
	c.locked = min(max(b.VmLck, b.RssFile)-b.RssFile, b.RssAnon) / 4 // the program's file pages are locked as well
	return c
}

// carriedBase is where a process's carried memory lies, away from its heap and its mappings, as in the recorder.
func (k *Kernel) carriedBase() uint64 {
	if k.Mem.Arch == phys.I386 {
		return 0x50000000
	}
	return 0x100000000000
}

// interpreterKB is the recorder's region of the interpreter's own memory: 1 MiB, and the page before it.
const interpreterKB = 1024 + 4

// heapStart is where a program's heap begins without randomisation. That of a recorded machine is behind the image of the recorder, a static program
// that begins where such programs do: all that it had mapped but its stack, the kernel's pages, the interpreter's region and what it shares with
// the others is the image and the first page of the heap.
func (k *Kernel) heapStart() uint64 {
	if k.cfg.Boot == nil || k.cfg.Boot.Baseline.VmSize == 0 {
		return k.layout.ImageBase
	}
	b := k.cfg.Boot.Baseline
	const kernelPagesKB = (vvarPages + vdsoPages) * 4
	other := b.VmStk + b.RssShmem + interpreterKB + kernelPagesKB + startHeap*4
	if b.VmSize < other {
		return k.layout.ImageBase
	}
	return k.layout.StaticBase + (b.VmSize-other)<<10
}

// adoptCarried moves what the process carries from the boot processes, which have all that was recorded, into its own address space.
func (p *Process) adoptCarried() {
	k := p.k
	c := k.cfg.carried()
	if c.anon == 0 {
		return
	}
	own := min(uint64(p.mm.RSS[addrspace.RSSAnon]), c.anon-c.locked) // what exec has mapped is in the record, too
	c.anon -= k.dropFromBoot(own)
	p.mapCarried(c, func(v *addrspace.VMA, resident uint64, locked int) uint64 {
		k.anons.Prepare(v)
		moved := k.moveFromBoot(p, v, v.Start, resident, locked)
		charged := min(int64(v.Pages()), k.boot.committed)
		k.boot.committed -= charged
		k.committed += int64(v.Pages()) - charged
		return moved
	})
}

// renewCarried gives a process that has begun another program what it carries, by faults of its own.
func (p *Process) renewCarried() {
	k := p.k
	c := k.cfg.carried()
	if c.anon == 0 {
		return
	}
	c.anon -= min(uint64(p.mm.RSS[addrspace.RSSAnon]), c.anon-c.locked)
	p.mapCarried(c, func(v *addrspace.VMA, resident uint64, _ int) uint64 {
		k.committed += int64(v.Pages())
		p.touchSeq(v.Start, resident, true, false)
		return resident
	})
}

// mapCarried maps the locked and the other part of what a process carries. fill makes pages of a mapping resident and returns how many there are.
func (p *Process) mapCarried(c carried, fill func(v *addrspace.VMA, resident uint64, locked int) uint64) {
	at := p.k.carriedBase()
	for _, part := range []struct {
		pages, resident uint64
		locked          int
	}{{c.locked, c.locked, 1}, {max(c.data, c.anon) - c.locked, c.anon - c.locked, 0}} {
		if part.pages == 0 {
			continue
		}
		flags := vmData
		if part.locked == 1 {
			flags |= addrspace.VMLocked
			p.mm.LockedVM += part.pages
		}
		end := at + part.pages<<addrspace.PageShift
		v := p.mm.Insert(&addrspace.VMA{Start: at, End: end, PgOff: at >> addrspace.PageShift, Flags: flags})
		p.carried = append(p.carried, carriedPart{at, fill(v, min(part.resident, part.pages), part.locked)})
		at = end + addrspace.PageSize // apart, so that they do not merge
	}
}

// programPages is how many pages of the program that a process carries it has mapped as all others have.
func (p *Process) programPages() uint64 {
	if len(p.carried) == 0 {
		return 0
	}
	return p.k.cfg.Boot.Baseline.RssFile / 4
}

// carriedPart is a range of resident carried pages.
type carriedPart struct{ start, pages uint64 }

// takeFromBoot takes up to n pages, locked ones or others, out of the address spaces of the boot processes and hands each to give, which tells whether
// it goes on. It returns how many pages that were.
func (k *Kernel) takeFromBoot(n uint64, locked int, give func(phys.PFN) bool) uint64 {
	taken := uint64(0)
	for i := len(k.boot.spaces) - 1; i >= 0 && taken < n; i-- {
		s := k.boot.spaces[i]
		for _, v := range s.List() {
			if (v.Flags&addrspace.VMLocked != 0) != (locked == 1) {
				continue
			}
			eachLeaf(s, v.Start, v.End, func(l *addrspace.Leaf, lo, hi uint, _ uint64) bool {
				for j := lo; j < hi && taken < n; j++ {
					if !addrspace.Test(&l.Present, j) {
						continue
					}
					pfn := phys.PFN(l.PTE[j])
					l.Zap(j)
					s.RSS[addrspace.RSSAnon]--
					taken++
					if !give(pfn) {
						return false
					}
				}
				return taken < n
			})
		}
	}
	return taken
}

// moveFromBoot maps n pages of the boot processes at an address of the process instead. It returns how many there were.
func (k *Kernel) moveFromBoot(p *Process, v *addrspace.VMA, addr, n uint64, locked int) uint64 {
	return k.takeFromBoot(n, locked, func(pfn phys.PFN) bool {
		to := p.mm.EnsureLeaf(addr, startTables{p})
		if to == nil {
			return false
		}
		page := k.Mem.Page(pfn)
		page.Mapping, page.Index = v.AnonVMA.ID, uint32(v.Index(addr))
		to.Map(addrspace.Slot(addr), uint32(pfn), true)
		p.mm.RSS[addrspace.RSSAnon]++
		addr += addrspace.PageSize
		return true
	})
}

// dropFromBoot frees n pages of the boot processes that are not locked, and returns how many there were.
func (k *Kernel) dropFromBoot(n uint64) uint64 {
	return k.takeFromBoot(n, 0, func(pfn phys.PFN) bool {
		k.dropMapping(0, pfn)
		return true
	})
}

// breakCarried makes a process's carried pages its own again after a fork: the recorder's interpreter writes to all of them at once, on both sides.
func (p *Process) breakCarried() {
	for _, c := range p.carried {
		p.touchSeq(c.start, c.pages, true, false)
	}
}
