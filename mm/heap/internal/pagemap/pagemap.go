// Package pagemap finds an allocator's rows by the numbers of pages: a directory of chunks of 1024 pages, the last one of which is remembered.
//
// Invariants: a page that was never set has row 0; a lookup allocates nothing.
package pagemap

import (
	"slices"

	"mmsim/mm/heap/internal/addrmap"
)

const (
	chunkBits = 10
	chunkSize = 1 << chunkBits
)

// A Map is from numbers of pages to rows. The zero value is empty and ready.
type Map struct {
	dir  addrmap.Map // (chunk+1)*8 to the chunk's number in rows, plus one
	rows []uint32
	last uint64 // the chunk that was looked up last, plus one
	base uint64 // where it begins in rows
}

func (m *Map) seek(page uint64) bool {
	c := page>>chunkBits + 1
	if c == m.last {
		return true
	}
	i := m.dir.Get(c << 3)
	if i == 0 {
		return false
	}
	m.last, m.base = c, uint64(i-1)<<chunkBits
	return true
}

// Get is the row of a page, or 0.
func (m *Map) Get(page uint64) uint32 {
	if m.seek(page) {
		return m.rows[m.base+page%chunkSize]
	}
	return 0
}

// Set gives a page a row, 0 for none.
func (m *Map) Set(page uint64, row uint32) {
	if !m.seek(page) {
		m.dir.Put((page>>chunkBits+1)<<3, uint32(len(m.rows)>>chunkBits)+1)
		m.rows = append(m.rows, make([]uint32, chunkSize)...)
		m.seek(page)
	}
	m.rows[m.base+page%chunkSize] = row
}

// Clone is a copy that shares nothing.
func (m *Map) Clone() Map {
	n := *m
	n.dir, n.rows = m.dir.Clone(), slices.Clone(m.rows)
	return n
}
