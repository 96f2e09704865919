package jbd2

import "sort"

// A Transaction is a set of blocks that reach the log together (transaction_t).
type Transaction struct {
	ID     uint64
	Blocks []uint64 // in the order in which they were first changed

	start uint64 // the log's block where it begins, counted without wrapping
	held  int    // blocks that wait for their checkpoint
}

// head is what the journal knows of a block (struct journal_head).
type head struct {
	running, committing bool
	checkpoint          *Transaction // whose copy in the log is needed until the block is written to its place
}

// A Journal is a log of blocks, written around and around (journal_t).
type Journal struct {
	length     uint64 // blocks of the log, its superblock apart
	heads      map[uint64]*head
	running    *Transaction
	committing *Transaction
	waiting    []*Transaction // committed, with blocks that wait for their checkpoint; oldest first
	next       uint64         // the number of the next transaction
	committed  uint64         // the number of the last one that is in the log
	at         uint64         // where the log goes on, counted without wrapping
	tail       uint64         // where its superblock says that it begins, likewise
	empty      bool           // its superblock says that there is nothing in it
}

// New is an empty journal with a log of some blocks, of which one is its superblock.
func New(blocks uint64) *Journal {
	return &Journal{length: blocks - 1, heads: map[uint64]*head{}, next: 1, empty: true}
}

// Log adds a block to the running transaction, which it begins if there is none, and returns the transaction's number. began tells that it was begun
// (jbd2_journal_start, jbd2_journal_dirty_metadata).
func (j *Journal) Log(block uint64) (id uint64, began bool) {
	if j.running == nil {
		j.running = &Transaction{ID: j.next}
		j.next++
		began = true
	}
	h := j.heads[block]
	if h == nil {
		h = &head{}
		j.heads[block] = h
	}
	if !h.running {
		h.running = true
		j.running.Blocks = append(j.running.Blocks, block)
	}
	return j.running.ID, began
}

// Running is the number of the running transaction, 0 if there is none.
func (j *Journal) Running() uint64 {
	if j.running == nil {
		return 0
	}
	return j.running.ID
}

// Last is the number of the last transaction that was begun, 0 if none was.
func (j *Journal) Last() uint64 { return j.next - 1 }

// Committed is the number of the last transaction that is in the log.
func (j *Journal) Committed() uint64 { return j.committed }

// Begin makes the running transaction the one that is committed (the first phases of jbd2_journal_commit_transaction). There must be one, and none that is being
// committed. newTail tells that the journal's superblock must be written: always for the first transaction, and, with the transaction, when a quarter of the
// log has become free since (jbd2_journal_get_log_tail).
func (j *Journal) Begin() (t *Transaction, newTail bool) {
	t = j.running
	j.running, j.committing = nil, t
	for _, b := range t.Blocks {
		h := j.heads[b]
		h.running, h.committing = false, true
	}
	t.start = j.at
	oldest := t
	if len(j.waiting) > 0 {
		oldest = j.waiting[0]
	}
	if j.empty || oldest.start-j.tail >= j.length/4 {
		j.empty, j.tail, newTail = false, oldest.start, true
	}
	return t, newTail
}

// Place takes the next blocks of the log and returns the first one's place in it: 1 to the length, 0 being the superblock's.
func (j *Journal) Place(blocks uint64) uint64 {
	at := j.at%j.length + 1
	j.at += blocks
	return at
}

// End notes that the transaction that is being committed is in the log, and calls dirty for each of its blocks that now is to be written to its place:
// all but those that the running transaction has changed again (jbd2_journal_refile_buffer).
func (j *Journal) End(dirty func(block uint64)) {
	t := j.committing
	j.committing, j.committed = nil, t.ID
	for _, b := range t.Blocks {
		h := j.heads[b]
		h.committing = false
		j.drop(h)
		if h.running {
			continue
		}
		h.checkpoint = t
		t.held++
		dirty(b)
	}
	if t.held > 0 {
		j.waiting = append(j.waiting, t)
	}
	j.trim()
}

// drop ends a block's wait for its checkpoint.
func (j *Journal) drop(h *head) {
	if h.checkpoint != nil {
		h.checkpoint.held--
		h.checkpoint = nil
	}
}

// trim forgets transactions that wait for nothing any more.
func (j *Journal) trim() {
	kept := j.waiting[:0]
	for _, t := range j.waiting {
		if t.held > 0 {
			kept = append(kept, t)
		}
	}
	clear(j.waiting[len(kept):])
	j.waiting = kept
}

// Clean lets go of the blocks that have been written to their place, which written tells (__jbd2_journal_clean_checkpoint_list, jbd2_journal_shrink_checkpoint_list), and
// returns their number.
func (j *Journal) Clean(written func(block uint64) bool) (n int) {
	for _, t := range j.waiting {
		for _, b := range t.Blocks {
			h := j.heads[b]
			if h == nil || h.checkpoint != t || !written(b) {
				continue
			}
			j.drop(h)
			n++
			if !h.running && !h.committing {
				delete(j.heads, b)
			}
		}
	}
	j.trim()
	return n
}

// Heads is the number of blocks that the journal holds.
func (j *Journal) Heads() int { return len(j.heads) }

// Waiting is the number of blocks that wait for their checkpoint (j_checkpoint_jh_count).
func (j *Journal) Waiting() (n int) {
	for _, t := range j.waiting {
		n += t.held
	}
	return n
}

// Holds tells whether the journal has a use for a block, whose page therefore cannot be freed.
func (j *Journal) Holds(block uint64) bool { return j.heads[block] != nil }

// Owns tells whether a block is in a transaction that is not in the log yet: it must not be written to its place, and does not count as changed there
// (buffer_jbddirty).
func (j *Journal) Owns(block uint64) bool {
	h := j.heads[block]
	return h != nil && (h.running || h.committing)
}

// Held are the blocks that the journal holds, in order.
func (j *Journal) Held() []uint64 {
	out := make([]uint64, 0, len(j.heads))
	for b := range j.heads {
		out = append(out, b)
	}
	sort.Slice(out, func(i, k int) bool { return out[i] < out[k] })
	return out
}
