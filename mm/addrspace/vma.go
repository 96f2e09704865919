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
	VMRead        VMFlags = 1 << 0
	VMWrite       VMFlags = 1 << 1
	VMExec        VMFlags = 1 << 2
	VMShared      VMFlags = 1 << 3
	VMMayRead     VMFlags = 1 << 4
	VMMayWrite    VMFlags = 1 << 5
	VMMayExec     VMFlags = 1 << 6
	VMMayShare    VMFlags = 1 << 7
	VMGrowsDown   VMFlags = 1 << 8
	VMPFNMap      VMFlags = 1 << 10
	VMLocked      VMFlags = 1 << 13
	VMIO          VMFlags = 1 << 14
	VMSeqRead     VMFlags = 1 << 15
	VMRandRead    VMFlags = 1 << 16
	VMDontCopy    VMFlags = 1 << 17
	VMDontExpand  VMFlags = 1 << 18
	VMLockOnFault VMFlags = 1 << 19
	VMAccount     VMFlags = 1 << 20
	VMNoReserve   VMFlags = 1 << 21
	VMWipeOnFork  VMFlags = 1 << 25
	VMDontDump    VMFlags = 1 << 26
	VMHugePage    VMFlags = 1 << 29
	VMNoHugePage  VMFlags = 1 << 30
	VMMergeable   VMFlags = 1 << 31
)

const (
	// VMAccess are the bits that a fault is checked against.
	VMAccess = VMRead | VMWrite | VMExec
	// VMSpecial are the bits of mappings that are never merged or locked (VM_SPECIAL).
	VMSpecial = VMIO | VMDontExpand | VMPFNMap
	// VMLockMask are the bits that mlock sets.
	VMLockMask = VMLocked | VMLockOnFault
)

// A VMA is one mapping: the addresses [Start, End) with one set of flags (struct vm_area_struct).
type VMA struct {
	Start, End uint64
	PgOff      uint64 // page offset of Start in the mapped object; for private anonymous memory Start>>12 at the time of mapping
	Flags      VMFlags
	linked     bool   // it is in the tree of its space
	Attached   bool   // never merged: what is mapped wants to know when the mapping goes (vm_ops->close)
	Name       string // what /proc/PID/maps calls a special mapping: [vdso]; empty for others
	Space      *Space
	Object     *Object  // what is mapped; nil for private anonymous memory
	File       any      // the open file that the object is mapped through, which two VMAs that become one must share; nil if there is none
	AnonVMA    *AnonVMA // where anonymous pages first mapped here belong; nil until the first one
	Swapin     Readahead
	prev, next *VMA       // its neighbours in the space: the VMAs below and above
	chain      []*AnonVMA // every AnonVMA in which reverse mapping finds this VMA: its own and those inherited by fork
}

// Readahead is what readahead of swapped-out pages remembers per VMA (swap_readahead_info): the page of the last fault, and the pages read ahead since
// that were used; the window then. Its zero value stands for a VMA that never had such a fault.
type Readahead struct {
	Last         uint64 // address of the page
	Hits, Window uint32
}

// Pages is the length in pages.
func (v *VMA) Pages() uint64 { return (v.End - v.Start) >> PageShift }

// Next is the VMA above this one in its space; nil if there is none.
func (v *VMA) Next() *VMA { return v.next }

// Prev is the VMA below this one in its space; nil if there is none.
func (v *VMA) Prev() *VMA { return v.prev }

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

// DataMapping tells whether the mapping's pages count against RLIMIT_DATA (is_data_mapping).
func DataMapping(f VMFlags) bool { return f&(VMWrite|VMShared|VMGrowsDown) == VMWrite }
