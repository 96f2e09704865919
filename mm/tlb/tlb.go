package tlb

import (
	"fmt"
	"math/bits"
)

// NrASIDs is the number of address spaces that a CPU's buffer tells apart (TLB_NR_DYN_ASIDS).
const NrASIDs = 6

// MaxEntries bounds the size of a buffer.
const MaxEntries = 1 << 16

// Check tells what is wrong with a buffer of so many entries in sets of so many ways; the error names the nearest that can be. Sets are a power of two.
func Check(entries, ways int) error {
	switch {
	case entries < 1 || entries > MaxEntries:
		return fmt.Errorf("%d entries: expected a number from 1 to %d", entries, MaxEntries)
	case ways < 1 || ways > entries:
		return fmt.Errorf("%d ways: expected a number from 1 to the number of entries, %d", ways, entries)
	}
	sets := entries / ways
	if entries%ways == 0 && sets&(sets-1) == 0 {
		return nil
	}
	below := 1 << (bits.Len(uint(sets)) - 1)
	near := below * ways
	if above := 2 * near; above <= MaxEntries && above-entries < entries-near {
		near = above
	}
	if entries%ways != 0 {
		return fmt.Errorf("%d entries are no multiple of %d ways; the nearest number that works is %d", entries, ways, near)
	}
	return fmt.Errorf("%d entries of %d ways make %d sets, which is no power of two; the nearest number that works is %d", entries, ways, sets, near)
}

// A TLB is the buffer of one CPU. ASIDs are 0 to NrASIDs-1, pages are numbers of virtual pages below 2^60.
type TLB struct {
	// Hits and Misses count the accesses.
	Hits, Misses uint64

	entries []uint64 // by set; 0: none
	used    []uint64 // by entry, the clock when it was used last; 0: none
	clock   uint64
	where   []uint32 // by the low bits of the page: the entry that such a page took last, to find it without looking through the set
	ways    uint64
	mask    uint64 // sets less one
	count   [NrASIDs]int

	seq sequence
}

func (t *TLB) init(entries, ways int) {
	t.entries, t.used = make([]uint64, entries), make([]uint64, entries)
	t.where = make([]uint32, 4<<bits.Len(uint(entries-1)))
	t.ways = uint64(ways)
	t.mask = uint64(entries/ways) - 1
	t.seq.mode = seqNone
}

func entryOf(asid int, page uint64) uint64 { return page<<3 | uint64(asid+1) }
func asidOf(entry uint64) int              { return int(entry&7) - 1 }

// set is the place where a page can be: the entries, and when they were used.
func (t *TLB) set(page uint64) (entries, used []uint64) {
	i := (page & t.mask) * t.ways
	entries = t.entries[i : i+t.ways]
	return entries, t.used[i : i+t.ways][:len(entries)]
}

// Access translates one page and tells whether the buffer had it; it has it then.
func (t *TLB) Access(asid int, page uint64) bool {
	if t.seq.mode != seqNone {
		t.settle()
		t.seq.mode = seqNone
	}
	return t.access(asid, page)
}

// access does so when entries and used are up to date.
func (t *TLB) access(asid int, page uint64) bool {
	e := entryOf(asid, page)
	t.clock++
	where := &t.where[page&uint64(len(t.where)-1)]
	if at := *where; t.entries[at] == e {
		t.used[at] = t.clock
		t.Hits++
		return true
	}
	entries, used := t.set(page)
	first := uint32((page & t.mask) * t.ways)
	for i, was := range entries {
		if was == e {
			used[i] = t.clock
			*where = first + uint32(i)
			t.Hits++
			return true
		}
	}
	oldest := ^uint64(0)
	for i, u := range used {
		oldest = min(oldest, u<<wayBits|uint64(i)) // with the way in it: a branch here could not be predicted
	}
	at := oldest & (1<<wayBits - 1)
	if was := entries[at]; was != 0 {
		t.count[asidOf(was)]--
	}
	entries[at], used[at] = e, t.clock
	*where = first + uint32(at)
	t.count[asid]++
	t.Misses++
	return false
}

// wayBits are enough to number the ways of a set.
const wayBits = 16

// FlushPage drops one page (INVLPG) and tells whether it was there.
func (t *TLB) FlushPage(asid int, page uint64) bool {
	if t.count[asid] == 0 || t.seq.mode == seqFull && (page < t.seq.end-uint64(len(t.entries)) || page >= t.seq.end) {
		return false
	}
	t.settle()
	e := entryOf(asid, page)
	entries, used := t.set(page)
	for i, was := range entries {
		if was == e {
			entries[i], used[i] = 0, 0
			t.count[asid]--
			t.seq.mode = seqNone
			return true
		}
	}
	return false
}

// FlushASID drops what an identifier has.
func (t *TLB) FlushASID(asid int) {
	if t.count[asid] == 0 {
		return
	}
	if t.count[asid] == t.valid() {
		t.Flush()
		return
	}
	t.settle()
	for i, e := range t.entries {
		if e != 0 && asidOf(e) == asid {
			t.entries[i], t.used[i] = 0, 0
		}
	}
	t.count[asid] = 0
	t.seq.mode = seqNone
}

// Flush drops everything.
func (t *TLB) Flush() {
	clear(t.entries)
	clear(t.used)
	t.count = [NrASIDs]int{}
	t.seq.mode = seqNone
}

func (t *TLB) valid() int {
	n := 0
	for _, c := range t.count {
		n += c
	}
	return n
}

// Each calls f for every entry, set by set, until it returns false.
func (t *TLB) Each(f func(asid int, page uint64) bool) {
	t.settle()
	for _, e := range t.entries {
		if e != 0 && !f(asidOf(e), e>>3) {
			return
		}
	}
}
