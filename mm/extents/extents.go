// Package extents maps the blocks of a file to those of its device, as ext4's extent tree does. Blocks are pages of 4 KiB.
//
// Invariants: extents are in the order of their file blocks, have at least one block each, and do not overlap; two that follow each other in the file and on
// the device, and are both written or both not, are one.
package extents

import "sort"

// An Extent is a run of a file's blocks from Start on that lie on the device from Phys on. Blocks that are Unwritten are allocated and read as
// zeros.
type Extent struct {
	Start, Len, Phys uint64
	Unwritten        bool
}

// End is the first block behind the extent.
func (e Extent) End() uint64 { return e.Start + e.Len }

// A Map is the extents of one file. The zero value has none.
type Map struct {
	list   []Extent
	blocks uint64
}

// Blocks is the number of blocks allocated.
func (m *Map) Blocks() uint64 { return m.blocks }

// Extents are all extents in order. The slice belongs to the Map.
func (m *Map) Extents() []Extent { return m.list }

// from is the place of the first extent that ends behind a block.
func (m *Map) from(block uint64) int {
	return sort.Search(len(m.list), func(i int) bool { return m.list[i].End() > block })
}

// At is the part of the extent from a block on. ok is false in a hole, of which the extent then gives the length, MaxLen if nothing follows.
func (m *Map) At(block uint64) (e Extent, ok bool) {
	i := m.from(block)
	if i == len(m.list) {
		return Extent{Start: block, Len: MaxLen}, false
	}
	e = m.list[i]
	if e.Start > block {
		return Extent{Start: block, Len: e.Start - block}, false
	}
	off := block - e.Start
	return Extent{Start: block, Len: e.Len - off, Phys: e.Phys + off, Unwritten: e.Unwritten}, true
}

// First is the first extent that has blocks of [start, end).
func (m *Map) First(start, end uint64) (Extent, bool) {
	i := m.from(start)
	if i == len(m.list) || m.list[i].Start >= end {
		return Extent{}, false
	}
	return m.list[i], true
}

// MaxLen is the length of the hole behind a file's last extent.
const MaxLen = 1 << 40

// Add allocates blocks that were a hole.
func (m *Map) Add(e Extent) {
	i := m.from(e.Start)
	m.list = append(m.list, Extent{})
	copy(m.list[i+1:], m.list[i:])
	m.list[i] = e
	m.blocks += e.Len
	m.join(i)
	if i > 0 {
		m.join(i - 1)
	}
}

// join makes one of an extent and the next if they are adjacent and alike.
func (m *Map) join(i int) {
	if i+1 >= len(m.list) {
		return
	}
	a, b := &m.list[i], m.list[i+1]
	if a.End() == b.Start && a.Phys+a.Len == b.Phys && a.Unwritten == b.Unwritten {
		a.Len += b.Len
		m.list = append(m.list[:i+1], m.list[i+2:]...)
	}
}

// Written notes that the blocks of [start, end), which are all allocated, have been written.
func (m *Map) Written(start, end uint64) {
	for start < end {
		e, ok := m.At(start)
		n := min(e.Len, end-start)
		if ok && e.Unwritten {
			m.cut(start, start+n)
			e.Len, e.Unwritten = n, false
			m.Add(e)
		}
		start += n
	}
}

// Truncate frees the blocks from end on and returns their number.
func (m *Map) Truncate(end uint64) uint64 { return m.Remove(end, MaxLen) }

// Remove frees the blocks of [start, end) and returns their number.
func (m *Map) Remove(start, end uint64) uint64 {
	before := m.blocks
	m.cut(start, end)
	return before - m.blocks
}

// cut takes [start, end) out.
func (m *Map) cut(start, end uint64) {
	for i := m.from(start); i < len(m.list) && m.list[i].Start < end; {
		e := m.list[i]
		from, to := max(e.Start, start), min(e.End(), end)
		m.blocks -= to - from
		switch {
		case from == e.Start && to == e.End():
			m.list = append(m.list[:i], m.list[i+1:]...)
			continue
		case from == e.Start:
			m.list[i].Start, m.list[i].Phys, m.list[i].Len = to, e.Phys+(to-e.Start), e.End()-to
		default:
			m.list[i].Len = from - e.Start
			if to < e.End() {
				m.list = append(m.list, Extent{})
				copy(m.list[i+2:], m.list[i+1:])
				m.list[i+1] = Extent{Start: to, Len: e.End() - to, Phys: e.Phys + (to - e.Start), Unwritten: e.Unwritten}
			}
		}
		i++
	}
}

// pieces is the number of extents of a device that an Extent takes up: none crosses a multiple of group blocks.
func (e Extent) pieces(group uint64) uint64 { return (e.Phys+e.Len-1)/group - e.Phys/group + 1 }

// Large tells whether the file takes up more than a number of extents on a device whose extents do not cross multiples of group blocks.
func (m *Map) Large(limit, group uint64) bool {
	n := uint64(0)
	for _, e := range m.list {
		if n += e.pieces(group); n > limit {
			return true
		}
	}
	return false
}

// Ordinal is the number of such extents before the one that holds a block, or would.
func (m *Map) Ordinal(block, group uint64) uint64 {
	n := uint64(0)
	for _, e := range m.list {
		if e.Start > block {
			break
		}
		if block < e.End() {
			return n + (e.Phys+block-e.Start)/group - e.Phys/group
		}
		n += e.pieces(group)
	}
	return n
}
