package addrspace

// What a new or changed mapping must agree in with a neighbour to become one VMA with it.
type mergeKey struct {
	flags  VMFlags
	anon   *AnonVMA
	object *Object
	file   any
	pgoff  uint64
}

// mergeable is the kernel's is_mergeable_vma: flags, object and open file are the same and nobody waits for the VMA to go.
func (v *VMA) mergeable(k mergeKey) bool {
	return v.Flags == k.flags && v.Object == k.object && v.File == k.file && !v.Attached
}

// mergeableAnonVMA is is_mergeable_anon_vma: one side has none, and v, whose it may become, did not inherit any by fork; or both have the
// same. As in 6.1 a VMA without any (whose chain is empty, not single) does not take a neighbour's.
func mergeableAnonVMA(a, b *AnonVMA, v *VMA) bool {
	if (a == nil || b == nil) && (v == nil || len(v.chain) == 1) {
		return true
	}
	return a == b
}

// canMergeAfter tells whether what k describes may be appended to v (can_vma_merge_after).
func (v *VMA) canMergeAfter(k mergeKey) bool {
	return v.mergeable(k) && mergeableAnonVMA(k.anon, v.AnonVMA, v) && v.PgOff+v.Pages() == k.pgoff
}

// canMergeBefore tells whether n pages that k describes may be put before v (can_vma_merge_before).
func (v *VMA) canMergeBefore(k mergeKey, n uint64) bool {
	return v.mergeable(k) && mergeableAnonVMA(k.anon, v.AnonVMA, v) && v.PgOff == k.pgoff+n
}

// Insert adds a mapping whose range is free, merging it with its neighbours where the kernel would, and returns the VMA that now covers
// the range (the end of mmap_region). A neighbour above comes first: one below must then suit that, too.
func (s *Space) Insert(v *VMA) *VMA {
	v.Space = s
	s.account(v.Flags, int64(v.Pages()))
	s.noteHiwater()
	k := mergeKey{v.Flags, nil, v.Object, v.File, v.PgOff}
	below := s.FindPrev(v.Start)
	if v.Flags&VMSpecial == 0 && !v.Attached {
		prev, next := below, s.following(below)
		if next != nil && (next.Start != v.End || !next.canMergeBefore(k, v.Pages())) {
			next = nil
		}
		if next != nil {
			k.anon = next.AnonVMA
		}
		if prev != nil && (prev.End != v.Start || !prev.canMergeAfter(k)) {
			prev = nil
		}
		switch {
		case prev != nil && next != nil:
			s.absorb(prev, next)
			return prev
		case prev != nil:
			prev.End = v.End
			return prev
		case next != nil:
			s.moveStart(next, v.Start)
			return next
		}
	}
	s.vmas.insert(v, below)
	v.Object.link(v)
	return v
}

// Extend lets v reach to end over free addresses and then become one with what begins there, if it may, as mremap does. False: v is of
// a kind that is never merged.
func (s *Space) Extend(v *VMA, end uint64) bool {
	n := int64((end - v.End) >> PageShift)
	if s.merge(v, v.End, end, mergeKey{v.Flags, v.AnonVMA, v.Object, v.File, v.Index(v.End)}) == nil {
		return false
	}
	s.account(v.Flags, n)
	s.noteHiwater()
	return true
}

// ExtendHeap lets v reach to end over free addresses.
func (s *Space) ExtendHeap(v *VMA, end uint64) {
	s.account(v.Flags, int64((end-v.End)>>PageShift))
	s.noteHiwater()
	v.End = end
}

// CanExtend tells whether n bytes of heap with these flags can be appended to v, so that no VMA is needed for them (do_brk_flags).
func (v *VMA) CanExtend(f VMFlags) bool {
	return v.canMergeAfter(mergeKey{flags: f, pgoff: v.End >> PageShift})
}

// merge is vma_merge: the range [addr, end), which is free, or a VMA, or the lower or upper part of one, is to be as k says; if a
// neighbour is so already, they become one VMA, which is returned. prev is the VMA before addr, or the one whose upper part the range is.
func (s *Space) merge(prev *VMA, addr, end uint64, k mergeKey) *VMA {
	if k.flags&VMSpecial != 0 {
		return nil
	}
	mid := s.following(prev)
	next := mid
	if mid != nil && mid.End == end {
		next = mid.next
	}
	pages := (end - addr) >> PageShift
	withPrev := prev != nil && prev.End == addr && prev.canMergeAfter(k)
	withNext := next != nil && next.Start == end && next.canMergeBefore(k, pages)
	switch {
	case withPrev && withNext && mergeableAnonVMA(prev.AnonVMA, next.AnonVMA, nil): // cases 1 and 6
		if mid != next {
			s.giveAnon(prev, mid)
			s.swallow(mid)
		}
		s.absorb(prev, next)
		return prev
	case withPrev: // 2, 5, 7
		switch {
		case mid != nil && mid.Start < end && end < mid.End:
			s.giveAnon(prev, mid)
			s.moveStart(mid, end)
		case mid != nil && mid.End == end:
			s.giveAnon(prev, mid)
			s.swallow(mid)
		}
		prev.End = end
		return prev
	case withNext:
		switch {
		case prev != nil && addr < prev.End: // 4
			s.giveAnon(next, prev)
			prev.End = addr
		case mid != next: // 8
			s.giveAnon(next, mid)
			s.swallow(mid)
		}
		s.moveStart(next, addr) // 3
		return next
	}
	return nil
}

// following is the VMA above v; for nil, the first of all.
func (s *Space) following(v *VMA) *VMA {
	if v == nil {
		return s.vmas.first()
	}
	return v.next
}

// giveAnon makes what has no AnonVMA find the pages that it takes over from another (the importer and exporter of __vma_adjust).
func (s *Space) giveAnon(importer, exporter *VMA) {
	if importer.AnonVMA == nil && exporter.AnonVMA != nil {
		s.anons.cloneChain(importer, exporter)
	}
}

// absorb makes next part of v, which reaches to it or will.
func (s *Space) absorb(v, next *VMA) {
	s.giveAnon(v, next)
	s.swallow(next)
	v.End = next.End
}

// swallow removes a VMA whose addresses another takes over.
func (s *Space) swallow(v *VMA) {
	s.vmas.remove(v)
	s.anons.Unlink(v)
	v.Object.unlink(v)
}

// moveStart gives a VMA another start, which keeps the order.
func (s *Space) moveStart(v *VMA, start uint64) {
	v.PgOff += uint64(int64(start-v.Start) >> PageShift)
	s.vmas.move(v, start)
}

// Split cuts v at addr, which lies strictly inside, and returns the upper part (__split_vma).
func (s *Space) Split(v *VMA, addr uint64) *VMA {
	up := &VMA{
		Start: addr, End: v.End, PgOff: v.Index(addr), Flags: v.Flags, Attached: v.Attached, Name: v.Name, Space: s, Object: v.Object,
		File: v.File, Swapin: v.Swapin,
	}
	v.End = addr
	s.anons.cloneChain(up, v)
	s.vmas.insert(up, v)
	v.Object.link(up)
	return up
}

// Change gives [start, end), which lies in v, other flags: it becomes part of a neighbour, or v is split so that it is a VMA of its own
// (the common part of mprotect_fixup, mlock_fixup and madvise_update_vma). prev is the VMA before start, or v if start lies inside it. It
// returns the VMA that has the range now; nil: a split would exceed maxMaps VMAs. The flags of the VMA are the caller's to account.
func (s *Space) Change(prev, v *VMA, start, end uint64, flags VMFlags, maxMaps uint64) *VMA {
	if m := s.merge(prev, start, end, mergeKey{flags, v.AnonVMA, v.Object, v.File, v.Index(start)}); m != nil {
		return m
	}
	if start != v.Start {
		if uint64(s.MapCount()) >= maxMaps {
			return nil
		}
		v = s.Split(v, start)
	}
	if end != v.End {
		if uint64(s.MapCount()) >= maxMaps {
			return nil
		}
		s.Split(v, end)
	}
	v.Flags = flags
	return v
}

// Copy makes a VMA at [addr, addr+n) of what v maps from page pgoff on, or lets a neighbour there cover it, for mremap (copy_vma). Anonymous memory
// that was never written gets the offset of its new place, so that it may merge there. The sums of the space are the caller's.
func (s *Space) Copy(v *VMA, addr, n, pgoff uint64) {
	if v.Object == nil && v.AnonVMA == nil {
		pgoff = addr >> PageShift
	}
	if s.merge(s.FindPrev(addr), addr, addr+n, mergeKey{v.Flags, v.AnonVMA, v.Object, v.File, pgoff}) != nil {
		return
	}
	w := &VMA{
		Start: addr, End: addr + n, PgOff: pgoff, Flags: v.Flags, Attached: v.Attached, Name: v.Name, Space: s, Object: v.Object,
		File: v.File, Swapin: v.Swapin,
	}
	s.anons.cloneChain(w, v)
	s.vmas.insert(w, s.FindPrev(addr))
	w.Object.link(w)
}

// Reaccount moves pages from one kind of mapping to another in the sums of the space (vm_stat_account).
func (s *Space) Reaccount(from, to VMFlags, pages int64) {
	s.account(from, -pages)
	s.account(to, pages)
}

// Account adds pages to the sums of the space, or takes them (vm_stat_account). The largest size so far is not noted.
func (s *Space) Account(f VMFlags, pages int64) { s.account(f, pages) }
