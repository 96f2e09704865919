package plots

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	swatchWidth   = vg.Length(18)
	swatchGap     = vg.Length(5)
	entryGap      = vg.Length(16)
	legendLeading = vg.Length(14)
)

// entry is one item of the legend.
type entry struct {
	label string
	color color.RGBA
	dash  []vg.Length
	shape shape
	width vg.Length // of the whole item
}

// shape is what the sample beside a label looks like.
type shape int

const (
	strokeShape shape = iota
	fillShape
	markShape
)

func (c *chart) legend() []entry {
	var all []entry
	for _, s := range c.series {
		e := entry{label: s.label, color: s.color, dash: s.dash}
		if c.spec.Kind == Area {
			e.shape = fillShape
		}
		all = append(all, e)
	}
	for _, l := range c.events {
		all = append(all, entry{label: l.label, color: l.color, shape: markShape})
	}
	return all
}

// legendRows breaks the entries into rows that fit; a label too long for a row is shortened. More than one row
// is set in columns, evenly filled.
func legendRows(all []entry, width vg.Length) [][]entry {
	sty := style(smallSize)
	var widest, used vg.Length
	for i := range all {
		e := &all[i]
		head := swatchWidth + swatchGap
		if e.shape != strokeShape {
			head = laneHeight + swatchGap
		}
		e.label = fit(e.label, width-head, sty.Width)
		e.width = head + sty.Width(e.label)
		widest = max(widest, e.width)
		used += entryGap + e.width
	}
	if used-entryGap <= width {
		return [][]entry{all}
	}
	columns := max(1, int((width+entryGap)/(widest+entryGap)))
	rows := (len(all) + columns - 1) / columns
	columns = (len(all) + rows - 1) / rows
	var out [][]entry
	for len(all) > 0 {
		row := all[:min(columns, len(all))]
		all = all[len(row):]
		for i := range row {
			row[i].width = widest
		}
		out = append(out, row)
	}
	return out
}

// fit shortens text, with an ellipsis, until it is no wider than width.
func fit(s string, width vg.Length, measure func(string) vg.Length) string {
	if measure(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 {
		runes = runes[:len(runes)-1]
		if short := string(runes) + "…"; measure(short) <= width {
			return short
		}
	}
	return "…"
}

// drawLegend draws rows with the top left corner of the first at (x, top).
func drawLegend(c draw.Canvas, rows [][]entry, x, top vg.Length) {
	sty := style(smallSize)
	sty.YAlign = draw.YCenter
	for i, row := range rows {
		at, mid := x, top-legendLeading*(vg.Length(i)+0.5)
		for _, e := range row {
			w := laneHeight
			switch e.shape {
			case strokeShape:
				w = swatchWidth
				c.StrokeLine2(draw.LineStyle{Color: e.color, Width: 2, Dashes: e.dash}, at, mid, at+w, mid)
			case fillShape:
				c.SetColor(e.color)
				c.Fill(square(at, mid, laneHeight, laneHeight))
			case markShape:
				c.SetColor(e.color)
				c.Fill(square(at+laneHeight/2-1, mid, 2, laneHeight+2))
			}
			c.FillText(sty, vg.Point{X: at + w + swatchGap, Y: mid + sty.FontExtents().Descent*0.6}, e.label)
			at += e.width + entryGap
		}
	}
}

func square(x, mid, w, h vg.Length) vg.Path {
	return vg.Rectangle{Min: vg.Point{X: x, Y: mid - h/2}, Max: vg.Point{X: x + w, Y: mid + h/2}}.Path()
}
