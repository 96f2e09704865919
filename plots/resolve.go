package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/plot/vg"

	"mmsim/results"
)

// chart is a Spec with its data: everything that is needed to draw it.
type chart struct {
	spec   Spec
	unit   quantity
	whole  bool // all values are whole numbers
	time   []float64
	end    float64 // of the x axis, seconds
	series []curve
	lines  []refLine
	events []lane
}

type curve struct {
	label  string
	color  color.RGBA
	dash   []vg.Length
	values []float64 // of chart.time; NaN where there is none
}

// refLine is a level that does not change, or one that follows values.
type refLine struct {
	label  string
	dash   []vg.Length
	level  float64   // the constant, or the last value
	values []float64 // of chart.time; nil for a constant
}

// lane is all events of one name.
type lane struct {
	label string
	color color.RGBA
	times []float64 // seconds, never falling
}

// resolve finds the data that a spec names.
func resolve(run *results.Run, spec Spec) (*chart, error) {
	table, err := run.Samples()
	if err != nil {
		return nil, err
	}
	c := &chart{spec: spec, time: table.Time, whole: true}
	if n := len(c.time); n > 0 {
		c.end = c.time[n-1]
	}
	c.end = max(c.end, run.Manifest().VirtualSeconds)
	if err := c.addSeries(table); err != nil {
		return nil, err
	}
	if err := c.addLines(table); err != nil {
		return nil, err
	}
	return c, c.addEvents(run)
}

func (c *chart) addSeries(table *results.Table) error {
	var (
		names []string
		given []Series
	)
	for _, s := range c.spec.Series {
		found, err := expand(s.Name, table.Names)
		if err != nil {
			return err
		}
		for _, name := range found {
			one := s
			if len(found) > 1 && s.Label != "" {
				one.Label = s.Label + " " + plainLabel(name)
			}
			names, given = append(names, name), append(given, one)
		}
	}
	if len(names) > maxSeries {
		return fmt.Errorf("%d series; at most %d can be told apart in one chart", len(names), maxSeries)
	}
	c.unit = parseUnit(c.spec.Unit, names)
	colors, texts := seriesColors(len(names)), labels(names)
	if c.spec.Kind == Area && len(names) > len(categorical) {
		slices.Reverse(colors) // a light area is seen better below a dark one than above it
	}
	for i, name := range names {
		values, _ := table.Column(name)
		one := curve{label: given[i].Label, color: colors[i]}
		if one.label == "" {
			one.label = texts[i]
		}
		if len(names) > len(categorical) && c.spec.Kind != Area {
			one.dash = dashes[i%len(dashes)]
		}
		one.values = c.convert(name, values, given[i].Scale)
		c.series = append(c.series, one)
	}
	return nil
}

// convert gives the values of a name in the unit of the axis, times scale (0 means 1).
func (c *chart) convert(name string, values []float64, scale float64) []float64 {
	if scale == 0 {
		scale = 1
	}
	q, order := measure(name)
	scale *= converted(q, order, c.unit)
	out := make([]float64, len(values))
	for i, v := range values {
		v = sane(v * scale)
		if v != math.Trunc(v) && !math.IsNaN(v) {
			c.whole = false
		}
		out[i] = v
	}
	return out
}

// sane keeps what is drawn within the range in which an axis can be divided: what is larger is not a value,
// and what is smaller is zero.
func sane(v float64) float64 {
	const largest, smallest = 1e100, 1e-100
	switch a := math.Abs(v); {
	case a > largest:
		return math.NaN()
	case a < smallest:
		return 0
	}
	return v
}

// Bounds of what can be told apart in one chart.
const (
	maxSeries = 64
	maxEvents = 8
)

func (c *chart) addLines(table *results.Table) error {
	for _, l := range c.spec.Lines {
		if l.Name == "" {
			one := refLine{level: sane(l.Value)}
			if math.IsNaN(one.level) {
				return fmt.Errorf("reference line: %g is too large", l.Value)
			}
			one.label = withValue(l.Label, l.Value, c.unit)
			c.lines = append(c.lines, one)
			continue
		}
		found, err := expand(l.Name, table.Names)
		if err != nil {
			return fmt.Errorf("reference line: %w", err)
		}
		for _, name := range found {
			values, _ := table.Column(name)
			one := refLine{values: c.convert(name, values, l.Scale), level: math.NaN()}
			constant := true
			for _, v := range one.values {
				if math.IsNaN(v) {
					continue
				}
				constant = constant && (math.IsNaN(one.level) || v == one.level)
				one.level = v
			}
			if math.IsNaN(one.level) {
				continue
			}
			label := l.Label
			if label == "" {
				label = plainLabel(name)
			}
			one.label = label
			if constant {
				one.values, one.label = nil, withValue(label, one.level, c.unit)
			}
			c.lines = append(c.lines, one)
		}
	}
	byLevel := make([]*refLine, len(c.lines))
	for i := range c.lines {
		byLevel[i] = &c.lines[i]
	}
	sort.SliceStable(byLevel, func(i, j int) bool { return byLevel[i].level < byLevel[j].level })
	for i, l := range byLevel {
		l.dash = refDashes[min(i, len(refDashes)-1)]
	}
	return nil
}

func withValue(label string, v float64, q quantity) string {
	if label == "" {
		return human(v, q)
	}
	return label + "  " + human(v, q)
}

func (c *chart) addEvents(run *results.Run) error {
	if len(c.spec.Events) == 0 {
		return nil
	}
	events, err := run.Events()
	if err != nil {
		return err
	}
	times := map[string][]float64{}
	var names []string
	for _, e := range events {
		if times[e.Name] == nil {
			names = append(names, e.Name)
		}
		times[e.Name] = append(times[e.Name], e.Time)
	}
	slices.SortFunc(names, natural)
	seen := map[string]bool{}
	for _, wanted := range c.spec.Events {
		found, err := expand(wanted, names)
		if err != nil { // an event that never came is worth knowing, and no error
			found = []string{wanted}
		}
		for _, name := range found {
			if seen[name] {
				continue
			}
			seen[name] = true
			if len(seen) > maxEvents {
				return fmt.Errorf("more than %d names of events; no more can be told apart in one chart", maxEvents)
			}
			at := slices.Clone(times[name])
			slices.Sort(at)
			if n := len(at); n > 0 {
				c.end = max(c.end, at[n-1])
			}
			c.events = append(c.events, lane{
				label: fmt.Sprintf("%s (%s)", eventLabel(name), countWord(len(at))),
				color: eventColors[len(c.events)%len(eventColors)],
				times: at,
			})
		}
	}
	return nil
}

func countWord(n int) string {
	if n == 0 {
		return "never"
	}
	return grouped(float64(n), 0)
}

// stack replaces the values by running sums from the first series up; a value that is not there adds nothing.
func (c *chart) stack() {
	var below []float64
	for i := range c.series {
		sum := slices.Clone(c.series[i].values)
		for k, v := range sum {
			if math.IsNaN(v) {
				sum[k] = 0
			}
			if below != nil {
				sum[k] += below[k]
			}
		}
		c.series[i].values, below = sum, sum
	}
}

// span is the range of all values on the y axis; for a logarithmic one of those above zero. ok is false if
// there is no value at all.
func (c *chart) span() (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	add := func(v float64) {
		if math.IsNaN(v) || c.spec.Log && v <= 0 {
			return
		}
		lo, hi = min(lo, v), max(hi, v)
	}
	for _, s := range c.series {
		for _, v := range s.values {
			add(v)
		}
	}
	ok = hi >= lo
	for _, l := range c.lines {
		add(l.level)
		for _, v := range l.values {
			add(v)
		}
	}
	return lo, hi, ok
}
