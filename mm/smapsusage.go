package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/swap"
)

// memSize adds up what smaps shows, in bytes; a share of a page that several map is in units of 2^-12 bytes (struct mem_size_stats, PSS_SHIFT).
type memSize struct {
	rss, sharedClean, sharedDirty, privateClean, privateDirty, referenced, anonymous, lazyfree, swap uint64
	pss, pssDirty, pssAnon, pssShmem, pssFile, pssLocked, swapPss                                    uint64
}

const (
	pssShift = 12
	pageByte = addrspace.PageSize
)

// add looks at the entries of a VMA (smap_gather_stats).
func (m *memSize) add(k *Kernel, v *addrspace.VMA) {
	if v.Object != nil {
		if o := k.shmemOf(v); o != nil && o.swapped > 0 {
			for index, end := v.PgOff, v.PgOff+v.Pages(); index < end; index++ {
				if _, swapped := o.at(index); swapped {
					m.swap += pageByte
				}
			}
		}
	}
	eachLeaf(v.Space, v.Start, v.End, func(l *addrspace.Leaf, first, last uint, _ uint64) bool {
		for i := first; i < last; i++ {
			switch pte := l.PTE[i]; {
			case pte == 0 || pte == k.zeroPage:
			case addrspace.Test(&l.Present, i):
				m.page(k.Mem.Page(phys.PFN(pte)), addrspace.Test(&l.Accessed, i), addrspace.Test(&l.Dirty, i), v.Flags&addrspace.VMLocked != 0)
			default:
				m.swap += pageByte
				m.swapPss += pageByte << pssShift / uint64(max(k.swap.Count(swap.Entry(pte)), 1))
			}
		}
		return true
	})
}

// page adds a page that is mapped once more here (smaps_account, smaps_page_accumulate).
func (m *memSize) page(p *phys.Page, young, dirty, locked bool) {
	anon := p.Kind() == phys.KindAnon
	dirty = dirty || p.Test(phys.FlagDirty)
	m.rss += pageByte
	if anon {
		m.anonymous += pageByte
		if !p.Test(phys.FlagSwapbacked) && !dirty {
			m.lazyfree += pageByte
		}
	}
	if young || p.Test(phys.FlagReferenced) {
		m.referenced += pageByte
	}
	pss := uint64(pageByte << pssShift)
	private := p.Mapcount < 2
	if !private {
		pss /= uint64(p.Mapcount)
	}
	m.pss += pss
	switch {
	case anon:
		m.pssAnon += pss
	case p.Test(phys.FlagSwapbacked):
		m.pssShmem += pss
	default:
		m.pssFile += pss
	}
	if locked {
		m.pssLocked += pss
	}
	switch {
	case dirty && private:
		m.privateDirty += pageByte
	case dirty:
		m.sharedDirty += pageByte
	case private:
		m.privateClean += pageByte
	default:
		m.sharedClean += pageByte
	}
	if dirty {
		m.pssDirty += pss
	}
}

// usage is the sums in kB, as the file shows them.
func (m *memSize) usage() procfs.SmapsUsage {
	return procfs.SmapsUsage{
		Rss: m.rss >> 10, Pss: m.pss >> (10 + pssShift), PssDirty: m.pssDirty >> (10 + pssShift), PssAnon: m.pssAnon >> (10 + pssShift),
		PssFile: m.pssFile >> (10 + pssShift), PssShmem: m.pssShmem >> (10 + pssShift), SharedClean: m.sharedClean >> 10,
		SharedDirty: m.sharedDirty >> 10, PrivateClean: m.privateClean >> 10, PrivateDirty: m.privateDirty >> 10,
		Referenced: m.referenced >> 10, Anonymous: m.anonymous >> 10, LazyFree: m.lazyfree >> 10, Swap: m.swap >> 10,
		SwapPss: m.swapPss >> (10 + pssShift), Locked: m.pssLocked >> (10 + pssShift),
	}
}
