package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// throttleReason is why a task that reclaims is made to wait (enum vmscan_throttle_state).
type throttleReason uint8

const (
	throttleWriteback throttleReason = iota
	throttleIsolated
	throttleNoprogress
	throttleCongested
	nrThrottle
)

// maxReclaimFailures is the number of fruitless runs of kswapd after which a node counts as hopeless (MAX_RECLAIM_RETRIES).
const maxReclaimFailures = 16

// tryToFreePages is direct reclaim by the task (try_to_free_pages): from priority 12 to 0 until 32 pages are free. It returns the number of
// pages freed, or 1 if the task had to wait and has been killed meanwhile.
func (t *task) tryToFreePages(ac *phys.AllocContext, gfp phys.GFP, order int) uint64 {
	k := t.k
	if t.throttleDirectReclaim(ac) {
		return 1
	}
	sc := scanControl{
		t: t, nrToReclaim: swapClusterMax, order: order, reclaimIdx: ac.HighestZone, priority: defPriority, gfp: gfp,
		mayWritepage: true, mayUnmap: true, maySwap: true,
	}
	k.trace("mm_vmscan_direct_reclaim_begin", t.comm(), "order="+itoa(order))
	t.memalloc = true
	t.spend(k.cost.DirectReclaim)
	ready := false
	for {
		k.count(vmstat.AllocStallDma+vmstat.Event(sc.reclaimIdx), 1)
		for sc.priority = defPriority; sc.priority >= 0; sc.priority-- {
			k.vmpressure.notePriority(t, gfp, sc.priority)
			sc.nrScanned = 0
			ready = sc.shrinkZones(ac)
			if sc.nrReclaimed >= sc.nrToReclaim || ready {
				break
			}
		}
		k.snapshotRefaults(ac)
		if sc.nrReclaimed > 0 || ready || !sc.skippedDeactivate || sc.forceDeactivate {
			break
		}
		sc.forceDeactivate, sc.skippedDeactivate = true, false
	}
	t.memalloc = false
	k.trace("mm_vmscan_direct_reclaim_end", t.comm(), "nr_reclaimed="+itoa(int(sc.nrReclaimed)))
	if sc.nrReclaimed == 0 && ready {
		return 1
	}
	return sc.nrReclaimed
}

// shrinkZones reclaims once from each node of the zonelist (shrink_zones) and tells whether compaction can go to work instead.
func (sc *scanControl) shrinkZones(ac *phys.AllocContext) (ready bool) {
	var last, first *phys.Node
	for i := ac.Zonelist.First(sc.reclaimIdx, ac.Nodemask); i >= 0; i = ac.Zonelist.Next(i+1, sc.reclaimIdx, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		if sc.gfp&phys.GFPIO != 0 && sc.order > phys.CostlyOrder && compactionReady(z, sc.order, sc.reclaimIdx) {
			ready = true
			continue
		}
		if z.Node == last {
			continue
		}
		last = z.Node
		if first == nil {
			first = z.Node
		}
		sc.shrinkNode(z.Node)
	}
	if first != nil {
		sc.considerThrottle(first)
	}
	return ready
}

// considerThrottle wakes those who wait for progress when there is some, and makes a task that got nowhere wait (consider_reclaim_throttle).
func (sc *scanControl) considerThrottle(n *phys.Node) {
	st := &sc.t.k.nodes[n.ID]
	if sc.nrReclaimed > sc.nrScanned>>3 {
		st.throttled[throttleNoprogress].Broadcast()
		return
	}
	if sc.t.kswapd {
		return
	}
	if sc.priority == 1 && sc.nrReclaimed == 0 {
		sc.t.reclaimThrottle(n, throttleNoprogress)
	}
}

// snapshotRefaults remembers the activations by refault, so that the next round sees new ones (snapshot_refaults).
func (k *Kernel) snapshotRefaults(ac *phys.AllocContext) {
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		k.snapshotNode(ac.Zonelist.Zones[i].Node)
	}
}

func (k *Kernel) snapshotNode(n *phys.Node) {
	v := k.lruvecs[n.ID]
	v.Refaults[anonType] = uint64(n.Stat[vmstat.WorkingsetActivateAnon])
	v.Refaults[fileType] = uint64(n.Stat[vmstat.WorkingsetActivateFile])
}

// reclaimThrottle makes a task wait for writeback or for progress (reclaim_throttle). Kernel threads other than kswapd do not wait.
func (t *task) reclaimThrottle(n *phys.Node, why throttleReason) {
	k := t.k
	if t.process == nil && !t.kswapd {
		return
	}
	st := &k.nodes[n.ID]
	timeout := uint64(1)
	switch why {
	case throttleWriteback:
		timeout = hz / 10
		if st.nrWritebackThrottl == 0 {
			st.throttleMark = uint64(n.Stat[vmstat.NRWritten])
		}
		st.nrWritebackThrottl++
		defer func() { st.nrWritebackThrottl-- }()
	case throttleIsolated:
		timeout = hz / 50
	case throttleCongested, throttleNoprogress:
		if k.skipThrottle(n) {
			t.proc.Yield()
			return
		}
	}
	k.trace("mm_vmscan_throttled", t.comm(), "")
	t.submitWork()
	t.proc.WaitTimeout(st.throttled[why], k.timeout(timeout))
}

// skipThrottle tells that waiting would not help: the node is hopeless, or writeback is not what fills it (skip_throttle_noprogress).
func (k *Kernel) skipThrottle(n *phys.Node) bool {
	if k.nodes[n.ID].failures >= maxReclaimFailures {
		return true
	}
	reclaimable, pending := int64(0), int64(0)
	for _, z := range n.Zones {
		if z.Managed > 0 {
			reclaimable += k.zoneReclaimable(z)
			pending += z.Stat[vmstat.NRZoneWritePending]
		}
	}
	return 2*pending <= reclaimable
}

// accountWritten wakes tasks that wait for writeback once enough pages were written since (__acct_reclaim_writeback).
func (k *Kernel) accountWritten(n *phys.Node) {
	st := &k.nodes[n.ID]
	if st.nrWritebackThrottl == 0 {
		return
	}
	if uint64(n.Stat[vmstat.NRWritten])-st.throttleMark > uint64(swapClusterMax*st.nrWritebackThrottl) {
		st.throttled[throttleWriteback].Broadcast()
	}
}

// throttleDirectReclaim holds a task back while its node is so short of memory that kswapd itself might not find any, and tells whether the
// task was killed meanwhile (throttle_direct_reclaim).
func (t *task) throttleDirectReclaim(ac *phys.AllocContext) (killed bool) {
	k := t.k
	if t.process == nil || t.fatalSignal() {
		return false
	}
	var n *phys.Node
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		if z := ac.Zonelist.Zones[i]; z.Type <= phys.ZoneNormal {
			n = z.Node
			break
		}
	}
	if n == nil || k.allowDirectReclaim(n) {
		return false
	}
	k.count(vmstat.PgScanDirectThrottle, 1)
	st := &k.nodes[n.ID]
	t.submitWork()
	for !k.allowDirectReclaim(n) && !t.fatalSignal() {
		if ac.GFP&phys.GFPFS == 0 {
			t.proc.WaitTimeout(st.pfmemalloc, k.timeout(hz))
			break
		}
		t.proc.WaitTimeout(st.pfmemalloc, jiffy) // woken by kswapd; a signal is looked for every jiffy
	}
	return t.fatalSignal()
}

// allowDirectReclaim tells whether more than half of the min watermarks is free (allow_direct_reclaim); if not kswapd is woken.
func (k *Kernel) allowDirectReclaim(n *phys.Node) bool {
	st := &k.nodes[n.ID]
	if st.failures >= maxReclaimFailures {
		return true
	}
	reserve, free := int64(0), int64(0)
	for _, z := range n.Zones {
		if z.Type > phys.ZoneNormal || z.Managed == 0 || k.zoneReclaimable(z) == 0 {
			continue
		}
		reserve += int64(z.Wmark(phys.WmarkMin))
		free += z.FreePages()
	}
	if reserve == 0 || free > reserve/2 {
		return true
	}
	if st.sleeping {
		st.highestZoneidx = min(st.highestZoneidx, int(phys.ZoneNormal))
		k.wakeKswapdThread(n)
	}
	return false
}
