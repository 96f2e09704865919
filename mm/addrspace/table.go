package addrspace

import "math/bits"

// A leaf covers LeafPages pages, 2 MiB.
const (
	LeafPages = 512
	LeafShift = PageShift + 9
	leafWords = LeafPages / 64
	dirShift  = LeafShift + 9
	topShift  = dirShift + 9
)

// A Leaf is one chunk of 512 page-table entries. On x86-64 it is a PTE table; on i386, whose tables have 1024 entries, two leaves
// share one. Bitmaps beside the entries let a range be touched, write-protected or skipped 64 pages at a time.
type Leaf struct {
	PTE      [LeafPages]uint32 // a frame (Present) or a swap entry; 0 is none
	Present  [leafWords]uint64 // the entry maps a frame
	Accessed [leafWords]uint64 // _PAGE_ACCESSED
	Dirty    [leafWords]uint64 // _PAGE_DIRTY
	Writable [leafWords]uint64 // _PAGE_RW
	ProtNone [leafWords]uint64 // _PAGE_PROTNONE: the entry maps a frame that nobody may access
	Frame    uint32            // the page-table page it lives in
	Used     int32             // entries that are not none
	Touched  bool              // _PAGE_ACCESSED of the entry that points to the table: something was accessed since it was cleared
}

// Slot is the entry's number in its leaf.
func Slot(addr uint64) uint { return uint(addr>>PageShift) & (LeafPages - 1) }

// Test, Set and Clear work on one entry's bit of a bitmap of a leaf.
func Test(m *[leafWords]uint64, i uint) bool { return m[i>>6&7]>>(i&63)&1 != 0 }

// Set sets entry i's bit.
func Set(m *[leafWords]uint64, i uint) { m[i>>6&7] |= 1 << (i & 63) }

// Clear clears entry i's bit.
func Clear(m *[leafWords]uint64, i uint) { m[i>>6&7] &^= 1 << (i & 63) }

// Map makes an entry present, accessed and, if asked for, writable and dirty. The entry may have been none or a swap entry.
func (l *Leaf) Map(i uint, frame uint32, write bool) {
	if l.PTE[i] == 0 {
		l.Used++
	}
	l.PTE[i] = frame
	l.Touched = true
	Set(&l.Present, i)
	Set(&l.Accessed, i)
	if write {
		Set(&l.Writable, i)
		Set(&l.Dirty, i)
	} else {
		Clear(&l.Writable, i)
		Clear(&l.Dirty, i)
	}
}

// MapRun is Map for a write to each of the entries from i on, of which there are as many as frames.
func MapRun[F ~uint32](l *Leaf, i uint, frames []F) {
	for j, e := range l.PTE[i:][:len(frames)] {
		if e == 0 {
			l.Used++
		}
		l.PTE[i+uint(j)] = uint32(frames[j])
	}
	l.Touched = true
	end := i + uint(len(frames))
	for w := i >> 6; w<<6 < end; w++ {
		m := WordMask(w, i, end)
		l.Present[w] |= m
		l.Accessed[w] |= m
		l.Writable[w] |= m
		l.Dirty[w] |= m
	}
}

// MapShared makes an entry that is none present and accessed. It is writable if the mapping is, whatever the access was, and dirty only
// after a write: pages that are shared need no fault to become so.
func (l *Leaf) MapShared(i uint, frame uint32, writable, write bool) {
	l.Map(i, frame, write)
	if writable {
		Set(&l.Writable, i)
	}
}

// SetSwap turns a present entry into a swap entry, which is not 0.
func (l *Leaf) SetSwap(i uint, entry uint32) {
	l.clearBits(i)
	l.PTE[i] = entry
}

// Zap makes an entry none.
func (l *Leaf) Zap(i uint) {
	l.clearBits(i)
	l.PTE[i] = 0
	l.Used--
}

func (l *Leaf) clearBits(i uint) {
	Clear(&l.Present, i)
	Clear(&l.Accessed, i)
	Clear(&l.Dirty, i)
	Clear(&l.Writable, i)
	Clear(&l.ProtNone, i)
}

// PresentIn counts the present entries among [from, to).
func (l *Leaf) PresentIn(from, to uint) int {
	n := 0
	for w := range l.Present {
		n += bits.OnesCount64(l.Present[w] & WordMask(uint(w), from, to))
	}
	return n
}

// WordMask has the bits of word w of a bitmap of a leaf that stand for entries in [from, to).
func WordMask(w, from, to uint) uint64 {
	lo, hi := w*64, w*64+64
	if to <= lo || from >= hi {
		return 0
	}
	m := ^uint64(0)
	if from > lo {
		m &= ^uint64(0) << (from - lo)
	}
	if to < hi {
		m &= ^uint64(0) >> (hi - to)
	}
	return m
}

// touch is TouchRun for one entry.
func (l *Leaf) touch(i uint, write bool) bool {
	w, b := i>>6&7, uint64(1)<<(i&63)
	ok := l.Present[w] &^ l.ProtNone[w] & b
	if write {
		ok &= l.Writable[w]
	}
	if ok == 0 {
		return false
	}
	l.Touched = true
	l.Accessed[w] |= b
	if write {
		l.Dirty[w] |= b
	}
	return true
}

// TouchRun touches entries from i on, in order, as long as they are present (and writable, for a write), but no more than n: their
// accessed bits are set, for a write the dirty bits too. It returns how many that were.
func (l *Leaf) TouchRun(i uint, n int, write bool) int {
	done := 0
	for done < n && i < LeafPages {
		w := i >> 6
		ok := l.Present[w] &^ l.ProtNone[w]
		if write {
			ok &= l.Writable[w]
		}
		run := bits.TrailingZeros64(^(ok >> (i & 63))) // ones from bit i on
		run = min(run, n-done, int(64-i&63))
		if run == 0 {
			break
		}
		l.Touched = true
		m := ^uint64(0) >> (64 - uint(run)) << (i & 63)
		l.Accessed[w] |= m
		if write {
			l.Dirty[w] |= m
		}
		done += run
		i += uint(run)
	}
	return done
}

// A table of leaves covers 1 GiB, a table of those 512 GiB, as on x86-64. i386 needs four of the former.
type (
	dir struct {
		leaves window[Leaf]
		used   int
		frame  uint32
	}
	top struct {
		index uint64
		dirs  window[dir]
		used  int
		frame uint32
	}
)

// A window is a table of 512 pointers of which only the part between the lowest and the highest in use takes room: most processes use a
// few neighbouring ones, and there may be thousands of processes.
type window[T any] struct {
	low uint
	p   []*T
}

func (w *window[T]) at(i uint64) *T {
	p := w.p
	if j := uint(i&511) - w.low; j < uint(len(p)) {
		return p[j]
	}
	return nil
}

func (w *window[T]) set(i uint64, v *T) {
	n := uint(i & 511)
	switch {
	case len(w.p) == 0:
		w.low = n
		w.p = append(w.p, v)
		return
	case n < w.low:
		grown := make([]*T, w.low-n+uint(len(w.p)))
		copy(grown[w.low-n:], w.p)
		w.low, w.p = n, grown
	}
	for n-w.low >= uint(len(w.p)) {
		w.p = append(w.p, nil)
	}
	w.p[n-w.low] = v
}

// tables are the upper levels. There are one or two tops in a process, so they are searched in order.
type tables struct {
	tops      []*top
	cacheBase uint64 // address>>LeafShift of cached, plus 1; 0 is none
	cached    *Leaf
}

// Level says which table is asked for or given back: a page of entries, of pointers to those, or of pointers to those.
type Level uint8

// The levels of page tables, from the entries up.
const (
	LevelPTE Level = iota
	LevelPMD
	LevelPUD
)

// A TableAllocator gives and takes the page frames that page tables live in.
type TableAllocator interface {
	AllocTable(Level) (frame uint32, ok bool)
}

// TableFreer takes the frames of page tables back.
type TableFreer interface{ FreeTable(Level, uint32) }

func (t *tables) top(addr uint64) *top {
	i := addr >> topShift
	for _, p := range t.tops {
		if p.index == i {
			return p
		}
	}
	return nil
}

// Leaf returns the page-table entries around addr, or nil where nothing was faulted in.
func (s *Space) Leaf(addr uint64) *Leaf {
	if s.cacheBase == addr>>LeafShift+1 {
		return s.cached
	}
	p := s.top(addr)
	if p == nil {
		return nil
	}
	d := p.dirs.at(addr >> dirShift)
	if d == nil {
		return nil
	}
	l := d.leaves.at(addr >> LeafShift)
	if l != nil {
		s.cacheBase, s.cached = addr>>LeafShift+1, l
	}
	return l
}

// TouchUnits touches base+u*stride for each u of units, in order, as long as that is mapped (and may be written, for a write), and returns how
// many those were. The addresses are in no order, few near the one before: a look at which table was found last would cost more than it saves.
func (s *Space) TouchUnits(base, stride uint64, units []uint64, write bool) int {
	var p *top
	for n, u := range units {
		addr := base + u*stride
		if p == nil || p.index != addr>>topShift {
			if p = s.top(addr); p == nil {
				return n
			}
		}
		d := p.dirs.at(addr >> dirShift)
		if d == nil {
			return n
		}
		if l := d.leaves.at(addr >> LeafShift); l == nil || !l.touch(Slot(addr), write) {
			return n
		}
	}
	return len(units)
}

// ensureDir is the table of tables around addr, made if it is missing. Nil: a page for it could not be had.
func (s *Space) ensureDir(addr uint64, a TableAllocator) *dir {
	p := s.top(addr)
	if p == nil {
		f, ok := s.takeTable(a, LevelPUD)
		if !ok {
			return nil
		}
		p = &top{index: addr >> topShift, frame: f}
		s.tops = append(s.tops, p)
	}
	d := p.dirs.at(addr >> dirShift)
	if d == nil {
		f, ok := s.takeTable(a, LevelPMD)
		if !ok {
			return nil
		}
		d = &dir{frame: f}
		p.dirs.set(addr>>dirShift, d)
		p.used++
	}
	return d
}

// EnsureLeaf is Leaf, making the tables that are missing. Nil: a page for one could not be had.
func (s *Space) EnsureLeaf(addr uint64, a TableAllocator) *Leaf {
	if l := s.Leaf(addr); l != nil {
		return l
	}
	d := s.ensureDir(addr, a)
	if d == nil {
		return nil
	}
	frame := uint32(0)
	if sib := s.sibling(d, addr); sib != nil {
		frame = sib.Frame
	} else {
		f, ok := s.takeTable(a, LevelPTE)
		if !ok {
			return nil
		}
		frame = f
	}
	l := &Leaf{Frame: frame, Touched: true}
	d.leaves.set(addr>>LeafShift, l)
	d.used++
	s.cacheBase, s.cached = addr>>LeafShift+1, l
	return l
}

// takeTable asks for a page for a table of a level, if the architecture has that level.
func (s *Space) takeTable(a TableAllocator, level Level) (uint32, bool) {
	if s.Layout.Levels == 2 && level != LevelPTE {
		return 0, true
	}
	f, ok := a.AllocTable(level)
	if ok {
		s.TablePages++
	}
	return f, ok
}

func (s *Space) dropTable(a TableFreer, level Level, frame uint32) {
	if frame != 0 {
		a.FreeTable(level, frame)
		s.TablePages--
	}
}

// sibling is the leaf that shares a page-table page with the one at addr, on architectures whose tables hold two leaves.
func (s *Space) sibling(d *dir, addr uint64) *Leaf {
	if s.Layout.TableShift == LeafShift {
		return nil
	}
	return d.leaves.at(addr>>LeafShift ^ 1)
}

// NextLeaf returns the first leaf at or above addr and below end, with the address that it begins at; nil: there is none.
func (s *Space) NextLeaf(addr, end uint64) (*Leaf, uint64) {
	for addr < end {
		p := s.top(addr)
		if p == nil {
			addr = (addr>>topShift + 1) << topShift
			continue
		}
		d := p.dirs.at(addr >> dirShift)
		if d == nil {
			addr = (addr>>dirShift + 1) << dirShift
			continue
		}
		if l := d.leaves.at(addr >> LeafShift); l != nil {
			return l, addr &^ (1<<LeafShift - 1)
		}
		addr = (addr>>LeafShift + 1) << LeafShift
	}
	return nil, 0
}

// FreeTables gives back the page tables of [start, end) that no address between floor and ceiling needs any more: floor is where
// the mapping below ends, ceiling where the one above begins, 0 for the end of the address space (free_pgtables, free_pgd_range).
// The entries are none. A table that spans more than [floor, ceiling) stays, even when it is empty.
func (s *Space) FreeTables(start, end, floor, ceiling uint64, a TableFreer) {
	if ceiling == 0 {
		ceiling = 1 << 63
	}
	s.cacheBase, s.cached = 0, nil
	covered := func(addr uint64, shift uint) bool {
		lo := addr >> shift << shift
		return lo >= floor && lo+(1<<shift) <= ceiling
	}
	kept := s.tops[:0]
	for _, p := range s.tops {
		base := p.index << topShift
		if base >= end || base+(1<<topShift) <= start {
			kept = append(kept, p)
			continue
		}
		s.freeDirs(p, max(start, base), min(end, base+(1<<topShift)), covered, a)
		if p.used > 0 || !covered(base, topShift) {
			kept = append(kept, p)
			continue
		}
		s.dropTable(a, LevelPUD, p.frame)
	}
	clear(s.tops[len(kept):])
	s.tops = kept
}

func (s *Space) freeDirs(p *top, start, end uint64, covered func(uint64, uint) bool, a TableFreer) {
	for base := start >> dirShift << dirShift; base < end; base += 1 << dirShift {
		d := p.dirs.at(base >> dirShift)
		if d == nil {
			continue
		}
		s.freeLeaves(d, max(start, base), min(end, base+(1<<dirShift)), covered, a)
		if d.used == 0 && covered(base, dirShift) {
			s.dropTable(a, LevelPMD, d.frame)
			p.dirs.set(base>>dirShift, nil)
			p.used--
		}
	}
}

func (s *Space) freeLeaves(d *dir, start, end uint64, covered func(uint64, uint) bool, a TableFreer) {
	// By whole tables: of one that holds two leaves the other may have been emptied before.
	table := uint64(1) << s.Layout.TableShift
	for base := start &^ (table - 1); base < (end+table-1)&^(table-1); base += 1 << LeafShift {
		l := d.leaves.at(base >> LeafShift)
		if l == nil || !covered(base, s.Layout.TableShift) {
			continue
		}
		if s.sibling(d, base) == nil {
			s.dropTable(a, LevelPTE, l.Frame)
		}
		d.leaves.set(base>>LeafShift, nil)
		d.used--
	}
}
