package mm

// lruLinks are the neighbours of an entry of a listLRU.
type lruLinks[T any] struct{ next, prev *T }

// A listed thing has the links by which it is on a list.
type listed[T any] interface {
	*T
	lru() *lruLinks[T]
}

// A listLRU is a list of things that nobody uses, the one that came last at its end (struct list_lru, of one node).
type listLRU[T any, P listed[T]] struct {
	head, tail *T
	n          int
}

// add appends an entry that is on no list.
func (l *listLRU[T, P]) add(e *T) {
	P(e).lru().prev = l.tail
	if l.tail == nil {
		l.head = e
	} else {
		P(l.tail).lru().next = e
	}
	l.tail = e
	l.n++
}

// remove takes an entry of the list off it.
func (l *listLRU[T, P]) remove(e *T) {
	n := P(e).lru()
	if n.prev == nil {
		l.head = n.next
	} else {
		P(n.prev).lru().next = n.next
	}
	if n.next == nil {
		l.tail = n.prev
	} else {
		P(n.next).lru().prev = n.prev
	}
	*n = lruLinks[T]{}
	l.n--
}
