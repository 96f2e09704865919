package procfs

import "slices"

// Layout is the list of names that a file, or each block of a file, consists of, in the order of its lines. Kernels differ in the
// lines they print: names that this package has a field for are read into that field, values of others are kept beside it, in the
// order of their names. A layout does not change once made and may be shared.
type Layout struct {
	names   []string
	ids     []int // the field of each name; ^k for the k-th name without a field
	unknown int
}

// Names returns the names in order.
func (l *Layout) Names() []string { return slices.Clone(l.names) }

// Has says whether the layout has a line of this name.
func (l *Layout) Has(name string) bool { return slices.Contains(l.names, name) }

// Unknown returns the names that have no field, in order: the k-th belongs to the k-th of the values kept beside the fields.
func (l *Layout) Unknown() []string {
	var names []string
	for i, id := range l.ids {
		if id < 0 {
			names = append(names, l.names[i])
		}
	}
	return names
}

// newLayout makes the layout of these names, where index tells the field of a name.
func newLayout(names []string, index map[string]int) *Layout {
	l := &Layout{names: names, ids: make([]int, len(names))}
	for i, name := range names {
		id, ok := index[name]
		if !ok {
			id = ^l.unknown
			l.unknown++
		}
		l.ids[i] = id
	}
	return l
}

// without returns the names that are not among those left out.
func without(names []string, out ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(out, n) })
}

// indexOf maps names to their places.
func indexOf(names []string) map[string]int {
	m := make(map[string]int, len(names))
	for i, n := range names {
		m[n] = i
	}
	return m
}

// or returns the layout, or the default if there is none.
func (l *Layout) or(def *Layout) *Layout {
	if l == nil {
		return def
	}
	return l
}

// blocks reads blocks of named values that all have the same layout: the first block decides it.
type blocks struct {
	what   string         // what the names are, for errors
	index  map[string]int // the fields
	known  []*Layout      // layouts to share if the block is one of them
	layout *Layout        // nil until the first block has ended
	names  []string       // of the first block
	seen   map[string]bool
	i      int // place in the current block
}

// begin starts a block.
func (b *blocks) begin() { b.i = 0 }

// name takes the next name of a block and returns its field, or ^k for the k-th name without one.
func (b *blocks) name(s *scanner, name []byte) int {
	i := b.i
	b.i++
	if b.layout == nil {
		if b.seen[string(name)] {
			s.fail(name, "each %s once", b.what)
			return 0
		}
		if b.seen == nil {
			b.seen = map[string]bool{}
		}
		n := string(name)
		b.seen[n] = true
		b.names = append(b.names, n)
		if id, ok := b.index[n]; ok {
			return id
		}
		return ^0
	}
	if i >= len(b.layout.names) {
		s.fail(s.line, "not more than %d %ss, as in the blocks before", len(b.layout.names), b.what)
		return 0
	}
	if want := b.layout.names[i]; want != string(name) {
		s.fail(name, "%q, as in the blocks before", want)
		return 0
	}
	return b.layout.ids[i]
}

// finish ends a block. It is called with the line that follows it.
func (b *blocks) finish(s *scanner) {
	if s.err != nil {
		return
	}
	if b.layout == nil {
		for _, l := range b.known {
			if slices.Equal(l.names, b.names) {
				b.layout = l
			}
		}
		if b.layout == nil {
			b.layout = newLayout(b.names, b.index)
		}
		b.names, b.seen = nil, nil
		return
	}
	if b.i < len(b.layout.names) {
		s.fail(s.line, "%q, as in the blocks before", b.layout.names[b.i])
	}
}
