package extents

import (
	"slices"
	"sort"
)

// A Kind is what is known of blocks of a file.
type Kind uint8

// Kinds of blocks: on the device and written, or not yet; promised and without a place; none.
const (
	Written Kind = iota
	Unwritten
	Delayed
	Hole
)

// A Known is a run of a file's blocks of one kind (struct extent_status). Its object is the memory that it takes, whatever that means to who gives it.
type Known struct {
	Start, Len, Phys uint64
	Object           uint32
	Kind             Kind
	Referenced       bool // it was looked up since reclaim passed by
}

// End is the first block behind the run.
func (k *Known) End() uint64 { return k.Start + k.Len }

// joins tells whether a run can go on with another (ext4_es_can_be_merged).
func (k *Known) joins(o *Known) bool {
	return k.Kind == o.Kind && k.End() == o.Start && (k.Kind > Unwritten || k.Phys+k.Len == o.Phys)
}

// front cuts blocks off a run's front.
func (k *Known) front(n uint64) {
	k.Start += n
	k.Len -= n
	if k.Kind <= Unwritten {
		k.Phys += n
	}
}

// Objects gives and takes the memory of runs.
type Objects interface {
	Alloc() uint32
	Free(uint32)
}

// A Status is what is known in memory of a file's blocks, so that the tree on the device need not be looked at (struct ext4_es_tree). Runs are in order and do not
// overlap; two that follow each other differ. The zero value knows nothing.
type Status struct {
	list        []Known
	last        int    // where the last search ended
	next        uint64 // where reclaim goes on (i_es_shrink_lblk)
	reclaimable int    // runs that reclaim may forget: all but delayed ones (i_es_shk_nr)
}

// Len is the number of runs.
func (s *Status) Len() int { return len(s.list) }

// Reclaimable is the number of runs that Reclaim may forget.
func (s *Status) Reclaimable() int { return s.reclaimable }

// Runs are all runs in order. The slice belongs to the Status.
func (s *Status) Runs() []Known { return s.list }

// from is the place of the first run that ends behind a block.
func (s *Status) from(block uint64) int {
	n := len(s.list)
	for i := s.last; i < min(s.last+2, n); i++ {
		if s.list[i].End() > block && (i == 0 || s.list[i-1].End() <= block) {
			s.last = i
			return i
		}
	}
	s.last = sort.Search(n, func(i int) bool { return s.list[i].End() > block })
	return s.last
}

// Lookup is the run that a block is in, which counts as used (ext4_es_lookup_extent).
func (s *Status) Lookup(block uint64) (Known, bool) {
	i := s.from(block)
	if i == len(s.list) || s.list[i].Start > block {
		return Known{}, false
	}
	if e := &s.list[i]; !e.Referenced { // to set it each time would make the copy wait for the write
		e.Referenced = true
	}
	return s.list[i], true
}

// Any is the first run that has blocks of [start, end) (ext4_es_find_extent_range).
func (s *Status) Any(start, end uint64) (Known, bool) {
	i := s.from(start)
	if i == len(s.list) || s.list[i].Start >= end {
		return Known{}, false
	}
	return s.list[i], true
}

// Insert notes what n blocks from start on are, whatever was known of them before (ext4_es_insert_extent).
func (s *Status) Insert(start, n, phys uint64, kind Kind, o Objects) {
	e := Known{Start: start, Len: n, Phys: phys, Kind: kind}
	i := s.from(start)
	if i > 0 && i < len(s.list) && s.list[i].Start == start && s.list[i].Len > n && s.list[i-1].joins(&e) { // as a file that grows does
		s.list[i-1].Len += n
		s.list[i].front(n)
		return
	}
	s.Remove(start, n, o)
	i = s.from(start)
	switch {
	case i > 0 && s.list[i-1].joins(&e):
		s.list[i-1].Len += n
		if i < len(s.list) && s.list[i-1].joins(&s.list[i]) {
			s.list[i-1].Len += s.list[i].Len
			s.list[i-1].Referenced = s.list[i-1].Referenced || s.list[i].Referenced
			s.drop(i, i+1, o)
		}
	case i < len(s.list) && e.joins(&s.list[i]):
		f := &s.list[i]
		f.Start, f.Len, f.Phys = start, f.Len+n, phys
	default:
		s.add(i, e, o)
	}
}

// Remove forgets n blocks from start on (ext4_es_remove_extent).
func (s *Status) Remove(start, n uint64, o Objects) {
	end := start + n
	i := s.from(start)
	if i == len(s.list) {
		return
	}
	if e := &s.list[i]; e.Start < start {
		behind := *e
		e.Len = start - e.Start
		if behind.End() > end {
			behind.front(end - behind.Start)
			s.add(i+1, behind, o)
			return
		}
		i++
	}
	j := i
	for j < len(s.list) && s.list[j].End() <= end {
		j++
	}
	if j < len(s.list) && s.list[j].Start < end {
		s.list[j].front(end - s.list[j].Start)
	}
	s.drop(i, j, o)
}

func (s *Status) add(i int, e Known, o Objects) {
	e.Object = o.Alloc()
	s.list = slices.Insert(s.list, i, e)
	if e.Kind != Delayed {
		s.reclaimable++
	}
}

// drop forgets the runs at [i, j).
func (s *Status) drop(i, j int, o Objects) {
	for k := i; k < j; k++ {
		o.Free(s.list[k].Object)
		if s.list[k].Kind != Delayed {
			s.reclaimable--
		}
	}
	s.list = slices.Delete(s.list, i, j)
}

// Reclaim looks at up to nr runs, going on behind where it stopped last and once around, and forgets those that were not used since it came by; delayed ones stay. It
// returns how many it forgot, and how many of nr it had no run for (es_reclaim_extents).
func (s *Status) Reclaim(nr uint64, o Objects) (freed, left uint64) {
	if s.reclaimable == 0 {
		return 0, nr
	}
	start := s.next
	freed, left = s.reclaim(MaxLen+1, nr, o)
	if left > 0 && start != 0 {
		var more uint64
		more, left = s.reclaim(start, left, o)
		freed += more
	}
	return freed, left
}

// reclaim looks at runs from next on that begin before end.
func (s *Status) reclaim(end, nr uint64, o Objects) (freed, left uint64) {
	first := s.from(s.next)
	out := first
	i := first
	for ; nr > 0 && i < len(s.list) && s.list[i].Start < end; i++ {
		nr--
		e := &s.list[i]
		if e.Kind == Delayed || e.Referenced {
			e.Referenced = false
			s.list[out] = *e
			out++
			continue
		}
		o.Free(e.Object)
		s.reclaimable--
		freed++
	}
	switch {
	case i == len(s.list):
		s.next = 0
	case s.list[i].Start >= end:
		s.next = end
	default:
		s.next = s.list[i].Start
	}
	s.list = slices.Delete(s.list, out, i)
	s.last = 0
	return freed, nr
}
