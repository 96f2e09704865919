package phys

// The frame table is cut in sections of 32768 rows (128 MiB of RAM). A section gets its own storage when somebody is about to write to one
// of its rows. Until then it shares one of these templates, whose rows read right and are never written (but for the links of row 0 of a
// virgin template, see virgin.go):
//   - absent: no RAM;
//   - a zone's reserved template: every row reserved;
//   - a zone's virgin template: every 1024th row the head of a free order-10 MOVABLE block, the others interior.
const (
	sectionShift = 15
	sectionPages = 1 << sectionShift
	sectionMask  = sectionPages - 1
)

type section [sectionPages]Page

// private is a lazily allocated side column of a section: one word a page.
type private [sectionPages]uint32

// Page returns the row of pfn. Rows in a range that was never touched are shared and must not be written to: only pages that the
// allocator handed out may be.
func (m *Memory) Page(pfn PFN) *Page { return &m.sections[pfn>>sectionShift][pfn&sectionMask] }

// Rows are the rows of all frames, for loops over pages: what Memory.Page reads anew for each, since a row that was written might be part of it, is in a
// variable of the loop's here. They are good until the memory that a machine has changes.
type Rows struct{ sections []*section }

// Rows returns the machine's rows.
func (m *Memory) Rows() Rows { return Rows{m.sections} }

// Page is what Memory.Page is.
func (r Rows) Page(pfn PFN) *Page { return &r.sections[pfn>>sectionShift][pfn&sectionMask] }

// Following returns the row of pfn and those of the frames behind it, as many as lie in one section: one at least.
func (m *Memory) Following(pfn PFN) []Page { return m.sections[pfn>>sectionShift][pfn&sectionMask:] }

// Private returns the word kept for a page beside its row (page_private: the swap slot of a page in the swap cache), 0 if never set.
func (m *Memory) Private(pfn PFN) uint32 {
	if c := m.private[pfn>>sectionShift]; c != nil {
		return c[pfn&sectionMask]
	}
	return 0
}

// SetPrivate sets the word kept for a page beside its row.
func (m *Memory) SetPrivate(pfn PFN, v uint32) {
	c := m.private[pfn>>sectionShift]
	if c == nil {
		if v == 0 {
			return
		}
		c = new(private)
		m.private[pfn>>sectionShift] = c
	}
	c[pfn&sectionMask] = v
}

// own gives section s storage of its own.
func (m *Memory) own(s uint64) *section {
	if m.owned[s] {
		return m.sections[s]
	}
	n := new(section)
	if m.sections[s] != absent {
		*n = *m.sections[s]
	}
	m.sections[s], m.owned[s] = n, true
	return n
}

// absent is the section of ranges without RAM. It is never written to.
var absent = new(section)

// HostBytes returns the host memory that the frame table takes, in bytes: sections with rows of their own, templates and side columns.
func (m *Memory) HostBytes() uint64 {
	n := uint64(len(m.sections))*8 + uint64(len(m.private))*8 + uint64(len(m.blockTypes))
	seen := map[*section]bool{}
	for _, s := range m.sections {
		if !seen[s] {
			seen[s] = true
			n += sectionPages * 24
		}
	}
	for _, p := range m.private {
		if p != nil {
			n += sectionPages * 4
		}
	}
	return n
}
