package engine

import "math"

// A power takes several times as long as the rest of a draw. So the formula's curve is cut in pieces, each replaced by the cubic with the same
// values and slopes at its ends. Where the cubic is further from a whole number than it and the formula as computed can be apart, both have the
// same whole part; the formula itself decides the rest. The ranks are those of the formula, bit by bit.

// A cubic is a piece of the curve, with t from 0 to 1 along it: c0 + t(c1 + t(c2 + t c3)). margin bounds its distance from the formula as
// computed.
type cubic struct{ c0, c1, c2, c3, margin float64 }

// The pieces are equally long but for those beyond the knee, which are shorter: above a theta of 1 the curve is steep there.
const (
	zipfPieces = 512 // of each kind
	zipfKnee   = 15. / 16
)

// fromCubic is the rank for u as far as the piece can tell.
func (z *Zipf) fromCubic(u float64) (rank uint64, ok bool) {
	v := u * zipfPieces
	if u >= zipfKnee {
		v = (u-zipfKnee)*(zipfPieces/(1-zipfKnee)) + zipfPieces
	}
	i := int(v) // v and its parts are exact: the factors are powers of two
	if uint(i) >= uint(len(z.cubics)) {
		return 0, false
	}
	c := &z.cubics[i]
	t := v - float64(i)
	r := c.c0 + t*(c.c1+t*(c.c2+t*c.c3))
	rank = uint64(r)
	frac := r - float64(rank)
	return rank, frac > c.margin && frac < 1-c.margin
}

// approximate makes the pieces. Those that are of no use stay zero, which never tells a rank.
func (z *Zipf) approximate() {
	if z.n < 2*zipfPieces || !(math.Abs(z.alpha) < 1e6) {
		return
	}
	z.cubics = make([]cubic, 2*zipfPieces)
	for i := range z.cubics {
		from, h := float64(i)/zipfPieces, 1./zipfPieces
		if i >= zipfPieces {
			h = (1 - zipfKnee) / zipfPieces
			from = zipfKnee + float64(i-zipfPieces)*h
		}
		if from*z.zetan >= z.second {
			z.cubics[i] = z.piece(from, h)
		}
	}
}

// piece is the piece of length h from u on. Hermite's interpolation is off by at most the largest fourth derivative times h^4/384, and that
// derivative, a power of the base, is largest at one of the ends. The formula as computed is off by what rounding does to the base, times
// alpha, and to the power, whose repeated squaring doubles the error each time and so adds up to about alpha roundings more; the factor
// of 16 is four times that.
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
	c := cubic{f0, d0, 3*(f1-f0) - 2*d0 - d1, 2*(f0-f1) + d0 + d1, 1.1*off + rounding}
	if !(least > 0 && c.margin < 0.5) {
		return cubic{}
	}
	return c
}
