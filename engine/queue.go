package engine

import (
	"fmt"
	"math"
)

// Timer names one scheduled event, for Cancel. The zero Timer names none. A Timer of an event that has happened or was cancelled
// names nothing any more.
type Timer struct {
	key uint64
}

// A key is a sequence number, from 1, over a slot of the slab: it orders events of the same time and says where the rest of the event
// is, and no two events of a run have the same.
const (
	slotBits = 24
	maxSlots = 1 << slotBits
	maxSeq   = 1 << (64 - slotBits)
)

func slotOf(key uint64) uint32 { return uint32(key & (maxSlots - 1)) }

// entry is what the heap moves about. Four of them, the children of one parent, are a cache line.
type entry struct {
	at  Time
	key uint64
}

// event is the rest. The slot of a callback is used from push until it is popped or cancelled. The slot of a process is its own for as
// long as it lives, since a process has at most one event (the end of its block).
type event struct {
	key  uint64 // of its entry while it is pending, else 0
	fn   func()
	proc *Proc
	next uint32 // the next free slot, 0 for none
	// upkeep marks the event as one that the run does not go on for: see Sim.Idle.
	upkeep bool
}

// queue is a 4-ary heap of entries over a slab of events. Cancelling sets the event's key to 0 and leaves the entry, which no longer
// matches it; such dead entries are dropped when they reach the top, and all at once when they are more than half.
// Slot 0 is the end of the run, with the greatest key; it is never popped.
//
// The front is the first few entries, which come before all in the heap, sorted with the earliest last. What is armed to come before the
// heap's top joins them, since such entries are mostly popped before another comes (the ends of the transfers under way, and the wake-ups
// of who waits for them). Then none costs a pass over the heap, however many events are far ahead. Filling a hole moves the heap's top to
// the front, so that what comes soon gathers there; it would leave the heap by the same way later.
//
// While hole is set, the top of the heap has been popped and its place not been filled: a push fills it with one pass down the heap where
// filling it with the last leaf and pushing would take two. There is no front then. Only arm, fill and what begins with fill may be called.
type queue struct {
	at     Time // of the top, the end of the run included; not while there is a hole
	front  [4]entry
	nfront int
	heap   []entry
	events []event
	free   uint32
	hole   bool
	seq    uint64
	dead   int
}

const (
	heapArity = 4
	endKey    = math.MaxUint64 - (maxSlots - 1)
)

// init empties the queue but for the end of the run at time end.
func (q *queue) init(end Time) {
	q.events = append(q.events[:0], event{key: endKey})
	q.heap = append(q.heap[:0], entry{at: end, key: endKey})
	q.nfront, q.at = 0, end
}

// top returns the time of the earliest live event, the end of the run included.
func (q *queue) top() Time {
	q.fill()
	return q.at
}

// topKey returns the key of the earliest live event, the end of the run included; there must be no hole.
func (q *queue) topKey() uint64 {
	if n := q.nfront; n > 0 {
		return q.front[(n-1)&(len(q.front)-1)].key
	}
	return q.heap[0].key
}

// less reports whether a comes before b.
func (a *entry) less(b *entry) bool { return a.at < b.at || a.at == b.at && a.key < b.key }

// push schedules fn at time at.
func (q *queue) push(at Time, fn func()) Timer {
	slot := q.newSlot()
	q.events[slot].fn = fn
	return Timer{q.arm(slot, at)}
}

// arm schedules the event of that slot, which must not be pending, and returns its key.
func (q *queue) arm(slot uint32, at Time) uint64 {
	q.seq++
	e := entry{at: at, key: q.seq<<slotBits | uint64(slot)}
	q.events[slot].key = e.key
	switch {
	case q.hole:
		q.hole = false
		q.siftDown(0, e)
		if q.dead > 0 {
			q.settle()
		}
		q.at = q.heap[0].at
	case at < q.heap[0].at:
		q.insertFront(e)
	default:
		q.insert(e)
	}
	return e.key
}

// insertFront puts an entry with the greatest key, which comes before the top of the heap, into the front.
func (q *queue) insertFront(e entry) {
	f := &q.front
	n := q.nfront
	if n == len(f) {
		if e.at >= f[0].at {
			q.insert(e)
			return
		}
		q.insert(f[0])
		copy(f[:], f[1:])
		n--
	}
	q.nfront = n + 1
	for ; n > 0 && f[n-1].at <= e.at; n-- { // of two of the same time, that with the smaller key is the earlier
		f[n] = f[n-1]
	}
	f[n] = e
	q.at = f[q.nfront-1].at
}

// insert puts an entry into the heap.
func (q *queue) insert(e entry) {
	q.heap = append(q.heap, e)
	q.siftUp(len(q.heap)-1, e)
}

// exchange pops the top, which is a process's, and arms slot.
func (q *queue) exchange(slot uint32, at Time) {
	q.events[slotOf(q.topKey())].key = 0
	q.seq++
	e := entry{at: at, key: q.seq<<slotBits | uint64(slot)}
	q.events[slot].key = e.key
	switch {
	case q.nfront == 1 && at < q.heap[0].at:
		q.front[0], q.at = e, at
		return
	case q.nfront > 0:
		q.nfront--
		if at < q.heap[0].at {
			q.insertFront(e)
			return
		}
		q.insert(e)
	case len(q.heap) == 2 && at < q.heap[1].at:
		q.heap[0], q.at = e, at
		return
	default:
		q.siftDown(0, e)
		if q.dead > 0 {
			q.settle()
		}
	}
	q.aim()
}

// aim notes the time of the top.
func (q *queue) aim() {
	if n := q.nfront; n > 0 {
		q.at = q.front[(n-1)&(len(q.front)-1)].at
	} else {
		q.at = q.heap[0].at
	}
}

func (q *queue) newSlot() uint32 {
	slot := q.free
	if slot == 0 {
		return q.growSlab()
	}
	q.free = q.events[slot].next
	return slot
}

func (q *queue) growSlab() uint32 {
	if len(q.events) == maxSlots {
		panic(fmt.Sprintf("%d events and processes at a time are all that a simulation can have", maxSlots-1))
	}
	q.events = append(q.events, event{})
	return uint32(len(q.events) - 1)
}

// newProc returns a slot for p's events.
func (q *queue) newProc(p *Proc) uint32 {
	slot := q.newSlot()
	q.events[slot].proc = p
	return slot
}

// freeSlot takes back a slot whose event is not pending.
func (q *queue) freeSlot(slot uint32) {
	e := &q.events[slot]
	e.fn, e.proc, e.upkeep = nil, nil, false
	e.next, q.free = q.free, slot
}

// siftUp places e at index i or above.
func (q *queue) siftUp(i int, e entry) {
	h := q.heap
	for i > 0 {
		parent := (i - 1) / heapArity
		if !e.less(&h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
}

// siftDown places e at index i or below. The least of four children is found without branches, which nobody could predict: d is all
// ones where the second of a pair is earlier, and selects it. Equal times are rare enough to be looked at separately.
func (q *queue) siftDown(i int, e entry) {
	h := q.heap
	for {
		m := heapArity*i + 1
		if m+heapArity <= len(h) {
			four := (*[heapArity]entry)(h[m:])
			t0, t1, t2, t3 := four[0].at, four[1].at, four[2].at, four[3].at
			d01, d23 := (t1-t0)>>63, (t3-t2)>>63
			a, b := t0^(t0^t1)&d01, t2^(t2^t3)&d23
			if t0 == t1 || t2 == t3 || a == b {
				m = q.least(m, m+heapArity)
			} else {
				m += int(-d01 ^ (-d01^(2-d23))&((b-a)>>63))
			}
		} else {
			if m >= len(h) {
				break
			}
			m = q.least(m, len(h))
		}
		c := h[m]
		if c.at > e.at || c.at == e.at && c.key > e.key {
			break
		}
		h[i] = c
		i = m
	}
	h[i] = e
}

// least returns the index of the first entry of heap[from:to].
func (q *queue) least(from, to int) int {
	m := from
	for k := from + 1; k < to; k++ {
		if q.heap[k].less(&q.heap[m]) {
			m = k
		}
	}
	return m
}

// pop takes the event of the top, which must not be the end of the run, and leaves a hole in its place if that was in the heap.
func (q *queue) pop() (fn func(), proc *Proc) {
	slot := slotOf(q.topKey())
	e := &q.events[slot]
	e.key = 0
	if q.nfront > 0 {
		q.nfront--
		q.aim()
	} else {
		q.hole = true
	}
	if e.proc != nil {
		return nil, e.proc
	}
	fn = e.fn
	q.freeSlot(slot)
	return fn, nil
}

// fill fills the hole, if there is one, with the last leaf, and moves the top to the front.
func (q *queue) fill() {
	if q.hole {
		q.fillHole()
	}
}

func (q *queue) fillHole() {
	q.hole = false
	q.dropTop()
	q.settle()
	if top := q.heap[0]; top.key != endKey && top.at != MaxTime {
		q.front[0], q.nfront = top, 1
		q.dropTop()
		q.settle()
	}
	q.aim()
}

func (q *queue) dropTop() {
	n := len(q.heap) - 1
	last := q.heap[n]
	q.heap = q.heap[:n]
	q.siftDown(0, last)
}

// cancel forgets the callback that t names and reports whether there was one.
func (q *queue) cancel(t Timer) bool {
	slot := slotOf(t.key)
	if t.key == 0 || int(slot) >= len(q.events) || q.events[slot].key != t.key {
		return false
	}
	q.disarm(slot)
	q.freeSlot(slot)
	return true
}

// disarm forgets the event of that slot, if it is pending.
func (q *queue) disarm(slot uint32) {
	e := &q.events[slot]
	if e.key == 0 {
		return
	}
	q.fill()
	for i, f := range q.front[:q.nfront] {
		if f.key == e.key {
			e.key = 0
			copy(q.front[i:], q.front[i+1:q.nfront])
			q.nfront--
			q.aim()
			return
		}
	}
	e.key = 0
	q.dead++
	if q.dead > 32 && q.dead > len(q.heap)/2 {
		q.compact()
	}
	q.settle()
	q.aim()
}

// settle drops dead entries from the top of the heap until it is live.
func (q *queue) settle() {
	for q.dead > 0 {
		key := q.heap[0].key
		if q.events[slotOf(key)].key == key {
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
		if q.events[slotOf(e.key)].key == e.key {
			live = append(live, e)
		}
	}
	q.heap, q.dead = live, 0
	for i := (len(live) - 2) / heapArity; i >= 0; i-- {
		q.siftDown(i, live[i])
	}
}
