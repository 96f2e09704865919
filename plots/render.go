package plots

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	margin  = vg.Length(12)
	minData = vg.Length(10)
)

// render lays the chart out on a canvas, from the top: title, legend, lanes of events, data and axes, with the
// labels of reference lines on the right. column is the width of a pixel. It is an error if too little is left
// for the data.
func (c *chart) render(canvas draw.Canvas, column vg.Length) error {
	canvas.SetColor(paperColor)
	canvas.Fill(canvas.Rectangle.Path())
	area := draw.Crop(canvas, margin, -margin, margin, -margin)
	top := area.Max.Y

	if c.spec.Title != "" {
		sty := titleStyle()
		sty.YAlign = draw.YTop
		title := fit(c.spec.Title, area.Max.X-area.Min.X, sty.Width)
		canvas.FillText(sty, vg.Point{X: area.Min.X, Y: top + 2}, title)
		top -= titleSize + 8
	}
	rows := legendRows(c.legend(), area.Max.X-area.Min.X)
	drawLegend(canvas, rows, area.Min.X, top)
	top -= legendLeading*vg.Length(len(rows)) + 5

	if c.spec.Kind == Area {
		c.stack()
	}
	p := c.frame()
	p.Add(grid{}, throughMarks{c.events})
	if c.spec.Kind == Area {
		for _, s := range slices.Backward(c.series) {
			p.Add(areaCurve{c.time, s, c.series[len(c.series)-1].values, column})
		}
	} else {
		for _, s := range c.series {
			p.Add(lineCurve{c.time, s, lineWidth, c.spec.Kind == Step, column})
		}
	}
	p.Add(refLines{c.time, c.lines, column})

	right := refMargin(c.lines, area.Max.X-area.Min.X)
	body := draw.Crop(area, 0, -right, 0, top-area.Max.Y-lanesHeight(len(c.events)))
	data := p.DataCanvas(body)
	if w, h := data.Max.X-data.Min.X, data.Max.Y-data.Min.Y; w < minData || h < minData {
		return fmt.Errorf("a chart of %g by %g inches leaves no room for the data beside its labels", c.spec.Width, c.spec.Height)
	}
	p.Draw(body)
	labelRefLines(data, p, c.lines)
	drawLanes(data, p, c.events)
	if _, _, ok := c.span(); !ok {
		sty := style(labelSize)
		sty.Color, sty.XAlign, sty.YAlign = softColor, draw.XCenter, draw.YCenter
		canvas.FillText(sty, data.Center(), c.nothing())
	}
	return nil
}

// nothing says why there is nothing to see.
func (c *chart) nothing() string {
	for _, s := range c.series {
		for _, v := range s.values {
			if c.spec.Log && v <= 0 {
				return "no value above zero, and the axis is logarithmic"
			}
		}
	}
	return "no data"
}
