package engine

import "math"

// Zipf gives ranks in [0, n) of which rank r is drawn with a probability close to proportional to 1/(r+1)^theta: the bounded
// Zipfian generator of Gray et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994), as YCSB uses it.
// It is immutable and may be shared.
type Zipf struct {
	n      uint64
	nf     float64
	zetan  float64
	first  float64 // the sum up to which the rank is 0: 1, infinite if there is no other
	second float64 // and 1: zeta(2, theta)
	alpha  float64
	eta    float64
	cubics []cubic
}

// NewZipf returns the generator for n ranks with skew theta (0 <= theta; YCSB's default is 0.99). It sums the first n terms of
// the zeta function one by one up to zetaExact terms, about 40 ns each: keep what it returns.
func NewZipf(n uint64, theta float64) *Zipf {
	z := &Zipf{
		n:      n,
		nf:     float64(n),
		zetan:  zeta(n, theta),
		second: 1 + math.Pow(0.5, theta),
		alpha:  1 / (1 - theta),
	}
	z.eta = (1 - math.Pow(2/z.nf, 1-theta)) / (1 - z.second/z.zetan)
	if z.first = 1; n <= 1 {
		z.first, z.second = math.Inf(1), math.Inf(1)
	}
	z.approximate()
	return z
}

// N returns the number of ranks.
func (z *Zipf) N() uint64 { return z.n }

// Rank returns the rank for u, which is a draw of Stream.Float64.
func (z *Zipf) Rank(u float64) uint64 {
	if r, ok := z.fromCubic(u); ok {
		return r
	}
	return z.exact(u)
}

// Ranks draws a rank for each place of out, as Rank does for as many draws of r.Float64.
func (z *Zipf) Ranks(r *Stream, out []uint64) {
	for i := range out {
		u := r.Float64()
		if piece, t := zipfPlace(u); piece < uint64(len(z.cubics)) { // fromCubic, inlined
			if rank, ok := z.cubics[piece].rank(t); ok {
				out[i] = rank
				continue
			}
		}
		out[i] = z.exact(u)
	}
}

// exact is the rank for u by the formula.
func (z *Zipf) exact(u float64) uint64 {
	switch uz := u * z.zetan; {
	case uz < z.first:
		return 0
	case uz < z.second:
		return 1
	}
	return z.plain(u)
}

// at is the formula's value for u, of which the rank is the whole part.
func (z *Zipf) at(u float64) float64 { return z.nf * math.Pow(z.base(u), z.alpha) }

// base is what the formula takes to the power of alpha. The conversion keeps the product from being fused with the subtraction where the
// machine could: ranks are the same anywhere.
func (z *Zipf) base(u float64) float64 { return float64(z.eta*u) - z.eta + 1 }

// plain is the formula's rank for u, beyond the first two.
func (z *Zipf) plain(u float64) uint64 {
	if r := z.at(u); r < z.nf {
		return uint64(r)
	}
	return z.n - 1
}

// zetaExact is the number of terms that zeta adds up in order, 16 GiB of pages: as many as a machine that checks us can hold. Beyond
// it the sum's own rounding error is larger than that of the integral.
const zetaExact = 1 << 22

// zeta returns the sum of 1/i^theta for i from 1 to n.
func zeta(n uint64, theta float64) float64 {
	sum := 0.0
	for i := uint64(1); i <= min(n, zetaExact); i++ {
		sum += 1 / math.Pow(float64(i), theta)
	}
	if n <= zetaExact {
		return sum
	}
	// Euler and Maclaurin, of the terms after a up to b. The next term of the series is below 1e-27.
	a, b := float64(zetaExact), float64(n)
	f := func(x float64) float64 { return math.Pow(x, -theta) }
	integral := math.Log(b / a)
	if theta != 1 {
		integral = (math.Pow(b, 1-theta) - math.Pow(a, 1-theta)) / (1 - theta)
	}
	return sum + integral + (f(b)-f(a))/2 - theta*(f(b)/b-f(a)/a)/12
}
