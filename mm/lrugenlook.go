package mm

import (
	"math/bits"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
)

// references is referenced in the way of the machine's LRU.
func (sc *scanControl) references(pfn phys.PFN) (n int, locked, exec bool) {
	if sc.t.k.lruGen != nil {
		return sc.t.k.referenced(pfn, sc)
	}
	return sc.t.k.referenced(pfn, nil)
}

// lookAround puts the pages that were accessed next to an address, within a batch of entries of its table, into the youngest generation
// (lru_gen_look_around). The page at the address itself is on no list and becomes referenced. If they were many, the next walk looks at the table.
func (sc *scanControl) lookAround(v *addrspace.VMA, l *addrspace.Leaf, addr uint64, n *phys.Node) {
	k := sc.t.k
	g := k.lruvecs[n.ID].Gens
	canSwap := sc.walk == nil || sc.walk.canSwap
	from, to := k.window(v, addr)
	slot := mglru.Slot(g.MaxSeq)
	var older [64]phys.PFN
	young, count := 0, 0
	for word := from >> 6; word <= (to-1)>>6; word++ {
		m := l.Accessed[word] & l.Present[word] & addrspace.WordMask(word, from, to)
		for ; m != 0; m &= m - 1 {
			i := word*64 + uint(bits.TrailingZeros64(m))
			p := k.youngPage(l, i, n, canSwap)
			if p == nil {
				continue
			}
			young++
			pfn := phys.PFN(l.PTE[i])
			switch {
			case !mglru.Holds(p):
				p.Set(phys.FlagReferenced)
			case k.lruGen.column.Gen(pfn) != slot:
				older[count] = pfn
				count++
			}
		}
	}
	if suitableToScan(int(to-from), young) {
		g.Filter[g.MaxSeq%2].Add(tableKey(l))
	}
	k.owed += engine.Time(young) * k.cost.AgePage
	if sc.walk == nil && count < lru.BatchSize {
		for _, pfn := range older[:count] {
			k.lruGenActivate(sc.t.cpu(), pfn)
		}
		return
	}
	var own mglru.Moved
	moved := &own
	if sc.walk != nil {
		moved = &sc.walk.moved
	}
	for _, pfn := range older[:count] {
		g.Promote(pfn, k.Mem.Page(pfn), slot, moved)
	}
	if sc.walk == nil {
		g.Count(&own)
	}
}

// window is the entries to look at around an address: a batch of them, within its table and mapping.
func (k *Kernel) window(v *addrspace.VMA, addr uint64) (from, to uint) {
	base := addr &^ (1<<addrspace.LeafShift - 1)
	start, end := max(base, v.Start), min(base+1<<addrspace.LeafShift, v.End)
	size := k.lruGen.batch << addrspace.PageShift
	switch {
	case end-start <= size:
	case addr-start < size/2:
		end = start + size
	case end-addr < size/2:
		start = end - size
	default:
		start, end = addr-size/2, addr+size/2
	}
	return uint(start-base) >> addrspace.PageShift, uint(end-base) >> addrspace.PageShift
}
