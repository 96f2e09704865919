package mm

import (
	"math/bits"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// faultIn makes [from, to) of a VMA present, writable for write, as get_user_pages with FOLL_TOUCH does: an entry that allows the access already is not
// accessed, so that its bits stay as they are; for a write to one that is not dirty it is the page that becomes so (follow_page_pte).
func (p *Process) faultIn(from, to uint64, write bool) {
	for at := from; at < to; {
		i := addrspace.Slot(at)
		n := min((to-at)>>addrspace.PageShift, uint64(addrspace.LeafPages-i))
		l := p.mm.Leaf(at)
		missing, ready := n, uint64(0)
		if l != nil {
			missing, ready = readyRun(l, i, n, write)
		}
		if missing > 0 {
			p.touchSeq(at, missing, write, false)
			at += missing << addrspace.PageShift
			continue
		}
		if write {
			p.k.dirtyPages(l, i, ready)
		}
		at += ready << addrspace.PageShift
	}
}

// readyRun gives how many of n entries from i on allow no access, and if that is none, how many allow it.
func readyRun(l *addrspace.Leaf, i uint, n uint64, write bool) (missing, ready uint64) {
	w, rest := i>>6, uint64(64-i&63)
	m := l.Present[w] &^ l.ProtNone[w]
	if write {
		m &= l.Writable[w]
	}
	m >>= i & 63
	if m&1 == 0 {
		return min(n, rest, uint64(bits.TrailingZeros64(m))), 0
	}
	return 0, min(n, rest, uint64(bits.TrailingZeros64(^m)))
}

// dirtyPages marks the pages of n entries from i on, which are present, as dirty unless the entries are. Those of a file on a disk that can be written to
// are dirty since the fault that allowed it.
func (k *Kernel) dirtyPages(l *addrspace.Leaf, i uint, n uint64) {
	for end := i + uint(n); i < end; i++ {
		if addrspace.Test(&l.Dirty, i) || l.PTE[i] == k.zeroPage {
			continue
		}
		if p := k.Mem.Page(phys.PFN(l.PTE[i])); p.Kind() == phys.KindAnon || p.Test(phys.FlagSwapbacked) {
			p.Set(phys.FlagDirty)
		}
	}
}
