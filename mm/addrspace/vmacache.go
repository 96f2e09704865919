package addrspace

import "math/bits"

const (
	minCache    = 4 // slots, as the kernel's vmacache had (VMACACHE_SIZE)
	cachePerVMA = 4 // slots per VMA up to which a cache grows
	cacheGrowth = 8 // what it grows by: by 2, it would forget all that it learnt sixteen times for 65,530 VMAs
)

// A vmaCache remembers which VMA was found for the addresses looked up last: one VMA in a slot, and one slot for a page. It may hold VMAs that were
// taken out of the tree or have lost the page: a slot counts only if its VMA is linked and contains the address. As VMAs are disjoint, it is then the
// one that the tree has, so that nothing need be invalidated.
//
// The kernel's (mm/vmacache.c until 6.0) had four slots by process. This one grows when it missed as often as it has slots, up to four slots a VMA:
// 65,530 VMAs of a few pages each have more pages in use than four slots hold.
type vmaCache struct {
	slots  []*VMA // none, or a power of two
	shift  uint8  // 64 - log2(len(slots))
	missed int    // since the slots were made
}

// slot is the slot of an address's page. Multiples of the golden ratio spread what is mapped at regular distances.
func (c *vmaCache) slot(addr uint64) uint64 {
	return addr >> PageShift * 0x9e3779b97f4a7c15 >> (c.shift & 63)
}

// find returns the VMA that contains addr if it is remembered, or nil.
func (c *vmaCache) find(addr uint64) *VMA {
	if i := c.slot(addr); i < uint64(len(c.slots)) {
		if v := c.slots[i]; v != nil && v.Contains(addr) && v.linked {
			return v
		}
	}
	return nil
}

// note remembers that v of n VMAs was found for addr, which was not remembered.
func (c *vmaCache) note(addr uint64, v *VMA, n int) {
	if c.missed++; c.missed > len(c.slots) && len(c.slots) < cachePerVMA*n {
		most := 1 << bits.Len(uint(cachePerVMA*n-1))
		c.resize(max(minCache, min(cacheGrowth*len(c.slots), most)))
	}
	c.slots[c.slot(addr)] = v
}

func (c *vmaCache) resize(n int) {
	*c = vmaCache{slots: make([]*VMA, n), shift: uint8(64 - bits.TrailingZeros(uint(n)))}
}

// removed tells that n VMAs are left: a cache that is far too large for them goes with the VMAs that it remembers.
func (c *vmaCache) removed(n int) {
	if len(c.slots) > 4*max(minCache, cachePerVMA*n) {
		*c = vmaCache{}
	}
}
