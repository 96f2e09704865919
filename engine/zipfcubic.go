package engine

import "math"

// A power takes several times as long as the rest of a draw. So the formula's curve is cut in pieces, each replaced by the cubic with the same
// values and slopes at its ends. Where the cubic is further from a whole number than it and the formula as computed can be apart, both have the
// same whole part; the formula itself decides the rest. The ranks are those of the formula, bit by bit.

// A cubic is a piece of the curve, with t from 0 to 1 along it: c0 + t(c1 + t(c2 + t c3)). A rank is told within reach of the middle between two
// whole numbers: half less a bound of its distance from the formula as computed. reach2 is that squared, 0 if there is none.
type cubic struct{ c0, c1, c2, c3, reach2 float64 }

// Pieces are as long, for their distance from 1, as floating-point numbers are apart: above a theta of 1 the curve is steep there. So the
// bits of 1-u say which piece and where in it, with no branch that a processor would have to guess. The first pieces, of the lowest ranks,
// are constant.
const (
	zipfBits    = 6  // 1 << zipfBits pieces between two powers of two
	zipfOctaves = 16 // so many of them; of what is closer to 1 the formula decides
	zipfPieces  = zipfOctaves << zipfBits

	mantissaBits = 52
	onesExponent = 0x3ff << mantissaBits // the bits of 1.0
)

// fromCubic is the rank for u as far as the piece can tell.
func (z *Zipf) fromCubic(u float64) (rank uint64, ok bool) {
	if piece, t := zipfPlace(u); piece < uint64(len(z.cubics)) {
		return z.cubics[piece].rank(t)
	}
	return 0, false
}

// zipfPlace is the number of the piece for u, and where u lies in it. Of a u that no piece holds, the number is too large.
func zipfPlace(u float64) (piece uint64, t float64) {
	b := math.Float64bits(1 - u) // exact: u is a multiple of 2^-53
	piece = onesExponent>>(mantissaBits-zipfBits) - 1 - b>>(mantissaBits-zipfBits)
	return piece, math.Float64frombits(onesExponent|b<<zipfBits&(1<<mantissaBits-1)) - 1
}

// rank is the cubic's rank for t, if it is far enough from the next.
func (c *cubic) rank(t float64) (rank uint64, ok bool) {
	r := c.c0 + t*(c.c1+t*(c.c2+t*c.c3))
	whole := int64(r)
	d := r - float64(whole) - 0.5
	return uint64(whole), d*d < c.reach2
}

// approximate makes the pieces. Those that are of no use stay zero, which never tells a rank.
func (z *Zipf) approximate() {
	if z.n < zipfPieces || !(math.Abs(z.alpha) < 1e6) {
		return
	}
	z.cubics = make([]cubic, zipfPieces)
	for i := range z.cubics {
		octave, part := i>>zipfBits, i&(1<<zipfBits-1)
		h := math.Ldexp(1, -octave-1-zipfBits)
		far := 1 - math.Ldexp(1, -octave) + float64(part)*h // where the piece is furthest from 1: there t would be 1
		near := far + h
		switch {
		case near*z.zetan < z.first:
			z.cubics[i] = cubic{c0: 0.5, reach2: 0.25}
		case far*z.zetan >= z.first && near*z.zetan < z.second:
			z.cubics[i] = cubic{c0: 1.5, reach2: 0.25}
		case far*z.zetan >= z.second:
			z.cubics[i] = z.piece(near, -h)
		}
	}
}

// piece is the piece of length h from u on, or down from there if h is negative. Hermite's interpolation is off by at most the largest fourth
// derivative times h^4/384, and that derivative, a power of the base, is largest at one of the ends. The formula as computed is off by what
// rounding does to the base, times alpha, and to the power, whose repeated squaring doubles the error each time and so adds up to about alpha
// roundings more; the factor of 16 is four times that.
func (z *Zipf) piece(u, h float64) cubic {
	x0, x1 := z.base(u), z.base(u+h)
	f0, f1 := z.at(u), z.at(u+h)
	a := z.alpha
	d0, d1 := f0*a*z.eta*h/x0, f1*a*z.eta*h/x1
	s := z.eta * h
	fourth := a * (a - 1) * (a - 2) * (a - 3) * s * s * s * s
	least := min(x0, x1)
	off := math.Abs(fourth) * max(f0/(x0*x0*x0*x0), f1/(x1*x1*x1*x1)) / 384
	rounding := 16 * (2 + math.Abs(a)*(1+(1+math.Abs(z.eta))/least)) * 0x1p-52 * max(f0, f1)
	reach := 0.5 - (1.1*off + rounding)
	if !(least > 0 && reach > 0) {
		return cubic{}
	}
	return cubic{f0, d0, 3*(f1-f0) - 2*d0 - d1, 2*(f0-f1) + d0 + d1, reach * reach}
}
