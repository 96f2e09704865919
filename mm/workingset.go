package mm

import (
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// A shadow is what is left of an evicted page in the place where it was: the node, the node's age then, and whether the page had been
// active before (pack_shadow). It is never 0.
const (
	shadowWorkingset = 1 << 0
	shadowValid      = 1 << 1
	shadowNodeShift  = 2
	shadowNodeBits   = 10
	shadowAgeShift   = shadowNodeShift + shadowNodeBits
	shadowAgeMask    = 1<<36 - 1
)

// evictionShadow ages a node by the page that leaves it and returns the page's shadow (workingset_eviction).
func (k *Kernel) evictionShadow(pfn phys.PFN, p *phys.Page) uint64 {
	return k.shadowOn(k.zoneOf(p).Node, pfn, p)
}

func (k *Kernel) shadowOn(n *phys.Node, pfn phys.PFN, p *phys.Page) uint64 {
	if k.lruGen != nil {
		return k.lruGenEviction(pfn, p)
	}
	return classicShadow(k.lruvecs[n.ID], n, p)
}

// classicShadow is shadowOn for the classic lists of a node.
func classicShadow(v *lru.Lruvec, n *phys.Node, p *phys.Page) uint64 {
	s := packShadow(v.NonresidentAge, n, p)
	v.NonresidentAge++
	return s
}

// packShadow is the shadow of a page that leaves a node of an age (pack_shadow).
func packShadow(age uint64, n *phys.Node, p *phys.Page) uint64 {
	s := age&shadowAgeMask<<shadowAgeShift | uint64(n.ID)<<shadowNodeShift | shadowValid
	if p.Test(phys.FlagWorkingset) {
		s |= shadowWorkingset
	}
	return s
}

// refault decides whether a page that comes back had left so recently that it would still be here if its list were longer; if so it begins active
// (workingset_refault).
func (k *Kernel) refault(p *phys.Page, shadow uint64) {
	if shadow == 0 {
		return
	}
	n := k.Mem.Nodes[shadow>>shadowNodeShift&(1<<shadowNodeBits-1)]
	v := k.lruvecs[n.ID]
	age := shadow >> shadowAgeShift & shadowAgeMask
	file := vmstat.NodeItem(0)
	size := v.Len(lru.ActiveFile)
	if p.Test(phys.FlagSwapbacked) {
		size += v.Len(lru.InactiveFile)
	} else {
		file = 1
	}
	n.Stat[vmstat.WorkingsetRefaultAnon+file]++
	distance := (v.NonresidentAge - age) & shadowAgeMask
	if k.swap.NrFree > 0 {
		size += v.Len(lru.ActiveAnon)
		if file == 1 {
			size += v.Len(lru.InactiveAnon)
		}
	}
	if distance > uint64(size) {
		return
	}
	p.Set(phys.FlagActive)
	v.NonresidentAge++
	n.Stat[vmstat.WorkingsetActivateAnon+file]++
	if shadow&shadowWorkingset != 0 {
		p.Set(phys.FlagWorkingset)
		if file == 1 {
			v.FileCost++
		} else {
			v.AnonCost++
		}
		k.halveCosts(v)
		n.Stat[vmstat.WorkingsetRestoreAnon+file]++
	}
}

// halveCosts lets the costs of reclaim fade: both are halved when they exceed a quarter of the lists (lru_note_cost).
func (k *Kernel) halveCosts(v *lru.Lruvec) {
	size := v.Len(lru.InactiveAnon) + v.Len(lru.ActiveAnon) + v.Len(lru.InactiveFile) + v.Len(lru.ActiveFile)
	if v.AnonCost+v.FileCost > uint64(size)/4 {
		v.AnonCost /= 2
		v.FileCost /= 2
	}
}
