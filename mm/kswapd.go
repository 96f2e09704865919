package mm

import (
	"mmsim/engine"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// noZone means that nobody has asked kswapd for a zone (MAX_NR_ZONES).
const noZone = int(phys.NrZoneTypes)

// kswapdNap is how long kswapd sleeps at first, to see whether the node stays balanced, in jiffies (HZ/10).
const kswapdNap = hz / 10

// startKswapd makes a node's kswapd, which sleeps until it is woken.
func (k *Kernel) startKswapd(n *phys.Node) {
	st := &k.nodes[n.ID]
	st.wait, st.pfmemalloc = engine.NewCond(k.Sim), engine.NewCond(k.Sim)
	for i := range st.throttled {
		st.throttled[i] = engine.NewCond(k.Sim)
	}
	st.highestZoneidx = noZone
	if n.Managed() == 0 {
		return
	}
	st.kswapd = task{k: k, memalloc: true, kswapd: true}
	pin := -1
	if len(k.Mem.Nodes) > 1 && len(n.CPUs) == 1 {
		pin = n.CPUs[0] // its CPU mask is the node's
	}
	st.kswapd.proc = k.Sim.Go("kswapd"+itoa(n.ID), engine.ProcOptions{CPU: pin, Kernel: true, Daemon: true}, func(*engine.Proc) {
		k.kswapd(n)
	})
	st.kswapd.proc.UserData = &st.kswapd
}

// wakeAllKswapds wakes the kswapd of every node of a zonelist (wake_all_kswapds).
func (k *Kernel) wakeAllKswapds(ac *phys.AllocContext, gfp phys.GFP, order int) {
	var last *phys.Node
	for i := ac.Zonelist.First(ac.HighestZone, ac.Nodemask); i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		if z.Managed > 0 && z.Node != last {
			last = z.Node
			k.wakeupKswapd(z, gfp, order, ac.HighestZone)
		}
	}
}

// wakeupKswapd notes what is asked for and wakes the node's kswapd if it sleeps and has reason to run (wakeup_kswapd).
func (k *Kernel) wakeupKswapd(z *phys.Zone, gfp phys.GFP, order int, highest phys.ZoneType) {
	if z.Managed == 0 {
		return
	}
	n := z.Node
	st := &k.nodes[n.ID]
	if st.highestZoneidx == noZone || int(highest) > st.highestZoneidx {
		st.highestZoneidx = int(highest)
	}
	st.order = max(st.order, order)
	if !st.sleeping {
		return
	}
	if st.failures >= maxReclaimFailures || k.balanced(n, order, highest) && !boosted(n, highest) {
		if gfp&phys.GFPDirectReclaim == 0 {
			k.wakeupKcompactd(n, order, highest)
		}
		return
	}
	k.trace("mm_vmscan_wakeup_kswapd", "", "nid="+itoa(n.ID)+" order="+itoa(order))
	k.wakeKswapdThread(n)
}

func (k *Kernel) wakeKswapdThread(n *phys.Node) {
	st := &k.nodes[n.ID]
	st.sleeping = false
	st.wait.Broadcast()
}

// onWake is the allocator's hook for a wake-up in the middle of an allocation; a run of allocations puts it off until its time is spent.
func (k *Kernel) onWake(z *phys.Zone, gfp phys.GFP, order int, highest phys.ZoneType) {
	if k.deferWakes {
		k.deferredWakes = append(k.deferredWakes, deferredWake{z, gfp, order, highest})
		return
	}
	k.wakeupKswapd(z, gfp, order, highest)
}

type deferredWake struct {
	zone    *phys.Zone
	gfp     phys.GFP
	order   int
	highest phys.ZoneType
}

func (k *Kernel) wakeDeferred() {
	for _, w := range k.deferredWakes {
		k.wakeupKswapd(w.zone, w.gfp, w.order, w.highest)
	}
	k.deferredWakes = k.deferredWakes[:0]
}

// balanced tells whether some zone up to highest can give a block of the order above its high watermark (pgdat_balanced).
func (k *Kernel) balanced(n *phys.Node, order int, highest phys.ZoneType) bool {
	any := false
	for _, z := range n.Zones {
		if z.Type > highest || z.Managed == 0 {
			continue
		}
		any = true
		if z.WatermarkOKSafe(order, z.Wmark(phys.WmarkHigh), highest) {
			return true
		}
	}
	return !any
}

// boosted tells whether a zone up to highest has its watermarks raised (pgdat_watermark_boosted).
func boosted(n *phys.Node, highest phys.ZoneType) bool {
	for _, z := range n.Zones {
		if z.Type <= highest && z.Managed > 0 && z.WatermarkBoost > 0 {
			return true
		}
	}
	return false
}

// kswapd is the thread that keeps a node's free memory between the low and the high watermark (kswapd).
func (k *Kernel) kswapd(n *phys.Node) {
	st := &k.nodes[n.ID]
	top := topZone(n)
	allocOrder, reclaimOrder := 0, 0
	highest := top
	st.order, st.highestZoneidx = 0, noZone
	read := func() {
		allocOrder = st.order
		highest = st.zoneAsked(highest)
	}
	for {
		read()
		reclaimOrder = allocOrder
		for {
			k.kswapdTryToSleep(n, allocOrder, reclaimOrder, highest)
			read()
			st.order, st.highestZoneidx = 0, noZone
			k.trace("mm_vmscan_kswapd_wake", st.kswapd.proc.Name(), "order="+itoa(allocOrder))
			nested := st.kswapd.memstall()
			reclaimOrder = k.balancePgdat(n, allocOrder, highest)
			st.kswapd.endMemstall(nested)
			if reclaimOrder >= allocOrder {
				break
			}
		}
	}
}

// zoneAsked is the highest zone that somebody has asked for, or the one before if nobody has (kswapd_highest_zoneidx).
func (st *nodeState) zoneAsked(before phys.ZoneType) phys.ZoneType {
	if st.highestZoneidx == noZone {
		return before
	}
	return phys.ZoneType(st.highestZoneidx)
}

// kswapdTryToSleep lets kswapd sleep if the node is balanced: briefly at first, then, if it still is, until it is woken
// (kswapd_try_to_sleep).
func (k *Kernel) kswapdTryToSleep(n *phys.Node, allocOrder, reclaimOrder int, highest phys.ZoneType) {
	st := &k.nodes[n.ID]
	t := &st.kswapd
	remaining := false
	t.spend(k.cost.KswapdWake)
	st.sleeping = true
	if k.prepareKswapdSleep(n, reclaimOrder, highest) {
		k.resetIsolationSuitable(n)
		k.wakeupKcompactd(n, allocOrder, highest)
		remaining = t.proc.WaitTimeout(st.wait, k.timeout(kswapdNap))
		if remaining {
			st.highestZoneidx = int(st.zoneAsked(highest))
			st.order = max(st.order, reclaimOrder)
		}
		st.sleeping = true
	}
	if !remaining && k.prepareKswapdSleep(n, reclaimOrder, highest) {
		k.trace("mm_vmscan_kswapd_sleep", t.proc.Name(), "nid="+itoa(n.ID))
		t.proc.Wait(st.wait)
	} else if remaining {
		k.count(vmstat.KswapdLowWmarkHitQuickly, 1)
	} else {
		k.count(vmstat.KswapdHighWmarkHitQuickly, 1)
	}
	st.sleeping = false
}

// prepareKswapdSleep lets tasks that were held back go on, and tells whether kswapd may sleep (prepare_kswapd_sleep).
func (k *Kernel) prepareKswapdSleep(n *phys.Node, order int, highest phys.ZoneType) bool {
	st := &k.nodes[n.ID]
	st.pfmemalloc.Broadcast()
	if st.failures >= maxReclaimFailures {
		return true
	}
	if k.balanced(n, order, highest) {
		st.congested, st.dirtyFlag, st.writebackFlag = false, false, false
		return true
	}
	return false
}

// balancePgdat reclaims until the node is balanced for an order, or priority 1 is done without success (balance_pgdat). It returns the order
// that it ended with: 0 if it left the making of large blocks to compaction.
func (k *Kernel) balancePgdat(n *phys.Node, order int, highest phys.ZoneType) int {
	st := &k.nodes[n.ID]
	k.count(vmstat.Pageoutrun, 1)
	var boosts [phys.NrZoneTypes]uint64
	nrBoost := uint64(0)
	for _, z := range n.Zones {
		if z.Type <= highest && z.Managed > 0 {
			boosts[z.Type] = z.WatermarkBoost
			nrBoost += z.WatermarkBoost
		}
	}
	wasBoosted := nrBoost > 0
	setActive := func(on bool) {
		for _, z := range n.Zones {
			if z.Type <= highest && z.Managed > 0 {
				if on {
					z.Flags |= phys.ZoneReclaimActive
				} else {
					z.Flags &^= phys.ZoneReclaimActive
				}
			}
		}
	}
	sc := scanControl{t: &st.kswapd, order: order, reclaimIdx: highest, gfp: phys.GFPKernel, mayUnmap: true}
	done := false
restart:
	setActive(true)
	sc.priority = defPriority
	for {
		raise := true
		before := sc.nrReclaimed
		balanced := k.balanced(n, sc.order, highest)
		if !balanced && nrBoost > 0 {
			nrBoost = 0
			goto restart
		}
		if balanced && nrBoost == 0 {
			done = true
			break
		}
		if nrBoost > 0 && sc.priority == defPriority-2 {
			raise = false
		}
		sc.mayWritepage, sc.maySwap = nrBoost == 0, nrBoost == 0
		if k.lruGen != nil {
			sc.lruGenAgeNode(n)
		} else if k.swap.Total > 0 && inactiveIsLow(k.lruvecs[n.ID], lru.InactiveAnon) {
			sc.shrinkActiveList(n, lru.ActiveAnon, swapClusterMax)
		}
		if sc.priority < defPriority-2 {
			sc.mayWritepage = true
		}
		sc.nrScanned = 0
		if sc.kswapdShrinkNode(n) {
			raise = false
		}
		if st.pfmemalloc.Waiting() > 0 && k.allowDirectReclaim(n) {
			st.pfmemalloc.Broadcast()
		}
		got := sc.nrReclaimed - before
		nrBoost -= min(nrBoost, got)
		if nrBoost > 0 && got == 0 {
			break
		}
		if raise || got == 0 {
			sc.priority--
		}
		if sc.priority < 1 {
			break
		}
	}
	if !done && sc.nrReclaimed == 0 {
		st.failures++
	}
	setActive(false)
	if wasBoosted {
		for _, z := range n.Zones {
			if z.Type <= highest {
				z.WatermarkBoost -= min(z.WatermarkBoost, boosts[z.Type])
			}
		}
		k.wakeupKcompactd(n, k.Mem.PageblockOrder(), highest)
	}
	k.snapshotNode(n)
	return sc.order
}

// kswapdShrinkNode reclaims once with a target of the zones' high watermarks and tells whether as much was looked at, so that the priority
// need not rise (kswapd_shrink_node).
func (sc *scanControl) kswapdShrinkNode(n *phys.Node) bool {
	sc.nrToReclaim = 0
	for _, z := range n.Zones {
		if z.Type <= sc.reclaimIdx && z.Managed > 0 {
			sc.nrToReclaim += max(z.Wmark(phys.WmarkHigh), swapClusterMax)
		}
	}
	sc.shrinkNode(n)
	if sc.order > 0 && sc.nrReclaimed >= 2<<sc.order {
		sc.order = 0
	}
	return sc.nrScanned >= sc.nrToReclaim
}
