package phys

import (
	"slices"
	"testing"

	"mmsim/mm/vmstat"
)

// exhaust takes pages of order 0 from one zone until its free pages are at most the given number.
func (m *Memory) exhaust(tb testing.TB, z *Zone, left int64) {
	tb.Helper()
	m.DrainAll(nil)
	for z.FreePages() > left {
		pfn := z.rmqueueBuddy(0, MigrateMovable, 0)
		if pfn == 0 {
			tb.Fatal("zone is empty")
		}
		m.handOut(z, pfn, 0)
	}
}

// The watermark test with each reserve, at the boundary: free pages must exceed the mark.
func TestWatermarkReductions(t *testing.T) {
	m := bare(t, 2<<30, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	const mark = 1000
	for _, c := range []struct {
		name  string
		flags AllocFlags
		need  int64
	}{
		{"none", 0, 1000},
		{"high", AllocMinReserve, 500},
		{"atomic", AllocMinReserve | AllocNonBlock, 375},
		{"non-blocking", AllocNonBlock, 1000},
		{"OOM victim", AllocOOM, 500},
		{"atomic OOM victim", AllocMinReserve | AllocNonBlock | AllocOOM, 188},
	} {
		if z.WatermarkOKFree(0, mark, ZoneDMA32, c.flags, c.need) {
			t.Errorf("%s: passes with %d free", c.name, c.need)
		}
		if !z.WatermarkOKFree(0, mark, ZoneDMA32, c.flags, c.need+1) {
			t.Errorf("%s: fails with %d free", c.name, c.need+1)
		}
	}
	// Order 3: seven pages cannot be counted on; and there must be a block.
	if z.WatermarkOKFree(3, mark, ZoneDMA32, 0, 1007) || !z.WatermarkOKFree(3, mark, ZoneDMA32, 0, 1008) {
		t.Error("order 3: wrong boundary")
	}
	dma := m.Nodes[0].Zone(ZoneDMA)
	if dma.LowmemReserve[ZoneNormal] == 0 || dma.LowmemReserve[ZoneDMA] != 0 {
		t.Errorf("DMA reserves %d", dma.LowmemReserve)
	}
	empty := Zone{mem: m}
	if empty.WatermarkOKFree(1, 0, ZoneDMA, 0, 100) {
		t.Error("order 1 passes without a block")
	}
}

// Atomic order-0 requests ignore the boost, others do not.
func TestBoostAndAtomic(t *testing.T) {
	m := bare(t, 2<<30, 1)
	z := m.Nodes[0].Zone(ZoneDMA32)
	m.exhaust(t, z, int64(z.Watermark[WmarkMin])+10)
	z.WatermarkBoost = 5000
	if z.watermarkFast(0, z.Wmark(WmarkMin), ZoneDMA32, AllocWmarkMin, GFPKernel) {
		t.Error("an ordinary request passes below the boosted mark")
	}
	if !z.watermarkFast(0, z.Wmark(WmarkMin), ZoneDMA32, AllocWmarkMin, GFPAtomic) {
		t.Error("an atomic request does not pass below the boost")
	}
}

// A request that prefers Normal goes to DMA32 rather than mix types in Normal, and mixes when that is full, too.
func TestNoFragment(t *testing.T) {
	m := bare(t, 5<<30, 1)
	normal, dma32 := m.Nodes[0].Zone(ZoneNormal), m.Nodes[0].Zone(ZoneDMA32)
	var ac AllocContext
	flags := m.Prepare(&ac, GFPKernel, 0, 0, nil)
	if flags&AllocNoFragment == 0 || ac.Zonelist.Zones[ac.Preferred] != normal {
		t.Fatalf("flags %#x", flags)
	}
	var held []PFN
	for { // leave no whole pageblock free in Normal
		pfn := normal.rmqueueSmallest(9, MigrateMovable)
		if pfn == 0 {
			break
		}
		normal.addFree(-512, MigrateMovable)
		m.handOut(normal, pfn, 9)
		m.SplitBlock(pfn, 9)
		for i := PFN(0); i < 256; i++ {
			held = append(held, pfn+i)
		}
	}
	for _, pfn := range held {
		m.FreePage(0, pfn)
	}
	m.DrainAll(nil)
	pfn := m.GetPageFromFreelist(&ac, 0, flags)
	if z := m.ZoneOf(pfn); z != dma32 {
		t.Errorf("page from %s", z.Name())
	}
	m.exhaust(t, dma32, int64(dma32.Wmark(WmarkMin)))
	m.DrainAll(nil)
	m.exhaust(t, m.Nodes[0].Zone(ZoneDMA), 100)
	if z := m.ZoneOf(m.GetPageFromFreelist(&ac, 0, flags)); z != normal {
		t.Errorf("page from %s with DMA32 full", z.Name())
	}
}

// Local memory first down to the low mark, then the next node; counted where it happens.
func TestNodeOverflow(t *testing.T) {
	m := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 256 << 20, CPUs: 1}, {RAM: 256 << 20, CPUs: 1}}})
	local, remote := m.Nodes[1].Zone(ZoneDMA32), m.Nodes[0].Zone(ZoneDMA32)
	var ac AllocContext
	flags := m.Prepare(&ac, GFPHighuserMovable, 1, 1, nil)
	n := uint64(0)
	for {
		pfn := m.GetPageFromFreelist(&ac, 0, flags)
		if m.ZoneOf(pfn).Node.ID == 0 {
			break
		}
		n++
	}
	if got := local.FreePages(); uint64(got) > local.Wmark(WmarkLow) || got < int64(local.Wmark(WmarkLow))-64 {
		t.Errorf("left node 1 with %d free, low mark %d", got, local.Wmark(WmarkLow))
	}
	if local.NumaStat[vmstat.NumaHit] != n || local.NumaStat[vmstat.NumaForeign] != 1 || local.NumaStat[vmstat.NumaLocal] != n {
		t.Errorf("node 1 counts %d after %d pages", local.NumaStat, n)
	}
	if remote.NumaStat[vmstat.NumaMiss] != 1 || remote.NumaStat[vmstat.NumaOther] != 1 {
		t.Errorf("node 0 counts %d", remote.NumaStat)
	}
	// Only the local node: none.
	flags = m.Prepare(&ac, GFPHighuserMovable|GFPThisnode, 1, 1, nil)
	if pfn := m.GetPageFromFreelist(&ac, 0, flags); pfn != 0 {
		t.Error("a page below the low mark")
	}
	// zone_reclaim_mode asks the hook before it goes elsewhere.
	m.SetZoneReclaimMode(1)
	asked := 0
	m.Hooks.NodeReclaim = func(node *Node, _ GFP, _ int) bool {
		asked++
		return false
	}
	flags = m.Prepare(&ac, GFPHighuserMovable, 1, 1, nil)
	if m.GetPageFromFreelist(&ac, 0, flags) == 0 || asked != 1 {
		t.Errorf("node reclaim asked %d times", asked)
	}
	// A nodemask keeps the request off node 0.
	var mask Nodemask
	mask.Add(1)
	flags = m.Prepare(&ac, GFPHighuserMovable, 1, 1, &mask)
	if m.GetPageFromFreelist(&ac, 0, flags) != 0 {
		t.Error("a page outside the nodemask or below the mark")
	}
}

// Requests that will write skip nodes over their dirty limit in the fast path.
func TestDirtyLimit(t *testing.T) {
	m := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 256 << 20, CPUs: 1}, {RAM: 256 << 20, CPUs: 1}}})
	m.Hooks.NodeDirtyOK = func(n *Node) bool { return n.ID != 0 }
	var ac AllocContext
	flags := m.Prepare(&ac, GFPHighuserMovable|GFPWrite, 0, 0, nil)
	if n := m.ZoneOf(m.GetPageFromFreelist(&ac, 0, flags)).Node.ID; n != 1 {
		t.Errorf("page from node %d", n)
	}
	ac.SpreadDirty = false
	if n := m.ZoneOf(m.GetPageFromFreelist(&ac, 0, flags)).Node.ID; n != 0 {
		t.Errorf("page from node %d without the limit", n)
	}
}

// On a machine too small for pageblocks of every type, all requests count as UNMOVABLE.
func TestNoMobilityGrouping(t *testing.T) {
	s := &Snapshot{Zones: []ZoneSnapshot{{Zone: ZoneDMA, Start: 1, Spanned: 2047, Present: 2047, Managed: 2000}}}
	s.Zones[0].Free[4][MigrateMovable] = 20
	m := mustBuild(t, Config{Nodes: []NodeConfig{{CPUs: 1}}, Snapshot: s})
	if m.MobilityGrouping || m.Migratetype(GFPHighuserMovable) != MigrateUnmovable {
		t.Error("2047 pages are grouped by mobility")
	}
}

// The example of the specification.
func TestSpecExample(t *testing.T) {
	s := &Snapshot{Zones: []ZoneSnapshot{
		{Zone: ZoneDMA, Start: 1, Spanned: 4095, Present: 3998, Managed: 3840},
		{Zone: ZoneDMA32, Start: 4096, Spanned: 1044480, Present: 782304, Managed: 743000},
		{Zone: ZoneNormal, Start: 1 << 20, Spanned: 1310720, Present: 1310720, Managed: 1254000},
	}}
	m := mustBuild(t, Config{Nodes: []NodeConfig{{CPUs: 1}}, Snapshot: s, THP: true})
	if got := m.Sysctl().MinFreeKbytes; got != 67584 {
		t.Errorf("min_free_kbytes %d", got)
	}
	if err := m.SetLowmemReserveRatio([]int{256, 256, 32, 0, 0}); err != nil { // recomputes with all pages managed
		t.Fatal(err)
	}
	for i, want := range [][3]uint64{{32, 40, 48}, {6274, 7842, 9410}, {10589, 13236, 15883}} {
		w := m.zones[i].Watermark
		if got := [3]uint64{w[WmarkMin], w[WmarkLow], w[WmarkHigh]}; got != want {
			t.Errorf("%s: %d, want %d", m.zones[i].Name(), got, want)
		}
	}
	if r := m.zones[0].LowmemReserve; r[ZoneDMA32] != 2902 || r[ZoneNormal] != 7800 || r[ZoneMovable] != 7800 {
		t.Errorf("DMA reserves %d", r)
	}
	if r := m.zones[1].LowmemReserve; r[ZoneNormal] != 4898 {
		t.Errorf("DMA32 reserves %d", r)
	}
	var want uint64
	for i, z := range m.zones[:3] {
		want += z.Wmark(WmarkHigh) + []uint64{7800, 4898, 0}[i]
	}
	want -= 7800 + 48 - 3840 // no more than the zone has
	if m.TotalreservePages != want {
		t.Errorf("totalreserve %d, want %d", m.TotalreservePages, want)
	}
}

// The shortcuts of the fast path give the pages, the lists and the counters that the long way gives, page by page.
func TestShortcutsChangeNothing(t *testing.T) {
	c := Config{Nodes: []NodeConfig{{RAM: 96 << 20, CPUs: 1}, {RAM: 64 << 20, CPUs: 1}}}
	short, long := mustBuild(t, c), mustBuild(t, c)
	var a, b AllocContext
	for i := range 60000 {
		gfp := []GFP{GFPHighuserMovable, GFPHighuserMovable, GFPKernel, GFPKernel | GFPReclaimable}[i/3%4]
		order := []int{0, 0, 0, 1, 0, 3}[i/50%6]
		cpu := i / 700 % 2
		flags := short.Prepare(&a, gfp, cpu, cpu, nil)
		long.Prepare(&b, gfp, cpu, cpu, nil)
		got := short.GetPageFromFreelist(&a, order, flags)
		want := long.longWay(&b, order, flags)
		if got != want {
			t.Fatalf("allocation %d: page %d, the long way %d", i, got, want)
		}
		if got != 0 && i%5 == 0 {
			short.FreePages(cpu, got, order)
			long.FreePages(cpu, got, order)
		}
	}
	for i, z := range short.zones {
		y := long.zones[i]
		if z.Stat != y.Stat || z.NumaStat != y.NumaStat || z.free != y.free || z.NrFree(0) != y.NrFree(0) {
			t.Errorf("%s/%d: the zones differ", z.Name(), z.Node.ID)
		}
		for cpu := range z.pcp {
			a, b := &z.pcp[cpu], &y.pcp[cpu]
			if a.Count != b.Count || a.freeFactor != b.freeFactor || a.expire != b.expire {
				t.Errorf("%s/%d: the counts of CPU %d differ", z.Name(), z.Node.ID, cpu)
			}
			for i := range a.lists {
				if order := short.pindexOrder(i); !slices.Equal(a.lists[i].blocks(order), b.lists[i].blocks(order)) {
					t.Errorf("%s/%d: list %d of CPU %d differs", z.Name(), z.Node.ID, i, cpu)
				}
			}
		}
	}
	if *short.Events != *long.Events {
		t.Error("the events differ")
	}
}

// longWay is GetPageFromFreelist for orders that go through the per-CPU lists, without shortcuts: lists are refilled one block at a time.
func (m *Memory) longWay(ac *AllocContext, order int, flags AllocFlags) PFN {
	for i := ac.Preferred; i >= 0; i = ac.Zonelist.Next(i+1, ac.HighestZone, ac.Nodemask) {
		z := ac.Zonelist.Zones[i]
		if !z.WatermarkOK(order, z.Wmark(WmarkLow), ac.HighestZone, flags) {
			continue
		}
		c := &z.pcp[ac.CPU]
		s := &c.lists[pindex(order, ac.Migratetype)]
		if s.len == 0 {
			n := c.Batch
			if n > 1 {
				n = max(n>>order, 2)
			}
			for ; n > 0; n-- {
				pfn := z.rmqueueType(order, ac.Migratetype, flags)
				if pfn == 0 {
					break
				}
				mt := m.Page(pfn).freeType()
				z.addFree(-1<<order, mt)
				s.pushTail(pfn, order, 1, mt)
				c.Count += 1 << order
			}
		}
		if s.len == 0 {
			continue
		}
		c.freeFactor >>= 1
		c.Count -= 1 << order
		pfn := s.pop(order)
		m.count(ac.Zonelist.Zones[ac.Preferred], z, ac.CPU, order, 1)
		m.handOut(z, pfn, order)
		return pfn
	}
	return 0
}
