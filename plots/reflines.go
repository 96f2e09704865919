package plots

import (
	"sort"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	leader   = vg.Length(12) // from the line's end to its label
	labelGap = vg.Length(4)
)

// refLines draws the reference lines over the data.
type refLines struct {
	time   []float64
	lines  []refLine
	column vg.Length
}

// Plot draws the lines without their labels.
func (r refLines) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, l := range r.lines {
		if l.values != nil {
			follow := lineCurve{r.time, curve{color: inkColor, dash: l.dash, values: l.values}, 1, true, r.column}
			follow.Plot(c, p)
			continue
		}
		if drawable(p, l.level) {
			at := y(l.level)
			c.StrokeLine2(draw.LineStyle{Color: inkColor, Width: 1, Dashes: l.dash}, c.Min.X, at, c.Max.X, at)
		}
	}
}

// refMargin is the width that the labels need to the right of the chart. Labels that would take more than a
// third of it are shortened.
func refMargin(lines []refLine, width vg.Length) vg.Length {
	var w vg.Length
	sty := style(smallSize)
	for i := range lines {
		lines[i].label = fit(lines[i].label, width/3, sty.Width)
		w = max(w, sty.Width(lines[i].label))
	}
	if w > 0 {
		w += leader + labelGap
	}
	return w
}

// labelRefLines writes the labels into the margin, moved apart where lines are close; a thin leader shows
// which line each is of. c is the area of the data.
func labelRefLines(c draw.Canvas, p *plot.Plot, lines []refLine) {
	_, y := p.Transforms(&c)
	var shown []refLine
	for _, l := range lines {
		if drawable(p, l.level) {
			shown = append(shown, l)
		}
	}
	sort.SliceStable(shown, func(i, j int) bool { return shown[i].level < shown[j].level })
	at := make([]vg.Length, len(shown))
	for i, l := range shown {
		at[i] = y(l.level)
	}
	places := spread(at, smallSize*1.25, c.Min.Y, c.Max.Y)
	sty := style(smallSize)
	sty.YAlign = draw.YCenter
	for i, l := range shown {
		end := c.Max.X + leader
		c.StrokeLines(draw.LineStyle{Color: softColor, Width: 0.6},
			[]vg.Point{{X: c.Max.X + 1, Y: at[i]}, {X: end - 3, Y: places[i]}, {X: end, Y: places[i]}})
		c.FillText(sty, vg.Point{X: end + labelGap - 1, Y: places[i] + sty.FontExtents().Descent*0.6}, l.label)
	}
}

// spread moves rising places apart to at least gap, as little as it can within lo..hi.
func spread(at []vg.Length, gap, lo, hi vg.Length) []vg.Length {
	out := make([]vg.Length, len(at))
	copy(out, at)
	for range 200 {
		moved := false
		for i := 1; i < len(out); i++ {
			if short := gap - (out[i] - out[i-1]); short > 0.01 {
				out[i-1] -= short / 2
				out[i] += short / 2
				moved = true
			}
		}
		if n := len(out); n > 0 {
			if out[0] < lo {
				out[0], moved = lo, true
			}
			if out[n-1] > hi {
				out[n-1], moved = hi, true
			}
		}
		if !moved {
			break
		}
	}
	return out
}
