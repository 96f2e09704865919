package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

var (
	inkColor   = rgb(0x2b2b2b)
	softColor  = rgb(0x6e6e6e)
	gridColor  = rgb(0xe7e7e7)
	axisColor  = rgb(0x8a8a8a)
	paperColor = rgb(0xffffff)
)

// categorical are the colours of Okabe and Ito, which the colour-blind can tell apart, without black and
// yellow (which is too faint for a line on white).
var categorical = []color.RGBA{
	rgb(0x0072b2), rgb(0xd55e00), rgb(0x009e73), rgb(0xcc79a7), rgb(0xe69f00), rgb(0x56b4e9),
}

// viridis has nine points of the map of that name, which rises evenly in lightness.
var viridis = []color.RGBA{
	rgb(0x440154), rgb(0x472d7b), rgb(0x3b528b), rgb(0x2c728e), rgb(0x21918c),
	rgb(0x28ae80), rgb(0x5ec962), rgb(0xaddc30), rgb(0xfde725),
}

// eventColors are for marks; they differ from the first colours of series.
var eventColors = []color.RGBA{rgb(0xb2182b), rgb(0x542788), rgb(0x1b7837), rgb(0x7f3b08), rgb(0x35978f), rgb(0x525252)}

// seriesColors are n colours: distinct ones while there are enough, then a scale from dark to light.
func seriesColors(n int) []color.RGBA {
	if n <= len(categorical) {
		return categorical[:n]
	}
	out := make([]color.RGBA, n)
	const last = 0.86 // the lightest end would be lost on white
	for i := range out {
		out[i] = between(viridis, last*float64(i)/float64(n-1))
	}
	return out
}

func between(scale []color.RGBA, at float64) color.RGBA {
	x := at * float64(len(scale)-1)
	i := min(int(x), len(scale)-2)
	return mix(scale[i], scale[i+1], x-float64(i))
}

// mix goes from a to b as t goes from 0 to 1.
func mix(a, b color.RGBA, t float64) color.RGBA {
	f := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + t*(float64(y)-float64(x)))) }
	return color.RGBA{R: f(a.R, b.R), G: f(a.G, b.G), B: f(a.B, b.B), A: 255}
}

// dashes tell neighbours on a long colour scale apart.
var dashes = [][]vg.Length{nil, {6, 2}, {2, 1.5}}

// refDashes are those of reference lines, in the order of their values.
var refDashes = [][]vg.Length{{1.5, 1.5}, {4, 2}, {8, 2}, {8, 2, 1.5, 2}}
