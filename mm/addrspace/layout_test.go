package addrspace

import "testing"

// TestMmapBase checks where mappings begin against addresses of real processes (setarch -R, ulimit -s) and, for randomised ones, the kernel's sums.
func TestMmapBase(t *testing.T) {
	const mib, unlimited = 1 << 20, ^uint64(0)
	for _, c := range []struct {
		name   string
		l      *Layout
		stack  uint64
		rnd    uint64
		random bool
		want   uint64
	}{
		{"8 MiB of stack leave the least gap", X86_64, 8 * mib, 0, false, 0x7ffff7fff000},
		{"127 MiB and the guard are the least gap", X86_64, 127 * mib, 0, false, 0x7ffff7fff000},
		{"1 GiB", X86_64, 1024 * mib, 0, false, 0x7ffff7fff000 - (1024+1-128)*mib},
		{"unlimited: five sixths", X86_64, unlimited, 0, false, 0x155555556000},
		{"i386", I386, 8 * mib, 0, false, 0xb8000000},
		{"i386, unlimited", I386, unlimited, 0, false, 0x20000000},
		{"random: room for the stack's way down", X86_64, 8 * mib, 0, true, 0x7ffffffff000 - (8+1)*mib - 0x3fffff000},
		{"random: and down by the draw", X86_64, 8 * mib, 0x12345000, true, 0x7ffffffff000 - (8+1)*mib - 0x3fffff000 - 0x12345000},
		{"i386, random: the gap is the least", I386, 8 * mib, 0x7f000, true, 0xb8000000 - 0x7f000},
	} {
		if got := c.l.MmapBase(c.stack, c.rnd, c.random); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
	}
	if a, b := X86_64.LegacyBase(), I386.LegacyBase(); a != 0x2aaaaaaab000 || b != 0x40000000 {
		t.Errorf("legacy bases %#x and %#x", a, b)
	}
}

// TestUnmappedLegacy fills gaps from below in the legacy layout, clear of a stack's guard gap.
func TestUnmappedLegacy(t *testing.T) {
	var reg AnonVMAs
	s := NewSpace(X86_64, 8<<20, &reg)
	s.SetRandom(8<<20, 0x5000, false, true)
	base := X86_64.LegacyBase() + 0x5000
	put := func(from, pages uint64, f VMFlags) {
		s.Adopt(&VMA{Start: base + from*PageSize, End: base + (from+pages)*PageSize, Flags: f})
	}
	want := func(what string, n, page uint64) {
		t.Helper()
		if a, ok := s.Unmapped(0, n*PageSize); !ok || a != base+page*PageSize {
			t.Errorf("%s: page %d, want %d", what, int64(a-base)>>PageShift, page)
		}
	}
	want("nothing is mapped", 4, 0)
	put(0, 4, rwFlags)
	put(6, 2, rwFlags)
	want("two pages fit in the gap", 2, 4)
	want("three do not", 3, 8)
	put(8+300, 1, rwFlags|VMGrowsDown)
	want("256 pages below a stack stay free", 44, 8)
	want("so more go behind it", 45, 309)
}
