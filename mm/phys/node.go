package phys

import (
	"math/bits"

	"mmsim/mm/vmstat"
)

// MaxNodes is the largest number of NUMA nodes (MAX_NUMNODES with NODES_SHIFT 10).
const MaxNodes = 1024

// LocalDistance and RemoteDistance are the default distances between a node and itself and another.
const (
	LocalDistance  = 10
	RemoteDistance = 20
)

// Node is a NUMA node (struct pglist_data).
type Node struct {
	ID    int
	CPUs  []int // numbers of the node's CPUs, ascending
	Zones []*Zone
	// Stat holds the node's counters.
	Stat [vmstat.NrNodeItems]int64
	// Zonelist[0] has the zones of all nodes in the order of preference, Zonelist[1] only the node's own (__GFP_THISNODE).
	Zonelist [2]Zonelist
	// TotalreservePages is what watermarks and reserves keep of the node, in pages.
	TotalreservePages uint64

	byType [NrZoneTypes]*Zone
}

// Zone returns the node's zone of a type, nil if the architecture has none.
func (n *Node) Zone(t ZoneType) *Zone { return n.byType[t] }

// Present returns the node's RAM in pages.
func (n *Node) Present() uint64 {
	sum := uint64(0)
	for _, z := range n.Zones {
		sum += z.Present
	}
	return sum
}

// Managed returns the pages of the node that the allocator was given.
func (n *Node) Managed() uint64 {
	sum := uint64(0)
	for _, z := range n.Zones {
		sum += z.Managed
	}
	return sum
}

// Nodemask is a set of nodes.
type Nodemask [MaxNodes / 64]uint64

// Has reports whether node n, 0 to MaxNodes-1, is in the set.
func (s *Nodemask) Has(n int) bool { return s[n>>6]>>(n&63)&1 != 0 }

// Add puts node n in the set.
func (s *Nodemask) Add(n int) { s[n>>6] |= 1 << (n & 63) }

// Count returns the number of nodes in the set.
func (s *Nodemask) Count() int {
	c := 0
	for _, w := range s {
		c += bits.OnesCount64(w)
	}
	return c
}

// Next returns the first node of the set that is at least n, or -1.
func (s *Nodemask) Next(n int) int {
	for ; n < MaxNodes; n++ {
		if s.Has(n) {
			return n
		}
	}
	return -1
}
