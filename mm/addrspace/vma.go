package addrspace

// PageSize is the size of a base page in bytes, and PageShift its logarithm.
const (
	PageShift = 12
	PageSize  = 1 << PageShift
)

// PageAlign rounds a number of bytes up to whole pages. Above 2^64-4096 it wraps to 0, as the kernel's PAGE_ALIGN does.
func PageAlign(n uint64) uint64 { return (n + PageSize - 1) &^ (PageSize - 1) }

// VMFlags say what a mapping allows and how it is treated (vm_flags_t).
type VMFlags uint32

// The flags of a mapping. The bits are the kernel's (include/linux/mm.h).
const (
	VMRead      VMFlags = 1 << 0
	VMWrite     VMFlags = 1 << 1
	VMExec      VMFlags = 1 << 2
	VMShared    VMFlags = 1 << 3
	VMMayRead   VMFlags = 1 << 4
	VMMayWrite  VMFlags = 1 << 5
	VMMayExec   VMFlags = 1 << 6
	VMMayShare  VMFlags = 1 << 7
	VMGrowsDown VMFlags = 1 << 8
	VMLocked    VMFlags = 1 << 13
	VMSeqRead   VMFlags = 1 << 15
	VMRandRead  VMFlags = 1 << 16
	VMDontCopy  VMFlags = 1 << 17
	VMAccount   VMFlags = 1 << 20
	VMNoReserve VMFlags = 1 << 21
)

// VMAccess are the bits that a fault is checked against.
const VMAccess = VMRead | VMWrite | VMExec

// A VMA is one mapping: the addresses [Start, End) with one set of flags (struct vm_area_struct).
type VMA struct {
	Start, End uint64
	PgOff      uint64 // page offset of Start in the mapped object; for private anonymous memory Start>>12 at the time of mapping
	Flags      VMFlags
	Space      *Space
	AnonVMA    *AnonVMA   // where anonymous pages first mapped here belong; nil until the first one
	chain      []*AnonVMA // every AnonVMA in which reverse mapping finds this VMA: its own and those inherited by fork
}

// Pages is the length in pages.
func (v *VMA) Pages() uint64 { return (v.End - v.Start) >> PageShift }

// Contains tells whether addr lies inside.
func (v *VMA) Contains(addr uint64) bool { return v.Start <= addr && addr < v.End }

// Index is the page offset of addr in the mapped object (linear_page_index).
func (v *VMA) Index(addr uint64) uint64 { return v.PgOff + (addr-v.Start)>>PageShift }

// AddressOf is the inverse of Index for an index of which only the low 32 bits are known: the address of that page in this VMA,
// and false if the page is not in it. A VMA is shorter than 2^32 pages, so at most one address fits.
func (v *VMA) AddressOf(index uint32) (uint64, bool) {
	d := uint64(index - uint32(v.PgOff))
	if d >= v.Pages() {
		return 0, false
	}
	return v.Start + d<<PageShift, true
}

// Accountable tells whether the mapping's pages count in Committed_AS (accountable_mapping, mm/mmap.c).
func Accountable(f VMFlags) bool {
	return f&(VMNoReserve|VMShared|VMWrite) == VMWrite
}

// dataMapping is the kernel's is_data_mapping.
func dataMapping(f VMFlags) bool { return f&(VMWrite|VMShared|VMGrowsDown) == VMWrite }

// canMerge tells whether b, which begins where a ends, could be one VMA with a (vma_merge, can_vma_merge_after). Neither has been
// mapped from a file.
func canMerge(a, b *VMA) bool {
	return a.End == b.Start && a.Flags == b.Flags && a.PgOff+a.Pages() == b.PgOff && mergeableAnonVMA(a, b)
}

// mergeableAnonVMA is the kernel's is_mergeable_anon_vma: the same one, or only one side has any and did not inherit it by fork.
func mergeableAnonVMA(a, b *VMA) bool {
	switch {
	case a.AnonVMA == b.AnonVMA:
		return true
	case a.AnonVMA == nil:
		return len(b.chain) < 2
	case b.AnonVMA == nil:
		return len(a.chain) < 2
	}
	return false
}
