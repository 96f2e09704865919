package engine

import "math/bits"

// Stream is one stream of random numbers: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
type Stream struct {
	state uint64
}

// NewStream returns the stream of that name: its state starts at seed xor the 64-bit FNV-1a hash of name.
func NewStream(seed uint64, name string) *Stream {
	return &Stream{state: seed ^ fnv1a(name)}
}

func fnv1a(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h ^= uint64(s[i])
		h *= 1099511628211
	}
	return h
}

// Uint64 draws 64 random bits.
func (r *Stream) Uint64() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Below draws an integer in [0, n): the high 64 bits of the product of a draw and n. Below(0) is 0.
func (r *Stream) Below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.Uint64(), n)
	return hi
}

// Float64 draws a number in [0, 1): a draw's upper 53 bits times 2^-53.
func (r *Stream) Float64() float64 {
	return float64(r.Uint64()>>11) * 0x1p-53
}
