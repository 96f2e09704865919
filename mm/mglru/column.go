package mglru

import "mmsim/mm/phys"

// RefsWidth is the number of bits of a page's count of accesses through file descriptors beyond the second (LRU_REFS_WIDTH).
const RefsWidth = 2

const (
	columnShift = 15
	columnMask  = 1<<columnShift - 1

	genMask   = MaxGens - 1
	refsShift = 2
	refsMask  = (1<<RefsWidth - 1) << refsShift
)

// A Column is one byte for each page of a machine: bits 0 and 1 are the slot of its generation, 2 and 3 its count of accesses (the bits
// LRU_GEN_MASK and LRU_REFS_MASK of page->flags). It takes memory only where a page was ever on a list.
type Column struct{ sections []*[columnMask + 1]uint8 }

func (c *Column) at(pfn phys.PFN) *uint8 {
	if s := int(pfn >> columnShift); s < len(c.sections) && c.sections[s] != nil {
		return &c.sections[s][pfn&columnMask]
	}
	return c.grow(pfn)
}

func (c *Column) grow(pfn phys.PFN) *uint8 {
	s := int(pfn >> columnShift)
	if s >= len(c.sections) {
		c.sections = append(c.sections, make([]*[columnMask + 1]uint8, s+1-len(c.sections))...)
	}
	c.sections[s] = new([columnMask + 1]uint8)
	return &c.sections[s][pfn&columnMask]
}

// Gen is the slot of the generation of a page that is on a list (folio_lru_gen).
func (c *Column) Gen(pfn phys.PFN) int { return int(*c.at(pfn) & genMask) }

// Refs is the number of accesses beyond the first that are known of a page: 0 to 1<<RefsWidth (folio_lru_refs).
func (c *Column) Refs(pfn phys.PFN, p *phys.Page) int {
	if !p.Test(phys.FlagWorkingset) {
		return 0
	}
	return int(*c.at(pfn)>>refsShift&(refsMask>>refsShift)) + 1
}

// IncRefs notes an access through a file descriptor: the first makes the page referenced, the second one of the working set, further ones count
// up to the highest number (folio_inc_refs).
func (c *Column) IncRefs(pfn phys.PFN, p *phys.Page) {
	switch b := c.at(pfn); {
	case p.Test(phys.FlagUnevictable):
	case !p.Test(phys.FlagReferenced):
		p.Set(phys.FlagReferenced)
	case !p.Test(phys.FlagWorkingset):
		p.Set(phys.FlagWorkingset)
		*b &^= refsMask
	case *b&refsMask != refsMask:
		*b += 1 << refsShift
	}
}

// SetWorkingset makes a page one of the working set with the highest count of accesses, as a refault shows it to be (lru_gen_refault).
func (c *Column) SetWorkingset(pfn phys.PFN, p *phys.Page) {
	p.Set(phys.FlagWorkingset)
	*c.at(pfn) |= refsMask
}

// ClearRefs forgets every access that is known of a page, that which the flag Referenced tells of included.
func (c *Column) ClearRefs(p *phys.Page) { p.Clear(phys.FlagReferenced | phys.FlagWorkingset) }
