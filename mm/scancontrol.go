package mm

import (
	"math"

	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// Constants of reclaim (mm/vmscan.c, include/linux/swap.h).
const (
	defPriority    = 12
	swapClusterMax = 32
	maxSwappiness  = 200
)

// scanControl is one caller's reclaim (struct scan_control).
type scanControl struct {
	t           *task
	nrToReclaim uint64
	order       int
	reclaimIdx  phys.ZoneType
	priority    int
	gfp         phys.GFP

	mayWritepage, maySwap, mayUnmap bool
	forceDeactivate                 bool
	skippedDeactivate               bool
	mayDeactivate                   [2]bool // of anon, file
	cacheTrim                       bool
	fileIsTiny                      bool
	anonCost, fileCost              uint64

	nrScanned   uint64
	nrReclaimed uint64

	// Of the multi-generational LRU only.
	walk          *lruGenWalk // the walk under way; nil: none
	needAging     bool        // kswapd looks whether a new generation is due before the next round (memcgs_need_aging)
	lastReclaimed uint64      // nrReclaimed when this round began

	nr struct{ dirty, unqueuedDirty, congested, writeback, immediate, fileTaken, taken uint64 }
}

const (
	anonType = 0
	fileType = 1
)

// inactiveIsLow tells whether an inactive list is short for its active one: the larger the lists, the shorter it may be (inactive_is_low).
func inactiveIsLow(v *lru.Lruvec, inactive lru.List) bool {
	i, a := v.Len(inactive), v.Len(inactive+lru.Active)
	ratio := int64(1)
	if gb := (i + a) >> (30 - 12); gb > 0 {
		ratio = int64(math.Sqrt(float64(10 * gb)))
	}
	return i*ratio < a
}

// prepareScanCount looks at a node before a round of reclaim (prepare_scan_count).
func (sc *scanControl) prepareScanCount(n *phys.Node) {
	if sc.t.k.lruGen != nil {
		return
	}
	v := sc.t.k.lruvecs[n.ID]
	sc.anonCost, sc.fileCost = v.AnonCost, v.FileCost
	if sc.forceDeactivate {
		sc.mayDeactivate = [2]bool{true, true}
	} else {
		anon, file := uint64(n.Stat[vmstat.WorkingsetActivateAnon]), uint64(n.Stat[vmstat.WorkingsetActivateFile])
		sc.mayDeactivate[anonType] = anon != v.Refaults[anonType] || inactiveIsLow(v, lru.InactiveAnon)
		sc.mayDeactivate[fileType] = file != v.Refaults[fileType] || inactiveIsLow(v, lru.InactiveFile)
	}
	sc.cacheTrim = v.Len(lru.InactiveFile)>>sc.priority > 0 && !sc.mayDeactivate[fileType]

	file, free, high := v.Len(lru.ActiveFile)+v.Len(lru.InactiveFile), int64(0), int64(0)
	for _, z := range n.Zones {
		if z.Managed > 0 {
			free += z.FreePages()
			high += int64(z.Wmark(phys.WmarkHigh))
		}
	}
	sc.fileIsTiny = file+free <= high && !sc.mayDeactivate[anonType] && v.Len(lru.InactiveAnon)>>sc.priority > 0
}

// scanBalance is how the pages to scan are divided between anon and file (enum scan_balance).
type scanBalance uint8

const (
	scanEqual scanBalance = iota
	scanFract
	scanAnon
	scanFile
)

// scanCount decides how many pages of each list to look at (get_scan_count).
func (sc *scanControl) scanCount(n *phys.Node) (nr [4]uint64) {
	k := sc.t.k
	swappiness := k.sysctl.swappiness
	var ap, fp, denominator uint64 = 0, 0, 1
	balance := scanFract
	switch {
	case !sc.maySwap || !k.canReclaimAnon():
		balance = scanFile
	case sc.priority == 0 && swappiness != 0:
		balance = scanEqual
	case sc.fileIsTiny:
		balance = scanAnon
	case sc.cacheTrim:
		balance = scanFile
	default:
		total := sc.anonCost + sc.fileCost
		a, f := total+sc.anonCost, total+sc.fileCost
		total = a + f
		ap = swappiness * (total + 1) / (a + 1)
		fp = (maxSwappiness - swappiness) * (total + 1) / (f + 1)
		denominator = ap + fp
	}
	for l := lru.InactiveAnon; l <= lru.ActiveFile; l++ {
		scan := sc.lruSize(n, l) >> sc.priority
		switch balance {
		case scanFract:
			fraction := ap
			if l.IsFile() {
				fraction = fp
			}
			scan = scan * fraction / denominator
		case scanAnon, scanFile:
			if l.IsFile() != (balance == scanFile) {
				scan = 0
			}
		}
		nr[l] = scan
	}
	return nr
}

// lruSize is the length of a list counting the zones that this reclaim may take from (lruvec_lru_size).
func (sc *scanControl) lruSize(n *phys.Node, l lru.List) uint64 {
	size := int64(0)
	for _, z := range n.Zones {
		if z.Type <= sc.reclaimIdx {
			size += z.Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)]
		}
	}
	return uint64(max(size, 0))
}
