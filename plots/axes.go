package plots

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	xfont "golang.org/x/image/font"
)

// Sizes of letters in points.
const (
	titleSize = 14
	labelSize = 10.5
	smallSize = 9.5
)

// style is text of the chart: sans-serif Liberation, which is embedded in the program.
func style(size vg.Length) text.Style {
	return text.Style{
		Color:   inkColor,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: plot.DefaultTextHandler,
	}
}

func titleStyle() text.Style {
	s := style(titleSize)
	s.Font.Weight = xfont.WeightBold
	return s
}

// frame makes the plot with its axes, scales and marks, and no data yet.
func (c *chart) frame() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	lo, hi, ok := c.span()
	c.setX(p)
	c.setY(p, lo, hi, ok)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle = draw.LineStyle{Color: axisColor, Width: 0.7}
		axis.Padding = 0
		axis.Tick.LineStyle = draw.LineStyle{Color: axisColor, Width: 0.7}
		axis.Tick.Length = 4
		axis.Label.Padding = 5
		label := &axis.Label.TextStyle
		label.Font, label.Color = style(labelSize).Font, inkColor
		tick := &axis.Tick.Label
		tick.Font, tick.Color = style(smallSize).Font, inkColor
	}
	return p
}

func (c *chart) setX(p *plot.Plot) {
	u := timeUnit(c.end)
	p.X.Min, p.X.Max = 0, c.end
	if len(c.time) > 0 {
		p.X.Min = min(0, c.time[0])
	}
	if p.X.Max <= p.X.Min {
		p.X.Max, u = p.X.Min+1, timeUnit(1)
	}
	p.X.Label.Text = c.spec.XLabel
	if p.X.Label.Text == "" {
		p.X.Label.Text = "time (" + u.name + ")"
	}
	p.X.Tick.Marker = fixedTicks(linearTicks(p.X.Min, p.X.Max, u, 10, false))
}

func (c *chart) setY(p *plot.Plot, lo, hi float64, ok bool) {
	u := unit{"", 1}
	switch {
	case c.spec.Log && hi > 0:
		p.Y.Scale = plot.LogScale{}
		var ticks []plot.Tick
		p.Y.Min, p.Y.Max, ticks = logAxis(lo, hi, c.unit)
		p.Y.Tick.Marker = fixedTicks(ticks)
	default:
		if !ok && hi < lo {
			lo, hi = 0, 0
		}
		lo, hi = min(lo, 0), max(hi, 0)
		if lo == hi {
			hi = 1
		}
		if c.unit == bytes {
			u = byteUnit(max(hi, -lo))
		}
		room := (hi - lo) * 0.04
		if lo < 0 {
			lo -= room
		}
		if hi > 0 {
			hi += room
		}
		p.Y.Min, p.Y.Max = lo, hi
		p.Y.Tick.Marker = fixedTicks(linearTicks(lo, hi, u, 7, c.whole))
	}
	p.Y.Label.Text = c.spec.YLabel
	if p.Y.Label.Text == "" {
		p.Y.Label.Text = [...]string{counts: "count", bytes: "memory", pages: "pages", blocks: "free blocks"}[c.unit]
	}
	if u.name != "" {
		p.Y.Label.Text += " (" + u.name + ")"
	}
}

// grid draws light lines at the labelled marks.
type grid struct{}

// Plot draws the grid.
func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	sty := draw.LineStyle{Color: gridColor, Width: 0.7}
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if at := x(t.Value); !t.IsMinor() && at > c.Min.X+1 && at <= c.Max.X {
			c.StrokeLine2(sty, at, c.Min.Y, at, c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if at := y(t.Value); !t.IsMinor() && at > c.Min.Y+1 && at <= c.Max.Y {
			c.StrokeLine2(sty, c.Min.X, at, c.Max.X, at)
		}
	}
}

// sunk reports whether a value is there, but below any logarithmic axis.
func sunk(p *plot.Plot, v float64) bool { return !math.IsNaN(v) && !drawable(p, v) }

// drawable reports whether a value has a place on the y axis.
func drawable(p *plot.Plot, v float64) bool {
	if _, log := p.Y.Scale.(plot.LogScale); log && v <= 0 {
		return false
	}
	return !math.IsNaN(v)
}
