package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
)

// waitBuckets is the number of queues by which waiters are found, a power of two (PAGE_WAIT_TABLE_SIZE).
const waitBuckets = 256

// waitTable is who waits for pages to be read or written, by how the pages' numbers end (folio_wait_table). Unlike the kernel, which wakes everybody on a
// queue so that he looks, it keeps the waiters of each page apart.
type waitTable struct {
	first [waitBuckets]*pageWait
	spare *pageWait // on which nobody waits, to be used again
}

// A pageWait is who waits for one page.
type pageWait struct {
	engine.Cond
	page phys.PFN
	next *pageWait
}

// may tells whether somebody may wait for a page; mostly nobody does.
func (t *waitTable) may(pfn phys.PFN) bool { return t.first[pfn%waitBuckets] != nil }

// of gives what to wait on for a page.
func (t *waitTable) of(pfn phys.PFN) *engine.Cond {
	first := &t.first[pfn%waitBuckets]
	for w := *first; w != nil; w = w.next {
		if w.page == pfn {
			return &w.Cond
		}
	}
	w := t.spare
	if w == nil {
		w = new(pageWait)
	} else {
		t.spare = w.next
	}
	w.page, w.next = pfn, *first
	*first = w
	return &w.Cond
}

// wake wakes all that wait for a page, in the order in which they came.
func (t *waitTable) wake(pfn phys.PFN) {
	for at := &t.first[pfn%waitBuckets]; *at != nil; at = &(*at).next {
		if w := *at; w.page == pfn {
			*at = w.next
			w.Broadcast()
			w.next, t.spare = t.spare, w
			return
		}
	}
}

// waiting is the number of those that wait.
func (t *waitTable) waiting() int {
	n := 0
	for _, w := range t.first {
		for ; w != nil; w = w.next {
			n += w.Waiting()
		}
	}
	return n
}

// waitFlags blocks until a page has none of some flags: it is read or written. Whoever waits has no reference, so the page may be another's, or free, when he
// is woken: that ends the wait, too, since the flags were clear before.
func (t *task) waitFlags(pfn phys.PFN, flags phys.Flag) {
	k := t.k
	was := *k.Mem.Page(pfn)
	if k.thrashing(pfn) {
		defer t.endMemstall(t.memstall())
	}
	for k.Mem.Page(pfn).Test(flags) {
		t.ioWait(k.pageWaits.of(pfn))
		if p := k.Mem.Page(pfn); p.Kind() != was.Kind() || p.Mapping != was.Mapping || p.Index != was.Index {
			return
		}
	}
}
