package tlb

// This file handles pages that are accessed one after the other.

// seqMode says what is known of the accesses that came last.
type seqMode uint8

const (
	seqNone  seqMode = iota // nothing
	seqPages                // they were of the pages [start, end), in this order; entries holds what there is
	seqFull                 // the same, and they fill the buffer: the last of them are all that it holds. entries is out of date
	seqRound                // they went round within [start, end), which fits, and pos is next; used is that of the last full round
)

// A sequence is a run of pages of one identifier.
type sequence struct {
	mode            seqMode
	asid            int
	start, end, pos uint64
}

// Run translates n pages from one on, in order, as Access would one by one, and returns how many the buffer did not have.
func (t *TLB) Run(asid int, page, n uint64) (misses uint64) {
	q := &t.seq
	if n == 0 {
		return 0
	}
	size := uint64(len(t.entries))
	if q.asid == asid {
		switch {
		case q.mode == seqFull && page == q.end:
			q.end += n
			t.Misses += n
			return n
		case q.mode == seqPages && page == q.start && n <= q.end-q.start:
			q.mode, q.pos = seqRound, q.start // as many as fit, or the mode would be seqFull
		}
		if q.mode == seqRound && page == q.pos && n <= q.end-q.pos {
			if q.pos += n; q.pos == q.end {
				q.pos = q.start
			}
			t.Hits += n
			return 0
		}
	}
	t.settle()
	if q.mode != seqPages || q.asid != asid || page != q.end {
		*q = sequence{mode: seqPages, asid: asid, start: page, end: page}
	}
	before := t.Misses
	for ; n > 0 && q.end-q.start < size; n-- {
		t.access(asid, q.end)
		q.end++
	}
	if q.end-q.start >= size {
		t.count = [NrASIDs]int{}
		t.count[asid] = len(t.entries)
		q.mode = seqFull
		q.end += n
		t.Misses += n
	}
	return t.Misses - before
}

// settle writes down what the buffer holds.
func (t *TLB) settle() {
	if t.seq.mode > seqPages {
		t.writeDown()
	}
}

func (t *TLB) writeDown() {
	q := &t.seq
	switch q.mode {
	case seqFull:
		size := uint64(len(t.entries))
		for i := range size {
			page := q.end - size + i
			at := (page&t.mask)*t.ways + i/(t.mask+1)
			t.clock++
			t.entries[at], t.used[at] = entryOf(q.asid, page), t.clock
		}
		q.mode = seqNone
	case seqRound:
		hits := t.Hits
		for page := q.start; page < q.pos; page++ {
			t.access(q.asid, page)
		}
		t.Hits = hits
		q.mode = seqPages
		if q.pos > q.start {
			q.end = q.pos
		}
	}
}
