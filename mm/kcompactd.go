package mm

import (
	"math"

	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// Proactive compaction (mm/compaction.c).
const (
	fragCheckInterval = hz / 2 // in jiffies (HPAGE_FRAG_CHECK_INTERVAL_MSEC)
	fragScoreOrder    = 9      // COMPACTION_HPAGE_ORDER
)

// kcompactdState is what a node's kcompactd is asked for (the kcompactd_ fields of struct pglist_data).
type kcompactdState struct {
	task     task
	wait     *engine.Cond
	sleeping bool
	maxOrder int
	highest  phys.ZoneType
	trigger  bool // proactive_compact_trigger: the sysctl was written
}

// topZone is the highest zone of a node.
func topZone(n *phys.Node) phys.ZoneType { return n.Zones[len(n.Zones)-1].Type }

// startKcompactd makes a node's kcompactd (kcompactd_run).
func (k *Kernel) startKcompactd(n *phys.Node) {
	st := &k.nodes[n.ID].kcompactd
	st.wait = engine.NewCond(k.Sim)
	if n.Managed() == 0 {
		return
	}
	st.highest = topZone(n)
	st.task = task{k: k}
	pin := -1
	if len(k.Mem.Nodes) > 1 && len(n.CPUs) == 1 {
		pin = n.CPUs[0]
	}
	st.task.proc = k.Sim.Go("kcompactd"+itoa(n.ID), engine.ProcOptions{CPU: pin, Kernel: true, Daemon: true}, func(*engine.Proc) {
		k.kcompactd(n)
	})
	st.task.proc.UserData = &st.task
}

// wakeupKcompactd asks a node's kcompactd for blocks of an order, if some zone is worth it (wakeup_kcompactd).
func (k *Kernel) wakeupKcompactd(n *phys.Node, order int, highest phys.ZoneType) {
	if order == 0 {
		return
	}
	st := &k.nodes[n.ID].kcompactd
	st.maxOrder = max(st.maxOrder, order)
	st.highest = min(st.highest, highest)
	if !st.sleeping || !k.kcompactdNodeSuitable(n) {
		return
	}
	k.trace("mm_compaction_wakeup_kcompactd", "", "nid="+itoa(n.ID)+" order="+itoa(order))
	st.wait.Signal()
}

// kcompactdNodeSuitable tells whether a zone is worth compacting for what was asked (kcompactd_node_suitable).
func (k *Kernel) kcompactdNodeSuitable(n *phys.Node) bool {
	st := &k.nodes[n.ID].kcompactd
	for _, z := range n.Zones {
		if z.Type <= st.highest && z.Populated() && compactionSuitable(z, st.maxOrder, 0, st.highest) == compactContinue {
			return true
		}
	}
	return false
}

// kcompactd is the thread that makes large blocks of a node's free memory: on request, and every half second when it is very fragmented (kcompactd).
func (k *Kernel) kcompactd(n *phys.Node) {
	st := &k.nodes[n.ID].kcompactd
	timeout := uint64(fragCheckInterval)
	for {
		if k.sysctl.compactionProactiveness == 0 {
			timeout = math.MaxUint64
		}
		if st.maxOrder == 0 && !st.trigger {
			st.sleeping = true
			if timeout == math.MaxUint64 || k.Sim.Idle() { // nothing will fragment memory any more
				st.task.proc.Wait(st.wait)
			} else {
				st.task.proc.WaitUpkeep(st.wait, k.timeout(timeout))
			}
			st.sleeping = false
		}
		timeout = fragCheckInterval
		if st.maxOrder > 0 && !st.trigger {
			nested := st.task.memstall()
			k.kcompactdDoWork(n)
			st.task.endMemstall(nested)
			continue
		}
		if k.shouldProactivelyCompact(n) {
			before := k.fragmentationScoreNode(n)
			k.compactNode(&st.task, n, migrateSyncLight, true)
			if k.fragmentationScoreNode(n) >= before {
				timeout = fragCheckInterval << maxDeferShift
			}
		}
		st.trigger = false
	}
}

// kcompactdDoWork compacts the zones that can do with it for the largest order that was asked for (kcompactd_do_work).
func (k *Kernel) kcompactdDoWork(n *phys.Node) {
	st := &k.nodes[n.ID].kcompactd
	order, highest := st.maxOrder, st.highest
	k.count(vmstat.CompactDaemonWake, 1)
	for _, z := range n.Zones {
		if z.Type > highest || !z.Populated() {
			continue
		}
		c := k.compaction(z)
		if c.deferred(order) || compactionSuitable(z, order, 0, z.Type) != compactContinue {
			continue
		}
		cc := compactControl{
			t: &st.task, zone: z, state: c, order: order, searchOrder: order, migratetype: phys.MigrateUnmovable,
			highest: highest, gfpFS: true, mode: migrateSyncLight,
		}
		switch cc.run(nil) {
		case compactSuccess:
			c.deferReset(order, false)
		case compactPartialSkipped, compactComplete:
			k.Mem.DrainAll(z)
			c.deferCompaction(order)
		}
		k.count(vmstat.CompactDaemonMigrateScanned, cc.migrateScanned)
		k.count(vmstat.CompactDaemonFreeScanned, cc.freeScanned)
	}
	if st.maxOrder <= order {
		st.maxOrder = 0
	}
	if st.highest >= highest {
		st.highest = topZone(n)
	}
}

// compactNode compacts every zone of a node as a whole (compact_node; proactive: proactive_compact_node, which ends when the node is in order).
func (k *Kernel) compactNode(t *task, n *phys.Node, mode migrateMode, proactive bool) {
	for _, z := range n.Zones {
		if !z.Populated() {
			continue
		}
		cc := compactControl{
			t: t, zone: z, state: k.compaction(z), order: -1, migratetype: phys.MigrateUnmovable, gfpFS: true,
			highest: z.Type, mode: mode, ignoreSkipHint: true, wholeZone: true, proactive: proactive,
		}
		cc.run(nil)
	}
}

// shouldProactivelyCompact tells whether a node is so fragmented that kcompactd goes to work unasked (should_proactive_compact_node).
func (k *Kernel) shouldProactivelyCompact(n *phys.Node) bool {
	return k.sysctl.compactionProactiveness > 0 && !k.kswapdRunning(n) && k.fragmentationScoreNode(n) > k.fragmentationMark(false)
}

// kswapdRunning tells whether a node's kswapd has work (kswapd_is_running).
func (k *Kernel) kswapdRunning(n *phys.Node) bool {
	proc := k.nodes[n.ID].kswapd.proc
	return proc != nil && (proc.State() == engine.StateRunning || proc.State() == engine.StateRunnable)
}

// fragmentationScoreZone is the share of a zone's free memory that is no use for huge pages, in per cent (fragmentation_score_zone).
func (k *Kernel) fragmentationScoreZone(z *phys.Zone) uint64 {
	return z.ExternalFragmentation(fragScoreOrder)
}

// fragmentationScoreNode is the sum of the zones' scores, each by its share of the node (fragmentation_score_node).
func (k *Kernel) fragmentationScoreNode(n *phys.Node) uint64 {
	score := uint64(0)
	for _, z := range n.Zones {
		score += z.Present * k.fragmentationScoreZone(z) / (n.Present() + 1)
	}
	return score
}

// fragmentationMark is the score down to which proactive compaction works (low) and above which it begins (fragmentation_score_wmark).
func (k *Kernel) fragmentationMark(low bool) uint64 {
	mark := max(100-k.sysctl.compactionProactiveness, 5)
	if low {
		return mark
	}
	return min(mark+10, 100)
}

// CompactMemory compacts all zones of all nodes (compact_nodes). p is the process that asks; nil: the administrator's, which is the engine's current one.
func (k *Kernel) CompactMemory(p *Process) {
	t := &task{k: k, proc: k.Sim.Current()}
	if p != nil {
		t = &p.task
	}
	for cpu := range k.batches {
		k.lruAddDrain(cpu)
	}
	for _, n := range k.Mem.Nodes {
		k.compactNode(t, n, migrateSync, false)
	}
}

// setProactiveness sets how hard kcompactd works unasked, and makes it look at once (compaction_proactiveness_sysctl_handler).
func setProactiveness(k *Kernel, v string) error {
	if err := number(func(k *Kernel) *uint64 { return &k.sysctl.compactionProactiveness }, 0, 100).set(k, v); err != nil {
		return err
	}
	for _, n := range k.Mem.Nodes {
		if st := &k.nodes[n.ID].kcompactd; k.sysctl.compactionProactiveness > 0 && n.Managed() > 0 {
			st.trigger = true
			st.wait.Signal()
		}
	}
	return nil
}
