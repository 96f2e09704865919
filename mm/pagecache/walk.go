package pagecache

import "math/bits"

// words calls fn for every 64 indices of [from, end) that lie in a leaf, with a mask of those in the range, until it returns false.
func (t *Tree) words(from, end uint64, fn func(l *leaf, w int, m uint64) bool) {
	for from < end {
		hi := from >> dirShift
		if hi >= uint64(len(t.dirs)) {
			return
		}
		d := t.dirs[hi]
		if d == nil {
			from = (hi + 1) << dirShift
			continue
		}
		l := d.leaf[from>>leafShift&leafMask]
		stop := min((from>>leafShift+1)<<leafShift, end)
		if l == nil {
			from = stop
			continue
		}
		for from < stop {
			w := from >> 6 & (words - 1)
			m := ^uint64(0) << (from & 63)
			next := (from>>6 + 1) << 6
			if next > stop {
				m &= ^uint64(0) >> (next - stop)
			}
			if !fn(l, int(w), m) {
				return
			}
			from = min(next, stop)
		}
	}
}

// next is the first index of [from, end) whose bit is set in the words that pick returns.
func (t *Tree) next(from, end uint64, pick func(l *leaf, w int) uint64) (uint64, bool) {
	for from < end {
		hi := from >> dirShift
		if hi >= uint64(len(t.dirs)) {
			return 0, false
		}
		d := t.dirs[hi]
		if d == nil {
			from = (hi + 1) << dirShift
			continue
		}
		l := d.leaf[from>>leafShift&leafMask]
		base := from &^ leafMask
		if l != nil {
			for w := int(from & leafMask >> 6); w < words; w++ {
				b := pick(l, w)
				if i := base + uint64(w)<<6; i < from {
					b &= ^uint64(0) << (from - i)
				}
				if b != 0 {
					i := base + uint64(w)<<6 + uint64(bits.TrailingZeros64(b))
					return i, i < end
				}
			}
		}
		from = base + leafPages
	}
	return 0, false
}

// Next is the index of the first page of [from, end).
func (t *Tree) Next(from, end uint64) (index uint64, ok bool) {
	for from < end { // where there are leaves, word by word
		l := t.leafAt(from)
		if l == nil {
			break
		}
		if b := l.present[from&leafMask>>6] >> (from & 63); b != 0 {
			from += uint64(bits.TrailingZeros64(b))
			return from, from < end
		}
		from = from&^63 + 64
	}
	return t.next(from, end, func(l *leaf, w int) uint64 { return l.present[w] })
}

// NextEntry is the index of the first page or value of [from, end).
func (t *Tree) NextEntry(from, end uint64) (index uint64, ok bool) {
	return t.next(from, end, func(l *leaf, w int) uint64 { return l.present[w] | l.value[w] })
}

// NextValue is the index of the first value of [from, end).
func (t *Tree) NextValue(from, end uint64) (index uint64, ok bool) {
	return t.next(from, end, func(l *leaf, w int) uint64 { return l.value[w] })
}

// NextTagged is the index of the first page of [from, end) that carries a tag.
func (t *Tree) NextTagged(tag Tag, from, end uint64) (index uint64, ok bool) {
	if t.tagged[tag] == 0 {
		return 0, false
	}
	return t.next(from, end, func(l *leaf, w int) uint64 { return l.tags[tag][w] })
}

// NextMiss is the first index of [from, end) that holds no page, end if each holds one (page_cache_next_miss).
func (t *Tree) NextMiss(from, end uint64) uint64 {
	for from < end {
		l := t.leafAt(from)
		if l == nil {
			return from
		}
		w := from & leafMask >> 6
		b := ^l.present[w] >> (from & 63)
		if b != 0 {
			return min(from+uint64(bits.TrailingZeros64(b)), end)
		}
		from = from&^63 + 64
	}
	return end
}

// PrevMiss counts the pages in a row that end just before an index, at most limit of them (page_cache_prev_miss).
func (t *Tree) PrevMiss(index, limit uint64) uint64 {
	n := uint64(0)
	for n < limit && n < index && t.Page(index-n-1) != 0 {
		n++
	}
	return n
}

// Run copies the pages at an index and those right behind it to out, as many as there are in a row and as out holds, and returns their number.
func (t *Tree) Run(index uint64, out []uint32) int {
	n := 0
	for n < len(out) {
		l := t.leafAt(index)
		if l == nil {
			return n
		}
		i := index & leafMask
		inWord := uint64(bits.TrailingZeros64(^(l.present[i>>6] >> (i & 63)))) // zeros are shifted in, so this ends with the word
		c := min(int(inWord), len(out)-n)
		entries := l.entry[i : i+uint64(c)]
		for j := range out[n:][:c] {
			out[n+j] = uint32(entries[j])
		}
		n += c
		if index += uint64(c); c == 0 || index&63 != 0 {
			return n
		}
	}
	return n
}

// Count is the number of pages in [from, end).
func (t *Tree) Count(from, end uint64) uint64 {
	n := 0
	t.words(from, end, func(l *leaf, w int, m uint64) bool {
		n += bits.OnesCount64(l.present[w] & m)
		return true
	})
	return uint64(n)
}
