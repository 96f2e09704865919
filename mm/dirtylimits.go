package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
	"mmsim/mm/writeback"
)

// dirtyState is what the machine keeps to hold dirty pages within their limits.
type dirtyState struct {
	sysctl         writeback.Sysctl
	domain         *writeback.Domain
	bdis           writeback.BDISet
	ratelimitPages uint64 // after how many pages dirtied on a CPU, by whomever, somebody looks at the limits (ratelimit_pages)
	cpus           []dirtyCPU
	flushers       []*flusher
}

// dirtyCPU is what is counted per CPU: pages dirtied since the last look (bdp_ratelimits), and those that tasks had dirtied since their last pause when
// they ended (dirty_throttle_leaks).
type dirtyCPU struct{ ratelimits, leaks int64 }

// initialJiffies is the count of jiffies at boot, five minutes before its low 32 bits wrap (INITIAL_JIFFIES).
const initialJiffies = 1<<32 - 300*writeback.HZ

// jiffies is the number of ticks until now.
func (k *Kernel) jiffies() uint64 { return initialJiffies + uint64(k.Sim.Now()/jiffy) }

// jiffiesOf is a number of hundredths of a second in ticks, as the kernel converts it by way of milliseconds.
func jiffiesOf(centisecs uint64) uint64 {
	return (centisecs*10*uint64(engine.Millisecond) + uint64(jiffy) - 1) / uint64(jiffy)
}

// initDirty sets the limits of a kernel that boots, when nothing is reserved yet (page_writeback_init). free is the pages that are free then.
func (k *Kernel) initDirty(free uint64) {
	d := &k.dirty
	d.sysctl = writeback.DefaultSysctl()
	d.domain = writeback.NewDomain(k.jiffies())
	d.cpus = make([]dirtyCPU, len(k.nodeOfCPU))
	c := writeback.Control{Avail: writeback.GlobalDirtyableMemory(writeback.Memory{Free: free}, &d.sysctl)}
	c.DomainDirtyLimits(&d.sysctl)
	d.ratelimitPages = d.domain.SetRatelimit(c.Thresh, len(d.cpus))
}

// dirtyLimits are the dirty pages at which a writer is slowed down and at which the flusher begins, for a reader that is no real-time task
// (global_dirty_limits).
func (k *Kernel) dirtyLimits() (threshold, background uint64) {
	c := k.dirtyControl()
	return c.Thresh, c.BgThresh
}

// dirtyControl is a look at the limits, without any dirty pages counted yet.
func (k *Kernel) dirtyControl() writeback.Control {
	c := writeback.Control{Avail: k.dirtyableMemory()}
	c.DomainDirtyLimits(&k.dirty.sysctl)
	return c
}

// dirtyableMemory is the pages that may hold dirty data: free ones above the reserves, and the page cache, but not in high memory
// (global_dirtyable_memory).
func (k *Kernel) dirtyableMemory() uint64 {
	m := writeback.Memory{Totalreserve: uint64(k.Mem.TotalreservePages)}
	for _, z := range k.Mem.Zones() {
		if z.Populated() {
			m.Free += uint64(z.FreePages())
		}
		if z.Populated() && z.IsHighmem() { // highmem_dirtyable_memory
			m.Highmem += uint64(max(z.FreePages()-int64(z.Wmark(phys.WmarkHigh)), 0) + z.Stat[vmstat.NRZoneInactiveFile] + z.Stat[vmstat.NRZoneActiveFile])
		}
	}
	for _, n := range k.Mem.Nodes {
		m.InactiveFile += uint64(n.Stat[vmstat.NRInactiveFile])
		m.ActiveFile += uint64(n.Stat[vmstat.NRActiveFile])
	}
	return writeback.GlobalDirtyableMemory(m, &k.dirty.sysctl)
}

// setRatelimit takes new limits over at once (writeback_set_ratelimit).
func (k *Kernel) setRatelimit() {
	thresh, _ := k.dirtyLimits()
	k.dirty.ratelimitPages = k.dirty.domain.SetRatelimit(thresh, len(k.dirty.cpus))
}

// nodeDirtyOK tells whether a node may take more pages that will be written to (node_dirty_ok).
func (k *Kernel) nodeDirtyOK(n *phys.Node) bool {
	m := writeback.Memory{
		Totalreserve: uint64(n.TotalreservePages), InactiveFile: uint64(n.Stat[vmstat.NRInactiveFile]), ActiveFile: uint64(n.Stat[vmstat.NRActiveFile]),
	}
	for _, z := range n.Zones {
		if z.Populated() {
			m.Free += uint64(z.FreePages())
		}
	}
	limit := writeback.NodeDirtyLimit(writeback.NodeDirtyableMemory(m), k.dirtyableMemory(), &k.dirty.sysctl)
	return uint64(n.Stat[vmstat.NRDirty]+n.Stat[vmstat.NRWriteback]) <= limit
}
