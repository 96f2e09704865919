package phys

// PFN names a row of the frame table: the page frame number with the hole below 4 GiB squeezed out (see Memory.TruePFN), so that 16 TiB
// of RAM fit. 0 is no page: frame 0 is never handed out.
type PFN uint32

// Page is one row of the frame table (struct page). It holds no pointer, so a section of rows costs the garbage collector nothing.
//
// The fields Next and Prev link the one list the page is on, whoever owns the page: a buddy free list, an LRU list.
// Mapping, Index and Mapcount belong to whoever holds the page; they are zero when the allocator hands it out.
type Page struct {
	flags    uint32 // zone id (12 bits), kind (4 bits), then 16 flag bits whose meaning the kind gives
	Next     PFN    // next page on the list, 0 at its end
	Prev     PFN    // previous page on the list, 0 at its start
	Mapping  uint32 // owner: an anon_vma's or a file mapping's number
	Index    uint32 // low 32 bits of the page's offset in the owner, in pages
	Mapcount int32  // page table entries that map the page
}

// Kind is the state of a head row. Every frame is inside exactly one block, whose first row says what it is.
type Kind uint8

// The kinds. All from KindKernel on are allocated pages.
const (
	KindNone      Kind = iota // interior of a block, in a CPU's stock, or no RAM behind the row
	KindReserved              // RAM that never reached the allocator (kernel image, struct pages, firmware)
	KindBuddy                 // head of a free block on a buddy list
	KindIsolated              // free, taken off the lists by IsolateFreePage
	KindKernel                // allocated, of no other kind
	KindSlab                  // slab
	KindPageTable             // page table
	KindStack                 // kernel stack
	KindVmalloc               // vmalloc area
	KindAnon                  // anonymous memory
	KindFile                  // page cache of a file
	KindShmem                 // shared memory and tmpfs
	KindHuge                  // hugetlb pool
	KindZero                  // a page of the kernel's image that processes map: the shared zero page, the vdso
	KindOther                 // allocated: anything else (zram, drivers)
	nrKinds
)

var kindNames = [nrKinds]string{
	"none", "reserved", "buddy", "isolated", "kernel", "slab", "pagetable", "stack", "vmalloc", "anon", "file", "shmem", "huge",
	"zero", "other",
}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k&15] }

// Allocated reports whether a page of the kind is in use by somebody.
func (k Kind) Allocated() bool { return k >= KindKernel }

const (
	zoneIDBits = 12
	zoneIDMask = 1<<zoneIDBits - 1
	kindShift  = zoneIDBits
	kindMask   = 15 << kindShift
	flagShift  = kindShift + 4
	// In a free row and in the second row of an allocated block of more than one page:
	orderShift = flagShift
	orderMask  = 15 << orderShift
	mtShift    = orderShift + 4
	// The second row of an allocated block has this bit, and the block's order.
	tailMark = 1 << (mtShift + 3)
)

// Flag is a bit of an allocated page (the kernel's PG_ flags and a few of its predicates).
type Flag uint32

// The flags of an allocated page's head row.
const (
	FlagReferenced  Flag = 1 << (flagShift + iota) // PG_referenced
	FlagActive                                     // PG_active
	FlagLRU                                        // PG_lru: on an LRU list
	FlagSwapbacked                                 // PG_swapbacked: anonymous or shared memory
	FlagBatched                                    // waits in a per-CPU batch to move on its LRU list
	FlagSwapCache                                  // PG_swapcache: Private is the swap slot
	FlagDirty                                      // PG_dirty
	FlagWriteback                                  // PG_writeback
	FlagReclaim                                    // PG_reclaim
	FlagWorkingset                                 // PG_workingset
	FlagUnevictable                                // PG_unevictable
	FlagMlocked                                    // PG_mlocked
	FlagExclusive                                  // PG_anon_exclusive
	FlagLocked                                     // PG_locked
	FlagReadahead                                  // PG_readahead: read ahead of use, and not used yet
	FlagHead                                       // PG_head: first page of a compound page
)

const allFlags = 0xffff << flagShift

// Kind returns the state of the row.
func (p *Page) Kind() Kind { return Kind(p.flags >> kindShift & 15) }

// SetKind changes what an allocated page is used for; its flags stay.
func (p *Page) SetKind(k Kind) { p.flags = p.flags&^kindMask | uint32(k)<<kindShift }

// ZoneID returns the number of the page's zone (Memory.ZoneByID). It is valid in head rows only.
func (p *Page) ZoneID() uint32 { return p.flags & zoneIDMask }

// State is the row's zone, kind and those of the flags in f that are set, as one word: rows of equal State can be handled alike.
func (p *Page) State(f Flag) uint32 { return p.flags & (zoneIDMask | kindMask | uint32(f)) }

// Begin sets kind and flags of a page that was just handed out.
func (p *Page) Begin(k Kind, f Flag) {
	p.flags = p.flags&zoneIDMask | uint32(k)<<kindShift | uint32(f)&allFlags
}

// Become makes a page that was just handed out what another row says, but for its zone. It is on no list.
func (p *Page) Become(as *Page) {
	p.flags = p.flags&zoneIDMask | as.flags&^zoneIDMask
	p.Mapping, p.Index, p.Mapcount = as.Mapping, as.Index, as.Mapcount
}

// Test reports whether any of the flags in f is set.
func (p *Page) Test(f Flag) bool { return p.flags&uint32(f) != 0 }

// Set sets the flags in f.
func (p *Page) Set(f Flag) { p.flags |= uint32(f) }

// Clear clears the flags in f.
func (p *Page) Clear(f Flag) { p.flags &^= uint32(f) }

// TestClear clears the flags in f and reports whether any of them was set.
func (p *Page) TestClear(f Flag) bool {
	old := p.flags
	p.flags = old &^ uint32(f)
	return old&uint32(f) != 0
}

// Flags returns all flags of an allocated page.
func (p *Page) Flags() Flag { return Flag(p.flags & allFlags) }

// SetFlags replaces all flags of an allocated page, as when a page takes over another's state in migration.
func (p *Page) SetFlags(f Flag) { p.flags = p.flags&^allFlags | uint32(f)&allFlags }

// BuddyOrder returns the order of a free block. Valid for KindBuddy and KindIsolated.
func (p *Page) BuddyOrder() int { return int(p.flags >> orderShift & 15) }

// freeType returns the migratetype of the list a buddy head is on.
func (p *Page) freeType() Migratetype { return Migratetype(p.flags >> mtShift & 7) }
