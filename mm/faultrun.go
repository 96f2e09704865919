package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// faultRun resolves the write faults of a run of entries in one VMA and one leaf, as far as memory comes from the fast path and nothing else is due: of
// entries that are none or, with cow, of such whose pages other processes have, too. It does what fault would do for each (do_anonymous_page, wp_page_copy),
// and returns the length of the run; 0: the general path must look.
func (p *Process) faultRun(l *addrspace.Leaf, i uint, n, addr uint64, access, cow bool) uint64 {
	k := p.k
	v := p.mm.Find(addr)
	if v == nil || v.Flags&addrspace.VMWrite == 0 || v.AnonVMA == nil || v.Object != nil || p.node >= 0 || lockedVMA(v) {
		return 0
	}
	n = min(n, (v.End-addr)>>addrspace.PageShift)
	gfp, each := gfpAnon, k.cost.AnonFault
	if cow {
		gfp, each = gfpCopy, k.cost.COWFault
	}
	if access {
		each += k.cost.TouchMapped
	}
	n = p.until(n, each)
	m := uint64(0)
	for m < n && (cow && k.sharedEntry(l, i+uint(m)) || !cow && l.PTE[i+uint(m)] == 0) {
		m++
	}
	if m == 0 {
		return 0
	}
	start := addr
	cpu := p.cpu()
	ac, flags := k.fastContext(&p.task, gfp)
	k.deferWakes = true
	var run [faultRunMax]phys.PFN
	done := uint64(0)
	for done < m && len(k.deferredWakes) == 0 {
		as := k.anonRow(v, addr)
		got := k.Mem.GetPageRun(ac, flags, &as, run[:min(m-done, faultRunMax)])
		if got == 0 {
			break
		}
		if cow {
			for j := range uint(got) {
				k.flushCopied(cpu, v.Space, addr+uint64(j)<<addrspace.PageShift)
				k.Mem.Page(phys.PFN(l.PTE[i+j])).Mapcount--
			}
			v.Space.RSS[addrspace.RSSAnon] -= int64(got)
		}
		k.newAnonRun(cpu, run[:got], v)
		addrspace.MapRun(l, i, run[:got])
		i += uint(got)
		addr += uint64(got) << addrspace.PageShift
		done += uint64(got)
	}
	k.deferWakes = false
	if done > 0 {
		k.count(vmstat.PgFault, done)
		p.minFlt += done
		if access {
			p.translate(start, done)
		}
		p.spend(engine.Time(done) * each)
	}
	k.wakeDeferred()
	return done
}

// zeroRun resolves the read faults of a run of entries that are none, in one VMA and one leaf, as far as nothing else is due: they get the zero page
// (do_anonymous_page). It returns the length of the run; 0: the general path must look.
func (p *Process) zeroRun(l *addrspace.Leaf, i uint, n, addr uint64, access bool) uint64 {
	k := p.k
	v := p.mm.Find(addr)
	if v == nil || v.Object != nil || v.Flags&addrspace.VMSpecial != 0 || !allowed(v, false) {
		return 0
	}
	each := k.cost.ZeroPageFault
	if access {
		each += k.cost.TouchMapped
	}
	n = p.until(min(n, (v.End-addr)>>addrspace.PageShift), each)
	done := uint64(0)
	for ; done < n && l.PTE[i] == 0; i++ {
		l.Map(i, k.zeroPage, false)
		done++
	}
	if done > 0 {
		k.count(vmstat.PgFault, done)
		p.minFlt += done
		if access {
			p.translate(addr, done)
		}
		p.spend(engine.Time(done) * each)
	}
	return done
}

// faultRunMax is the most pages that a run takes from the allocator at a time.
const faultRunMax = 64

// sharedEntry tells whether an entry maps, read-only, an anonymous page that is mapped elsewhere as well and is on a list, so that a write cannot but
// copy it.
func (k *Kernel) sharedEntry(l *addrspace.Leaf, i uint) bool {
	if !addrspace.Test(&l.Present, i) || addrspace.Test(&l.Writable, i) || l.PTE[i] == k.zeroPage {
		return false
	}
	p := k.Mem.Page(phys.PFN(l.PTE[i]))
	return p.Mapcount > 1 && p.Kind() == phys.KindAnon && p.Test(phys.FlagLRU) && !p.Test(phys.FlagExclusive) && !p.Test(phys.FlagLocked)
}
