package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// userland maps the anonymous pages of boot processes into address spaces that no process runs in, so that reclaim can age, swap and find them as
// any others. Nobody touches them again.
type userland struct {
	k    *Kernel
	room [2]*addrspace.VMA // evictable, locked: the VMAs being filled
	next [2]uint64         // the next address in each
	used int               // VMAs in the last space
}

// Address spaces of boot processes hold a few VMAs each, with gaps so that they do not merge, below what i386 can address.
const (
	bootVMABase   = 0x10000000
	bootVMAStride = 0x20000000
	bootVMASize   = bootVMAStride - 1<<20
	bootVMAs      = 4
)

// vma is the VMA in which the next page of a kind goes.
func (u *userland) vma(locked int) *addrspace.VMA {
	if v := u.room[locked]; v != nil && u.next[locked] < v.End {
		return v
	}
	b := &u.k.boot
	if len(b.spaces) == 0 || u.used == bootVMAs {
		b.spaces = append(b.spaces, addrspace.NewSpace(u.k.layout, defaultRlimit.Stack, &u.k.anons))
		u.used = 0
	}
	start := uint64(bootVMABase + u.used*bootVMAStride)
	u.used++
	flags := addrspace.VMRead | addrspace.VMWrite | addrspace.VMMayRead | addrspace.VMMayWrite
	if locked == 1 {
		flags |= addrspace.VMLocked
	}
	v := b.spaces[len(b.spaces)-1].Insert(&addrspace.VMA{
		Start: start, End: start + bootVMASize, PgOff: start >> addrspace.PageShift, Flags: flags,
	})
	if locked == 1 {
		v.Space.LockedVM += v.Pages()
	}
	u.k.anons.Prepare(v)
	u.room[locked], u.next[locked] = v, start
	return v
}

// entry is the page-table entry for the next page.
func (u *userland) entry(locked int) (v *addrspace.VMA, l *addrspace.Leaf, addr uint64) {
	v = u.vma(locked)
	addr = u.next[locked]
	u.next[locked] += addrspace.PageSize
	return v, v.Space.EnsureLeaf(addr, u), addr
}

// mapPage makes a frame an anonymous page that is mapped once. Its list is the caller's to choose, by the flags.
func (u *userland) mapPage(pfn phys.PFN, flags phys.Flag) {
	locked := 0
	if flags&phys.FlagUnevictable != 0 {
		locked = 1
	}
	v, l, addr := u.entry(locked)
	p := u.k.Mem.Page(pfn)
	p.SetKind(phys.KindAnon)
	p.SetFlags(flags | phys.FlagSwapbacked | phys.FlagExclusive)
	p.Mapping = v.AnonVMA.ID
	p.Index = uint32(v.Index(addr))
	p.Mapcount = 1
	l.Map(addrspace.Slot(addr), uint32(pfn), true)
	v.Space.RSS[addrspace.RSSAnon]++
	u.k.zoneOf(p).Node.Stat[vmstat.NRAnonPages]++
}

// mapSwap gives a boot process a page that is in a swap slot. False: swap is full.
func (u *userland) mapSwap() bool {
	e := u.k.swap.Alloc(0)
	if e == 0 {
		return false
	}
	u.k.swap.CacheAdd(e, 0)
	u.k.swap.Dup(e)
	u.k.swap.CacheDelete(0, e, 0)
	v, l, addr := u.entry(0)
	i := addrspace.Slot(addr)
	l.Map(i, uint32(e), false)
	l.SetSwap(i, uint32(e.WithExclusive(true)))
	u.k.noteSwapped(v.Space, nil)
	v.Space.RSS[addrspace.RSSSwap]++
	return true
}

// AllocTable takes one of the recorded page tables; when all are taken, tables have no frame.
func (u *userland) AllocTable(addrspace.Level) (uint32, bool) {
	return uint32(takeLast(&u.k.boot.tables)), true
}

// heldBuffers is how many pages of a block device a mounted file system holds: superblock, group descriptors, journal. 43 recorded machines with one ext4 had
// 4 to 10 such pages left after drop_caches.
const heldBuffers = 10

// reclaimCache frees a page of the page cache that a boot left: it is clean and nobody will want it again, unless a file system holds its buffers
// (filemap_release_folio).
func (sc *scanControl) reclaimCache(pfn phys.PFN, p *phys.Page, cpu int) verdict {
	k := sc.t.k
	if k.Mem.Private(pfn) != 0 {
		p.Clear(phys.FlagReferenced)
		return activate
	}
	if p.Test(phys.FlagReferenced) {
		p.Clear(phys.FlagReferenced)
		return activate
	}
	k.owed += k.cost.FreePage
	k.evictionShadow(pfn, p)
	st := &k.zoneOf(p).Node.Stat
	st[vmstat.NRFilePages]--
	st[vmstat.NRMapped] = min(st[vmstat.NRMapped], st[vmstat.NRFilePages])
	k.freePage(cpu, pfn)
	return freed
}
