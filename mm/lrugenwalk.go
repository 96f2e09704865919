package mm

import (
	"math/bits"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
)

// lruGenWalk is a walk through page tables for the pages of a node that were accessed, to put them into the youngest generation (struct
// lru_gen_mm_walk). kswapd has one for each node; a task that reclaims makes one when it has to.
type lruGenWalk struct {
	canSwap   bool // anonymous and shared memory counts, too
	forceScan bool // look at every table, not only at those that the filter holds
	moved     mglru.Moved

	k       *Kernel
	n       *phys.Node
	g       *mglru.Gens
	leaf    *addrspace.Leaf // the table that it is at
	scan    bool            // which is looked at
	total   int             // entries of it seen, and those accessed
	young   int
	entries int // entries looked at in all
	tables  int // tables met in all
	pages   int // pages that were accessed
}

// time is the CPU time of a walk and of moving pages between the two oldest generations.
func (w *lruGenWalk) time(moved int) engine.Time {
	c := w.k.cost
	d := engine.Time(w.entries)*c.AgeEntry + engine.Time(w.pages+moved)*c.AgePage
	w.entries, w.tables, w.pages = 0, 0, 0
	return d
}

// iterate walks the address spaces in the order in which they were made. One that the walk before did not see is looked at as a whole, and so are
// those after it; another is passed over if its process has not been switched to since, or has but a few pages (iterate_mm_list).
func (w *lruGenWalk) iterate() {
	first := true
	visit := func(s *addrspace.Space, switches uint64) {
		if w.skipSpace(s, switches) {
			return
		}
		if first {
			w.g.Filter[(w.g.MaxSeq+1)%2].Reset()
			first = false
		}
		if !s.WriteLocked { // else it may be the walker's own
			w.space(s)
		}
	}
	for _, s := range w.k.boot.spaces {
		visit(s, 0)
	}
	for _, p := range w.k.processes {
		if p.mm != nil && p.proc != nil && !w.k.sharesMM(p) {
			visit(p.mm, w.k.dispatched(p))
		}
	}
}

// skipSpace is should_skip_mm, after the mark of what was seen before.
func (w *lruGenWalk) skipSpace(s *addrspace.Space, switches uint64) bool {
	if s.Aged == nil {
		s.Aged = make([]addrspace.AgingMark, len(w.k.Mem.Nodes))
	}
	mark := &s.Aged[w.n.ID]
	if !mark.Seen {
		mark.Seen, w.forceScan = true, true
	}
	if !w.forceScan && mark.Switches == switches {
		return true
	}
	mark.Switches = switches
	size := s.RSS[addrspace.RSSFile]
	if w.canSwap {
		size += s.RSS[addrspace.RSSAnon] + s.RSS[addrspace.RSSShmem]
	}
	return uint64(max(size, 0)) < w.k.lruGen.batch
}

// space walks one address space (walk_mm).
func (w *lruGenWalk) space(s *addrspace.Space) {
	s.Each(func(v *addrspace.VMA) bool {
		if w.skipVMA(v) {
			return true
		}
		for addr := v.Start; addr < v.End; {
			l, base := s.NextLeaf(addr, v.End)
			if l == nil {
				break
			}
			next := base + 1<<addrspace.LeafShift
			if w.enter(l) {
				from, to := uint(0), uint(addrspace.LeafPages)
				if addr > base {
					from = addrspace.Slot(addr)
				}
				if v.End < next {
					to = addrspace.Slot(v.End)
				}
				w.range_(l, from, to)
			}
			addr = next
		}
		return true
	})
	w.leave()
	if !w.moved.Empty() {
		w.g.Count(&w.moved)
	}
}

// skipVMA tells whether accesses to a mapping say nothing about its pages, or its pages cannot be evicted (should_skip_vma).
func (w *lruGenWalk) skipVMA(v *addrspace.VMA) bool {
	const skip = addrspace.VMLocked | addrspace.VMSpecial | addrspace.VMSeqRead | addrspace.VMRandRead
	if v.Flags&addrspace.VMAccess == 0 || v.Flags&skip != 0 {
		return true
	}
	return !w.canSwap && (v.Object == nil || w.k.shmemOf(v) != nil)
}

// enter decides once for each table whether it is looked at: something was accessed through it since it was met last, and it had many accessed
// entries then (walk_pmd_range).
func (w *lruGenWalk) enter(l *addrspace.Leaf) bool {
	if l == w.leaf {
		return w.scan
	}
	w.leave()
	w.leaf, w.scan = l, false
	w.tables++
	if !l.Touched {
		return false
	}
	l.Touched = false
	w.scan = w.forceScan || w.g.Filter[w.g.MaxSeq%2].Has(tableKey(l))
	return w.scan
}

// leave notes a table that had many accessed entries for the next walk.
func (w *lruGenWalk) leave() {
	if w.leaf != nil && w.scan && suitableToScan(w.total, w.young) {
		w.g.Filter[(w.g.MaxSeq+1)%2].Add(tableKey(w.leaf))
	}
	w.entries += w.total
	w.leaf, w.scan, w.total, w.young = nil, false, 0, 0
}

// tableKey stands for a table in a filter.
func tableKey(l *addrspace.Leaf) uint64 { return uint64(l.Frame) << addrspace.PageShift }

// suitableToScan tells whether a range has an accessed entry for every cache line of them, that is eight (suitable_to_scan).
func suitableToScan(total, young int) bool { return young*8 >= total }

// range_ promotes the pages behind the accessed entries [from, to) of a table and clears the entries' accessed bits (walk_pte_range).
func (w *lruGenWalk) range_(l *addrspace.Leaf, from, to uint) {
	w.total += int(to - from)
	slot := mglru.Slot(w.g.MaxSeq)
	for word := range l.Accessed {
		m := l.Accessed[word] & l.Present[word] & addrspace.WordMask(uint(word), from, to)
		for ; m != 0; m &= m - 1 {
			i := uint(word*64 + bits.TrailingZeros64(m))
			p := w.k.youngPage(l, i, w.n, w.canSwap)
			if p == nil {
				continue
			}
			w.young++
			w.pages++
			w.g.Promote(phys.PFN(l.PTE[i]), p, slot, &w.moved)
		}
	}
}

// youngPage takes the accessed bit of an entry, and returns its page, to which the entry's dirty bit is passed on. nil: the page is of another
// node or of a kind that is not evicted, and the bit stays (get_pte_pfn, get_pfn_folio).
func (k *Kernel) youngPage(l *addrspace.Leaf, i uint, n *phys.Node, canSwap bool) *phys.Page {
	pfn := l.PTE[i]
	if pfn == k.zeroPage {
		return nil
	}
	p := k.Mem.Page(phys.PFN(pfn))
	if k.zoneOf(p).Node != n || p.Test(phys.FlagSwapbacked) && !canSwap {
		return nil
	}
	addrspace.Clear(&l.Accessed, i)
	if addrspace.Test(&l.Dirty, i) && !p.Test(phys.FlagDirty) && (p.Kind() != phys.KindAnon || !p.Test(phys.FlagSwapbacked) || p.Test(phys.FlagSwapCache)) {
		k.entryDirty(phys.PFN(pfn))
	}
	return p
}
