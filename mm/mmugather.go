package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// gatherBundle is how many pages an mmuGather holds in itself (MMU_GATHER_BUNDLE), gatherLimit about how many it may hold in all, and gatherChunk the most that it
// frees at once (tlb_batch_pages_flush).
const (
	gatherBundle = 8
	gatherLimit  = 10000
	gatherChunk  = 512
)

// gatherBatch is how many pointers fit into a page beside the head of a batch (MAX_GATHER_BATCH); there are gatherLimit/gatherBatch such pages at most
// (MAX_GATHER_BATCH_COUNT).
func (k *Kernel) gatherBatch() int {
	if k.Mem.Arch == phys.I386 {
		return (addrspace.PageSize - 12) / 4
	}
	return (addrspace.PageSize - 16) / 8
}

// gatherMax is how many pages an mmuGather holds before it must free them.
func (k *Kernel) gatherMax() uint64 {
	n := k.gatherBatch()
	return uint64(gatherBundle + gatherLimit/n*n)
}

// gfpGather is what it asks for those pages with (tlb_next_batch).
const gfpGather = phys.GFPNowait | phys.GFPNowarn

// mmuGather collects the pages whose page-table entries are cleared, and the page tables that become empty, until the TLBs are flushed; then those
// that nobody else maps are freed, a batch at a time and each batch from its end (struct mmu_gather, tlb_batch_pages_flush). The pages that it takes for
// itself come off the CPU's free list before and return to it after, which decides how much of that list the freeing empties (pcp.free_factor).
//
// Nothing else runs between a page's entry going and the page's freeing: who gathers does not wait before finish.
type mmuGather struct {
	k     *Kernel
	t     *task // on whose behalf; nil: nobody's
	cpu   int
	batch int        // how many pages each page of pointers holds
	pages []phys.PFN // in the order in which their entries went; 0: others still map it
	room  int        // len(pages) at which the next page of pointers is needed
	taken []phys.PFN // pages of pointers
}

// gatherMMU begins to collect what an address space loses, on a CPU and, unless nil, on behalf of a task (tlb_gather_mmu).
func (k *Kernel) gatherMMU(t *task, cpu int) *mmuGather {
	var g *mmuGather
	if n := len(k.gathers); n > 0 {
		g = k.gathers[n-1]
		k.gathers = k.gathers[:n-1]
	} else {
		g = &mmuGather{k: k, batch: k.gatherBatch()}
	}
	g.t, g.cpu, g.room = t, cpu, gatherBundle
	return g
}

// add collects a page: of an entry, or a page table (tlb_remove_page).
func (g *mmuGather) add(pfn phys.PFN) {
	g.pages = append(g.pages, pfn)
	if len(g.pages) == g.room {
		g.grow()
	}
}

// grow makes room for a further batch, or frees what was collected if there is none to be had (tlb_next_batch).
func (g *mmuGather) grow() {
	used := (g.room - gatherBundle) / g.batch
	if used == len(g.taken) && used < gatherLimit/g.batch {
		if pfn := g.alloc(); pfn != 0 {
			g.k.Mem.Page(pfn).SetKind(phys.KindOther)
			g.taken = append(g.taken, pfn)
		}
	}
	if used == len(g.taken) {
		g.flush()
		return
	}
	g.room += g.batch
}

// alloc takes a page without waiting.
func (g *mmuGather) alloc() phys.PFN {
	if g.t != nil {
		return g.t.allocPage(gfpGather)
	}
	return g.k.atomic[g.cpu].allocPages(gfpGather, 0)
}

// FreeTable collects a page table (pte_free_tlb and its sisters; without a hypervisor's help they go the way of the pages).
func (g *mmuGather) FreeTable(level addrspace.Level, frame uint32) {
	if level != addrspace.LevelPUD {
		g.k.zoneOf(g.k.Mem.Page(phys.PFN(frame))).Node.Stat[vmstat.NRPageTablePages]--
	}
	g.add(phys.PFN(frame))
}

// flush frees what was collected, batch by batch (tlb_batch_pages_flush).
func (g *mmuGather) flush() {
	for rest, n := g.pages, gatherBundle; len(rest) > 0; n = g.batch {
		batch := rest[:min(n, len(rest))]
		rest = rest[len(batch):]
		for len(batch) > gatherChunk {
			g.free(batch[:gatherChunk])
			batch = batch[gatherChunk:]
		}
		g.free(batch)
	}
	g.pages, g.room = g.pages[:0], gatherBundle
}

// free gives the pages of one batch back that nothing refers to any more (free_pages_and_swap_cache).
func (g *mmuGather) free(pages []phys.PFN) {
	k := g.k
	k.lruAddDrain(g.cpu)
	gone := pages[:0]
	for _, pfn := range pages {
		if pfn == 0 {
			continue
		}
		if p := k.Mem.Page(pfn); p.Kind() == phys.KindAnon {
			if p.Test(phys.FlagSwapCache) && !k.tryToFreeSwap(g.cpu, pfn) {
				continue // reclaim will find it
			}
			k.lruForget(pfn)
			if p.Test(phys.FlagBatched) {
				k.forgetMoves(pfn)
			}
		}
		gone = append(gone, pfn)
	}
	k.Mem.FreeList(g.cpu, gone)
}

// finish flushes the TLBs of what an address space lost and frees what was collected, and last the pages that held it (tlb_finish_mmu). tables: page
// tables were freed, too.
func (g *mmuGather) finish(s *addrspace.Space, tables bool) {
	g.k.finishGather(s, tables)
	g.release()
}

// finishAll is finish for a whole address space.
func (g *mmuGather) finishAll(s *addrspace.Space) {
	g.k.flushTLBMM(s, true)
	g.release()
}

func (g *mmuGather) release() {
	g.flush()
	for _, pfn := range g.taken {
		g.k.Mem.FreePage(g.cpu, pfn)
	}
	g.taken, g.t = g.taken[:0], nil
	g.k.gathers = append(g.k.gathers, g)
}
