package swap

import "mmsim/mm/xarray"

// Slots are given out from clusters of this many (SWAPFILE_CLUSTER with THP_SWAP).
const clusterSlots = 512

// An Area is one swap area (struct swap_info_struct). Slot 0 is the header.
type Area struct {
	Name       string // as /proc/swaps shows it
	Device     string // "disk", "ssd" or "zram"
	Index      int    // the area's number in entries
	Priority   int    // as shown: given ones are 0 and above, the kernel's own -2 and below
	Rotational bool
	Slots      int  // usable slots
	Used       int  // slots in use, slot caches included (inuse_pages)
	Pins       int  // tasks that rely on its being there (users)
	Off        bool // it is being taken out of use: no slot of it is given out (SWP_WRITEOK is not set)

	usage []uint16 // per slot: references, and hasCache
	cache []uint64 // per slot: 0, frame<<1, or shadow<<1|1; made on first use

	spaces []*xarray.Tree // the nodes of the swap cache, by 64 MiB of slots

	// Non-rotational: clusters with no used slot, in the order in which they are handed out; and each CPU's current one.
	clusterUsed []uint16
	freeList    []int32 // ring of free clusters
	freeHead    int
	freeLen     int
	perCPU      []cpuCluster

	// Rotational: the scan position and what is left of the current run (cluster_next, cluster_nr).
	clusterNext int
	clusterLeft int
	lowest      int
	highest     int
}

type cpuCluster struct {
	index int32 // -1: none
	next  int32
	scan  int32 // where the linear scan goes on when no cluster is free
}

// hasCache marks a slot whose page is in the swap cache, or that a CPU's slot cache holds (SWAP_HAS_CACHE).
const hasCache = 1 << 15

// NewArea makes an area of the given number of pages, of which the first is the header. cpus is the number of CPUs.
func newArea(index int, name, device string, pages int, rotational bool, cpus int) *Area {
	a := &Area{
		Name: name, Device: device, Index: index, Rotational: rotational, Slots: pages - 1,
		usage: make([]uint16, pages), lowest: 1, highest: pages - 1, clusterNext: 1,
	}
	a.usage[0] = hasCache
	if rotational {
		return a
	}
	n := (pages + clusterSlots - 1) / clusterSlots
	a.clusterUsed = make([]uint16, n)
	a.freeList = make([]int32, n)
	a.clusterUsed[0] = 1
	if tail := pages % clusterSlots; tail != 0 {
		a.clusterUsed[n-1] += uint16(clusterSlots - tail)
	}
	for i := range a.clusterUsed {
		if a.clusterUsed[i] == 0 {
			a.pushFree(int32(i))
		}
	}
	a.perCPU = make([]cpuCluster, cpus)
	for i := range a.perCPU {
		a.perCPU[i] = cpuCluster{index: -1, scan: 1}
	}
	return a
}

func (a *Area) pushFree(c int32) {
	a.freeList[(a.freeHead+a.freeLen)%len(a.freeList)] = c
	a.freeLen++
}

func (a *Area) popFree() int32 {
	c := a.freeList[a.freeHead]
	a.freeHead = (a.freeHead + 1) % len(a.freeList)
	a.freeLen--
	return c
}

// take claims up to n free slots for a CPU and appends their entries to out (scan_swap_map_slots). A claimed slot has hasCache set.
func (a *Area) take(cpu, n int, out []Entry) []Entry {
	for ; n > 0 && a.Used < a.Slots; n-- {
		var s int
		if a.Rotational {
			s = a.nextRotational()
		} else {
			s = a.nextClustered(cpu)
		}
		if s == 0 {
			break
		}
		a.usage[s] = hasCache
		a.Used++
		if !a.Rotational {
			a.clusterUsed[s/clusterSlots]++
		}
		out = append(out, entry(a.Index, s))
	}
	return out
}

// nextClustered is the next free slot of the CPU's cluster, of a free cluster, or of any (scan_swap_map_try_ssd_cluster).
func (a *Area) nextClustered(cpu int) int {
	c := &a.perCPU[cpu]
	for {
		if c.index < 0 {
			for a.freeLen > 0 && a.clusterUsed[a.freeList[a.freeHead]] != 0 {
				a.popFree() // a linear scan has taken slots of it since
			}
			if a.freeLen == 0 {
				return a.linear(int(c.scan), c)
			}
			c.index = a.popFree()
			c.next = c.index * clusterSlots
		}
		end := min((c.index+1)*clusterSlots, int32(len(a.usage)))
		for ; c.next < end; c.next++ {
			if a.usage[c.next] == 0 {
				s := c.next
				c.next++
				c.scan = c.next
				return int(s)
			}
		}
		c.index = -1
	}
}

// linear is the first free slot from a position on, wrapping once.
func (a *Area) linear(from int, c *cpuCluster) int {
	n := len(a.usage)
	for i := range n {
		s := (from + i) % n
		if a.usage[s] == 0 {
			c.scan = int32(s + 1)
			return s
		}
	}
	return 0
}

// nextRotational goes on behind the last slot; every clusterSlots slots it looks for a run of as many free ones.
func (a *Area) nextRotational() int {
	if a.clusterLeft == 0 {
		a.clusterLeft = clusterSlots
		run := 0
		for s := a.lowest; s <= a.highest; s++ {
			if a.usage[s] != 0 {
				run = 0
				continue
			}
			if run++; run == clusterSlots {
				a.clusterNext = s - clusterSlots + 1
				break
			}
		}
	}
	a.clusterLeft--
	n := len(a.usage)
	for i := range n {
		s := (a.clusterNext + i) % n
		if a.usage[s] == 0 {
			a.clusterNext = s + 1
			return s
		}
	}
	return 0
}

// release makes a slot free.
func (a *Area) release(s int) {
	a.usage[s] = 0
	a.Used--
	if a.Rotational {
		return
	}
	c := s / clusterSlots
	if a.clusterUsed[c]--; a.clusterUsed[c] == 0 && !a.current(int32(c)) {
		a.pushFree(int32(c))
	}
}

// current tells whether a cluster is some CPU's own: it returns to the free list when that CPU is done with it.
func (a *Area) current(c int32) bool {
	for i := range a.perCPU {
		if a.perCPU[i].index == c {
			return true
		}
	}
	return false
}

// Entry names slot o of the area.
func (a *Area) Entry(o int) Entry { return entry(a.Index, o) }
