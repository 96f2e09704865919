package phys

import (
	"cmp"
	"fmt"
	"slices"
)

// filler chooses the frames for a zone's recorded free blocks, so that every block of the buddy system is one that could be there: no free
// block smaller than a pageblock has a free buddy.
//
// RAM is cut into cells, aligned as blocks are: whole largest blocks, and smaller ones at the ends of ranges. The
// recorded free blocks of the largest order take the highest whole cells. Every smaller free block is the lower half of a cell in which
// something is in use; the upper half stays such a cell. What is left in the end is what is reserved, in use or on per-CPU lists.
// If the recorded state existed, this always succeeds: the number of cells in use that are left at each order depends on the
// counts only, not on which cells are chosen.
type filler struct {
	m     *Memory
	z     *Zone
	s     *ZoneSnapshot
	cells [MaxOrder][]uint64     // cells that are not wholly free, by order
	edge  [MaxOrder][]uint64     // the same, but without a buddy: these may become free as they are
	gap   [MaxOrder][]uint64     // edges between parts of the kernel's image, which free blocks take first
	free  [MaxOrder][]placedFree // blocks to put on the lists
	left  [NrMigratetypes]uint64 // pageblocks of each type still to be placed
	typed map[uint64]bool        // pageblocks that have their type
	other map[uint64]bool        // those that have it from another zone that has a part of them

	reserved []Range // rows that are known to be reserved, ascending: the kernel's image, and what was taken from the end of RAM while it booted
}

type placedFree struct {
	row uint64
	mt  Migratetype
}

func (f *filler) fill() error {
	size, end := uint64(1)<<f.m.pageblockOrder, f.m.ranges[len(f.m.ranges)-1].end
	for _, r := range f.reserved { // nobody has changed the type of pageblocks of which nothing was ever handed out
		for at := (r.Start + size - 1) &^ (size - 1); at < r.End && min(at+size, end) <= r.End; at += size {
			f.setType(at, f.m.pageblockOrder, MigrateMovable)
		}
	}
	whole := f.cut()
	if err := f.largest(whole); err != nil {
		return err
	}
	for o := MaxOrder - 2; o >= 0; o-- {
		for mt, n := range f.s.Free[o] {
			for range n {
				row, ok := f.place(o, Migratetype(mt))
				if !ok {
					return fmt.Errorf("snapshot: node %d, zone %s: no room for %d free blocks of order %d: the zone's pages do not allow it",
						f.z.Node.ID, f.z.Name(), n, o)
				}
				f.free[o] = append(f.free[o], placedFree{row, Migratetype(mt)})
			}
		}
		f.edge[o] = append(f.edge[o], f.gap[o]...)
		f.gap[o] = nil
	}
	f.restOfTypes()
	f.use()
	for o := range f.free {
		slices.SortFunc(f.free[o], func(a, b placedFree) int { return cmp.Compare(a.row, b.row) })
		for _, b := range f.free[o] {
			f.m.ownRange(b.row, b.row+1)
			f.z.addToFreeList(PFN(b.row), o, b.mt, true)
			f.z.addFreeUnlessIsolated(1<<o, b.mt)
		}
	}
	return nil
}

// cut returns the whole largest blocks of the zone's RAM, ascending, and puts what is smaller among the edges.
func (f *filler) cut() []uint64 {
	var whole []uint64
	for _, r := range f.m.ranges {
		if r.zone != f.z {
			continue
		}
		for _, part := range f.unreserved(Range{r.start, r.end}) {
			for at := part.Start; at < part.End; {
				o := blockOrder(at, part.End)
				switch {
				case o == MaxOrder-1:
					whole = append(whole, at)
				case f.inGap(part):
					f.setType(at, o, MigrateMovable)
					f.gap[o] = append(f.gap[o], at)
				default:
					f.edge[o] = append(f.edge[o], at)
				}
				at += 1 << o
			}
		}
	}
	for o := range f.gap {
		slices.Reverse(f.gap[o]) // the lowest comes first
	}
	return whole
}

// inGap tells whether rows are what lies between two parts of the kernel's image only because the next one begins at a huge page. Such pages are given to
// the buddy system when all else has booted (mark_rodata_ro, free_kernel_image_pages).
func (f *filler) inGap(r Range) bool {
	if k := f.m.layout.kernel(); slices.ContainsFunc(k.freed, func(g Range) bool { return g == f.frames(r) }) {
		return true
	}
	huge := uint64(1) << f.m.pageblockOrder
	before := slices.ContainsFunc(f.reserved, func(k Range) bool { return k.End == r.Start })
	behind := slices.ContainsFunc(f.reserved, func(k Range) bool { return k.Start == r.End })
	return before && behind && r.End&(huge-1) == 0 && r.End-r.Start < huge
}

// frames is a range of rows in frames.
func (f *filler) frames(r Range) Range {
	return Range{f.m.layout.frame(r.Start), f.m.layout.frame(r.End-1) + 1}
}

// known returns the rows of the zone that are reserved for sure: the kernel's image, if it lies there, and with it the end of the zone's RAM, from which the
// kernel takes what it needs before the allocator runs (memblock, top-down). Nil: the zone does not hold the image.
func (f *filler) known(kernel []Range) []Range {
	l := f.m.layout
	left := f.z.Present - f.z.Managed
	var out []Range
	for _, k := range kernel {
		if k.Start < f.s.Start || k.End > f.s.Start+f.s.Spanned || k.End-k.Start > left {
			return nil
		}
		out = append(out, Range{l.row(k.Start), l.row(k.End-1) + 1})
		left -= k.End - k.Start
	}
	if out == nil {
		return nil
	}
	for i := len(f.m.ranges) - 1; i >= 0 && left > 0; i-- {
		r := f.m.ranges[i]
		if r.zone != f.z {
			continue
		}
		low := max(r.start, out[len(kernel)-1].End)
		if r.end <= low {
			break
		}
		n := min(left, r.end-low)
		out = append(out, Range{r.end - n, r.end})
		left -= n
	}
	slices.SortFunc(out, func(a, b Range) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

// unreserved returns the parts of a range that are not known to be reserved.
func (f *filler) unreserved(r Range) []Range {
	parts := []Range{r}
	for _, cut := range f.reserved {
		last := parts[len(parts)-1]
		parts = append(parts[:len(parts)-1], subtract(last, cut)...)
		if len(parts) == 0 {
			break
		}
	}
	return parts
}

// largest gives the free blocks of the largest order the highest cells. Sections that are wholly free and MOVABLE become the zone's virgin run.
func (f *filler) largest(whole []uint64) error {
	n := uint64(0)
	for _, c := range f.s.Free[MaxOrder-1] {
		n += c
	}
	if n > uint64(len(whole)) {
		return fmt.Errorf("snapshot: node %d, zone %s: %d free blocks of order %d, but there is room for %d", f.z.Node.ID, f.z.Name(), n,
			MaxOrder-1, len(whole))
	}
	used := whole[:uint64(len(whole))-n]
	f.cells[MaxOrder-1] = slices.Clone(used)
	slices.Reverse(f.cells[MaxOrder-1]) // cells are taken from the end: the lowest first
	free := whole[len(used):]
	for mt, c := range f.s.Free[MaxOrder-1] {
		if Migratetype(mt) == MigrateMovable {
			continue
		}
		for _, at := range free[:c] {
			f.free[MaxOrder-1] = append(f.free[MaxOrder-1], placedFree{at, Migratetype(mt)})
			f.setType(at, MaxOrder-1, Migratetype(mt))
		}
		free = free[c:]
	}
	for _, at := range free {
		f.setType(at, MaxOrder-1, MigrateMovable)
	}
	v := longestSections(free)
	for _, at := range free {
		if s := at >> sectionShift; v.Start <= s && s < v.End {
			continue
		}
		f.free[MaxOrder-1] = append(f.free[MaxOrder-1], placedFree{at, MigrateMovable})
	}
	if v.Start < v.End {
		f.z.startVirginRun(v.Start, v.End)
	}
	return nil
}

// longestSections returns the longest run of sections that consist of the given largest blocks, which are ascending.
func longestSections(blocks []uint64) Range {
	const per = sectionPages / maxBlock
	var best, run Range
	for i := 0; i+per <= len(blocks); {
		at := blocks[i]
		if at&sectionMask != 0 || blocks[i+per-1] != at+(per-1)*maxBlock {
			i++
			continue
		}
		if s := at >> sectionShift; s == run.End && run.End > 0 {
			run.End++
		} else {
			run = Range{s, s + 1}
		}
		if run.End-run.Start > best.End-best.Start {
			best = run
		}
		i += per
	}
	return best
}

// place finds room for a free block, if possible in a pageblock of its list's type.
func (f *filler) place(o int, mt Migratetype) (uint64, bool) {
	if i := f.find(f.gap[o], mt); i >= 0 && mt == MigrateMovable { // pageblocks of which nothing was handed out keep their type
		at := f.remove(&f.gap[o], i)
		f.setType(at, o, mt)
		return at, true
	}
	if i := f.find(f.cells[o+1], mt); i >= 0 {
		return f.split(o, f.remove(&f.cells[o+1], i), mt), true
	}
	if i := f.find(f.edge[o], mt); i >= 0 {
		at := f.remove(&f.edge[o], i)
		f.setType(at, o, mt)
		return at, true
	}
	// Cut a larger cell down, from the smallest there is whose pageblock can have the type, if there is one: edges serve as cells, too.
	for _, any := range []bool{false, true} {
		for from := o + 1; from < MaxOrder; from++ {
			pool := &f.cells[from]
			if len(*pool) == 0 || !any && f.find(*pool, mt) < 0 {
				pool = &f.edge[from]
			}
			if len(*pool) == 0 {
				continue
			}
			i := f.find(*pool, mt)
			if i < 0 {
				if !any {
					continue
				}
				i = len(*pool) - 1
			}
			at := f.remove(pool, i)
			for c := from - 1; c > o; c-- {
				f.cells[c] = append(f.cells[c], at)
				at += 1 << c
			}
			return f.split(o, at, mt), true
		}
	}
	if n := len(f.edge[o]); n > 0 {
		at := f.remove(&f.edge[o], n-1)
		f.setType(at, o, mt)
		return at, true
	}
	// Whole pageblocks may be free beside each other: those of different types do not merge.
	if n := len(f.cells[o]); n > 0 && o >= f.m.pageblockOrder {
		at := f.remove(&f.cells[o], n-1)
		f.setType(at, o, mt)
		return at, true
	}
	return 0, false
}

// split makes the upper half of a cell of order o+1 free and keeps the lower, as the buddy system does (expand).
func (f *filler) split(o int, at uint64, mt Migratetype) uint64 {
	f.setType(at+1<<o, o, mt)
	f.cells[o] = append(f.cells[o], at)
	return at + 1<<o
}

// find returns the position of a cell whose pageblock has the type or can get it, looking at the last few, -1 if there is none.
func (f *filler) find(pool []uint64, mt Migratetype) int {
	const look = 64
	for i := len(pool) - 1; i >= 0 && i >= len(pool)-look; i-- {
		block := pool[i] >> f.m.pageblockOrder
		if f.typed[block] && f.m.BlockType(PFN(pool[i])) == mt || !f.typed[block] && (f.left[mt] > 0 || !f.haveTypes()) {
			return i
		}
	}
	return -1
}

func (f *filler) haveTypes() bool { return f.left != [NrMigratetypes]uint64{} }

func (f *filler) remove(pool *[]uint64, i int) uint64 {
	p := *pool
	at := p[i]
	p[i] = p[len(p)-1]
	*pool = p[:len(p)-1]
	return at
}

// setType gives the pageblocks of a block that have no type yet the wanted one, or if all of that type are placed, the one most are left of.
func (f *filler) setType(at uint64, order int, mt Migratetype) {
	m := f.m
	end := at + 1<<order
	for b := at >> m.pageblockOrder; b<<m.pageblockOrder < end; b++ {
		if f.typed[b] {
			continue
		}
		f.typed[b] = true
		if first := f.z.StartPFN & (1<<m.pageblockOrder - 1); b<<m.pageblockOrder+first >= f.z.EndPFN { // /proc/pagetypeinfo goes by whole steps from the start
			if !f.other[b] {
				m.setBlockType(PFN(b<<m.pageblockOrder), MigrateMovable)
			}
			continue
		}
		if f.other[b] {
			if t := m.BlockType(PFN(b << m.pageblockOrder)); f.left[t] > 0 {
				f.left[t]--
			}
			continue
		}
		t := mt
		if f.left[t] == 0 {
			for o := range f.left {
				if f.left[o] > f.left[t] {
					t = Migratetype(o)
				}
			}
		}
		if f.left[t] > 0 {
			f.left[t]--
		}
		m.setBlockType(PFN(b<<m.pageblockOrder), t)
		switch t {
		case MigrateHighAtomic:
			f.z.NrReservedHighatomic += 1 << m.pageblockOrder
		case MigrateIsolate:
			f.z.NrIsolatedBlocks++
		case MigrateCMA:
			m.HasCMA = true
			f.z.CMAPages += 1 << m.pageblockOrder
		}
	}
}

// restOfTypes types the pageblocks in which nothing is free: UNMOVABLE first, where the kernel's image is; if that has its place, the last ones, where
// two zones may meet.
func (f *filler) restOfTypes() {
	var rest []uint64
	for _, r := range f.m.ranges {
		if r.zone != f.z {
			continue
		}
		for b := r.start >> f.m.pageblockOrder; b<<f.m.pageblockOrder < r.end; b++ {
			if !f.typed[b] {
				rest = append(rest, b)
			}
		}
	}
	if f.reserved != nil {
		slices.Reverse(rest)
	}
	for _, b := range rest {
		t := MigrateMovable
		for _, o := range []Migratetype{MigrateUnmovable, MigrateReclaimable, MigrateHighAtomic, MigrateIsolate, MigrateCMA} {
			if f.left[o] > 0 {
				t = o
				break
			}
		}
		f.setType(b<<f.m.pageblockOrder, f.m.pageblockOrder, t)
	}
}

// use fills what is left: reserved pages lowest, then pages in use, then those on per-CPU lists.
func (f *filler) use() {
	m, z := f.m, f.z
	var rest []Range
	for o := range f.cells {
		for _, at := range f.cells[o] {
			rest = append(rest, Range{at, at + 1<<o})
		}
		for _, at := range f.edge[o] {
			rest = append(rest, Range{at, at + 1<<o})
		}
	}
	rest = mergeRanges(rest)
	pcp := uint64(0)
	for _, n := range f.s.PCP {
		pcp += uint64(n)
	}
	reserved := z.Present - z.Managed
	for _, r := range f.reserved {
		m.reserve(z, r.Start, r.End)
		reserved -= r.End - r.Start
	}
	inUse := z.Managed - pcp
	for o := range f.s.Free {
		for _, n := range f.s.Free[o] {
			inUse -= n << o
		}
	}
	cpu, onCPU := 0, 0
	for _, r := range rest {
		if n := min(r.End-r.Start, reserved); n > 0 {
			m.reserve(z, r.Start, r.Start+n)
			r.Start += n
			reserved -= n
		}
		if r.Start < r.End {
			m.ownRange(r.Start, r.End)
		}
		for ; r.Start < r.End; r.Start++ {
			if inUse > 0 {
				m.handOut(z, PFN(r.Start), 0)
				inUse--
				continue
			}
			for cpu < len(f.s.PCP) && onCPU == f.s.PCP[cpu] {
				cpu, onCPU = cpu+1, 0
			}
			onCPU++
			z.stock(cpu, PFN(r.Start))
		}
	}
}

// stock puts a page on a CPU's list as it is when the zone is filled.
func (z *Zone) stock(cpu int, pfn PFN) {
	m := z.mem
	mt := m.BlockType(pfn)
	list := mt
	if list >= MigratePCPTypes {
		list = MigrateMovable
	}
	m.Page(pfn).flags = z.id
	c := &z.pcp[cpu%len(z.pcp)]
	c.lists[pindex(0, list)].pushTail(pfn, 0, 1, mt)
	c.Count++
}

func (z *Zone) addFreeUnlessIsolated(pages int64, mt Migratetype) {
	if mt != MigrateIsolate {
		z.addFree(pages, mt)
	}
}

// ownRange gives the sections of a range of rows storage of their own.
func (m *Memory) ownRange(start, end uint64) {
	for s := start >> sectionShift; s <= (end-1)>>sectionShift; s++ {
		m.own(s)
	}
}
