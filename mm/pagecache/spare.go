package pagecache

// A spare is parts of trees, of one kind, that nothing uses, for whoever needs one next: the last first, which the processor is likeliest to have at hand.
// nil keeps nothing.
type spare[T any] struct{ free []*T }

// maxSpare is the most of a kind that are kept; the rest is the garbage collector's.
const maxSpare = 2048

func (s *spare[T]) put(x *T) {
	if s != nil && len(s.free) < maxSpare {
		s.free = append(s.free, x)
	}
}

func (s *spare[T]) take() *T {
	if s == nil || len(s.free) == 0 {
		return new(T)
	}
	n := len(s.free) - 1
	x := s.free[n]
	s.free = s.free[:n]
	return x
}

// leafSpare and blockSpare are the spare parts of the trees that share a list, nil for a tree on none, which makes its own. A leaf that lost its last
// entry has none of the bits, tags and blocks of one; what else it holds, nobody reads before it is set, as in blocks.

func (s *ShadowList) leafSpare() *spare[leaf] {
	if s == nil {
		return nil
	}
	return &s.leaves
}

func (s *ShadowList) blockSpare() *spare[block] {
	if s == nil {
		return nil
	}
	return &s.blocks
}
