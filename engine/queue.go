package engine

import (
	"math"
	"math/bits"
)

// Timer names one scheduled event, for Cancel. The zero Timer names none. A Timer of an event that has happened or was cancelled
// names nothing any more, even when its slot is in use again.
type Timer struct {
	slot, gen uint32
}

// entry is what the heap moves about: the sort key and where the rest is. It has no pointers.
type entry struct {
	at        Time
	seq       uint64
	slot, gen uint32
}

// event is the rest: a callback, or a process whose block ends. A slot is in use while gen is odd.
type event struct {
	fn   func()
	proc *Proc
	gen  uint32
	next uint32 // the next free slot, 0 for none
}

// queue is a 4-ary heap of entries over a slab of events. Cancelling frees the slot and leaves the entry, which no longer matches the
// slot's generation; such dead entries are dropped when they reach the top, and all at once when they are more than half.
// Entry 0 of the slab is the end of the run; it is never freed.
type queue struct {
	heap   []entry
	events []event
	free   uint32
	seq    uint64
	dead   int
}

const heapArity = 4

// init empties the queue but for the end of the run at time end.
func (q *queue) init(end Time) {
	q.events = append(q.events[:0], event{gen: 1})
	q.heap = append(q.heap[:0], entry{at: end, seq: math.MaxUint64, slot: 0, gen: 1})
}

// top returns the time of the earliest live event, the end of the run included.
func (q *queue) top() Time { return q.heap[0].at }

// pending returns the number of live events, the end of the run not included.
func (q *queue) pending() int { return len(q.heap) - q.dead - 1 }

// less reports, as 1 or 0, whether a comes before b. It has no branch, because whether it is so is anyone's guess.
func (a *entry) less(b *entry) uint64 {
	_, borrow := bits.Sub64(a.seq, b.seq, 0)
	_, borrow = bits.Sub64(uint64(a.at), uint64(b.at), borrow)
	return borrow
}

// push schedules fn, or the end of proc's block, at time at.
func (q *queue) push(at Time, fn func(), proc *Proc) Timer {
	slot := q.free
	if slot != 0 {
		e := &q.events[slot]
		q.free = e.next
		e.fn, e.proc = fn, proc
		e.gen++
	} else {
		slot = uint32(len(q.events))
		q.events = append(q.events, event{fn: fn, proc: proc, gen: 1})
	}
	gen := q.events[slot].gen
	q.seq++
	q.heap = append(q.heap, entry{})
	q.siftUp(len(q.heap)-1, entry{at: at, seq: q.seq, slot: slot, gen: gen})
	return Timer{slot, gen}
}

// siftUp places e at index i or above.
func (q *queue) siftUp(i int, e entry) {
	h := q.heap
	for i > 0 {
		parent := (i - 1) / heapArity
		if e.less(&h[parent]) == 0 {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
}

// siftDown places e at index i or below.
func (q *queue) siftDown(i int, e entry) {
	h := q.heap
	n := len(h)
	for {
		c := heapArity*i + 1
		if c >= n {
			break
		}
		m := c
		if c+3 < n {
			four := h[c : c+4 : c+4]
			a := four[1].less(&four[0])
			b := 2 + four[3].less(&four[2])
			k := a ^ ((a ^ b) & -four[b&3].less(&four[a&3]))
			m = c + int(k)
		} else {
			for k := c + 1; k < n; k++ {
				m += (k - m) * int(h[k].less(&h[m]))
			}
		}
		if h[m].less(&e) == 0 {
			break
		}
		h[i] = h[m]
		i = m
	}
	h[i] = e
}

// pop removes the top, which must not be the end of the run, and returns what it was for.
func (q *queue) pop() (fn func(), proc *Proc) {
	slot := q.heap[0].slot
	q.dropTop()
	e := &q.events[slot]
	fn, proc = e.fn, e.proc
	q.release(slot)
	if q.dead > 0 {
		q.settle()
	}
	return fn, proc
}

func (q *queue) dropTop() {
	n := len(q.heap) - 1
	last := q.heap[n]
	q.heap = q.heap[:n]
	q.siftDown(0, last)
}

func (q *queue) release(slot uint32) {
	e := &q.events[slot]
	e.fn, e.proc = nil, nil
	e.gen++
	e.next, q.free = q.free, slot
}

// cancel forgets the event that t names and reports whether there was one.
func (q *queue) cancel(t Timer) bool {
	if t.slot == 0 || int(t.slot) >= len(q.events) || q.events[t.slot].gen != t.gen {
		return false
	}
	q.release(t.slot)
	q.dead++
	if q.dead > 32 && q.dead > len(q.heap)/2 {
		q.compact()
	}
	q.settle()
	return true
}

// settle drops dead entries from the top until it is live.
func (q *queue) settle() {
	for q.dead > 0 {
		t := &q.heap[0]
		if q.events[t.slot].gen == t.gen {
			return
		}
		q.dropTop()
		q.dead--
	}
}

// compact rebuilds the heap from its live entries.
func (q *queue) compact() {
	live := q.heap[:0]
	for _, e := range q.heap {
		if q.events[e.slot].gen == e.gen {
			live = append(live, e)
		}
	}
	q.heap, q.dead = live, 0
	for i := (len(live) - 2) / heapArity; i >= 0; i-- {
		q.siftDown(i, live[i])
	}
}
