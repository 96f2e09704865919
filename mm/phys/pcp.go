package phys

import (
	"math/bits"

	"mmsim/mm/vmstat"
)

// pcpBatchScaleMax bounds how far consecutive frees enlarge a bulk free: batch << this (CONFIG_PCP_BATCH_SCALE_MAX).
const pcpBatchScaleMax = 5

// nrPCPLists is the number of lists of a CPU and zone: orders 0 to 3 times three types, and two for huge pages.
const nrPCPLists = (CostlyOrder+1)*int(MigratePCPTypes) + 2

// PerCPUPages is one CPU's stock of free pages of one zone (struct per_cpu_pages). The counts are in pages of 4 KiB.
type PerCPUPages struct {
	Count int // pages on the lists
	High  int // when Count reaches it, pages go back to the buddy lists
	Batch int // pages moved at a time

	freeFactor uint8 // doubles the bulk free, for every one without an allocation between
	expire     int8  // vmstat intervals until a remote zone's pages go back (drain_zone_pages)
	lists      [nrPCPLists]stock
}

// PCP returns a CPU's stock of the zone; nil in a zone without RAM.
func (z *Zone) PCP(cpu int) *PerCPUPages {
	if len(z.pcp) == 0 {
		return nil
	}
	return &z.pcp[cpu]
}

// pindex returns the list for an order and type (order_to_pindex).
func pindex(order int, mt Migratetype) int {
	if order > CostlyOrder {
		if mt == MigrateMovable {
			return nrPCPLists - 1
		}
		return nrPCPLists - 2
	}
	return order*int(MigratePCPTypes) + int(mt)
}

// pcpAllowed reports whether blocks of the order go through the per-CPU lists (pcp_allowed_order): small ones and huge pages.
func (m *Memory) pcpAllowed(order int) bool { return order <= CostlyOrder || order == m.pageblockOrder }

// pindexOrder is the inverse of pindex (pindex_to_order).
func (m *Memory) pindexOrder(i int) int {
	if i >= nrPCPLists-2 {
		return m.pageblockOrder
	}
	return i / int(MigratePCPTypes)
}

// rmqueuePCP takes a block from a CPU's list, refilling it if it is empty (rmqueue_pcplist).
func (z *Zone) rmqueuePCP(cpu, order int, mt Migratetype, flags AllocFlags) PFN {
	c := &z.pcp[cpu]
	c.freeFactor >>= 1
	s := &c.lists[pindex(order, mt)]
	if s.len == 0 && !z.refill(c, s, order, mt, flags) {
		return 0
	}
	c.Count -= 1 << order
	return s.pop(order)
}

// refill moves a batch of blocks from the buddy lists to a CPU's list (rmqueue_bulk). It reports whether it got any.
func (z *Zone) refill(c *PerCPUPages, s *stock, order int, mt Migratetype, flags AllocFlags) bool {
	n := c.Batch
	if n > 1 {
		n = max(n>>order, 2)
	}
	for from := order; n > 0; {
		if flags&AllocCMA != 0 && z.CMAPages > 0 { // which type comes next may change with every block
			pfn := z.rmqueueType(order, mt, flags)
			if pfn == 0 {
				break
			}
			z.stockRun(c, s, pfn, order, 1, z.mem.Page(pfn).freeType())
			n--
			continue
		}
		pfn, got, found := z.rmqueueRun(order, from, mt, n)
		if got > 0 {
			z.stockRun(c, s, pfn, order, got, mt)
			n, from = n-got, found // if its block was larger than that, n is 0
		} else if from = order; !z.rmqueueFallback(order, mt, flags) {
			break
		}
	}
	return s.len > 0
}

// stockRun puts neighbouring blocks that were just taken off the buddy lists at the tail of a CPU's list.
func (z *Zone) stockRun(c *PerCPUPages, s *stock, pfn PFN, order, n int, mt Migratetype) {
	s.pushTail(pfn, order, n, mt)
	z.addFree(-int64(n)<<order, mt)
	c.Count += n << order
}

// freePCP puts a block on a CPU's list and sends old ones back if there are too many (free_unref_page_commit).
func (z *Zone) freePCP(cpu int, pfn PFN, order int, mt Migratetype) {
	list := mt
	if mt >= MigratePCPTypes {
		list = MigrateMovable
	}
	c := &z.pcp[cpu]
	i := pindex(order, list)
	c.lists[i].push(pfn, order, 1, mt)
	c.Count += 1 << order
	freeHigh := c.freeFactor > 0 && order > 0 && order <= CostlyOrder
	high := c.High
	switch {
	case freeHigh:
		high = 0
	case high != 0 && z.Flags&ZoneReclaimActive != 0:
		high = min(4*c.Batch, high)
	}
	if c.Count >= high {
		z.freeBulk(c, c.toFree(high, freeHigh), i)
	}
}

// toFree returns how many pages go back when the stock has reached high (nr_pcp_free).
func (c *PerCPUPages) toFree(high int, freeHigh bool) int {
	if freeHigh {
		return c.Count
	}
	if high < c.Batch {
		return 1
	}
	n, most := c.Batch<<c.freeFactor, high-c.Batch
	if n < most && c.freeFactor < pcpBatchScaleMax {
		c.freeFactor++
	}
	return min(max(n, c.Batch), most)
}

// freeBulk gives back pages of a CPU's stock: from list i on in a circle, each list from its tail until it is empty
// (free_pcppages_bulk).
func (z *Zone) freeBulk(c *PerCPUPages, n, i int) {
	m := z.mem
	for n = min(n, c.Count); n > 0; i++ {
		if i == nrPCPLists {
			i = 0
		}
		order := m.pindexOrder(i)
		for s := &c.lists[i]; s.len > 0 && n > 0; {
			got := 1 << order
			if order == 0 && z.NrIsolatedBlocks == 0 && m.Capture == nil {
				got = z.freeTail(s, n)
			} else {
				z.freeLast(s, order)
			}
			c.Count -= got
			n -= got
		}
	}
}

// freeLast gives back the last block of a stock.
func (z *Zone) freeLast(s *stock, order int) {
	r := s.last()
	pfn, mt := r.first+PFN(r.n-1)<<order, r.mt
	s.dropTail(r, 1)
	if z.NrIsolatedBlocks > 0 {
		mt = z.mem.BlockType(pfn)
	}
	z.freeOne(pfn, order, mt, false)
}

// freeTail gives back single pages from the end of a stock's last run, n at most, and returns how many. No pageblock may be isolated, and nobody may want to
// capture.
//
// The result is that of freeOne for each, the last first. Those that together are one aligned block go as one: within it every page that comes merges with
// what came before, and what it puts on a list meanwhile is taken off again before the last page has come, so that only the whole block meets its neighbours.
// From the order of a pageblock on types begin to matter for merging.
func (z *Zone) freeTail(s *stock, n int) int {
	r := s.last()
	end, mt := r.first+PFN(r.n), r.mt
	n = min(n, int(r.n))
	s.dropTail(r, n)
	most := z.mem.pageblockOrder - 1
	for left := n; left > 0; {
		order := min(bits.Len(uint(left))-1, bits.TrailingZeros32(uint32(end)), most)
		end -= 1 << order
		left -= 1 << order
		z.freeOne(end, order, mt, false)
	}
	return n
}

// DrainPCP gives all pages of one CPU's stock of the zone back to the buddy lists (drain_pages_zone).
func (z *Zone) DrainPCP(cpu int) {
	if len(z.pcp) == 0 {
		return
	}
	c := &z.pcp[cpu]
	for c.Count > 0 {
		z.freeBulk(c, c.Batch<<pcpBatchScaleMax, 0)
	}
}

// DrainCPU gives all pages of a CPU's stocks back to the buddy lists (drain_local_pages).
func (m *Memory) DrainCPU(cpu int) {
	for _, z := range m.zones {
		z.DrainPCP(cpu)
	}
}

// DrainAll gives the pages of all stocks of a zone, or with nil of all zones, back to the buddy lists (drain_all_pages).
func (m *Memory) DrainAll(zone *Zone) {
	for _, z := range m.zones {
		if zone == nil || z == zone {
			for cpu := range z.pcp {
				z.DrainPCP(cpu)
			}
		}
	}
}

// pcpExpire is the number of vmstat intervals (1 s each) a stock of a remote node may stay unused.
const pcpExpire = 3

// ExpirePCP is what a CPU does every vmstat interval (refresh_cpu_vm_stats): its stocks of other nodes' zones lose a batch when nothing moved
// in the zone's counters for three intervals. active tells which zones had activity from this CPU since the last call; nil is none.
func (m *Memory) ExpirePCP(cpu int, active func(*Zone) bool) {
	for _, z := range m.zones {
		if len(z.pcp) == 0 {
			continue
		}
		c := &z.pcp[cpu]
		if active != nil && active(z) {
			c.expire = pcpExpire
		}
		if c.expire == 0 || c.Count == 0 {
			continue
		}
		if z.Node.ID == m.cpuNode[cpu] {
			c.expire = 0
			continue
		}
		if c.expire--; c.expire == 0 {
			z.freeBulk(c, min(c.Count, c.Batch), 0)
		}
	}
}

// updatePCP recomputes the sizes of the zone's per-CPU lists (zone_set_pageset_high_and_batch).
func (z *Zone) updatePCP() {
	batch := zoneBatchSize(z.Managed)
	high := z.highSize(batch)
	for i := range z.pcp {
		z.pcp[i].High, z.pcp[i].Batch = high, batch
	}
}

// zoneBatchSize returns the batch for a zone of so many managed pages: a quarter of a thousandth of the zone, at most 256 KiB, one
// less than a power of two (zone_batchsize).
func zoneBatchSize(managed uint64) int {
	b := max(min(managed>>10, 256)/4, 1)
	return max(1, int(roundDownPow2(b+b/2))-1)
}

// highSize returns the high mark for the zone's per-CPU lists (zone_highsize): the CPUs of the node share the low watermark.
func (z *Zone) highSize(batch int) int {
	m := z.mem
	total := z.Wmark(WmarkLow)
	if f := m.sysctl.PercpuPagelistHighFraction; f != 0 {
		total = z.Managed / uint64(f)
	}
	cpus := len(z.Node.CPUs)
	if cpus == 0 {
		cpus = len(m.cpuNode)
	}
	return max(int(total)/cpus, 4*batch)
}

// count adds a number of allocations of one order to the counters.
func (m *Memory) count(preferred, z *Zone, cpu, order, n int) {
	m.Events[vmstat.PgAllocDma+vmstat.Event(z.Type)] += uint64(n) << order
	z.countNuma(preferred, cpu, uint64(n))
}

// took counts single pages out of a stock, one allocation each.
func (c *PerCPUPages) took(n int) {
	c.Count -= n
	c.freeFactor >>= min(uint(n), 7)
}

// countNuma counts a number of allocations by place (zone_statistics).
func (z *Zone) countNuma(preferred *Zone, cpu int, n uint64) {
	node := z.Node
	if node == preferred.Node {
		z.NumaStat[vmstat.NumaHit] += n
	} else {
		z.NumaStat[vmstat.NumaMiss] += n
		preferred.NumaStat[vmstat.NumaForeign] += n
	}
	if node.ID == z.mem.cpuNode[cpu] {
		z.NumaStat[vmstat.NumaLocal] += n
	} else {
		z.NumaStat[vmstat.NumaOther] += n
	}
}
