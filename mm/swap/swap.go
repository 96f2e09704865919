package swap

import (
	"fmt"
	"slices"
)

// Sizes and thresholds of the per-CPU slot caches, in slots (mm/swap_slots.c).
const (
	slotsCache      = 64
	activatePerCPU  = 5 * slotsCache
	deactivatePrCPU = 2 * slotsCache
)

// Swap is every swap area of a machine, by priority, with the CPUs' slot caches.
type Swap struct {
	Areas  []*Area // by number; nil: the number is not taken
	Total  int     // slots of all areas that are in use
	NrFree int     // free slots of those, less the used slots of an area that is being taken out of use

	// OnFree, unless nil, is told of every slot that becomes free, for a device that keeps its data in memory (swap_slot_free_notify).
	OnFree func(a *Area, slot int)

	// FreeNode, unless nil, takes back the nodes of the areas' swap caches that are not needed any more. Without it they are not counted.
	FreeNode func(object uint32)

	byPriority []*Area // highest first; equal ones rotate
	least      int     // the last priority that the kernel chose (least_priority)
	cpus       int
	slots      []slotCache
	active     bool // the slot caches are worth while (swap_slot_cache_active)
	enabled    bool // and allowed: no area is being taken out of use (swap_slot_cache_enabled)
}

type slotCache struct {
	ready []Entry // claimed and not given out
	back  []Entry // given back and not yet free
}

// New makes the machine's swap, without areas.
func New(cpus int) *Swap {
	return &Swap{least: -1, cpus: cpus, slots: make([]slotCache, cpus)}
}

// Config describes an area: its size in bytes, of which the last part of a page is lost; the device; the priority, -1 for the
// kernel's own choice.
type Config struct {
	Name       string
	Device     string
	Bytes      uint64
	Priority   int
	Rotational bool
}

// On adds an area (swapon). Errors: more areas or slots than an Entry can name, an area of less than ten pages, as mkswap refuses.
func (s *Swap) On(c Config) (*Area, error) {
	pages := c.Bytes / 4096
	switch {
	case len(s.Active()) == MaxAreas:
		return nil, fmt.Errorf("more than %d swap areas", MaxAreas)
	case pages < 10:
		return nil, fmt.Errorf("a swap area of %d bytes is too small: the least is 10 pages (40KiB)", c.Bytes)
	case pages > MaxSlots:
		return nil, fmt.Errorf("a swap area of %d bytes has %d slots; the most is %d (256GiB): split it into several areas", c.Bytes, pages, MaxSlots)
	}
	number := slices.Index(s.Areas, nil)
	if number < 0 {
		number = len(s.Areas)
		s.Areas = append(s.Areas, nil)
	}
	a := newArea(number, c.Name, c.Device, int(pages), c.Rotational, s.cpus)
	s.Areas[number] = a
	s.enable(a, c.Priority)
	s.enabled = true
	return a, nil
}

// Full is the kernel's vm_swap_full: more than half of all slots are used, so that slots of cached pages are given up early.
func (s *Swap) Full() bool { return s.NrFree*2 < s.Total }

// Alloc claims a slot for a page on behalf of a CPU and puts the page into the swap cache there (folio_alloc_swap). 0: swap is full.
func (s *Swap) Alloc(cpu int) Entry {
	s.checkCaches()
	c := &s.slots[cpu]
	if s.active && s.enabled {
		if len(c.ready) == 0 {
			c.ready = s.take(cpu, slotsCache, c.ready)
			slices.Reverse(c.ready) // handed out from the end
		}
		if n := len(c.ready); n > 0 {
			e := c.ready[n-1]
			c.ready = c.ready[:n-1]
			return e
		}
	}
	var one [1]Entry
	if got := s.take(cpu, 1, one[:0]); len(got) == 1 {
		return got[0]
	}
	return 0
}

// checkCaches switches the slot caches on and off as free slots become plenty or few (check_cache_active).
func (s *Swap) checkCaches() {
	if !s.enabled {
		return
	}
	if s.active {
		if s.NrFree < s.cpus*deactivatePrCPU {
			s.active = false
			s.drain()
		}
	} else if s.NrFree > s.cpus*activatePerCPU {
		s.active = true
	}
}

func (s *Swap) drain() {
	for i := range s.slots {
		c := &s.slots[i]
		for _, e := range c.ready {
			s.free(e)
		}
		c.ready = c.ready[:0]
		s.flush(c)
	}
}

func (s *Swap) flush(c *slotCache) {
	for _, e := range c.back {
		s.free(e)
	}
	c.back = c.back[:0]
}

// take claims up to n slots from the area of the highest priority that has any (get_swap_pages).
func (s *Swap) take(cpu, n int, out []Entry) []Entry {
	for i, a := range s.byPriority {
		if a.Used == a.Slots {
			continue
		}
		s.requeue(i)
		got := len(out)
		out = a.take(cpu, n, out)
		s.NrFree -= len(out) - got
		if len(out) > got {
			return out
		}
	}
	return out
}

// requeue moves an area behind the others of its priority, so that they take turns.
func (s *Swap) requeue(i int) {
	for ; i+1 < len(s.byPriority) && s.byPriority[i+1].Priority == s.byPriority[i].Priority; i++ {
		s.byPriority[i], s.byPriority[i+1] = s.byPriority[i+1], s.byPriority[i]
	}
}

func (s *Swap) at(e Entry) (*Area, int) { return s.Areas[e.Area()], e.Offset() }

// Valid tells whether an entry names a slot of an area that is there: one that was read before the task blocked may not (get_swap_device).
func (s *Swap) Valid(e Entry) bool {
	n := e.Area()
	return n < len(s.Areas) && s.Areas[n] != nil && e.Offset() < len(s.Areas[n].usage)
}

// Dup adds a reference to a slot: one more page-table entry names it (swap_duplicate).
func (s *Swap) Dup(e Entry) {
	a, o := s.at(e)
	a.usage[o]++
}

// Count is the number of references to a slot, the swap cache's not included (swap_count); 0 if there is no such slot any more.
func (s *Swap) Count(e Entry) int {
	if !s.Valid(e) {
		return 0
	}
	a, o := s.at(e)
	return int(a.usage[o] &^ hasCache)
}

// Put drops a reference (swap_free) and returns how many are left. The slot becomes free with the last one unless its page is cached.
func (s *Swap) Put(cpu int, e Entry) int {
	a, o := s.at(e)
	a.usage[o]--
	if a.usage[o] == 0 {
		a.usage[o] = hasCache // until it leaves the CPU's cache
		s.giveBack(cpu, e.Slot())
		return 0
	}
	return int(a.usage[o] &^ hasCache)
}

// giveBack returns a slot through the CPU's cache (free_swap_slot).
func (s *Swap) giveBack(cpu int, e Entry) {
	if !s.active || !s.enabled {
		s.free(e)
		return
	}
	c := &s.slots[cpu]
	if len(c.back) >= slotsCache {
		s.flush(c)
	}
	c.back = append(c.back, e)
}

func (s *Swap) free(e Entry) {
	a, o := s.at(e)
	if a.cache != nil && a.cache[o] != 0 {
		s.erase(a, o) // the shadow goes with the slot
	}
	a.release(o)
	s.NrFree++
	if s.OnFree != nil {
		s.OnFree(a, o)
	}
}

// Cached returns the frame of the slot's page in the swap cache, 0 if it is not there or there is no such slot any more.
func (s *Swap) Cached(e Entry) uint32 {
	if !s.Valid(e) {
		return 0
	}
	a, o := s.at(e)
	if a.cache == nil || a.cache[o]&1 != 0 {
		return 0
	}
	return uint32(a.cache[o] >> 1)
}

// CacheAdd puts a page into the swap cache at a slot, claiming the slot for it if need be, and returns the shadow entry that an
// earlier eviction left, 0 for none (add_to_swap_cache). If nodes are counted, CacheReserve must have made them.
func (s *Swap) CacheAdd(e Entry, frame uint32) (shadow uint64) {
	a, o := s.at(e)
	if a.cache == nil {
		a.cache = make([]uint64, len(a.usage))
	}
	if w := a.cache[o]; w&1 != 0 {
		shadow = w >> 1
	} else if t := s.space(a, o); t != nil {
		t.Store(uint64(o))
	}
	a.cache[o] = uint64(frame) << 1
	a.usage[o] |= hasCache
	return shadow
}

// CacheDelete takes the slot's page out of the swap cache, leaving a shadow entry of up to 63 bits if it is not 0
// (delete_from_swap_cache, put_swap_page). The slot becomes free if nothing else refers to it.
func (s *Swap) CacheDelete(cpu int, e Entry, shadow uint64) {
	a, o := s.at(e)
	if shadow != 0 {
		a.cache[o] = shadow<<1 | 1
	} else {
		s.erase(a, o)
	}
	if a.usage[o] == hasCache {
		s.giveBack(cpu, e.Slot())
		return
	}
	a.usage[o] &^= hasCache
}

// CacheReplace puts another page in the place of the one that is in the swap cache at a slot, as migration does.
func (s *Swap) CacheReplace(e Entry, frame uint32) {
	a, o := s.at(e)
	a.cache[o] = uint64(frame) << 1
}

// Pending is the number of slots that the CPUs' caches hold, claimed or about to be freed.
func (s *Swap) Pending() int {
	n := 0
	for i := range s.slots {
		n += len(s.slots[i].ready) + len(s.slots[i].back)
	}
	return n
}

// Shadow returns the shadow entry that the last eviction of a slot's page left, 0 for none.
func (s *Swap) Shadow(e Entry) uint64 {
	a, o := s.at(e)
	if a.cache == nil || a.cache[o]&1 == 0 {
		return 0
	}
	return a.cache[o] >> 1
}
