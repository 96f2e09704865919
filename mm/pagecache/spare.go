package pagecache

// A spare is parts of trees, of one kind, that nothing uses, for whoever needs one next: the last first, which the processor is likeliest to have at hand.
type spare[T any] struct{ free []*T }

// maxSpare is the most of a kind that are kept; the rest is the garbage collector's.
const maxSpare = 2048

func (s *spare[T]) put(x *T) {
	if len(s.free) < maxSpare {
		s.free = append(s.free, x)
	}
}

func (s *spare[T]) take() *T {
	n := len(s.free) - 1
	if n < 0 {
		return new(T)
	}
	x := s.free[n]
	s.free = s.free[:n]
	return x
}

// takeLeaf and putLeaf, takeBlock and putBlock are the spare parts of the trees that share a list. A tree on none makes its own. A leaf that lost its last
// entry has none of the bits, tags and blocks of one; what else it holds, nobody reads before it is set, as in blocks.

func (s *ShadowList) takeLeaf() *leaf {
	if s == nil {
		return new(leaf)
	}
	return s.leaves.take()
}

func (s *ShadowList) putLeaf(l *leaf) {
	if s != nil {
		s.leaves.put(l)
	}
}

func (s *ShadowList) takeBlock() *block {
	if s == nil {
		return new(block)
	}
	return s.blocks.take()
}

func (s *ShadowList) putBlock(b *block) {
	if s != nil {
		s.blocks.put(b)
	}
}
