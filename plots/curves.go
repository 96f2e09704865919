package plots

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const lineWidth = vg.Length(1.5)

// edgeRoom is how far apart points must be on average, in pixels, for dashes and for a line between the
// layers of a stack.
const edgeRoom = 3

// lineCurve draws one series as a line; step makes it stairs.
type lineCurve struct {
	time   []float64
	curve  curve
	width  vg.Length
	step   bool
	column vg.Length // width of a pixel
}

// Plot draws the line, in one stretch for each run of values without a gap. A value alone between gaps is a dot.
// On a logarithmic axis a line that falls to zero goes down to the axis and ends there.
func (l lineCurve) Plot(c draw.Canvas, p *plot.Plot) {
	sty := draw.LineStyle{Color: l.curve.color, Width: l.width, Dashes: l.curve.dash}
	x, y := p.Transforms(&c)
	var run []vg.Point
	flush := func() {
		sty := sty
		switch {
		case len(run) == 1:
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: l.curve.color, Radius: 1.6 * l.width, Shape: draw.CircleGlyph{}}, run[0])
		case len(run) > 1:
			pts := reduce(run, l.column)
			if run[len(run)-1].X-run[0].X < edgeRoom*l.column*vg.Length(len(pts)) {
				sty.Dashes = nil // the gaps would look like gaps in a dense zigzag
			}
			if l.step {
				pts = stairs(pts)
			}
			c.SetLineStyle(sty)
			for _, piece := range pieces(pts) {
				c.Stroke(polyline(piece))
			}
		}
		run = run[:0]
	}
	for i, v := range l.curve.values {
		at := x(l.time[i])
		switch {
		case drawable(p, v):
			if i > 0 && len(run) == 0 && sunk(p, l.curve.values[i-1]) {
				run = append(run, vg.Point{X: x(l.time[i-1]), Y: c.Min.Y})
			}
			run = append(run, vg.Point{X: at, Y: y(v)})
		case sunk(p, v) && len(run) > 0:
			run = append(run, vg.Point{X: at, Y: c.Min.Y})
			flush()
		default:
			flush()
		}
	}
	flush()
}

func polyline(pts []vg.Point) vg.Path {
	var out vg.Path
	for i, pt := range pts {
		if i == 0 {
			out.Move(pt)
		} else {
			out.Line(pt)
		}
	}
	return out
}

// areaCurve fills from zero up to a running sum. Stacks are drawn from the top down, so that each paints over
// the lower part of the one above it and no seam is left between them.
type areaCurve struct {
	time   []float64
	curve  curve
	total  []float64 // the highest sum, by which all of a stack are reduced alike
	column vg.Length
}

// Plot fills the area.
func (a areaCurve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	whole := make([]vg.Point, len(a.total))
	for i, v := range a.total {
		whole[i] = vg.Point{X: x(a.time[i]), Y: y(v)}
	}
	var pts []vg.Point
	for _, i := range kept(whole, a.column) {
		pts = append(pts, vg.Point{X: whole[i].X, Y: y(a.curve.values[i])})
	}
	if len(pts) == 0 {
		return
	}
	if len(pts) == 1 {
		pts = append(pts, vg.Point{X: pts[0].X + 2, Y: pts[0].Y})
	}
	base := y(0)
	c.SetColor(a.curve.color)
	all := pieces(pts)
	for i, piece := range all {
		end := piece[len(piece)-1]
		if i < len(all)-1 {
			end.X += a.column // under the next piece, so that the seam is not seen
		}
		out := vg.Path{}
		out.Move(vg.Point{X: piece[0].X, Y: base})
		for _, pt := range piece {
			out.Line(pt)
		}
		out.Line(end)
		out.Line(vg.Point{X: end.X, Y: base})
		out.Close()
		c.Fill(out)
	}
	if pts[len(pts)-1].X-pts[0].X < edgeRoom*a.column*vg.Length(len(pts)) {
		return // the edges would hide the areas
	}
	c.SetLineStyle(draw.LineStyle{Color: paperColor, Width: 0.35})
	for _, piece := range all {
		c.Stroke(polyline(piece))
	}
}
