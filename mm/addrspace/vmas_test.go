package addrspace

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestVMAs does the same to the VMAs of a space and to a sorted slice, with enough of them that nodes split and join and the cache grows and goes.
// Neither the VMA found last nor the cache may answer anything but what the slice has, whatever was added, removed, cut or moved meanwhile.
func TestVMAs(t *testing.T) {
	remembered := 0 // answers that the cache had
	rapid.Check(t, func(t *rapid.T) {
		var x vmas
		x.init()
		var want []*VMA
		const room = 2000 // pages
		above := func(addr uint64) int {
			i, _ := slices.BinarySearchFunc(want, addr, func(v *VMA, a uint64) int { return cmp.Compare(v.Start, a) })
			return i
		}
		add := func(start, pages uint64) {
			i := above(start)
			if i > 0 && want[i-1].End > start {
				return
			}
			end := start + pages*PageSize
			if i < len(want) {
				end = min(end, want[i].Start)
			}
			if end == start {
				return
			}
			v := &VMA{Start: start, End: end}
			want = slices.Insert(want, i, v)
			x.insert(v, x.below(start-1))
		}
		find := func(addr uint64) {
			var floor, has *VMA
			if i := above(addr + 1); i > 0 {
				if floor = want[i-1]; addr < floor.End {
					has = floor
				}
			}
			if x.cache.find(addr) != nil {
				remembered++
			}
			if got := x.find(addr); got != has {
				t.Fatalf("at %#x: %v, want %v", addr, got, has)
			}
			if got := x.below(addr); got != floor {
				t.Fatalf("below %#x: %v, want %v", addr, got, floor)
			}
		}
		page := rapid.Uint64Range(1, room)
		pages := rapid.Uint64Range(1, 4)
		for range rapid.IntRange(0, 3).Draw(t, "bulks") {
			from, step, n := page.Draw(t, "from"), rapid.Uint64Range(1, 3).Draw(t, "step"), pages.Draw(t, "pages")
			for i := range rapid.Uint64Range(0, 600).Draw(t, "n") {
				add((from+i*step)*PageSize, n)
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			p := page.Draw(t, "page")
			addr := p*PageSize + rapid.Uint64Range(0, PageSize-1).Draw(t, "offset")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				add(p*PageSize, pages.Draw(t, "pages"))
			case 1:
				for n := rapid.IntRange(1, 300).Draw(t, "gone"); n > 0 && len(want) > 0; n-- {
					i := int(p) % len(want)
					x.remove(want[i])
					want = slices.Delete(want, i, i+1)
				}
			case 2: // cut the end of one, or its start
				if len(want) == 0 {
					break
				}
				if v := want[int(p)%len(want)]; v.Pages() > 1 {
					if addr&1 == 0 {
						v.End -= PageSize
					} else {
						x.move(v, v.Start+PageSize)
					}
				}
			case 3: // a start or an end reaches to the neighbour
				i := int(p)
				if len(want) < 2 {
					break
				}
				if i %= len(want) - 1; addr&1 == 0 {
					want[i].End = want[i+1].Start
				} else {
					x.move(want[i+1], want[i].End)
				}
			case 4:
				find(addr)
			case 5: // enough lookups that the cache grows, and the same again
				for range 2 {
					for i := range uint64(500) {
						find((p+i*7%300)*PageSize + addr%PageSize)
					}
				}
			}
			checkVMAs(t, &x, want)
		}
	})
	if remembered == 0 {
		t.Error("the cache was never of use")
	}
}

// checkVMAs checks the invariants of VMAs that shall be those of a slice.
func checkVMAs(t *rapid.T, x *vmas, want []*VMA) {
	var got []*VMA
	x.each(func(v *VMA) bool { got = append(got, v); return true })
	if !slices.Equal(got, want) || x.tree.Len() != len(want) {
		t.Fatal("the order differs")
	}
	var prev *VMA
	for i, v := range want {
		if !v.linked || v.prev != prev || prev != nil && prev.next != v {
			t.Fatalf("the list does not have VMA %d, %#x", i, v.Start)
		}
		prev = v
	}
	if prev != nil && prev.next != nil {
		t.Fatal("the list does not end")
	}
	if x.last != nil && !x.last.linked {
		t.Fatal("the VMA found last is gone")
	}
	if n := len(x.cache.slots); n > 4*max(minCache, cachePerVMA*len(want)) {
		t.Fatalf("%d slots for %d VMAs", n, len(want))
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
