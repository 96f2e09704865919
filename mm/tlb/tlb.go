package tlb

import (
	"fmt"
	"math/bits"
)

// NrASIDs is the number of address spaces that a CPU's buffer tells apart (TLB_NR_DYN_ASIDS).
const NrASIDs = 6

// MaxEntries and MaxWays bound the size of a buffer and of its sets.
const (
	MaxEntries = 1 << 16
	MaxWays    = 16
)

// Check tells what is wrong with a buffer of so many entries in sets of so many ways; the error names the nearest that can be. Sets are a power of two.
func Check(entries, ways int) error {
	switch {
	case entries < 1 || entries > MaxEntries:
		return fmt.Errorf("%d entries: expected a number from 1 to %d", entries, MaxEntries)
	case ways < 1 || ways > min(entries, MaxWays):
		return fmt.Errorf("%d ways: expected a number from 1 to %d", ways, min(entries, MaxWays))
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
	order   []uint64 // by set, its ways, 4 bits each, the one used last lowest; those without an entry highest
	where   []uint8  // by the low bits of the page: the way that such a page took last, to find it without looking through the set
	ways    uint64
	mask    uint64 // sets less one
	last    uint   // where in order the way is that was used least recently
	count   [NrASIDs]int

	seq sequence
}

func (t *TLB) init(entries, ways int) {
	t.entries, t.order = make([]uint64, entries), make([]uint64, entries/ways)
	for i := range t.order {
		for w := range ways {
			t.order[i] |= uint64(w) << (4 * w)
		}
	}
	t.last = 4 * uint(ways-1)
	t.where = make([]uint8, 4<<bits.Len(uint(entries-1)))
	t.ways = uint64(ways)
	t.mask = uint64(entries/ways) - 1
	t.seq.mode = seqNone
}

func entryOf(asid int, page uint64) uint64 { return page<<3 | uint64(asid+1) }
func asidOf(entry uint64) int              { return int(entry&7) - 1 }

// find is the way that has an entry in a set, -1 for none.
func (t *TLB) find(set int, e uint64) int {
	first := set * int(t.ways)
	for i, was := range t.entries[first : first+int(t.ways)] {
		if was == e {
			return i
		}
	}
	return -1
}

// lift makes a way the one that was used last. The four bits that name it are found without a branch, which could not be predicted.
func (t *TLB) lift(set int, way uint64) {
	const ones = 0x1111111111111111
	o := t.order[set]
	x := o ^ way*ones
	at := uint(bits.TrailingZeros64((x-ones)&^x&(ones<<3))) &^ 3
	low := o & (1<<at - 1)
	t.order[set] = o>>at>>4<<4<<at | low<<4 | way
}

// sink empties a way and makes it the next to be taken.
func (t *TLB) sink(set, way int) {
	t.entries[set*int(t.ways)+way] = 0
	t.lift(set, uint64(way))
	o := t.order[set]
	t.order[set] = o>>4 | o&15<<t.last
}

// Access translates one page and tells whether the buffer had it; it has it then.
func (t *TLB) Access(asid int, page uint64) bool {
	if t.seq.mode != seqNone {
		t.settle()
		t.seq.mode = seqNone
	}
	return t.access(asid, page)
}

// access does so when entries and order are up to date.
func (t *TLB) access(asid int, page uint64) bool {
	e := entryOf(asid, page)
	where := &t.where[page&uint64(len(t.where)-1)]
	set := int(page & t.mask)
	first := set * int(t.ways)
	way := int(*where)
	if t.entries[first+way] != e {
		way = t.find(set, e)
	}
	if way >= 0 {
		*where = uint8(way)
		t.lift(set, uint64(way))
		t.Hits++
		return true
	}
	o := t.order[set]
	at := o >> t.last
	t.order[set] = (o^at<<t.last)<<4 | at
	if was := t.entries[first+int(at)]; was != 0 {
		t.count[asidOf(was)]--
	}
	t.entries[first+int(at)] = e
	*where = uint8(at)
	t.count[asid]++
	t.Misses++
	return false
}

// FlushPage drops one page (INVLPG) and tells whether it was there.
func (t *TLB) FlushPage(asid int, page uint64) bool {
	if t.count[asid] == 0 || t.seq.mode == seqFull && (page < t.seq.end-uint64(len(t.entries)) || page >= t.seq.end) {
		return false
	}
	t.settle()
	set := int(page & t.mask)
	way := t.find(set, entryOf(asid, page))
	if way < 0 {
		return false
	}
	t.sink(set, way)
	t.count[asid]--
	t.seq.mode = seqNone
	return true
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
			t.sink(i/int(t.ways), i%int(t.ways))
		}
	}
	t.count[asid] = 0
	t.seq.mode = seqNone
}

// Flush drops everything.
func (t *TLB) Flush() {
	clear(t.entries)
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
