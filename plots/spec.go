package plots

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"mmsim/results"
)

// Kinds of charts.
const (
	Line = "line" // straight lines between samples
	Step = "step" // a value holds until the next sample
	Area = "area" // series stacked upon each other
)

var (
	kinds = []string{Line, Step, Area}
	units = []string{"auto", "bytes", "pages", "count"}
)

// Bounds of a chart's size in inches.
const (
	DefaultWidth  = 9.0
	DefaultHeight = 5.0
	MinSize       = 2.0
	MaxSize       = 40.0
)

// Series is one sampled name that is drawn.
type Series struct {
	Name  string  `json:"name"`            // "meminfo.MemFree"; a "*" stands for any text within one name
	Label string  `json:"label,omitempty"` // in the legend; default made from the name
	Scale float64 `json:"scale,omitempty"` // values are multiplied by it; 0 means 1
}

// RefLine is a reference line: a sampled name, or a constant where Name is empty.
type RefLine struct {
	Name  string  `json:"name,omitempty"`
	Value float64 `json:"value,omitempty"` // in the unit of the y axis
	Label string  `json:"label,omitempty"`
	Scale float64 `json:"scale,omitempty"` // of a sampled name, as in Series
}

// Spec says what a chart shows. The zero value of every field but File and Series is a good default.
type Spec struct {
	File    string    `json:"file"` // name in the run directory; an extension names the format
	Title   string    `json:"title,omitempty"`
	Kind    string    `json:"kind,omitempty"` // Line (default), Step or Area
	Series  []Series  `json:"series"`
	Lines   []RefLine `json:"lines,omitempty"`
	Events  []string  `json:"events,omitempty"` // names in events.csv; "*" as in Series
	XLabel  string    `json:"xlabel,omitempty"`
	YLabel  string    `json:"ylabel,omitempty"`
	Unit    string    `json:"unit,omitempty"`    // "auto" (default), "bytes", "pages" or "count"
	Log     bool      `json:"log,omitempty"`     // logarithmic y axis; values of zero and below have no place on it
	Formats []string  `json:"formats,omitempty"` // of results.ChartFormats; default png
	Width   float64   `json:"width,omitempty"`   // inches; 0 means DefaultWidth
	Height  float64   `json:"height,omitempty"`  // inches; 0 means DefaultHeight
}

// Validate reports what is wrong with a spec, as far as it can be seen without the data.
func Validate(s Spec) error {
	err := validate(s)
	if err != nil && s.File != "" {
		return fmt.Errorf("plot %q: %w", s.File, err)
	}
	return err
}

func validate(s Spec) error {
	if s.File == "" {
		return fmt.Errorf("a plot needs a file name")
	}
	if strings.HasPrefix(s.File, ".") || strings.ContainsAny(s.File, "/\\\x00") || len(s.File) > 100 {
		return fmt.Errorf("file must be a plain file name of at most 100 letters: it is written into the run directory")
	}
	if err := oneOf("kind", s.Kind, kinds); err != nil {
		return err
	}
	if err := oneOf("unit", s.Unit, units); err != nil {
		return err
	}
	for _, f := range s.Formats {
		if err := oneOf("format", f, results.ChartFormats); err != nil {
			return err
		}
	}
	if len(s.Series) == 0 {
		return fmt.Errorf("series is empty: name at least one sampled name, such as \"meminfo.MemFree\"")
	}
	for _, x := range s.Series {
		if x.Name == "" {
			return fmt.Errorf("a series has no name")
		}
		if math.IsNaN(x.Scale) || math.IsInf(x.Scale, 0) {
			return fmt.Errorf("series %q: scale must be finite", x.Name)
		}
	}
	for _, l := range s.Lines {
		if v := l.Value + l.Scale; math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("a reference line's value and scale must be finite")
		}
	}
	if s.Log && s.Kind == Area {
		return fmt.Errorf("a stacked area has no logarithmic axis: heights would not add up; use kind \"line\"")
	}
	for _, side := range []struct {
		name string
		v    float64
	}{{"width", s.Width}, {"height", s.Height}} {
		if side.v != 0 && !(side.v >= MinSize && side.v <= MaxSize) {
			return fmt.Errorf("%s is %g inches; it must be from %g to %g", side.name, side.v, MinSize, MaxSize)
		}
	}
	return nil
}

func oneOf(what, got string, valid []string) error {
	if got == "" || slices.Contains(valid, got) {
		return nil
	}
	return fmt.Errorf("unknown %s %q%s (valid: %s)", what, got, didYouMean(got, valid), strings.Join(valid, ", "))
}

// normal fills in the defaults. An extension of File moves to Formats.
func (s Spec) normal() Spec {
	ext := strings.TrimPrefix(filepath.Ext(s.File), ".")
	if slices.Contains(results.ChartFormats, ext) {
		s.File = strings.TrimSuffix(s.File, "."+ext)
		if len(s.Formats) == 0 {
			s.Formats = []string{ext}
		}
	}
	if len(s.Formats) == 0 {
		s.Formats = []string{"png"}
	}
	if s.Kind == "" {
		s.Kind = Line
	}
	if s.Unit == "" {
		s.Unit = "auto"
	}
	if s.Width == 0 {
		s.Width = DefaultWidth
	}
	if s.Height == 0 {
		s.Height = DefaultHeight
	}
	return s
}

// Encode gives specs as a manifest holds them.
func Encode(specs []Spec) ([]json.RawMessage, error) {
	all := make([]json.RawMessage, len(specs))
	for i, s := range specs {
		text, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("plot %q: %w", s.File, err)
		}
		all[i] = text
	}
	return all, nil
}

// Decode gives the specs that a manifest holds.
func Decode(raw []json.RawMessage) ([]Spec, error) {
	specs := make([]Spec, len(raw))
	for i, text := range raw {
		if err := json.Unmarshal(text, &specs[i]); err != nil {
			return nil, fmt.Errorf("plot %d of the manifest: %w", i+1, err)
		}
	}
	return specs, nil
}
