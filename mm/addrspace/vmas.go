package addrspace

import "slices"

// chunkVMAs is the most VMAs that a chunk holds: a full one is split into halves.
const chunkVMAs = 64

// vmas are the VMAs of an address space in the order of their addresses: a B-tree of two levels. The leaves are chunks of up to 64 VMAs with their start
// addresses beside them, so that a search reads a few cache lines of numbers and no VMA but the one that it finds: a tree of pointers that compares
// what they point to takes ten times as long with 65,530 VMAs (vm.max_map_count).
//
// Invariants: no chunk is empty; firsts[i] is chunks[i].starts[0]; the starts ascend strictly through all chunks; a VMA's Start changes only while it
// is not in here.
type vmas struct {
	firsts []uint64
	chunks []*chunk
	n      int
}

type chunk struct {
	starts []uint64
	vmas   []*VMA
}

// floor is the index of the last of some ascending numbers, of which there is one at least, that is not above x; 0 if all are.
func floor(s []uint64, x uint64) int {
	low := 0
	for n := len(s); n > 1; {
		half := n / 2
		if s[low+half] <= x {
			low += half
		}
		n -= half
	}
	return low
}

// A spot is the place of a VMA: its chunk and its place in that.
type spot struct{ chunk, at int }

// below is the spot of the last VMA that starts at or below addr. False: there is none.
func (t *vmas) below(addr uint64) (spot, bool) {
	if t.n == 0 || addr < t.firsts[0] {
		return spot{}, false
	}
	c := floor(t.firsts, addr)
	return spot{c, floor(t.chunks[c].starts, addr)}, true
}

func (t *vmas) get(s spot) *VMA { return t.chunks[s.chunk].vmas[s.at] }

// next is the spot after another. False: that was the last.
func (t *vmas) next(s spot) (spot, bool) {
	if s.at++; s.at < len(t.chunks[s.chunk].vmas) {
		return s, true
	}
	s.chunk, s.at = s.chunk+1, 0
	return s, s.chunk < len(t.chunks)
}

// prev is the spot before another. False: that was the first.
func (t *vmas) prev(s spot) (spot, bool) {
	if s.at > 0 {
		s.at--
		return s, true
	}
	if s.chunk == 0 {
		return s, false
	}
	s.chunk--
	s.at = len(t.chunks[s.chunk].vmas) - 1
	return s, true
}

// atOrAbove is the spot of the first VMA that starts at or above addr. False: there is none.
func (t *vmas) atOrAbove(addr uint64) (spot, bool) {
	s, ok := t.below(addr)
	switch {
	case !ok:
		return spot{}, t.n > 0
	case t.chunks[s.chunk].starts[s.at] == addr:
		return s, true
	}
	return t.next(s)
}

// insert adds a VMA. None that is in here starts where it does.
func (t *vmas) insert(v *VMA) {
	t.n++
	if len(t.chunks) == 0 {
		t.chunks = append(t.chunks, &chunk{starts: []uint64{v.Start}, vmas: []*VMA{v}})
		t.firsts = append(t.firsts, v.Start)
		return
	}
	s, ok := t.below(v.Start)
	if ok {
		s.at++
	}
	c := t.chunks[s.chunk]
	if len(c.vmas) == chunkVMAs {
		const half = chunkVMAs / 2
		up := &chunk{starts: slices.Clone(c.starts[half:]), vmas: slices.Clone(c.vmas[half:])}
		clear(c.vmas[half:])
		c.starts, c.vmas = c.starts[:half], c.vmas[:half]
		t.chunks = slices.Insert(t.chunks, s.chunk+1, up)
		t.firsts = slices.Insert(t.firsts, s.chunk+1, up.starts[0])
		if s.at > half {
			s = spot{s.chunk + 1, s.at - half}
			c = up
		}
	}
	c.starts = slices.Insert(c.starts, s.at, v.Start)
	c.vmas = slices.Insert(c.vmas, s.at, v)
	t.firsts[s.chunk] = c.starts[0]
}

// remove takes a VMA out, which is in here.
func (t *vmas) remove(v *VMA) {
	s, ok := t.below(v.Start)
	if !ok || t.get(s) != v {
		return
	}
	t.n--
	c := t.chunks[s.chunk]
	c.starts = slices.Delete(c.starts, s.at, s.at+1)
	c.vmas = slices.Delete(c.vmas, s.at, s.at+1)
	if len(c.vmas) == 0 {
		t.chunks = slices.Delete(t.chunks, s.chunk, s.chunk+1)
		t.firsts = slices.Delete(t.firsts, s.chunk, s.chunk+1)
		return
	}
	t.firsts[s.chunk] = c.starts[0]
}

// each calls f for every VMA by ascending address until it returns false.
func (t *vmas) each(f func(*VMA) bool) {
	for _, c := range t.chunks {
		for _, v := range c.vmas {
			if !f(v) {
				return
			}
		}
	}
}
