package engine

import "math"

// The ziggurat of Marsaglia and Tsang (Journal of Statistical Software, 2000) for the exponential density: it is covered by layers of
// equal area, 255 rectangles and one that has the tail. A point drawn in a layer is nearly always under the curve beyond doubt.
const (
	zigLayers = 256
	zigTail   = 7.69711747013104972      // where the tail begins
	zigArea   = 0.0039496598225815571993 // of a layer
	zigOne    = 1 << 53
)

// zigKeep[i] is how many of the 2^53 abscissas in layer i are under the curve beyond doubt, zigWidth[i] the layer's width over 2^53, and
// zigHeight[i] the density at its right end.
var zigKeep, zigWidth, zigHeight = func() (keep [zigLayers]uint64, width, height [zigLayers]float64) {
	x := zigTail
	base := zigArea / math.Exp(-x)
	keep[0], width[0], height[0] = uint64(x/base*zigOne), base/zigOne, 1
	last := zigLayers - 1
	width[last], height[last] = x/zigOne, math.Exp(-x)
	for i := last - 1; i > 0; i-- {
		inner := -math.Log(zigArea/x + math.Exp(-x))
		keep[i+1] = uint64(inner / x * zigOne)
		x = inner
		width[i], height[i] = x/zigOne, math.Exp(-x)
	}
	return keep, width, height
}()

// Exponential draws a number from the exponential distribution of mean 1.
func (r *Stream) Exponential() float64 {
	u := r.Uint64()
	i, j := u%zigLayers, u>>11
	x := float64(j) * zigWidth[i]
	if j < zigKeep[i] {
		return x
	}
	return r.exponentialEdge(i, x)
}

// exponentialEdge decides about x in layer i, which may be above the curve, and draws again if it is.
func (r *Stream) exponentialEdge(i uint64, x float64) float64 {
	if i == 0 {
		return zigTail - math.Log(1-r.Float64())
	}
	if zigHeight[i]+r.Float64()*(zigHeight[i-1]-zigHeight[i]) < math.Exp(-x) {
		return x
	}
	return r.Exponential()
}
