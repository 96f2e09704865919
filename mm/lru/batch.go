package lru

import "mmsim/mm/phys"

// BatchSize is the number of pages that a CPU collects before they move (PAGEVEC_SIZE).
const BatchSize = 15

// A Batch collects pages of one CPU that are about to move in one way (struct folio_batch). The zero value is empty.
type Batch struct {
	n     uint8
	pages [BatchSize]phys.PFN
}

// Push adds a page and tells whether the batch is now full, so that it must be drained.
func (b *Batch) Push(pfn phys.PFN) bool {
	b.pages[b.n] = pfn
	b.n++
	return b.n == BatchSize
}

// PushAll adds as many pages as there is room for, and returns the others.
func (b *Batch) PushAll(pages []phys.PFN) (rest []phys.PFN) {
	n := copy(b.pages[b.n:], pages)
	b.n += uint8(n)
	return pages[n:]
}

// Len is the number of pages collected.
func (b *Batch) Len() int { return int(b.n) }

// Pages are the pages collected, in order. The slice is valid until the next Push.
func (b *Batch) Pages() []phys.PFN { return b.pages[:b.n] }

// Reset empties the batch.
func (b *Batch) Reset() { b.n = 0 }

// Contains tells whether a page waits in the batch.
func (b *Batch) Contains(pfn phys.PFN) bool {
	for _, q := range b.pages[:b.n] {
		if q == pfn {
			return true
		}
	}
	return false
}

// Forget takes a page out, which is being freed, keeping the order of the others.
func (b *Batch) Forget(pfn phys.PFN) {
	for i, q := range b.pages[:b.n] {
		if q == pfn {
			copy(b.pages[i:], b.pages[i+1:b.n])
			b.n--
			return
		}
	}
}
