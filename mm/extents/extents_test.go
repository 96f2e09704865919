package extents

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAgainstBlocks compares a map with an array of blocks under random changes.
func TestAgainstBlocks(t *testing.T) {
	type block struct {
		phys      uint64
		unwritten bool
	}
	const n = 40
	rapid.Check(t, func(rt *rapid.T) {
		var m Map
		want := map[uint64]block{}
		next := uint64(1)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			from := rapid.Uint64Range(0, n-1).Draw(rt, "from")
			end := from + rapid.Uint64Range(1, n-from).Draw(rt, "len")
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0, 1:
				unwritten := rapid.Bool().Draw(rt, "unwritten")
				for b := from; b < end; {
					e, ok := m.At(b)
					l := min(e.Len, end-b)
					if !ok {
						m.Add(Extent{b, l, next, unwritten})
						for i := range l {
							want[b+i] = block{next + i, unwritten}
						}
						next += l
					}
					b += l
				}
			case 2:
				m.Written(from, end)
				for b := from; b < end; b++ {
					if w, ok := want[b]; ok {
						want[b] = block{w.phys, false}
					}
				}
			case 3:
				had := len(want)
				freed := m.Truncate(from)
				for b := range want {
					if b >= from {
						delete(want, b)
					}
				}
				if int(freed) != had-len(want) {
					rt.Fatalf("freed %d blocks of %d", freed, had-len(want))
				}
			}
		}
		if m.Blocks() != uint64(len(want)) {
			rt.Fatalf("%d blocks, want %d", m.Blocks(), len(want))
		}
		for b := range uint64(n) {
			e, ok := m.At(b)
			w, there := want[b]
			if ok != there || ok && (e.Phys != w.phys || e.Unwritten != w.unwritten) || e.Start != b || e.Len == 0 {
				rt.Fatalf("block %d is %v %v, want %v %v", b, e, ok, w, there)
			}
		}
		for i, e := range m.list {
			if i == 0 {
				continue
			}
			if p := m.list[i-1]; p.End() > e.Start || p.End() == e.Start && p.Phys+p.Len == e.Phys && p.Unwritten == e.Unwritten {
				rt.Fatalf("extents %v and %v", p, e)
			}
		}
	})
}

// TestPieces counts the extents that runs of blocks take up where none crosses a multiple of ten.
func TestPieces(t *testing.T) {
	var m Map
	m.Add(Extent{Start: 0, Len: 25, Phys: 7}) // 7-9, 10-19, 20-29, 30-31
	m.Add(Extent{Start: 40, Len: 10, Phys: 100})
	for limit, want := range map[uint64]bool{3: true, 4: true, 5: false} {
		if got := m.Large(limit, 10); got != want {
			t.Errorf("more than %d extents: %v, want %v", limit, got, want)
		}
	}
	for block, want := range map[uint64]uint64{0: 0, 2: 0, 3: 1, 12: 1, 13: 2, 24: 3, 30: 4, 40: 4, 49: 4, 60: 5} {
		if got := m.Ordinal(block, 10); got != want {
			t.Errorf("block %d is in extent %d, want %d", block, got, want)
		}
	}
}
