// Package addrmap finds an allocator's rows by address: open addressing with linear probing, no pointers, no allocation unless it grows.
//
// Invariants:
//   - an address is in the map at most once; address 0 is never in it;
//   - at most half of the slots are taken, and no probe passes an empty one.
package addrmap

// A Map is from addresses to rows. The zero value is empty and ready.
type Map struct {
	keys  []uint64
	rows  []uint32
	used  int
	shift uint
}

// Len is the number of addresses.
func (m *Map) Len() int { return m.used }

func (m *Map) slot(addr uint64) uint32 { return uint32((addr >> 3) * 0x9E3779B97F4A7C15 >> m.shift) }

// Get is the row of an address, or 0.
func (m *Map) Get(addr uint64) uint32 {
	if len(m.keys) == 0 || addr == 0 {
		return 0
	}
	mask := uint32(len(m.keys) - 1)
	for s := m.slot(addr); ; s = (s + 1) & mask {
		if k := m.keys[s]; k == addr {
			return m.rows[s]
		} else if k == 0 {
			return 0
		}
	}
}

// Put adds an address, which must not be in the map.
func (m *Map) Put(addr uint64, row uint32) {
	if m.used*2 >= len(m.keys) {
		m.grow()
	}
	m.used++
	m.put(addr, row)
}

func (m *Map) put(addr uint64, row uint32) {
	mask := uint32(len(m.keys) - 1)
	s := m.slot(addr)
	for m.keys[s] != 0 {
		s = (s + 1) & mask
	}
	m.keys[s], m.rows[s] = addr, row
}

func (m *Map) grow() {
	keys, rows := m.keys, m.rows
	n := max(64, 2*len(keys))
	m.keys, m.rows = make([]uint64, n), make([]uint32, n)
	m.shift = 64
	for ; n > 1; n >>= 1 {
		m.shift--
	}
	for i, k := range keys {
		if k != 0 {
			m.put(k, rows[i])
		}
	}
}

// Delete removes an address, which must be in the map, and closes the gap that it leaves.
func (m *Map) Delete(addr uint64) {
	mask := uint32(len(m.keys) - 1)
	s := m.slot(addr)
	for m.keys[s] != addr {
		s = (s + 1) & mask
	}
	m.used--
	for gap := s; ; {
		s = (s + 1) & mask
		k := m.keys[s]
		if k == 0 {
			m.keys[gap], m.rows[gap] = 0, 0
			return
		}
		if (s-m.slot(k))&mask >= (s-gap)&mask {
			m.keys[gap], m.rows[gap] = k, m.rows[s]
			gap = s
		}
	}
}

// Clone is a copy that shares nothing.
func (m *Map) Clone() Map {
	n := *m
	n.keys = append([]uint64(nil), m.keys...)
	n.rows = append([]uint32(nil), m.rows...)
	return n
}
