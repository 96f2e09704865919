package addrspace

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestVMAs does the same to the index and to a sorted slice, with enough VMAs that chunks split, empty and go.
func TestVMAs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x vmas
		var want []*VMA
		find := func(addr uint64) int { // the last that starts at or below addr
			return len(want) - 1 - slices.IndexFunc(reversed(want), func(v *VMA) bool { return v.Start <= addr })
		}
		const room = 2000
		add := func(start uint64) {
			i, found := slices.BinarySearchFunc(want, start, func(v *VMA, s uint64) int { return int(v.Start) - int(s) })
			if found {
				return
			}
			v := &VMA{Start: start, End: start + 1}
			want = slices.Insert(want, i, v)
			x.insert(v)
		}
		for range rapid.IntRange(0, 3).Draw(t, "bulks") {
			from, step := rapid.Uint64Range(0, room).Draw(t, "from"), rapid.Uint64Range(1, 3).Draw(t, "step")
			for i := range rapid.Uint64Range(0, 600).Draw(t, "n") {
				add(from + i*step)
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			addr := rapid.Uint64Range(0, room).Draw(t, "addr")
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				add(addr)
			case 1:
				n := rapid.IntRange(1, 300).Draw(t, "gone")
				for ; n > 0 && len(want) > 0; n-- {
					i := int(addr) % len(want)
					x.remove(want[i])
					want = slices.Delete(want, i, i+1)
				}
			case 2:
				i := slices.IndexFunc(reversed(want), func(v *VMA) bool { return v.Start <= addr })
				s, ok := x.below(addr)
				if ok != (i >= 0) {
					t.Fatalf("below %d: found %t", addr, ok)
				}
				if ok && x.get(s) != want[find(addr)] {
					t.Fatalf("below %d: %d", addr, x.get(s).Start)
				}
				j := slices.IndexFunc(want, func(v *VMA) bool { return v.Start >= addr })
				if s, ok = x.atOrAbove(addr); ok != (j >= 0) || ok && x.get(s) != want[j] {
					t.Fatalf("at or above %d", addr)
				}
			}
			if x.n != len(want) {
				t.Fatalf("%d VMAs, want %d", x.n, len(want))
			}
			var got []*VMA
			x.each(func(v *VMA) bool { got = append(got, v); return true })
			if !slices.Equal(got, want) {
				t.Fatal("the order differs")
			}
			checkChunks(t, &x)
		}
	})
}

func reversed(v []*VMA) []*VMA {
	v = slices.Clone(v)
	slices.Reverse(v)
	return v
}

// checkChunks checks the invariants of the index, and that a walk down meets what one up does.
func checkChunks(t *rapid.T, x *vmas) {
	for i, c := range x.chunks {
		if len(c.vmas) == 0 || len(c.vmas) > chunkVMAs || len(c.vmas) != len(c.starts) || x.firsts[i] != c.starts[0] {
			t.Fatalf("chunk %d of %d: %d VMAs, %d starts", i, len(x.chunks), len(c.vmas), len(c.starts))
		}
		for j, v := range c.vmas {
			if c.starts[j] != v.Start {
				t.Fatalf("chunk %d: start %d of a VMA at %d", i, c.starts[j], v.Start)
			}
		}
	}
	n := 0
	for s, ok := x.below(1 << 60); ok; s, ok = x.prev(s) {
		n++
	}
	if n != x.n {
		t.Fatalf("the walk down meets %d of %d", n, x.n)
	}
}

// TestTopDownStacks: the guard gap of a stack keeps what is mapped next away from it, but not from below what lies under it.
func TestTopDownStacks(t *testing.T) {
	const top = 1 << 40
	page := func(n uint64) uint64 { return top - n*PageSize }
	for _, tt := range []struct {
		name   string
		stacks []uint64 // pages below the top at which one page grows down
		others []uint64 // at which one is mapped
		pages  uint64
		want   uint64
	}{
		{"nothing", nil, nil, 10, 10},
		{"below a stack", []uint64{1}, nil, 10, 1 + 256 + 10},
		{"below its neighbour", []uint64{1}, []uint64{2}, 10, 12},
		{"a gap under the stack that is too small for the guard", []uint64{1}, []uint64{30}, 10, 257 + 10},
		{"a gap that is too small anyway", []uint64{1}, []uint64{5}, 10, 15},
	} {
		s := NewSpace(X86_64, 8<<20, &AnonVMAs{})
		s.MmapBase = top
		for i, n := range append(slices.Clone(tt.stacks), tt.others...) {
			flags := VMRead
			if i < len(tt.stacks) {
				flags |= VMGrowsDown
			}
			s.Adopt(&VMA{Start: page(n), End: page(n - 1), Flags: flags})
		}
		if a, ok := s.Unmapped(0, tt.pages*PageSize); !ok || a != page(tt.want) {
			t.Errorf("%s: %d pages below the top, want %d", tt.name, (top-a)/PageSize, tt.want)
		}
	}
	s := NewSpace(X86_64, 8<<20, &AnonVMAs{})
	if a, ok := s.Unmapped(1, PageSize); !ok || a != s.MmapBase-PageSize {
		t.Errorf("a hint within the first page is none: %#x", a)
	}
}
