package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// migrateMode is what a migration may wait for (enum migrate_mode).
type migrateMode uint8

const (
	migrateAsync     migrateMode = iota // nothing
	migrateSyncLight                    // locks
	migrateSync                         // writeback, too
)

// compactClusterMax is the number of pages moved at a time (COMPACT_CLUSTER_MAX).
const compactClusterMax = 32

// A compactControl is one run of compaction over a zone (struct compact_control): the migrate scanner goes up from the zone's start and isolates pages in
// use, the free scanner comes down from its end and isolates free ones to move them to, until a block of the order is free or they meet.
type compactControl struct {
	t           *task
	zone        *phys.Zone
	state       *compactState
	order       int // -1: the whole zone is to be compacted
	searchOrder int
	migratetype phys.Migratetype
	flags       phys.AllocFlags
	highest     phys.ZoneType
	gfpFS       bool
	mode        migrateMode

	direct, wholeZone, proactive        bool
	ignoreSkipHint, ignoreBlockSuitable bool
	finishPageblock, contended          bool

	migratePFN, freePFN phys.PFN
	fastStart           phys.PFN
	fastSearchFail      uint

	sources []phys.PFN // isolated pages in use, in the order of isolation
	targets []phys.PFN // isolated free pages, the next to be used first
	nrFree  int        // pages in targets; while a scan is under way those of its blocks, too
	blocks  []phys.PFN // free blocks isolated by the scan that is under way

	migrateScanned, freeScanned uint64
	moved                       int
}

// noFastStart marks a fast start that was used up.
const noFastStart = ^phys.PFN(0)

// run compacts (compact_zone). capture, if not nil, takes the first block of the order that comes free. It spends the time that it takes after each cluster:
// at such a moment no page is on its way.
func (cc *compactControl) run(capture *phys.Capture) (ret compactResult) {
	k, c, z := cc.t.k, cc.state, cc.zone
	if r := compactionSuitable(z, cc.order, cc.flags, cc.highest); r != compactContinue {
		return r
	}
	if cc.order >= 0 && c.restarting(cc.order) {
		c.blockskipFlush = true
		k.resetSkipBits(c)
	}
	sync := 0
	if cc.mode != migrateAsync {
		sync = 1
	}
	start, end := c.start(), c.end()
	if cc.wholeZone {
		cc.migratePFN, cc.freePFN = start, c.blockStart(end-1)
	} else {
		cc.migratePFN, cc.freePFN = c.cachedMigrate[sync], c.cachedFree
		if cc.freePFN < start || cc.freePFN >= end {
			cc.freePFN = c.blockStart(end - 1)
			c.cachedFree = cc.freePFN
		}
		if cc.migratePFN < start || cc.migratePFN >= end {
			cc.migratePFN = start
			c.cachedMigrate[0], c.cachedMigrate[1] = start, start
		}
		cc.wholeZone = cc.migratePFN <= c.initMigrate
	}
	last := phys.PFN(0)
	updateCached := sync == 1 && c.cachedMigrate[0] == c.cachedMigrate[1]
	k.lruAddDrain(cc.t.cpu())
	k.trace("mm_compaction_begin", cc.t.comm(), "zone="+z.Name()+" order="+itoa(cc.order))
	defer func() {
		cc.release()
		if capture != nil && capture.Page != 0 && ret == 0 { // the task was killed
			k.Mem.FreePages(cc.t.cpu(), capture.Page, cc.order)
		}
		k.count(vmstat.CompactMigrateScanned, cc.migrateScanned)
		k.count(vmstat.CompactFreeScanned, cc.freeScanned)
		k.trace("mm_compaction_end", cc.t.comm(), "zone="+z.Name()+" order="+itoa(cc.order)+" status="+itoa(int(ret)))
	}()
	for {
		if ret = cc.finished(); ret != compactContinue {
			return ret
		}
		k.Mem.Capture = capture
		r := cc.cluster(&last, &updateCached)
		k.Mem.Capture = nil
		if capture != nil && capture.Page != 0 {
			k.Mem.TakeCaptured(capture)
		}
		cc.spend()
		switch {
		case r != compactContinue:
			return r
		case capture != nil && capture.Page != 0:
			return compactSuccess
		}
	}
}

// cluster isolates and moves one batch of pages. It returns Contended to give up, else Continue.
func (cc *compactControl) cluster(last *phys.PFN, updateCached *bool) compactResult {
	k, c := cc.t.k, cc.state
	at := cc.migratePFN
	cc.finishPageblock = c.blockStart(*last) == c.blockStart(at)
	if !cc.isolateMigratepages() {
		cc.putback()
		return compactContended
	}
	if len(cc.sources) == 0 {
		if *updateCached {
			c.cachedMigrate[1] = c.cachedMigrate[0]
		}
	} else {
		*updateCached = false
		*last = at
		failed, noMemory := k.migratePages(cc)
		if failed {
			cc.putback()
			if noMemory && !cc.met() {
				return compactContended
			}
			if cc.direct && cc.mode == migrateAsync && cc.order >= 0 {
				cc.migratePFN = (cc.migratePFN - 1) | (1<<cc.order - 1) + 1
				*last = 0
			}
		}
	}
	// Pages that were freed merge only once they leave the CPU's lists.
	if cc.order > 0 && *last != 0 && *last < cc.migratePFN&^(1<<cc.order-1) {
		cpu := cc.t.cpu()
		k.lruAddDrain(cpu)
		cc.zone.DrainPCP(cpu)
		*last = 0
	}
	return compactContinue
}

// spend uses the CPU time that the pages looked at and moved since the last call take.
func (cc *compactControl) spend() {
	k := cc.t.k
	d := k.owed + engine.Time(cc.moved)*k.cost.MigratePage
	k.owed, cc.moved = 0, 0
	cc.t.spend(d)
}

// met tells whether the scanners have met (compact_scanners_met).
func (cc *compactControl) met() bool {
	o := cc.state.order
	return cc.freePFN>>o <= cc.migratePFN>>o
}

// finished tells whether to go on (compact_finished).
func (cc *compactControl) finished() compactResult {
	k, c, z := cc.t.k, cc.state, cc.zone
	if cc.met() {
		c.resetPositions()
		if cc.direct {
			c.blockskipFlush = true
		}
		if cc.wholeZone {
			return compactComplete
		}
		return compactPartialSkipped
	}
	if cc.proactive {
		if k.kswapdRunning(z.Node) {
			return compactPartialSkipped
		}
		if k.fragmentationScoreZone(z) <= k.fragmentationMark(true) {
			return compactSuccess
		}
		return compactContinue
	}
	if cc.order < 0 {
		return compactContinue
	}
	if cc.migratePFN&(1<<c.order-1) != 0 { // a pageblock is always finished
		return compactContinue
	}
	if z.CanServe(cc.order, cc.migratetype) {
		return compactSuccess
	}
	if cc.contended || cc.t.fatalSignal() {
		return compactContended
	}
	return compactContinue
}

// putback puts pages that were not moved back on their lists (putback_movable_pages).
func (cc *compactControl) putback() {
	k := cc.t.k
	for _, pfn := range cc.sources {
		k.lruAdd(cc.t.cpu(), pfn)
	}
	cc.sources = cc.sources[:0]
}

// release gives the free pages that were not needed back (release_freepages); the free scanner begins there next time.
func (cc *compactControl) release() {
	if len(cc.targets) == 0 {
		return
	}
	c := cc.state
	high := phys.PFN(0)
	for _, pfn := range cc.targets {
		high = max(high, pfn)
		cc.t.k.Mem.FreePage(cc.t.cpu(), pfn)
	}
	cc.targets, cc.nrFree = cc.targets[:0], 0
	if high = c.blockStart(high); high > c.cachedFree {
		c.cachedFree = high
	}
}
