package phys

import "mmsim/mm/vmstat"

// ZoneType is the kind of a zone (enum zone_type). Its order is the order in which zones lie in memory and in zonelists, and that of the
// event families pgalloc, allocstall and pgskip of package vmstat. An architecture has a subset: x86-64 all but HighMem, i386 all but DMA32 and
// Device.
type ZoneType uint8

// The zone types.
const (
	ZoneDMA ZoneType = iota
	ZoneDMA32
	ZoneNormal
	ZoneHighMem
	ZoneMovable
	ZoneDevice
	NrZoneTypes
)

var zoneNames = [NrZoneTypes]string{"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"}

// String returns the zone type's name in /proc/zoneinfo.
func (t ZoneType) String() string { return zoneNames[t] }

// MaxOrder is the number of block orders: 0 to MaxOrder-1 (the kernel's MAX_ORDER of 6.1, which is exclusive).
const MaxOrder = 11

const maxBlock = 1 << (MaxOrder - 1) // pages of the largest block

// CostlyOrder is the largest order that the allocator tries hard for (PAGE_ALLOC_COSTLY_ORDER).
const CostlyOrder = 3

// ZoneFlags are the states of a zone that the allocator and reclaim tell each other (enum zone_flags).
type ZoneFlags uint8

// The zone flags.
const (
	ZoneBoostedWatermark ZoneFlags = 1 << iota // a steal raised the boost: the next allocation wakes kswapd
	ZoneReclaimActive                          // kswapd works on the zone: per-CPU lists are kept short
)

// freeArea is the free blocks of one order.
type freeArea struct {
	lists  [NrMigratetypes]List
	nrFree uint64 // blocks on all lists
}

// Zone is a range of frames of one node that are alike to the allocator (struct zone).
type Zone struct {
	Type  ZoneType
	Node  *Node
	Flags ZoneFlags

	// StartPFN and EndPFN bound the rows of the zone (spanned); EndPFN is exclusive. Both are 0 in an empty zone.
	StartPFN, EndPFN uint64
	// Spanned, Present and Managed are in pages: with holes, without, and those that the allocator was ever given.
	Spanned, Present, Managed uint64
	// CMAPages is the number of pages in CMA pageblocks.
	CMAPages uint64

	// Stat holds the zone's counters, in pages.
	Stat [vmstat.NrZoneItems]int64
	// NumaStat counts allocations by place.
	NumaStat [vmstat.NrNumaItems]uint64

	// Watermark holds the marks without the boost, in pages; see Wmark.
	Watermark [NrWmark]uint64
	// WatermarkBoost is added to every mark when it is used, in pages.
	WatermarkBoost uint64
	// LowmemReserve[t] is what a request that could have used zones up to t must leave here, in pages.
	LowmemReserve [NrZoneTypes]uint64
	// StatThreshold is the number of pages by which the kernel lets a CPU's part of a counter drift (shown in /proc/zoneinfo).
	StatThreshold int
	// PercpuDriftMark is the number of free pages below which the kernel counts exactly; 0 if it need not.
	PercpuDriftMark uint64
	// NrReservedHighatomic is the number of pages in pageblocks reserved for atomic requests.
	NrReservedHighatomic uint64
	// NrIsolatedBlocks is the number of pageblocks of type ISOLATE.
	NrIsolatedBlocks uint64

	mem          *Memory
	id           uint32
	free         [MaxOrder]freeArea
	pcp          []PerCPUPages // by CPU
	virgin       virginRun
	reservedRows *section
}

// Name returns the zone's name in /proc.
func (z *Zone) Name() string { return z.Type.String() }

// ID returns the number of the zone in Memory.ZoneByID. A zone without RAM has none of its own.
func (z *Zone) ID() uint32 { return z.id }

// Populated reports whether the zone has RAM (populated_zone).
func (z *Zone) Populated() bool { return z.Present > 0 }

// Spans reports whether the frame lies between the zone's first and last (zone_spans_pfn).
func (z *Zone) Spans(pfn PFN) bool { return z.StartPFN <= uint64(pfn) && uint64(pfn) < z.EndPFN }

// IsHighmem reports whether the zone's pages have no address in the kernel: HighMem, and Movable where it lies in high memory.
func (z *Zone) IsHighmem() bool {
	return z.Type == ZoneHighMem || z.Type == ZoneMovable && z.mem.movableZone == ZoneHighMem
}

// FreePages returns the number of free pages on the buddy lists (NR_FREE_PAGES).
func (z *Zone) FreePages() int64 { return z.Stat[vmstat.NRFreePages] }

// NrFree returns the number of free blocks of an order, 0 to MaxOrder-1 (/proc/buddyinfo).
func (z *Zone) NrFree(order int) uint64 { return z.free[order].nrFree }

// NrFreeType returns the number of free blocks of an order on the list of one migratetype (/proc/pagetypeinfo).
// Time is linear in that number.
func (z *Zone) NrFreeType(order int, mt Migratetype) uint64 {
	n := uint64(0)
	for pfn := z.free[order].lists[mt].Head; pfn != 0; {
		if order == MaxOrder-1 && mt == MigrateMovable && z.virgin.holds(pfn) {
			n += (z.virgin.end - z.virgin.start) * (sectionPages / maxBlock)
		} else {
			n++
		}
		pfn = z.mem.Page(pfn).Next
	}
	return n
}

// EachFree calls fn for every free block of an order and type in list order until it returns false. Blocks in a range that was never
// touched come in one call each, too. fn must not allocate or free.
func (z *Zone) EachFree(order int, mt Migratetype, fn func(pfn PFN) bool) {
	for pfn := z.free[order].lists[mt].Head; pfn != 0; {
		next := z.mem.Page(pfn).Next
		if order == MaxOrder-1 && mt == MigrateMovable && z.virgin.holds(pfn) {
			for b := z.virgin.start << sectionShift; b < z.virgin.end<<sectionShift; b += maxBlock {
				if !fn(PFN(b)) {
					return
				}
			}
		} else if !fn(pfn) {
			return
		}
		pfn = next
	}
}

// BlockTypes returns the number of pageblocks of each type, as /proc/pagetypeinfo counts them: at every pageblock from the first frame of the
// zone on, where there is RAM of the zone.
func (z *Zone) BlockTypes() [NrMigratetypes]uint64 {
	var n [NrMigratetypes]uint64
	m := z.mem
	step := uint64(1) << m.pageblockOrder
	for pfn := z.StartPFN; pfn < z.EndPFN; pfn += step {
		if o := m.owner(pfn); o == z {
			n[m.BlockType(PFN(pfn))]++
		}
	}
	return n
}

// headFlags makes the flags word of the head of a free block.
func (z *Zone) headFlags(k Kind, order int, mt Migratetype) uint32 {
	return z.id | uint32(k)<<kindShift | uint32(order)<<orderShift | uint32(mt)<<mtShift
}

// addFree adds pages of a type to the zone's count of free pages (__mod_zone_freepage_state).
func (z *Zone) addFree(pages int64, mt Migratetype) {
	z.Stat[vmstat.NRFreePages] += pages
	if mt == MigrateCMA {
		z.Stat[vmstat.NRFreeCma] += pages
	}
}
