package addrspace

import (
	"testing"

	"pgregory.net/rapid"
)

// TestGaps maps, unmaps, cuts and moves at random: what is known of the gaps never changes where a mapping goes.
func TestGaps(t *testing.T) {
	skipped := 0 // searches that left something out
	rapid.Check(t, func(t *rapid.T) {
		s := NewSpace(X86_64, 8<<20, &AnonVMAs{})
		const room = 3000 // pages up to the place where mappings begin, of which there are some above
		s.MmapBase = room * PageSize
		pages := rapid.Uint64Range(1, 12)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			at := rapid.Uint64Range(1, room+20).Draw(t, "at") * PageSize
			n := pages.Draw(t, "pages") * PageSize
			flags := VMRead
			if rapid.IntRange(0, 9).Draw(t, "stack") == 0 {
				flags |= VMGrowsDown
			}
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0: // somewhere
				if next := s.FindNext(at); next == nil || next.Start >= at+n {
					s.Adopt(&VMA{Start: at, End: at + n, Flags: flags})
				}
			case 1, 2: // many where the search puts them
				for range 50 {
					if a, ok := s.topDown(n); ok {
						s.Adopt(&VMA{Start: a, End: a + n, Flags: flags})
					}
				}
			case 3: // unmap
				for v := s.FindNext(at); v != nil && v.Start < at+n; {
					next := v.Next()
					s.vmas.remove(v)
					v = next
				}
			case 4: // unmap a part, or give it to the VMA above
				if v := s.Find(at); v != nil && v.Start < at {
					up := s.Split(v, at)
					if next := up.Next(); next != nil && next.Start == up.End && n > 6*PageSize {
						s.vmas.remove(up)
						s.vmas.move(next, up.Start)
					} else if n > 3*PageSize {
						s.vmas.remove(up)
					}
				}
			case 5:
				if v := s.FindNext(at); v != nil && v.Start > at && (v.Prev() == nil || v.Prev().End <= at) {
					s.Grow(v, at)
				}
			}
			for _, n := range []uint64{1, 2, 3, 7, 300} {
				known := s.vmas.gaps
				if known.unknown != 0 && n*PageSize >= known.unknown {
					skipped++
				}
				s.vmas.gaps = gaps{}
				want, wantOK := s.topDown(n * PageSize)
				s.vmas.gaps = known
				if got, ok := s.topDown(n * PageSize); got != want || ok != wantOK {
					t.Fatalf("%d pages: %#x %t, %#x %t without %+v", n, got, ok, want, wantOK, known)
				}
				if f := s.vmas.gaps.from; s.vmas.gaps.unknown != 0 && s.Find(f) == nil {
					t.Fatalf("%#x is in no VMA", f)
				}
			}
		}
	})
	if skipped == 0 {
		t.Error("nothing was ever left out")
	}
}
