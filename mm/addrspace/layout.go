package addrspace

// A Layout is where an architecture puts the parts of an address space (arch/x86/mm/mmap.c, fs/binfmt_elf.c). Addresses are bytes.
type Layout struct {
	Name        string
	TaskSize    uint64 // first address that is not the process's
	LastAddress uint64 // the largest number that an address can be: what goes beyond it wraps
	StackTop    uint64
	StaticBase  uint64 // where a program begins that is not position-independent, as its linker has it by default
	ImageBase   uint64 // where a program's image begins without randomisation
	TableShift  uint   // log2 of the bytes that one page of page-table entries covers
	Levels      int    // levels of page tables
	MmapMinAddr uint64 // vm.mmap_min_addr

	// How far address randomisation moves things (arch/x86/include/asm/elf.h, arch/x86/mm/mmap.c, arch/x86/kernel/process.c).
	MmapRndBits, MaxMmapRndBits uint   // vm.mmap_rnd_bits, in pages: the default, which is the least, and the most
	StackRndPages               uint64 // the stack: below this many pages
	BrkRnd                      uint64 // the heap: below this many bytes
}

// The stack guard gap and the bounds of the room that is left for the stack.
const (
	StackGuardGap = 256 * PageSize
	minStackGap   = 128 << 20
)

// X86_64 is the layout of a 4-level x86-64 process, I386 that of a process of a 32-bit kernel with the 3G/1G split.
var (
	X86_64 = &Layout{
		Name: "x86_64", TaskSize: 0x7ffffffff000, LastAddress: 1<<64 - 1, StackTop: 0x7ffffffff000, ImageBase: 0x555555554000, StaticBase: 0x400000,
		TableShift: 21, Levels: 4, MmapMinAddr: 65536,
		MmapRndBits: 28, MaxMmapRndBits: 32, StackRndPages: 1 << 22, BrkRnd: 1 << 30,
	}
	I386 = &Layout{
		Name: "i386", TaskSize: 0xC0000000, LastAddress: 1<<32 - 1, StackTop: 0xC0000000, ImageBase: 0x400000, StaticBase: 0x08048000,
		TableShift: 22, Levels: 2, MmapMinAddr: 65536,
		MmapRndBits: 8, MaxMmapRndBits: 16, StackRndPages: 1 << 11, BrkRnd: 32 << 20,
	}
)

// MmapBase is where top-down mappings begin for a stack limit in bytes: below the room that the stack may need, which is at least 128 MiB and at
// most five sixths of the address space, so that an unlimited stack leaves the rest (mmap_base). rnd is what randomisation moves it down by, in
// bytes; stackRnd says that the stack is randomised, too, for which room is kept.
func (l *Layout) MmapBase(stackLimit, rnd uint64, stackRnd bool) uint64 {
	pad := uint64(StackGuardGap)
	if stackRnd {
		pad += (l.StackRndPages - 1) << PageShift
	}
	gap := stackLimit
	if gap+pad > gap {
		gap += pad
	}
	gap = min(max(gap, minStackGap), l.TaskSize/6*5)
	return PageAlign(l.TaskSize - gap - rnd)
}

// LegacyBase is where bottom-up mappings begin without randomisation (TASK_UNMAPPED_BASE).
func (l *Layout) LegacyBase() uint64 { return PageAlign(l.TaskSize / 3) }

// startGap is the first address below v that must stay free: v.Start, or less for a stack that grows down (vm_start_gap).
func startGap(v *VMA) uint64 {
	if v.Flags&VMGrowsDown == 0 {
		return v.Start
	}
	if v.Start < StackGuardGap {
		return 0
	}
	return v.Start - StackGuardGap
}

// Free tells whether [addr, addr+n) holds no mapping and keeps clear of the guard gap of a stack above it.
func (s *Space) Free(addr, n uint64) bool {
	v := s.FindNext(addr)
	return v == nil || addr+n <= startGap(v)
}

// Unmapped finds room for n bytes (a multiple of the page size): at the hint if it is free, else as high as possible below
// MmapBase, else as low as possible above LegacyBase (arch_get_unmapped_area_topdown); with the legacy layout only the latter
// (arch_get_unmapped_area). False: there is none (ENOMEM).
func (s *Space) Unmapped(hint, n uint64) (uint64, bool) {
	l := s.Layout
	if n > l.TaskSize {
		return 0, false
	}
	if hint &^= PageSize - 1; hint != 0 { // less than a page is no hint (round_hint_to_min)
		if hint < l.MmapMinAddr {
			hint = l.MmapMinAddr
		}
		if hint <= l.TaskSize-n && s.Free(hint, n) {
			return hint, true
		}
	}
	if !s.BottomUp {
		if addr, ok := s.topDown(n); ok {
			return addr, true
		}
	}
	return s.bottomUp(n)
}

// topDown walks the gaps below MmapBase from the highest on (unmapped_area_topdown). A gap that is large enough but for the guard gap of a stack above it
// is used below that, or else nothing is above the guard gap's start; a smaller one does not keep the search from what lies below it. What is known to
// be too small is not walked again.
func (s *Space) topDown(n uint64) (uint64, bool) {
	limit := s.MmapBase
	from, largest := s.vmas.gaps.start(limit, n)
	v := s.vmas.below(from - 1)
	above := s.following(v)
	for {
		floor := uint64(PageSize)
		if v != nil {
			floor = v.End
		}
		if a, found := lowGap(floor, &limit, above, n); found {
			if limit == s.MmapBase && above != nil && above.Start < limit {
				s.vmas.gaps = gaps{from: above.Start, unknown: largest + 1}
			}
			s.vmas.last = v // what goes there comes after it
			return a, true
		}
		if v == nil {
			return 0, false
		}
		if end := gapEnd(limit, above); end > floor {
			largest = max(largest, end-floor)
		}
		v, above = v.prev, v
	}
}

// gapEnd is the end of the gap below a VMA, or of the topmost one, as far as it lies below limit.
func gapEnd(limit uint64, above *VMA) uint64 {
	if above == nil {
		return limit
	}
	return min(limit, above.Start)
}

// lowGap gives the highest place for n bytes between floor and the VMA above it, which may lower the limit of all places.
func lowGap(floor uint64, limit *uint64, above *VMA, n uint64) (uint64, bool) {
	end := gapEnd(*limit, above)
	if end < floor || end-floor < n {
		return 0, false
	}
	if above != nil {
		if gap := startGap(above); gap < end {
			*limit = gap
			if end = gap; end < floor || end-floor < n {
				return 0, false
			}
		}
	}
	return end - n, true
}

// bottomUp walks the gaps above LegacyBase from the lowest on.
func (s *Space) bottomUp(n uint64) (uint64, bool) {
	l := s.Layout
	addr := s.LegacyBase
	if v := s.Find(addr); v != nil {
		addr = v.End
	}
	for v := s.FindNext(addr); v != nil; v = v.next {
		if gap := startGap(v); gap >= addr && gap-addr >= n {
			return addr, true
		}
		addr = v.End
	}
	if addr > l.TaskSize || l.TaskSize-addr < n {
		return 0, false
	}
	return addr, true
}
