package plots

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// maxPath is how many points a path may have. The PNG back end loses horizontal runs of longer ones (above
// some 4,000), so a line is drawn in pieces.
const maxPath = 1000

// kept are the indices of the points that are worth drawing: of every pixel column the first, lowest, highest
// and last, in the order they came. Points are in order of X; those that share a column draw over each other
// anyhow.
func kept(pts []vg.Point, column vg.Length) []int {
	out := make([]int, 0, min(len(pts), 8192))
	for i := 0; i < len(pts); {
		at := math.Floor(float64(pts[i].X / column))
		low, high, j := i, i, i+1
		for ; j < len(pts) && math.Floor(float64(pts[j].X/column)) == at; j++ {
			if pts[j].Y < pts[low].Y {
				low = j
			}
			if pts[j].Y > pts[high].Y {
				high = j
			}
		}
		last := -1
		for _, k := range [4]int{i, min(low, high), max(low, high), j - 1} {
			if k > last {
				out = append(out, k)
				last = k
			}
		}
		i = j
	}
	return out
}

// reduce drops the points that are not worth drawing.
func reduce(pts []vg.Point, column vg.Length) []vg.Point {
	out := make([]vg.Point, 0, min(len(pts), 8192))
	for _, i := range kept(pts, column) {
		out = append(out, pts[i])
	}
	return out
}

// stairs turns points into steps: a value holds until the next point.
func stairs(pts []vg.Point) []vg.Point {
	if len(pts) == 0 {
		return pts
	}
	out := make([]vg.Point, 0, 2*len(pts))
	out = append(out, pts[0])
	for i := 1; i < len(pts); i++ {
		if pts[i].Y != pts[i-1].Y {
			out = append(out, vg.Point{X: pts[i].X, Y: pts[i-1].Y})
		}
		out = append(out, pts[i])
	}
	return out
}

// pieces cuts a line into paths that are short enough; each begins where the one before ends.
func pieces(pts []vg.Point) [][]vg.Point {
	var out [][]vg.Point
	for len(pts) > maxPath {
		out = append(out, pts[:maxPath])
		pts = pts[maxPath-1:]
	}
	return append(out, pts)
}
