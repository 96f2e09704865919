package swap

// An Entry names a slot in the 32 bits of a page-table entry that is not present: the area in 5 bits, the slot in 26, and one bit that
// says that the page was exclusive to the process (swp_entry_t, pte_swp_exclusive). 0 is none.
type Entry uint32

// Limits that follow from an Entry's bits: areas, and slots in one area (256 GiB).
const (
	MaxAreas   = 32
	MaxSlots   = 1 << offsetBits
	offsetBits = 26

	exclusive Entry = 1 << 31
)

func entry(area, offset int) Entry { return Entry(area)<<offsetBits | Entry(offset) }

// Area is the number of the area.
func (e Entry) Area() int { return int(e &^ exclusive >> offsetBits) }

// Offset is the number of the slot in its area.
func (e Entry) Offset() int { return int(e & (MaxSlots - 1)) }

// Exclusive tells whether the page belonged to one process alone when it went out.
func (e Entry) Exclusive() bool { return e&exclusive != 0 }

// WithExclusive is the entry with the exclusive mark set or cleared.
func (e Entry) WithExclusive(on bool) Entry {
	if on {
		return e | exclusive
	}
	return e &^ exclusive
}

// Slot is the entry without its mark, which names the slot itself.
func (e Entry) Slot() Entry { return e &^ exclusive }
