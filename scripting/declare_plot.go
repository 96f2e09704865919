package scripting

import (
	lua "github.com/yuin/gopher-lua"

	"mmsim/plots"
)

// Slots of plot{}'s fields.
const (
	plotFile = iota + 1
	plotTitle
	plotKind
	plotSeries
	plotLines
	plotEvents
	plotUnit
	plotLog
	plotFormats
	plotXLabel
	plotYLabel
	plotWidth
	plotHeight
)

func declarePlot(c *call) int {
	c.declaring()
	sc, v := c.t.s.sc, c.v[:]
	at := here(c)
	p := plots.Spec{
		File: v[plotFile].s, Title: v[plotTitle].s, Kind: v[plotKind].s, Unit: v[plotUnit].s, Log: v[plotLog].b,
		XLabel: v[plotXLabel].s, YLabel: v[plotYLabel].s, Width: v[plotWidth].f, Height: v[plotHeight].f,
	}
	for _, other := range sc.Plots {
		if other.File == p.File {
			c.fail("file: there is a plot '%s' already", p.File)
		}
	}
	p.Series = c.plotSeries(v[plotSeries].lv.(*lua.LTable), at)
	if v[plotLines].set {
		p.Lines = c.plotLines(v[plotLines].lv.(*lua.LTable), at)
	}
	if v[plotEvents].set {
		p.Events = c.strings(v[plotEvents].lv, "events")
	}
	if v[plotFormats].set {
		p.Formats = c.strings(v[plotFormats].lv, "formats")
	}
	if err := plots.Validate(p); err != nil {
		c.fail("%v", err)
	}
	sc.Plots = append(sc.Plots, p)
	return 0
}

// strings reads a list of strings.
func (c *call) strings(v lua.LValue, what string) []string {
	var out []string
	c.each(v.(*lua.LTable), what, func(e lua.LValue) {
		s, ok := e.(lua.LString)
		if !ok {
			c.fail("%s: expected a list of strings, got %s in it", what, typeName(e))
		}
		out = append(out, string(s))
	})
	return out
}

func (c *call) each(tb *lua.LTable, what string, do func(lua.LValue)) {
	for k, e := tb.Next(lua.LNil); k != lua.LNil; k, e = tb.Next(k) {
		if k.Type() != lua.LTNumber {
			c.fail("%s: expected a list, got the field '%s'", what, clip(k.String()))
		}
		do(e)
	}
}

var seriesFields = []Arg{
	{Name: "name", Kind: KindString},
	{Name: "label", Kind: KindString, Opt: true},
	{Name: "scale", Kind: KindNumber, Opt: true},
}

func (c *call) plotSeries(tb *lua.LTable, at place) []plots.Series {
	var out []plots.Series
	c.each(tb, "series", func(e lua.LValue) {
		s := plots.Series{}
		switch e := e.(type) {
		case lua.LString:
			s.Name = string(e)
		case *lua.LTable:
			f := c.fields(seriesFields, e, "series")
			s = plots.Series{Name: f[0].s, Label: f[1].s, Scale: f[2].f}
		default:
			c.fail("series: expected a sampled name or a table, got %s", typeName(e))
		}
		c.t.s.sc.addSample(c, s.Name, at)
		out = append(out, s)
	})
	if len(out) == 0 {
		c.fail("series: the list is empty")
	}
	return out
}

var lineFields = []Arg{
	{Name: "name", Kind: KindString, Opt: true},
	{Name: "value", Kind: KindSize, Opt: true},
	{Name: "label", Kind: KindString, Opt: true},
}

func (c *call) plotLines(tb *lua.LTable, at place) []plots.RefLine {
	var out []plots.RefLine
	c.each(tb, "lines", func(e lua.LValue) {
		l := plots.RefLine{}
		switch e := e.(type) {
		case lua.LString:
			l.Name = string(e)
		case lua.LNumber:
			l.Value = float64(e)
		case *lua.LTable:
			f := c.fields(lineFields, e, "lines")
			if f[0].set == f[1].set {
				c.fail("lines: give a name or a value")
			}
			l = plots.RefLine{Name: f[0].s, Label: f[2].s}
			if f[1].set {
				l.Value = float64(f[1].n)
				if n, ok := f[1].lv.(lua.LNumber); ok {
					l.Value = float64(n)
				}
			}
		default:
			c.fail("lines: expected a sampled name, a number or a table, got %s", typeName(e))
		}
		if l.Name != "" {
			c.t.s.sc.addSample(c, l.Name, at)
		}
		out = append(out, l)
	})
	return out
}
