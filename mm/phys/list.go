package phys

// List is a doubly linked list of pages through their rows' Next and Prev. A page is on at most one list. The zero value is empty.
type List struct {
	Head, Tail PFN
}

// Empty reports whether the list has no page.
func (l *List) Empty() bool { return l.Head == 0 }

// Push adds a page at the head of the list.
func (m *Memory) Push(l *List, pfn PFN) {
	p := m.Page(pfn)
	h := l.Head
	p.Next, p.Prev = h, 0
	if h != 0 {
		m.Page(h).Prev = pfn
	} else {
		l.Tail = pfn
	}
	l.Head = pfn
}

// PushTail adds a page at the tail of the list.
func (m *Memory) PushTail(l *List, pfn PFN) {
	p := m.Page(pfn)
	t := l.Tail
	p.Next, p.Prev = 0, t
	if t != 0 {
		m.Page(t).Next = pfn
	} else {
		l.Head = pfn
	}
	l.Tail = pfn
}

// Remove takes a page off the list it is on; l must be that list. The page's links are left as they are.
func (m *Memory) Remove(l *List, pfn PFN) { m.unlink(l, m.Page(pfn)) }

// unlink is Remove for who has the row.
func (m *Memory) unlink(l *List, p *Page) {
	next, prev := p.Next, p.Prev
	if prev != 0 {
		m.Page(prev).Next = next
	} else {
		l.Head = next
	}
	if next != 0 {
		m.Page(next).Prev = prev
	} else {
		l.Tail = prev
	}
}
