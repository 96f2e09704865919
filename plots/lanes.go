package plots

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	laneHeight = vg.Length(7)
	laneGap    = vg.Length(2)
	markWidth  = vg.Length(1.2)
	fewMarks   = 24 // so many marks at most are drawn through the chart
)

func lanesHeight(n int) vg.Length {
	if n == 0 {
		return 0
	}
	return vg.Length(n)*(laneHeight+laneGap) + laneGap
}

// throughMarks draws faint lines through the chart for events that are few.
type throughMarks struct{ lanes []lane }

// Plot draws the lines, under the data.
func (t throughMarks) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, l := range t.lanes {
		if len(l.times) > fewMarks {
			continue
		}
		sty := draw.LineStyle{Color: mix(l.color, paperColor, 0.65), Width: 0.7}
		for _, at := range l.times {
			c.StrokeLine2(sty, x(at), c.Min.Y, x(at), c.Max.Y)
		}
	}
}

// drawLanes draws a tick for every event in a lane above the chart; c is the area of the data. Ticks that
// would touch become one bar, so that any number of events is drawn with what the width can show.
func drawLanes(c draw.Canvas, p *plot.Plot, lanes []lane) {
	x, _ := p.Transforms(&c)
	for i, l := range lanes {
		bottom := c.Max.Y + laneGap + vg.Length(len(lanes)-1-i)*(laneHeight+laneGap)
		c.StrokeLine2(draw.LineStyle{Color: gridColor, Width: 0.6}, c.Min.X, bottom, c.Max.X, bottom)
		c.SetColor(l.color)
		for _, b := range bars(l.times, x) {
			c.Fill(vg.Rectangle{
				Min: vg.Point{X: b[0] - markWidth/2, Y: bottom},
				Max: vg.Point{X: b[1] + markWidth/2, Y: bottom + laneHeight},
			}.Path())
		}
	}
}

// bars merges marks that are nearer than two of their widths.
func bars(times []float64, x func(float64) vg.Length) [][2]vg.Length {
	var out [][2]vg.Length
	for _, t := range times {
		at := x(t)
		if n := len(out); n > 0 && at-out[n-1][1] < 2*markWidth {
			out[n-1][1] = at
			continue
		}
		out = append(out, [2]vg.Length{at, at})
	}
	return out
}
