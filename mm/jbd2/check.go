package jbd2

import "fmt"

// Check recomputes from the transactions what the journal knows of each block, and returns what does not fit.
func (j *Journal) Check() error {
	count := map[uint64]int{}
	for _, c := range []struct {
		t  *Transaction
		in func(*head) bool
	}{{j.running, func(h *head) bool { return h.running }}, {j.committing, func(h *head) bool { return h.committing }}} {
		n := 0
		for _, h := range j.heads {
			if c.in(h) {
				n++
			}
		}
		switch {
		case c.t == nil && n > 0:
			return fmt.Errorf("%d blocks are in a transaction that is not there", n)
		case c.t != nil && n != len(c.t.Blocks):
			return fmt.Errorf("transaction %d has %d blocks, %d say so", c.t.ID, len(c.t.Blocks), n)
		}
	}
	for b, h := range j.heads {
		if h.checkpoint != nil {
			count[h.checkpoint.ID]++
		} else if !h.running && !h.committing {
			return fmt.Errorf("block %d is held for nothing", b)
		}
	}
	last := uint64(0)
	for _, t := range j.waiting {
		if t.held != count[t.ID] || t.held == 0 || t.ID <= last || t.ID > j.committed || t.start < j.tail {
			return fmt.Errorf("transaction %d at %d waits for %d blocks, %d do; the last is %d, the tail %d", t.ID, t.start, t.held, count[t.ID], j.committed, j.tail)
		}
		last = t.ID
		delete(count, t.ID)
	}
	if len(count) > 0 {
		return fmt.Errorf("blocks wait for %d transactions that are forgotten", len(count))
	}
	return nil
}
