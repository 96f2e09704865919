package addrspace

// A Layout is where an architecture puts the parts of an address space (arch/x86/mm/mmap.c, fs/binfmt_elf.c). Addresses are bytes.
type Layout struct {
	Name        string
	TaskSize    uint64 // first address that is not the process's
	StackTop    uint64
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
		Name: "x86_64", TaskSize: 0x7ffffffff000, StackTop: 0x7ffffffff000, ImageBase: 0x555555554000,
		TableShift: 21, Levels: 4, MmapMinAddr: 65536,
		MmapRndBits: 28, MaxMmapRndBits: 32, StackRndPages: 1 << 22, BrkRnd: 1 << 30,
	}
	I386 = &Layout{
		Name: "i386", TaskSize: 0xC0000000, StackTop: 0xC0000000, ImageBase: 0x400000,
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
	if hint != 0 {
		hint &^= PageSize - 1
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

// topDown walks the gaps below MmapBase from the highest on.
func (s *Space) topDown(n uint64) (uint64, bool) {
	const low = PageSize
	end := s.MmapBase
	if v := s.FindNext(s.MmapBase); v != nil {
		end = min(end, startGap(v))
	}
	found, ok := uint64(0), false
	s.key.Start = s.MmapBase - 1
	s.vmas.DescendLessOrEqual(&s.key, func(v *VMA) bool {
		if v.End <= end && end-v.End >= n {
			found, ok = end-n, true
			return false
		}
		end = min(end, startGap(v))
		return true
	})
	if !ok && end >= low && end-low >= n {
		return end - n, true
	}
	return found, ok
}

// bottomUp walks the gaps above LegacyBase from the lowest on.
func (s *Space) bottomUp(n uint64) (uint64, bool) {
	l := s.Layout
	addr := s.LegacyBase
	if v := s.Find(addr); v != nil {
		addr = v.End
	}
	found := false
	s.key.Start = addr
	s.vmas.AscendGreaterOrEqual(&s.key, func(v *VMA) bool {
		if gap := startGap(v); gap >= addr && gap-addr >= n {
			found = true
			return false
		}
		addr = v.End
		return true
	})
	if !found && (addr > l.TaskSize || l.TaskSize-addr < n) {
		return 0, false
	}
	return addr, true
}
