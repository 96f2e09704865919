package mglru

// filterShift is the logarithm of the bits of a Filter (BLOOM_FILTER_SHIFT).
const filterShift = 15

// A Filter is a Bloom filter of page tables that are worth a walk, with two hash functions (mm_state.filters). It is not there until the first Reset,
// and then holds everything.
type Filter struct {
	bits *[1 << filterShift / 64]uint64
}

// Reset empties the filter (reset_bloom_filter).
func (f *Filter) Reset() {
	if f.bits == nil {
		f.bits = new([1 << filterShift / 64]uint64)
		return
	}
	*f.bits = [len(f.bits)]uint64{}
}

// keys are the filter's two bits for an item: the halves of a multiplicative hash of 30 bits (get_item_key, hash_ptr).
func keys(item uint64) (a, b uint32) {
	h := item * 0x61C8864680B583EB >> (64 - 2*filterShift)
	return uint32(h) & (1<<filterShift - 1), uint32(h >> filterShift)
}

// Add puts an item in (update_bloom_filter).
func (f *Filter) Add(item uint64) {
	if f.bits != nil {
		a, b := keys(item)
		f.bits[a>>6] |= 1 << (a & 63)
		f.bits[b>>6] |= 1 << (b & 63)
	}
}

// Has tells whether an item is in, or looks so (test_bloom_filter).
func (f *Filter) Has(item uint64) bool {
	if f.bits == nil {
		return true
	}
	a, b := keys(item)
	return f.bits[a>>6]>>(a&63)&1 != 0 && f.bits[b>>6]>>(b&63)&1 != 0
}
