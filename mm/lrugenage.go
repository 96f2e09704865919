package mm

import (
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
)

// lruGenAgeNode is what kswapd does before each round of eviction: it begins a new generation if one is due (lru_gen_age_node). Once in a run, and
// whenever the round before found enough, it is put off to the next round.
func (sc *scanControl) lruGenAgeNode(n *phys.Node) {
	k := sc.t.k
	sc.lastReclaimed = sc.nrReclaimed
	if !sc.needAging {
		sc.needAging = true
		return
	}
	sc.walk = &k.nodes[n.ID].walk
	ok := sc.ageLruvec(n)
	sc.walk = nil
	if ok || k.lruGen.minTTL == 0 || sc.order > 0 || k.oom.locked {
		return
	}
	k.oom.locked = true
	k.outOfMemory(sc.t, sc.gfp, 0)
	k.oom.locked = false
}

// ageLruvec begins a new generation of a node if one is due. False: pages are to be kept longer than the oldest generation has lasted, or there is
// nothing left to evict (age_lruvec).
func (sc *scanControl) ageLruvec(n *phys.Node) bool {
	k := sc.t.k
	g := k.lruvecs[n.ID].Gens
	canSwap := sc.lruGenSwappiness() > 0
	ages := g.Ages(canSwap)
	due := g.ShouldAge(canSwap, ages)
	if ttl := k.lruGen.minTTL; ttl > 0 {
		if birth := g.Birth[mglru.Slot(g.MinSeq[mglru.File])]; birth+int64(ttl) > int64(k.Sim.Now()) {
			return false
		}
		if ages.Total>>sc.priority == 0 && sc.priority != defPriority {
			return false
		}
	}
	if due {
		sc.incMaxSeq(n, canSwap)
	}
	return true
}

// lruGenSwappiness is vm.swappiness, or 0 if there is too little swap for a batch (get_swappiness).
func (sc *scanControl) lruGenSwappiness() uint64 {
	k := sc.t.k
	if uint64(max(k.swap.NrFree, 0)) < k.lruGen.batch {
		return 0
	}
	return k.sysctl.swappiness
}

// incMaxSeq walks the page tables of every process for pages that were accessed, and begins a new generation (try_to_inc_max_seq).
func (sc *scanControl) incMaxSeq(n *phys.Node, canSwap bool) {
	k := sc.t.k
	g := k.lruvecs[n.ID].Gens
	if sc.walk == nil {
		sc.walk = new(lruGenWalk)
	}
	w := sc.walk
	w.canSwap, w.forceScan = canSwap, false
	w.k, w.n, w.g = k, n, g
	w.iterate()
	moved := g.IncMaxSeq(canSwap, int64(k.Sim.Now()))
	sc.t.spend(w.time(moved))
}
