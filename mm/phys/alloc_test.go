package phys

import (
	"testing"

	"mmsim/mm/vmstat"
)

// bare is a machine all of whose RAM above 1 MiB is free.
func bare(tb testing.TB, ram uint64, cpus int) *Memory {
	tb.Helper()
	return mustBuild(tb, Config{Nodes: []NodeConfig{{RAM: ram, CPUs: cpus}}, NoEstimate: true})
}

func (m *Memory) testAlloc(tb testing.TB, gfp GFP, order int) PFN {
	tb.Helper()
	var ac AllocContext
	flags := m.Prepare(&ac, gfp, 0, 0, nil)
	pfn := m.GetPageFromFreelist(&ac, order, flags)
	if pfn == 0 {
		tb.Fatalf("no block of order %d for %s", order, gfp)
	}
	return pfn
}

// From a pristine zone blocks come in ascending order, the smallest sufficient block first; a split leaves the upper halves.
func TestPristineOrder(t *testing.T) {
	m := bare(t, 64<<20, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	end := m.MaxPFN()
	// RAM ends 32 pages before 64 MiB: the last 992 pages are blocks of 512, 256, 128, 64 and 32 pages.
	for o := 5; o < 10; o++ {
		if z.NrFree(o) != 1 {
			t.Errorf("%d blocks of order %d", z.NrFree(o), o)
		}
	}
	if pfn := m.testAlloc(t, GFPKernel|GFPMovable, 5); uint64(pfn) != end-32 {
		t.Errorf("order 5 from frame %d, want the block of that order at %d", pfn, end-32)
	}
	first := m.testAlloc(t, GFPKernel|GFPMovable, 10)
	second := m.testAlloc(t, GFPKernel|GFPMovable, 10)
	if first != 4096 || second != 5120 {
		t.Errorf("blocks of order 10 from %d and %d", first, second)
	}
	// The next order-5 block splits the order-6 one: the lower half is taken, the upper is left.
	if pfn := m.testAlloc(t, GFPKernel|GFPMovable, 5); uint64(pfn) != end-96 || z.NrFree(5) != 1 || z.NrFree(6) != 0 {
		t.Errorf("split: frame %d, %d of order 5, %d of order 6", pfn, z.NrFree(5), z.NrFree(6))
	}
}

// A refill takes a batch, the first page obtained is the first used, and the last freed is the first used again.
func TestPerCPULists(t *testing.T) {
	m := bare(t, 2<<30, 2)
	z := m.Nodes[0].Zone(ZoneDMA32)
	c := z.PCP(0)
	if c.Batch != 63 {
		t.Fatalf("batch %d", c.Batch)
	}
	free := z.FreePages()
	a, b := m.testAlloc(t, GFPHighuserMovable, 0), m.testAlloc(t, GFPHighuserMovable, 0)
	if b != a+1 {
		t.Errorf("pages %d and %d are not neighbours", a, b)
	}
	if c.Count != 61 || z.FreePages() != free-63 {
		t.Errorf("after a refill: %d on the list, %d fewer free", c.Count, free-z.FreePages())
	}
	m.FreePage(0, a)
	if got := m.testAlloc(t, GFPHighuserMovable, 0); got != a {
		t.Errorf("page %d, want %d that was just freed", got, a)
	}
	count := c.Count
	m.testAlloc(t, GFPHighuserMovable, 2)
	if got := c.Count - count; got != (63>>2-1)*4 {
		t.Errorf("refill of order 2 left %d pages", got)
	}
	if m.testAlloc(t, GFPHighuserMovable, 5); c.Count-count != (63>>2-1)*4 {
		t.Error("order 5 went through the per-CPU lists")
	}
	if got := m.Events[vmstat.PgAllocDma32]; got != 1+1+1+4+32 {
		t.Errorf("pgalloc_dma32 %d", got)
	}
	if z.NumaStat[vmstat.NumaHit] != 5 || z.NumaStat[vmstat.NumaLocal] != 5 {
		t.Errorf("numa counters %d", z.NumaStat)
	}
}

// Consecutive frees give back more and more at a time; an allocation halves that again.
func TestBulkFreeGrows(t *testing.T) {
	m := bare(t, 2<<30, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	c := z.PCP(0)
	var pages []PFN
	for range 20000 {
		pages = append(pages, m.testAlloc(t, GFPHighuserMovable, 0))
	}
	m.DrainAll(nil)
	if c.Count != 0 {
		t.Fatalf("%d pages after a drain", c.Count)
	}
	c.freeFactor = 0
	var bulks []int
	for _, p := range pages[:12000] {
		before := c.Count
		m.FreePage(0, p)
		if n := before + 1 - c.Count; n > 0 {
			bulks = append(bulks, n)
		}
	}
	for i, want := range []int{63, 126, 252, 504, 1008} {
		if want = min(want, c.High-c.Batch); i >= len(bulks) || bulks[i] != want {
			t.Fatalf("bulk frees %d with high %d, want %d at %d", bulks, c.High, want, i)
		}
	}
	// With kswapd at work on the zone the list is cut to four batches.
	z.Flags |= ZoneReclaimActive
	m.FreePage(0, pages[12000])
	for _, p := range pages[12001:14000] {
		m.FreePage(0, p)
	}
	if c.Count >= 4*c.Batch {
		t.Errorf("%d pages while reclaim is active, batch %d", c.Count, c.Batch)
	}
	// A freed block of order 1 to 3 empties the list when frees outweigh allocations.
	z.Flags = 0
	big := m.testAlloc(t, GFPHighuserMovable, 3)
	c.freeFactor = 1
	m.FreePages(0, big, 3)
	if c.Count != 0 {
		t.Errorf("%d pages left after a free of order 3", c.Count)
	}
}

// unmovableZone takes what there is until only MOVABLE blocks are left, so that the next unmovable request must steal.
func TestStealTakesTheLargestAndTheBlock(t *testing.T) {
	m := bare(t, 2<<30, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	pfn := m.testAlloc(t, GFPKernel, 4)
	if m.BlockType(pfn) != MigrateUnmovable {
		t.Errorf("the stolen pageblock is %s", m.BlockType(pfn))
	}
	if got := m.BlockType(pfn + 512); got != MigrateUnmovable {
		t.Errorf("the second half of the stolen block of order 10 is %s", got)
	}
	if z.WatermarkBoost != 0 {
		t.Error("a whole pageblock was stolen, but the watermark is boosted")
	}
	// Later requests stay in that block.
	next := m.testAlloc(t, GFPKernel, 4)
	if next>>10 != pfn>>10 {
		t.Errorf("unmovable blocks at %d and %d", pfn, next)
	}
}

// mixed is a machine without free whole pageblocks: in each, the given pages are in use by movable memory and the rest is free.
func mixed(t *testing.T, used func(i PFN) bool) *Memory {
	t.Helper()
	m := bare(t, 128<<20, 1)
	var pages []PFN
	var ac AllocContext
	m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
	for {
		pfn := m.GetPageFromFreelist(&ac, 0, AllocNoWatermarks)
		if pfn == 0 {
			break
		}
		m.Page(pfn).Set(FlagLRU)
		pages = append(pages, pfn)
	}
	for _, pfn := range pages {
		if !used(pfn & 511) {
			m.FreePage(0, pfn)
		}
	}
	m.DrainAll(nil)
	return m
}

func TestStealBoostsAndConverts(t *testing.T) {
	// 256 free pages in each pageblock: a steal of an unmovable request takes them all and, being half, the type.
	m := mixed(t, func(i PFN) bool { return i >= 256 })
	z := m.Nodes[0].Zone(ZoneDMA32)
	woken := 0
	m.Hooks.WakeKswapd = func(wz *Zone, _ GFP, order int, _ ZoneType) {
		if wz == z && order == 0 {
			woken++
		}
	}
	movable := z.NrFreeType(8, MigrateMovable)
	pfn := m.testAlloc(t, GFPKernel, 8)
	if m.BlockType(pfn) != MigrateUnmovable {
		t.Errorf("pageblock is %s", m.BlockType(pfn))
	}
	if got := z.NrFreeType(8, MigrateMovable); got != movable-1 {
		t.Errorf("%d movable blocks of order 8, there were %d", got, movable)
	}
	if z.WatermarkBoost != 512 || woken != 1 || z.Flags&ZoneBoostedWatermark != 0 {
		t.Errorf("boost %d, kswapd woken %d times, flags %d", z.WatermarkBoost, woken, z.Flags)
	}

	// 128 free pages and 384 movable ones: free pages and pages like ours are a quarter only, the type stays.
	m = mixed(t, func(i PFN) bool { return i >= 128 })
	if pfn = m.testAlloc(t, GFPKernel, 7); m.BlockType(pfn) != MigrateMovable {
		t.Errorf("pageblock of a small steal is %s", m.BlockType(pfn))
	}
}

// A request that must not wake kswapd leaves the boost to one that may.
func TestBoostWakesOnlyWhoMay(t *testing.T) {
	m := mixed(t, func(i PFN) bool { return i >= 256 })
	z := m.Nodes[0].Zone(ZoneDMA32)
	woken := 0
	m.Hooks.WakeKswapd = func(*Zone, GFP, int, ZoneType) { woken++ }
	z.Flags |= ZoneBoostedWatermark
	m.testAlloc(t, GFPKernel&^GFPKswapdReclaim, 0)
	if woken != 0 || z.Flags&ZoneBoostedWatermark == 0 {
		t.Errorf("without __GFP_KSWAPD_RECLAIM kswapd is woken %d times, flags %d", woken, z.Flags)
	}
	m.testAlloc(t, GFPKernel, 0)
	if woken != 1 || z.Flags&ZoneBoostedWatermark != 0 {
		t.Errorf("with it kswapd is woken %d times, flags %d", woken, z.Flags)
	}
}

// The boost grows by a pageblock each time up to one and a half times the high mark.
func TestBoostLimit(t *testing.T) {
	m := bare(t, 2<<30, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	most := z.Watermark[WmarkHigh] * 15000 / 10000
	for range 100 {
		z.boostWatermark()
	}
	if z.WatermarkBoost != most {
		t.Errorf("boost %d, want %d", z.WatermarkBoost, most)
	}
	if z.Wmark(WmarkMin) != z.Watermark[WmarkMin]+most {
		t.Error("the min mark is not boosted")
	}
	z.WatermarkBoost = 0
	if err := m.SetWatermarkBoostFactor(0); err != nil || z.boostWatermark() {
		t.Error("boosted although it is off", err)
	}
}

func TestHighatomic(t *testing.T) {
	m := bare(t, 2<<30, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	var ac AllocContext
	m.Prepare(&ac, GFPAtomic, 0, 0, nil)
	flags := m.SlowFlags(&ac, 1, false)
	if flags != AllocWmarkMin|AllocMinReserve|AllocNonBlock|AllocHighatomic|AllocKswapd {
		t.Fatalf("flags of an atomic request %#x", flags)
	}
	pfn := m.GetPageFromFreelist(&ac, 1, flags)
	if m.BlockType(pfn) != MigrateHighAtomic || z.NrReservedHighatomic != 512 {
		t.Fatalf("pageblock is %s, %d reserved", m.BlockType(pfn), z.NrReservedHighatomic)
	}
	// Others cannot count on it.
	free, mark := z.FreePages(), z.Wmark(WmarkMin)
	if z.WatermarkOKFree(0, mark, ZoneNormal, 0, int64(mark)+512) || !z.WatermarkOKFree(0, mark, ZoneNormal, 0, int64(mark)+513) {
		t.Error("the reserve counts as free for everybody")
	}
	if m.UnreserveHighatomic(&ac, false) {
		t.Error("the last pageblock was given up without force")
	}
	if !m.UnreserveHighatomic(&ac, true) || z.NrReservedHighatomic != 0 || m.BlockType(pfn) != MigrateUnmovable {
		t.Errorf("after unreserve: %d reserved, pageblock %s", z.NrReservedHighatomic, m.BlockType(pfn))
	}
	if z.FreePages() != free {
		t.Errorf("free pages changed from %d to %d", free, z.FreePages())
	}
	// The reserve is limited to 1% of the zone and a pageblock.
	for range 4000 {
		if m.GetPageFromFreelist(&ac, 3, flags) == 0 {
			break
		}
	}
	if limit := z.Managed/100 + 2*512; z.NrReservedHighatomic == 0 || z.NrReservedHighatomic > limit {
		t.Errorf("%d reserved, limit %d", z.NrReservedHighatomic, limit)
	}
	if err := m.CheckInvariants(); err != nil {
		t.Error(err)
	}
}

func TestCapture(t *testing.T) {
	m := bare(t, 128<<20, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	a, b := m.testAlloc(t, GFPKernel, 8), m.testAlloc(t, GFPKernel, 8)
	if a^256 != b {
		t.Fatalf("%d and %d are not buddies", a, b)
	}
	free := z.FreePages()
	m.Capture = &Capture{Zone: z, Order: 9}
	m.FreePages(0, a, 8)
	if m.Capture.Page != 0 {
		t.Error("captured a block of another order")
	}
	m.FreePages(0, b, 8)
	if m.Capture.Page != a&^511 || z.FreePages() != free {
		t.Errorf("captured %d, free pages changed by %d", m.Capture.Page, z.FreePages()-free)
	}
}

func TestBulkAllocation(t *testing.T) {
	m := bare(t, 2<<30, 1)
	var ac AllocContext
	flags := m.Prepare(&ac, GFPKernel, 0, 0, nil)
	out := make([]PFN, 200)
	if n := m.AllocBulk(&ac, flags, out); n != 200 {
		t.Fatalf("%d pages", n)
	}
	z := m.Nodes[0].Zone(ZoneDMA32)
	if m.Events[vmstat.PgAllocDma32] != 200 || z.NumaStat[vmstat.NumaHit] != 200 || z.PCP(0).Count != 4*63-200 {
		t.Errorf("pgalloc %d, numa_hit %d, list %d", m.Events[vmstat.PgAllocDma32], z.NumaStat[vmstat.NumaHit], z.PCP(0).Count)
	}
	if err := m.CheckInvariants(); err != nil {
		t.Error(err)
	}
}
