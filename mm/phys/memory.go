package phys

import (
	"fmt"

	"mmsim/mm/vmstat"
)

// Memory is all physical memory of a machine.
type Memory struct {
	Arch  Arch
	Nodes []*Node
	// Events are the machine's event counters, shared with package mm.
	Events *[vmstat.NrEvents]uint64
	Hooks  Hooks
	// Capture is set while a task compacts for itself: see Capture.
	Capture *Capture
	// MobilityGrouping is off on machines too small for it: every request counts as UNMOVABLE then (page_group_by_mobility_disabled).
	MobilityGrouping bool
	// HasCMA tells that the kernel was built with CMA: there are CMA pageblocks, and the type is shown.
	HasCMA bool
	// TotalreservePages is what watermarks and reserves keep from user memory, in pages.
	TotalreservePages uint64

	layout         *Layout
	sections       []*section
	private        []*private
	owned          []bool // sections with rows of their own
	blockTypes     []uint8
	ranges         []ramRange // RAM by zone, ascending
	zones          []*Zone    // all, by node and type
	byID           []*Zone    // those with RAM
	cpuNode        []int      // node of each CPU
	pageblockOrder int
	movableZone    ZoneType
	sysctl         Sysctl
	userMinFree    int  // min_free_kbytes as set by the user, -1 if never
	thpWritten     bool // user space has written transparent_hugepage/enabled
}

// ramRange is RAM of one zone, in rows.
type ramRange struct {
	start, end uint64
	zone       *Zone
}

// ZoneByID returns the zone with a number that Page.ZoneID returned. Only zones with RAM have one.
func (m *Memory) ZoneByID(id uint32) *Zone { return m.byID[id] }

// Zones returns all zones of all nodes, populated or not, by node and then by type.
func (m *Memory) Zones() []*Zone { return m.zones }

// ZoneOf returns the zone of the block with the given head.
func (m *Memory) ZoneOf(pfn PFN) *Zone { return m.byID[m.Page(pfn).flags&zoneIDMask] }

// CPUs returns the number of CPUs.
func (m *Memory) CPUs() int { return len(m.cpuNode) }

// NodeOfCPU returns the number of the node that a CPU belongs to.
func (m *Memory) NodeOfCPU(cpu int) int { return m.cpuNode[cpu] }

// Distance returns the distance between two nodes, 10 for a node and itself (node_distance).
func (m *Memory) Distance(a, b int) int { return m.layout.Distance[a][b] }

// PageblockOrder returns the order of a pageblock: 9 on x86-64, 10 on i386 without PAE.
func (m *Memory) PageblockOrder() int { return m.pageblockOrder }

// Layout returns where RAM lies.
func (m *Memory) Layout() *Layout { return m.layout }

// TruePFN returns the page frame number of a row as the machine has it.
func (m *Memory) TruePFN(pfn PFN) uint64 { return m.layout.frame(uint64(pfn)) }

// MaxPFN returns the first row behind all RAM.
func (m *Memory) MaxPFN() uint64 { return m.ranges[len(m.ranges)-1].end }

// owner returns the zone of the frame, nil if no RAM is there.
func (m *Memory) owner(pfn uint64) *Zone {
	lo, hi := 0, len(m.ranges)
	for lo < hi {
		if mid := (lo + hi) / 2; m.ranges[mid].end <= pfn {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(m.ranges) && m.ranges[lo].start <= pfn {
		return m.ranges[lo].zone
	}
	return nil
}

// Managed returns the pages that the allocator was given (totalram_pages).
func (m *Memory) Managed() uint64 {
	sum := uint64(0)
	for _, z := range m.zones {
		sum += z.Managed
	}
	return sum
}

// Present returns all RAM, in pages.
func (m *Memory) Present() uint64 {
	sum := uint64(0)
	for _, z := range m.zones {
		sum += z.Present
	}
	return sum
}

// FreePages returns the free pages of all zones (NR_FREE_PAGES).
func (m *Memory) FreeTotal() int64 {
	sum := int64(0)
	for _, z := range m.zones {
		sum += z.FreePages()
	}
	return sum
}

// SplitBlock turns an allocated block of 2^order pages into single allocated pages of the same kind (split_page). Flags of the first page stay, the
// others have none.
func (m *Memory) SplitBlock(pfn PFN, order int) {
	head := m.Page(pfn)
	f := head.flags & (zoneIDMask | kindMask)
	for i := PFN(1); i < 1<<order; i++ {
		m.Page(pfn + i).flags = f
	}
}

func (m *Memory) badPage(pfn PFN, order int) {
	p := m.Page(pfn)
	panic(fmt.Sprintf("phys: bad page state: free of order %d at pfn %d, which is %s", order, m.TruePFN(pfn), p.Kind()))
}
