package procfs

import (
	"fmt"
	"math/bits"

	"mmsim/mm/vmstat"
)

const (
	pageKB = 4 // kB of a page
	// maxPages is the number of pages of the largest machine: 16 TiB. Sizes are at most that.
	maxPages = 16 << 40 / (pageKB << 10)
	// maxPFN is the first page frame beyond physical addresses of 52 bits.
	maxPFN = 1 << 40
)

// Check says whether the files are of one machine that can be simulated:
//
//   - every zone stands once, has managed <= present <= spanned pages, and no more free pages than managed ones; no count is absurd
//     (16 TiB are the limit), and all populated zones have per-CPU lists of the same CPUs;
//   - buddyinfo, and pagetypeinfo if it is there, have the populated zones of zoneinfo in its order, with the same orders, and
//     their free blocks are not larger than what the zone manages;
//   - MemTotal is not less than what the zones manage (but for a sixteenth: a balloon may have moved between two files; it is more
//     while a large machine has not set up all of its pages), and counters of pages are not more;
//   - caches are not larger than memory, swap areas are at most 16 TiB and not more than full.
//
// Files of a running machine are not read in one instant, so they need not agree to the page.
func (s *Snapshot) Check() error {
	for i := range snapshotFiles {
		if _, ok := snapshotFiles[i].get(s); !ok && snapshotFiles[i].required {
			return fmt.Errorf("the snapshot has no %s", snapshotFiles[i].name)
		}
	}
	c := checker{s: s}
	for _, check := range []func(){c.zones, c.buddyinfo, c.pagetypeinfo, c.meminfo, c.vmstat, c.slabinfo, c.swaps} {
		check()
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// checker holds what the checks find out, and the first error.
type checker struct {
	s         *Snapshot
	populated []*ZoneinfoZone
	managed   uint64 // pages of all zones
	err       error
}

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// atMost checks that a number is at most a limit.
func (c *checker) atMost(v, limit uint64, format string, args ...any) {
	if v > limit {
		c.fail("%s is %d: expected at most %d", fmt.Sprintf(format, args...), v, limit)
	}
}

func (c *checker) zones() {
	type place struct {
		node int
		zone string
	}
	seen := map[place]bool{}
	var cpus []ZoneinfoPageset
	for i := range c.s.Zoneinfo.Zones {
		z := &c.s.Zoneinfo.Zones[i]
		where := fmt.Sprintf("zoneinfo: zone %s of node %d", z.Zone, z.Node)
		if seen[place{z.Node, z.Zone}] {
			c.fail("%s stands there twice", where)
		}
		seen[place{z.Node, z.Zone}] = true
		if z.Present > z.Spanned || z.Managed > z.Present {
			c.fail("%s: expected managed <= present <= spanned, not %d, %d, %d", where, z.Managed, z.Present, z.Spanned)
		}
		c.atMost(z.Spanned, maxPFN, "%s: spanned", where)
		c.atMost(z.StartPFN, maxPFN, "%s: start_pfn", where)
		c.atMost(z.Free, z.Managed, "%s: free", where)
		for id, name := range zonePageNames[:zpSpanned] {
			c.atMost(*z.page(id), maxPages, "%s: %s", where, name)
		}
		for _, p := range z.Protection {
			c.atMost(p, maxPages, "%s: a protection", where)
		}
		if !z.Populated() {
			continue
		}
		for item, v := range z.Stat {
			c.atMost(uint64(v), maxPages, "%s: %s", where, vmstat.ZoneItem(item))
		}
		if c.managed += z.Managed; z.Managed > maxPages || c.managed > maxPages {
			c.fail("%s: with it the zones manage more than 16 TiB", where)
		}
		if len(c.populated) == 0 {
			cpus = z.Pagesets
		}
		if len(z.Pagesets) == 0 {
			c.fail("%s has no per-CPU list", where)
		}
		c.pagesets(where, z.Pagesets, cpus)
		c.populated = append(c.populated, z)
	}
	if len(c.populated) == 0 {
		c.fail("zoneinfo: no zone has pages")
	}
}

// pagesets checks a zone's per-CPU lists against those of the first zone.
func (c *checker) pagesets(where string, sets, first []ZoneinfoPageset) {
	if len(sets) != len(first) {
		c.fail("%s has per-CPU lists of %d CPUs: expected %d, as in the first zone", where, len(sets), len(first))
		return
	}
	for i := range sets {
		if sets[i].CPU != first[i].CPU || i > 0 && sets[i].CPU <= sets[i-1].CPU {
			c.fail("%s: the list of CPU %d is not where the first zone has it", where, sets[i].CPU)
		}
		for id, name := range zonePagesetNames {
			c.atMost(*sets[i].field(id), maxPages, "%s: %s of CPU %d", where, name, sets[i].CPU)
		}
	}
}

// same checks that the i-th zone of a file is the i-th populated one of zoneinfo, and returns that one.
func (c *checker) same(file string, i, node int, zone string) *ZoneinfoZone {
	if c.err != nil {
		return nil
	}
	if i >= len(c.populated) {
		c.fail("%s has zone %s of node %d: expected no more than the %d zones that zoneinfo has pages in", file, zone, node,
			len(c.populated))
		return nil
	}
	z := c.populated[i]
	if z.Node != node || z.Zone != zone {
		c.fail("%s has zone %s of node %d: expected %s of node %d, as in zoneinfo", file, zone, node, z.Zone, z.Node)
		return nil
	}
	return z
}

// freeSum adds up free blocks to pages and checks them against the zone.
func (c *checker) freeSum(file string, z *ZoneinfoZone, pages uint64, blocks []uint64) uint64 {
	for order, n := range blocks {
		c.atMost(n, z.Managed>>order, "%s: zone %s of node %d: blocks of order %d", file, z.Zone, z.Node, order)
		if c.err != nil {
			return pages
		}
		pages += n << order
	}
	c.atMost(pages, z.Managed, "%s: zone %s of node %d: pages in free blocks", file, z.Zone, z.Node)
	return pages
}

func (c *checker) buddyinfo() {
	zones := c.s.Buddyinfo.Zones
	for i := range zones {
		if z := c.same("buddyinfo", i, zones[i].Node, zones[i].Zone); z != nil {
			c.freeSum("buddyinfo", z, 0, zones[i].Free)
		}
	}
	if len(zones) < len(c.populated) {
		c.fail("buddyinfo has %d zones: expected the %d that zoneinfo has pages in", len(zones), len(c.populated))
	}
}

func (c *checker) pagetypeinfo() {
	const file = "pagetypeinfo"
	if c.s.Pagetypeinfo == nil {
		return
	}
	orders := len(c.s.Buddyinfo.Zones[0].Free)
	free, blocks := 0, 0
	for i := range c.s.Pagetypeinfo.Nodes {
		n := &c.s.Pagetypeinfo.Nodes[i]
		if n.Orders != orders {
			c.fail("%s has %d orders: expected %d, as in buddyinfo", file, n.Orders, orders)
		}
		// Each zone has one row for each type.
		var z *ZoneinfoZone
		var pages uint64
		for row := range n.Free {
			if row%max(len(n.Types), 1) == 0 {
				z, pages = c.same(file, free, n.Free[row].Node, n.Free[row].Zone), 0
				free++
			}
			if z != nil {
				pages = c.freeSum(file, z, pages, n.Free[row].Count)
			}
		}
		for _, r := range n.Blocks {
			if z := c.same(file, blocks, r.Node, r.Zone); z != nil {
				c.pageblocks(z, n.PageBlockOrder, r.Count)
			}
			blocks++
		}
	}
	if free != len(c.populated) || blocks != len(c.populated) {
		c.fail("%s has %d zones of free blocks and %d of pageblocks: expected the %d that zoneinfo has pages in", file, free, blocks,
			len(c.populated))
	}
}

// pageblocks checks the pageblocks of a zone, which may begin and end inside one.
func (c *checker) pageblocks(z *ZoneinfoZone, order uint64, counts []uint64) {
	limit := z.Spanned>>order + 2
	var sum uint64
	for _, n := range counts {
		sum += min(n, limit+1)
	}
	c.atMost(sum, limit, "pagetypeinfo: zone %s of node %d: pageblocks", z.Zone, z.Node)
}

func (c *checker) meminfo() {
	m := c.s.Meminfo
	if m.MemTotal/pageKB < c.managed-c.managed/16 {
		c.fail("meminfo: MemTotal is %d kB: expected at least about %d, what the zones of zoneinfo manage in pages of %d kB",
			m.MemTotal, c.managed*pageKB, pageKB)
	}
	for i := range meminfoLines {
		l := &meminfoLines[i]
		switch l.name {
		case "CommitLimit", "Committed_AS", "VmallocTotal", "SwapTotal", "SwapFree":
			continue
		}
		c.atMost(*l.field(m), maxPages*pageKB, "meminfo: %s", l.name)
	}
}

func (c *checker) vmstat() {
	v := c.s.Vmstat
	for item, n := range v.Zone {
		c.atMost(uint64(n), maxPages, "vmstat: %s", vmstat.ZoneItem(item))
	}
	c.atMost(uint64(v.Zone[vmstat.NRFreePages]), c.managed, "vmstat: nr_free_pages")
	for _, item := range []vmstat.NodeItem{
		vmstat.NRInactiveAnon, vmstat.NRActiveAnon, vmstat.NRInactiveFile, vmstat.NRActiveFile, vmstat.NRUnevictable,
		vmstat.NRSlabReclaimable, vmstat.NRSlabUnreclaimable, vmstat.NRAnonPages, vmstat.NRFilePages, vmstat.NRPageTablePages,
	} {
		c.atMost(uint64(v.Node[item]), c.managed, "vmstat: %s", item)
	}
}

func (c *checker) slabinfo() {
	if c.s.Slabinfo == nil {
		return
	}
	var sum uint64
	for i := range c.s.Slabinfo.Caches {
		k := &c.s.Slabinfo.Caches[i]
		hi, pages := bits.Mul64(k.NumSlabs, k.PagesPerSlab)
		if hi != 0 || pages > c.managed {
			c.fail("slabinfo: cache %s has %d slabs of %d pages: expected no more pages than the zones manage, %d", k.Name, k.NumSlabs,
				k.PagesPerSlab, c.managed)
			return
		}
		sum += pages
		c.atMost(k.ActiveSlabs, k.NumSlabs, "slabinfo: cache %s: active_slabs", k.Name)
		c.atMost(k.ObjSize, maxPages*pageKB<<10, "slabinfo: cache %s: objsize", k.Name)
		c.atMost(k.NumObjs, maxPages*pageKB<<10, "slabinfo: cache %s: num_objs", k.Name)
		c.atMost(k.ObjPerSlab, maxPages*pageKB<<10, "slabinfo: cache %s: objperslab", k.Name)
		c.atMost(sum, c.managed, "slabinfo: pages of the caches up to %s", k.Name)
	}
}

func (c *checker) swaps() {
	if c.s.Swaps == nil {
		return
	}
	for i := range c.s.Swaps.Areas {
		a := &c.s.Swaps.Areas[i]
		c.atMost(a.Size, maxPages*pageKB, "swaps: size of %s", a.Path)
		c.atMost(a.Used, a.Size, "swaps: used of %s", a.Path)
		if a.Priority < -32768 || a.Priority > 32767 {
			c.fail("swaps: the priority of %s is %d: expected -32768 to 32767", a.Path, a.Priority)
		}
	}
}
