package tlb

// This file handles pages that are accessed one after the other.

// seqMode says what is known of the accesses that came last.
type seqMode uint8

const (
	seqNone  seqMode = iota // nothing
	seqPages                // they were of the pages [start, end), in this order; entries holds what there is
	seqFull                 // the same, and they fill the buffer: the last of them are all that it holds. entries is out of date
	seqAnew                 // the same, after others of the same kind up to oldEnd that filled the buffer, of which it still holds as many as there is room for
	seqRound                // they went round within [start, end), which fits, and pos is next; order is that of the last full round
)

// A sequence is a run of pages of one identifier.
type sequence struct {
	mode            seqMode
	asid            int
	start, end, pos uint64
	oldEnd          uint64
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
		case q.mode == seqFull && apart(page, n, q.end-size, size):
			q.mode, q.oldEnd, q.start, q.end = seqAnew, q.end, page, page
		}
		if q.mode == seqAnew && page == q.end && apart(page, n, q.oldEnd-size, size) {
			if q.end += n; q.end-q.start >= size {
				q.mode = seqFull
			}
			t.Misses += n
			return n
		}
		switch {
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

// apart tells whether n pages from one on and m from another share none.
func apart(a, n, b, m uint64) bool { return a+n <= b || b+m <= a }

// settle writes down what the buffer holds.
func (t *TLB) settle() {
	if t.seq.mode > seqPages {
		t.writeDown()
	}
}

func (t *TLB) writeDown() {
	q := &t.seq
	hits, misses := t.Hits, t.Misses
	switch q.mode {
	case seqFull:
		t.fill(q.end)
		q.mode = seqNone
	case seqAnew:
		t.fill(q.oldEnd)
		for page := q.start; page < q.end; page++ {
			t.access(q.asid, page)
		}
		q.mode = seqPages
	case seqRound:
		for page := q.start; page < q.pos; page++ {
			t.access(q.asid, page)
		}
		q.mode = seqPages
		if q.pos > q.start {
			q.end = q.pos
		}
	}
	t.Hits, t.Misses = hits, misses
}

// fill makes the pages before one what the buffer holds.
func (t *TLB) fill(end uint64) {
	t.Flush()
	t.count[t.seq.asid] = len(t.entries)
	for i, set := range t.order {
		for w := range t.ways {
			back := (end - 1 - uint64(i)) & t.mask // of the last page of the set
			page := end - 1 - back - w*(t.mask+1)
			t.entries[uint64(i)*t.ways+set>>(4*w)&15] = entryOf(t.seq.asid, page)
		}
	}
}
