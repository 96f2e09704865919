package addrspace

import "mmsim/mm/tlb"

// Kinds of resident memory, indices of Space.RSS (MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES).
const (
	RSSFile = iota
	RSSAnon
	RSSSwap
	RSSShmem
	nrRSS
)

// A Space is the address space of one process (struct mm_struct). All counts are in pages.
type Space struct {
	Layout     *Layout
	MmapBase   uint64 // where top-down mappings begin
	LegacyBase uint64 // where bottom-up mappings begin
	BottomUp   bool   // the legacy layout (vm.legacy_va_layout)
	StartBrk   uint64
	Brk        uint64
	Stack      uint64 // start_stack
	StartCode  uint64 // the program's text
	EndCode    uint64
	VDSO       uint64 // the kernel's pages

	TotalVM, DataVM, StackVM, ExecVM uint64
	LockedVM                         uint64
	Uncharged                        int64   // pages whose VMAs are gone and whose commit charge is given back when all that the call unmaps is
	DefFlags                         VMFlags // added to every new mapping: what mlockall(MCL_FUTURE) asked for
	HiwaterVM, HiwaterRSS            uint64
	RSS                              [nrRSS]int64 // file, anonymous, swap entries, shmem
	TablePages                       int64        // page-table pages below the top one (pgtables_bytes / 4096)
	WriteLocked                      bool         // its process, which may sleep meanwhile, moves or changes a VMA and has not brought the sums up to date (mmap_lock)
	Swapped                          bool         // it is on the list of spaces that may have swap entries (mmlist)
	PGD                              uint32       // frame of the topmost page table
	Sharers                          int          // processes that use it besides the first, after vfork
	Context                          tlb.Context  // what translation lookaside buffers may know of it (mm->context)
	Aged                             []AgingMark  // by node, what the walks of the multi-generational LRU have seen (mm->lru_gen)

	vmas  vmas
	anons *AnonVMAs
	tables
}

// An AgingMark is what the last walk of page tables for the pages of a node saw of an address space.
type AgingMark struct {
	Seen     bool   // there was one
	Switches uint64 // how often the process had been switched to by then
}

// NewSpace makes an empty address space in the given layout, top-down and without randomisation. stackLimit is RLIMIT_STACK in bytes.
func NewSpace(l *Layout, stackLimit uint64, anons *AnonVMAs) *Space {
	s := &Space{Layout: l, MmapBase: l.MmapBase(stackLimit, 0, false), LegacyBase: l.LegacyBase(), anons: anons}
	s.vmas.init()
	return s
}

// SetRandom moves where mappings begin by rnd bytes, down, or up from the legacy base for bottomUp (arch_pick_mmap_layout). Nothing is mapped yet.
func (s *Space) SetRandom(stackLimit, rnd uint64, stackRnd, bottomUp bool) {
	s.MmapBase = s.Layout.MmapBase(stackLimit, rnd, stackRnd)
	s.LegacyBase = s.Layout.LegacyBase() + rnd
	s.BottomUp = bottomUp
}

// NewSpaceLike makes an empty address space laid out as another is: that of its process's child (mm_init, dup_mmap).
func NewSpaceLike(s *Space) *Space {
	c := NewSpace(s.Layout, 0, s.anons)
	c.MmapBase, c.LegacyBase, c.BottomUp = s.MmapBase, s.LegacyBase, s.BottomUp
	c.StartBrk, c.Brk, c.Stack, c.StartCode, c.EndCode = s.StartBrk, s.Brk, s.Stack, s.StartCode, s.EndCode
	c.VDSO = s.VDSO
	return c
}

// MapCount is the number of VMAs (map_count).
func (s *Space) MapCount() int { return s.vmas.tree.Len() }

// Resident is the resident set in pages: file, anonymous and shared memory (get_mm_rss).
func (s *Space) Resident() int64 { return s.RSS[RSSFile] + s.RSS[RSSAnon] + s.RSS[RSSShmem] }

// TextPages is the size of the program's text (VmExe), of which no more counts than is mapped for execution.
func (s *Space) TextPages() uint64 {
	return min((PageAlign(s.EndCode)-s.StartCode&^(PageSize-1))>>PageShift, s.ExecVM)
}

// Find returns the VMA that contains addr, or nil.
func (s *Space) Find(addr uint64) *VMA { return s.vmas.find(addr) }

// FindNext returns the first VMA that ends above addr (find_vma), or nil.
func (s *Space) FindNext(addr uint64) *VMA {
	if v := s.vmas.find(addr); v != nil {
		return v
	}
	return s.following(s.vmas.below(addr))
}

// FindPrev returns the last VMA that starts below addr, or nil.
func (s *Space) FindPrev(addr uint64) *VMA {
	if addr == 0 {
		return nil
	}
	return s.vmas.below(addr - 1)
}

// Each calls f for every VMA by ascending address until it returns false. f must not change the tree.
func (s *Space) Each(f func(*VMA) bool) { s.vmas.each(f) }

// List returns the VMAs by ascending address.
func (s *Space) List() []*VMA {
	out := make([]*VMA, 0, s.MapCount())
	s.vmas.each(func(v *VMA) bool {
		out = append(out, v)
		return true
	})
	return out
}

// Anons is the registry in which the space's VMAs are linked for reverse mapping.
func (s *Space) Anons() *AnonVMAs { return s.anons }

// account adds or takes pages of a kind of mapping (vm_stat_account).
func (s *Space) account(f VMFlags, pages int64) {
	s.TotalVM = uint64(int64(s.TotalVM) + pages)
	switch {
	case f&(VMExec|VMWrite|VMGrowsDown) == VMExec:
		s.ExecVM = uint64(int64(s.ExecVM) + pages)
	case f&VMGrowsDown != 0:
		s.StackVM = uint64(int64(s.StackVM) + pages)
	case DataMapping(f):
		s.DataVM = uint64(int64(s.DataVM) + pages)
	}
}

// Drop takes a VMA out whose page-table entries are gone already.
func (s *Space) Drop(v *VMA) {
	s.noteHiwater() // mremap(2) leaves it behind (remove_mt)
	s.account(v.Flags, -int64(v.Pages()))
	s.vmas.remove(v)
	s.anons.Unlink(v)
	v.Object.unlink(v)
}

// Grow moves the start of a VMA that grows down to a lower address, which is free.
func (s *Space) Grow(v *VMA, start uint64) {
	n := (v.Start - start) >> PageShift
	s.vmas.move(v, start)
	v.PgOff -= n
	s.account(v.Flags, int64(n))
	s.noteHiwater()
}

// Adopt adds a VMA as it is, without merging: fork copies mappings one by one.
func (s *Space) Adopt(v *VMA) {
	v.Space = s
	s.account(v.Flags, int64(v.Pages()))
	s.noteHiwater()
	s.vmas.insert(v, s.FindPrev(v.Start))
	v.Object.link(v)
}

func (s *Space) noteHiwater() { s.HiwaterVM = max(s.HiwaterVM, s.TotalVM) }
