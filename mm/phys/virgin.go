package phys

// virginRun is a run of whole sections of a zone that are free and were never touched. It stands for their order-10 MOVABLE blocks, in
// ascending order, as one element of the zone's order-10 MOVABLE list. The element's number is the first frame of the run; its links are
// in row 0 of the zone's virgin template, which every section of the run shares, so that reading them needs no special case.
//
// Whoever is about to take a block of the run off the list, or to write to a row of it, first calls one of the methods below, which give
// sections at one end of the run their own rows and list elements.
type virginRun struct {
	rows       *section
	start, end uint64 // sections; empty if start == end
}

// holds reports whether pfn lies in the run.
func (v *virginRun) holds(pfn PFN) bool {
	s := uint64(pfn >> sectionShift)
	return v.start <= s && s < v.end
}

// sentinel returns the number of the run's list element; the run must not be empty.
func (v *virginRun) sentinel() PFN { return PFN(v.start << sectionShift) }

// startVirginRun appends the sections [start, end) to the zone's order-10 MOVABLE list as one virgin run. A zone has at most one.
func (z *Zone) startVirginRun(start, end uint64) {
	m := z.mem
	rows := new(section)
	for i := 0; i < sectionPages; i += maxBlock {
		rows[i].flags = z.headFlags(KindBuddy, MaxOrder-1, MigrateMovable)
	}
	z.virgin = virginRun{rows: rows, start: start, end: end}
	for s := start; s < end; s++ {
		m.sections[s] = rows
	}
	m.PushTail(&z.free[MaxOrder-1].lists[MigrateMovable], z.virgin.sentinel())
	blocks := (end - start) * (sectionPages / maxBlock)
	z.free[MaxOrder-1].nrFree += blocks
	z.addFree(int64(blocks*maxBlock), MigrateMovable)
}

// touchFirst turns the first section of the virgin run into ordinary list elements in the place the run had in the list.
func (z *Zone) touchFirst() {
	m, v := z.mem, &z.virgin
	l := &z.free[MaxOrder-1].lists[MigrateMovable]
	next, prev := v.rows[0].Next, v.rows[0].Prev
	first := v.sentinel()
	n := new(section)
	m.sections[v.start], m.owned[v.start] = n, true
	v.start++
	last := z.chainBlocks(n, first, prev)
	if prev != 0 {
		m.Page(prev).Next = first
	} else {
		l.Head = first
	}
	if v.start < v.end {
		s := v.sentinel()
		v.rows[0].Prev = last
		m.Page(last).Next = s
		if next != 0 {
			m.Page(next).Prev = s
		} else {
			l.Tail = s
		}
		return
	}
	m.Page(last).Next = next
	if next != 0 {
		m.Page(next).Prev = last
	} else {
		l.Tail = last
	}
}

// touchLast does the same at the end of the run.
func (z *Zone) touchLast() {
	if z.virgin.end-z.virgin.start == 1 {
		z.touchFirst()
		return
	}
	m, v := z.mem, &z.virgin
	l := &z.free[MaxOrder-1].lists[MigrateMovable]
	v.end--
	first := PFN(v.end << sectionShift)
	n := new(section)
	m.sections[v.end], m.owned[v.end] = n, true
	next := v.rows[0].Next
	last := z.chainBlocks(n, first, v.sentinel())
	v.rows[0].Next = first
	m.Page(last).Next = next
	if next != 0 {
		m.Page(next).Prev = last
	} else {
		l.Tail = last
	}
}

// chainBlocks makes the order-10 blocks of a new section and links them in ascending order; it returns the last.
func (z *Zone) chainBlocks(n *section, first, prev PFN) PFN {
	for i := PFN(0); i < sectionPages; i += maxBlock {
		n[i].flags = z.headFlags(KindBuddy, MaxOrder-1, MigrateMovable)
		n[i].Prev = prev
		prev = first + i
		if i+maxBlock < sectionPages {
			n[i].Next = prev + maxBlock
		}
	}
	return prev
}

// Touch makes sure that the frame's section has rows of its own, so that one particular frame can be isolated or its pageblock changed.
// Sections are made from the nearer end of the run of untouched ones.
func (m *Memory) Touch(pfn PFN) {
	z := m.owner(uint64(pfn))
	if z == nil || !z.virgin.holds(pfn) {
		return
	}
	s := uint64(pfn >> sectionShift)
	if s-z.virgin.start < z.virgin.end-s {
		for z.virgin.holds(pfn) {
			z.touchFirst()
		}
		return
	}
	for z.virgin.holds(pfn) {
		z.touchLast()
	}
}
