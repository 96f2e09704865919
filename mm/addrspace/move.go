package addrspace

// A Move says what MoveEntries is to move: the entries of N bytes from From on, to To (move_page_tables).
type Move struct{ From, To, N uint64 }

// MoveEntries moves page-table entries from one range of addresses to another, whose are none, and returns the number of bytes that it got
// through, which is less than asked for when a page for a table could not be had. Where both sides are whole tables the table itself
// moves. moved is called with the number of entries after each table.
func (s *Space) MoveEntries(m Move, a TableAllocator, moved func(entries int)) uint64 {
	for done := uint64(0); done < m.N; {
		from, to := m.From+done, m.To+done
		n := min(m.N-done, leafEnd(from)-from, leafEnd(to)-to)
		src := s.Leaf(from)
		if src == nil {
			done += n
			continue
		}
		if n == LeafPages*PageSize && s.moveTable(from, to, a) {
			moved(1)
			done += n
			continue
		}
		dst := s.EnsureLeaf(to, a)
		if dst == nil {
			return done
		}
		moved(src.moveTo(dst, Slot(from), Slot(to), uint(n>>PageShift)))
		done += n
	}
	return m.N
}

func leafEnd(addr uint64) uint64 { return (addr>>LeafShift + 1) << LeafShift }

// moveTable takes a table of entries out of the upper levels and puts it where there is none (move_normal_pmd).
func (s *Space) moveTable(from, to uint64, a TableAllocator) bool {
	if s.Layout.TableShift != LeafShift || s.Leaf(to) != nil {
		return false
	}
	d := s.ensureDir(to, a)
	if d == nil {
		return false
	}
	old := s.top(from).dirs.at(from >> dirShift)
	d.leaves.set(to>>LeafShift, old.leaves.at(from>>LeafShift))
	d.used++
	old.leaves.set(from>>LeafShift, nil)
	old.used--
	s.cacheBase, s.cached = 0, nil
	return true
}

// moveTo moves n entries, from number i here to number j there, and returns how many were not none.
func (l *Leaf) moveTo(dst *Leaf, i, j, n uint) int {
	moved := 0
	for ; n > 0; n, i, j = n-1, i+1, j+1 {
		if l.PTE[i] == 0 {
			continue
		}
		dst.PTE[j] = l.PTE[i]
		dst.Used++
		for _, b := range [...]struct{ from, to *[leafWords]uint64 }{
			{&l.Present, &dst.Present},
			{&l.Accessed, &dst.Accessed},
			{&l.Dirty, &dst.Dirty},
			{&l.Writable, &dst.Writable},
			{&l.ProtNone, &dst.ProtNone},
		} {
			if Test(b.from, i) {
				Set(b.to, j)
			}
		}
		l.Zap(i)
		moved++
	}
	return moved
}
