package phys

// blockRun is a run of free blocks of one order that lie one behind the other, in the order in which they are handed out.
type blockRun struct {
	first PFN
	n     uint16      // blocks; a run lies in one section
	mt    Migratetype // cached when the blocks came (get_pcppage_migratetype)
}

// stock is one list of a CPU's stock of free blocks (an element of per_cpu_pages.lists). Blocks come and go at both ends only, and mostly many neighbours at a
// time: so the list is a ring of runs, and the blocks' rows are not touched. They say KindNone, as rows inside a block do.
type stock struct {
	runs []blockRun // a power of two of them
	head uint32     // position of the first run, modulo len(runs)
	len  uint32     // runs in use
}

// at returns run i from the head, 0 to len-1. It is valid until a run is added.
func (s *stock) at(i uint32) *blockRun { return &s.runs[(s.head+i)&uint32(len(s.runs)-1)] }

// first and last return the runs at either end. The stock must not be empty.
func (s *stock) first() *blockRun { return s.at(0) }
func (s *stock) last() *blockRun  { return s.at(s.len - 1) }

// push puts n neighbouring blocks, which lie in one section, at the head.
func (s *stock) push(pfn PFN, order, n int, mt Migratetype) {
	if s.len > 0 {
		if r := s.first(); r.first == pfn+PFN(n)<<order && r.mt == mt && r.first&sectionMask != 0 {
			r.first = pfn
			r.n += uint16(n)
			return
		}
	}
	if int(s.len) == len(s.runs) {
		s.grow()
	}
	s.head--
	s.len++
	*s.first() = blockRun{pfn, uint16(n), mt}
}

// pushTail puts n neighbouring blocks, which lie in one section, at the tail.
func (s *stock) pushTail(pfn PFN, order, n int, mt Migratetype) {
	if s.len > 0 {
		if r := s.last(); r.first+PFN(r.n)<<order == pfn && r.mt == mt && pfn&sectionMask != 0 {
			r.n += uint16(n)
			return
		}
	}
	if int(s.len) == len(s.runs) {
		s.grow()
	}
	s.len++
	*s.last() = blockRun{pfn, uint16(n), mt}
}

// grow makes room for as many runs again.
func (s *stock) grow() {
	runs := make([]blockRun, max(8, 2*len(s.runs)))
	for i := range s.len {
		runs[i] = *s.at(i)
	}
	s.runs, s.head = runs, 0
}

// pop takes the block at the head. The stock must not be empty.
func (s *stock) pop(order int) PFN {
	r := s.first()
	pfn := r.first
	s.drop(r, order, 1)
	return pfn
}

// drop takes n blocks, not more than it has, from the start of the first run r.
func (s *stock) drop(r *blockRun, order, n int) {
	r.first += PFN(n) << order
	if r.n -= uint16(n); r.n == 0 {
		s.head++
		s.len--
	}
}

// dropTail takes n blocks, not more than it has, from the end of the last run r.
func (s *stock) dropTail(r *blockRun, n int) {
	if r.n -= uint16(n); r.n == 0 {
		s.len--
	}
}

// take hands out single pages from the head of a stock of the zone, as many as out has room for or the stock has, and returns their number. Their rows become
// as but for the zone; each next one has an Index one more.
func (z *Zone) take(s *stock, as *Page, out []PFN) int {
	flags, mapping, index, mapcount := z.id|as.flags&^zoneIDMask, as.Mapping, as.Index, as.Mapcount
	got := 0
	for s.len > 0 && got < len(out) {
		r := s.first()
		pfn := r.first
		part := out[got:]
		if int(r.n) < len(part) {
			part = part[:r.n]
		}
		rows := z.mem.Following(pfn)[:len(part)]
		for i := range part {
			part[i] = pfn + PFN(i)
			p := &rows[i] // field by field: a literal that is not constant is put together elsewhere and copied
			p.flags, p.Next, p.Prev = flags, 0, 0
			p.Mapping, p.Index, p.Mapcount = mapping, index, mapcount
			index++
		}
		got += len(part)
		s.drop(r, 0, len(part))
	}
	return got
}
