package swap

import "mmsim/mm/xarray"

// spaceShift is how many bits of a slot's offset one address space of the swap cache covers: 64 MiB (SWAP_ADDRESS_SPACE_SHIFT). Its entries, pages and
// shadows alike, are in an XArray under the offset in the whole area.
const spaceShift = 14

// space is the tree of nodes that a slot's entry is in; nil: nodes are not counted.
func (s *Swap) space(a *Area, o int) *xarray.Tree {
	if s.FreeNode == nil {
		return nil
	}
	if a.spaces == nil {
		a.spaces = make([]*xarray.Tree, (len(a.usage)-1)>>spaceShift+1)
	}
	i := o >> spaceShift
	if a.spaces[i] == nil {
		a.spaces[i] = xarray.New(uint64(i)<<spaceShift, 1<<spaceShift)
	}
	return a.spaces[i]
}

// erase takes a slot's entry, a page or a shadow, out of the swap cache.
func (s *Swap) erase(a *Area, o int) {
	a.cache[o] = 0
	if t := s.space(a, o); t != nil {
		t.Erase(uint64(o), s.FreeNode)
	}
}

// CacheReady tells whether a page can be put into the swap cache at a slot without new nodes.
func (s *Swap) CacheReady(e Entry) bool {
	a, o := s.at(e)
	t := s.space(a, o)
	return t == nil || t.Ready(uint64(o))
}

// CacheReserve makes the nodes that a page needs to be put into the swap cache at a slot, calling alloc for each. False: alloc returned 0, and nothing
// has changed. CacheAdd or CacheCancel must follow.
func (s *Swap) CacheReserve(e Entry, alloc func() uint32) bool {
	a, o := s.at(e)
	t := s.space(a, o)
	return t == nil || t.Reserve(uint64(o), alloc, s.FreeNode)
}

// CacheCancel gives back the nodes that CacheReserve made for a page that does not come.
func (s *Swap) CacheCancel(e Entry) {
	a, o := s.at(e)
	if t := s.space(a, o); t != nil {
		t.Cancel(uint64(o), s.FreeNode)
	}
}

// CacheNodes is the number of nodes of all swap caches.
func (s *Swap) CacheNodes() int {
	n := 0
	for _, a := range s.Active() {
		for _, t := range a.spaces {
			if t != nil {
				n += t.Nodes()
			}
		}
	}
	return n
}

// Release gives back a slot that Alloc claimed and that was not used (put_swap_folio).
func (s *Swap) Release(cpu int, e Entry) { s.giveBack(cpu, e.Slot()) }
