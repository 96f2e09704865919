package plots

import (
	stdbytes "bytes"
	"compress/zlib"
	"encoding/xml"
	"errors"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mmsim/results"
)

func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Two drawings are the same bytes in every format, and the vector formats hold the words of the chart.
func TestFormats(t *testing.T) {
	run := hog(t, 140)
	spec := Spec{
		File: "memory.svg", Title: "µs & <tags> 日本", Series: memory, Lines: watermarks, Events: hogEvents,
		Formats: []string{"png", "svg", "pdf"},
	}
	a, b := t.TempDir(), t.TempDir()
	files, err := Draw(run, spec, a)
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	again, err := Draw(run, spec, b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if !stdbytes.Equal(contents(t, files[i]), contents(t, again[i])) {
			t.Errorf("%s: two drawings differ", filepath.Base(files[i]))
		}
	}
	svg := contents(t, filepath.Join(a, "memory.svg"))
	if err := xml.Unmarshal(svg, new(struct{})); err != nil {
		t.Errorf("svg: %v", err)
	}
	pdf := unpack(t, contents(t, filepath.Join(a, "memory.pdf")))
	if n := strings.Count(pdf, "/FontFile2"); n != 1 {
		t.Errorf("pdf: %d fonts are embedded, and the back end can do one", n)
	}
	for _, want := range []string{"MemFree", "AnonPages", "kswapd woken (17)", "direct reclaim (3,000)", "OOM kill (1)", "high  5.86 MiB", "memory (GiB)", "time (s)", "0.8"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("svg: no %q", want)
		}
		if !strings.Contains(pdf, strings.NewReplacer("(", `\(`, ")", `\)`).Replace(want)) {
			t.Errorf("pdf: no %q", want)
		}
	}
	if !strings.Contains(string(svg), "µs &amp; &lt;tags&gt; 日本") {
		t.Error("svg: the title is not there in full")
	}
	if !strings.Contains(pdf, "(\xb5s & <tags> \x1a\x1a)") {
		t.Error("pdf: the title is not in the fonts' encoding")
	}
	if !strings.Contains(pdf, "D:19700101000000") {
		t.Error("pdf: a date is in the file")
	}
}

// unpack gives the text of a PDF with its streams decompressed.
func unpack(t *testing.T, pdf []byte) string {
	t.Helper()
	out := string(pdf)
	for _, m := range regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`).FindAllSubmatch(pdf, -1) {
		r, err := zlib.NewReader(stdbytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out += string(text)
	}
	return out
}

// Data that leaves little to draw is drawn without an error or a panic.
func TestPoorData(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		rows [][]float64
		spec Spec
		want string // in the picture
	}{
		"none":      {nil, Spec{}, "no data"},
		"one":       {[][]float64{{0, 5}}, Spec{}, "0.0"},
		"zero":      {[][]float64{{0, 0}, {1, 0}}, Spec{}, "memory (B)"},
		"gaps":      {[][]float64{{0, nan}, {1, 3}, {2, nan}, {3, nan}, {4, 1}, {5, 2}}, Spec{}, "MemFree"},
		"all gaps":  {[][]float64{{0, nan}, {1, nan}}, Spec{}, "no data"},
		"log zero":  {[][]float64{{0, 0}, {1, 0}}, Spec{Log: true}, "no value above zero"},
		"log one":   {[][]float64{{0, 4096}}, Spec{Log: true}, "4 KiB"},
		"log":       {[][]float64{{0, 0}, {1, 1}, {2, 1 << 52}}, Spec{Log: true}, "1 TiB"},
		"negative":  {[][]float64{{0, -5}, {1, 5}}, Spec{}, "-4"},
		"huge":      {[][]float64{{0, 1e99}, {1, 1e300}}, Spec{}, "PiB"},
		"late":      {[][]float64{{1e6, 1}, {1e6 + 1, 2}}, Spec{}, "days"},
		"short":     {[][]float64{{0, 1}, {2e-6, 2}}, Spec{}, "time (µs)"},
		"same time": {[][]float64{{0, 1}, {0, 2}, {0, 3}}, Spec{}, "MemFree"},
		"narrow":    {[][]float64{{0, 1}, {1, 2}}, Spec{Width: 2, Height: 2, Title: strings.Repeat("long ", 40)}, "…"},
	} {
		for _, kind := range []string{Line, Step, Area} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				run := write(t, []string{"meminfo.MemFree"}, c.rows, nil)
				spec := c.spec
				spec.File, spec.Kind, spec.Series, spec.Formats = "x", kind, memory[:1], results.ChartFormats
				if kind == Area {
					if spec.Log || c.rows != nil && math.IsNaN(c.rows[0][1]) {
						return // no such chart; and a sum of nothing is zero
					}
				}
				dir := t.TempDir()
				if _, err := Draw(run, spec, dir); err != nil {
					t.Fatal(err)
				}
				if svg := string(contents(t, filepath.Join(dir, "x.svg"))); !strings.Contains(svg, c.want) {
					t.Errorf("the picture has no %q", c.want)
				}
			})
		}
	}
}

// A peak of one sample among 100,000 is in the picture, and so is every stretch of a long level line.
func TestNothingIsLost(t *testing.T) {
	rows := make([][]float64, 100_000)
	for i := range rows {
		rows[i] = []float64{float64(i) / 1e5, 10}
	}
	rows[33_333][1] = 1000
	run := write(t, []string{"vmstat.oom_kill"}, rows, nil)
	dir := t.TempDir()
	if _, err := Draw(run, Spec{File: "x", Series: []Series{{Name: "vmstat.oom_kill"}}}, dir); err != nil {
		t.Fatal(err)
	}
	img := decode(t, contents(t, filepath.Join(dir, "x.png")))
	ink := categorical[0]
	b := img.Bounds()
	columns, top := 0, b.Max.Y
	for x := b.Min.X; x < b.Max.X; x++ {
		for y := b.Min.Y + 60; y < b.Max.Y; y++ { // below the legend
			if color.RGBAModel.Convert(img.At(x, y)) == ink {
				columns++
				top = min(top, y)
				break
			}
		}
	}
	if columns < b.Dx()*8/10 {
		t.Errorf("the line covers %d columns of %d", columns, b.Dx())
	}
	if top > b.Min.Y+b.Dy()/4 {
		t.Errorf("the peak ends at row %d of %d", top, b.Dy())
	}
}

func TestDrawErrors(t *testing.T) {
	run := hog(t, 5)
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{File: "m", Series: []Series{{Name: "meminfo.Memfree"}}}, `"meminfo.Memfree" was not sampled; did you mean "meminfo.MemFree"?`},
		{Spec{File: "m", Series: []Series{{Name: "zone.*.Movable.*"}}}, "matches no sampled name"},
		{Spec{File: "m", Series: memory, Lines: []RefLine{{Name: "zone.0.DMA32.minn"}}}, `did you mean "zone.0.DMA32.min"?`},
		{Spec{File: "m", Series: memory, Kind: "lines"}, `unknown kind "lines"; did you mean "line"? (valid: line, step, area)`},
		{Spec{File: "m", Series: memory, Unit: "byte"}, `did you mean "bytes"?`},
		{Spec{File: "m", Series: memory, Formats: []string{"jpg"}}, `unknown format "jpg"; did you mean "png"? (valid: png, svg, pdf)`},
		{Spec{File: "m", Series: memory, Kind: Area, Log: true}, "no logarithmic axis"},
		{Spec{File: "m", Series: memory, Width: 1e9}, "width is 1e+09 inches"},
		{Spec{File: "m", Series: memory, Height: math.NaN()}, "height"},
		{Spec{File: "m"}, "series is empty"},
		{Spec{File: "m", Series: []Series{{}}}, "no name"},
		{Spec{File: "../m", Series: memory}, "plain file name"},
		{Spec{File: ".m", Series: memory}, "plain file name"},
		{Spec{Series: memory}, "needs a file name"},
	} {
		dir := t.TempDir()
		if _, err := Draw(run, c.spec, dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.spec, err, c.want)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%+v left %v", c.spec, left)
		}
	}
	if _, err := Draw(run, Spec{File: "m", Series: memory}, filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestRedraw(t *testing.T) {
	dir := t.TempDir()
	specs, err := Encode([]Spec{
		{File: "memory", Series: memory[:1]},
		{File: "broken", Series: []Series{{Name: "meminfo.Nothing"}}},
		{File: "vector.svg", Series: memory[:1], Events: []string{"*"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := results.Create(dir, false, results.Manifest{Plots: specs})
	if err != nil {
		t.Fatal(err)
	}
	w.SampleColumns([]string{"meminfo.MemFree"})
	w.Sample(0, []float64{1})
	w.Sample(1e9, []float64{2})
	if err := w.Finish(results.End{Outcome: results.OK, Virtual: 1e9}); err != nil {
		t.Fatal(err)
	}
	files, err := Redraw(dir, RedrawOptions{})
	if err == nil || !strings.Contains(err.Error(), `plot "broken"`) || len(files) != 2 {
		t.Errorf("%v, %v", files, err)
	}
	out := filepath.Join(t.TempDir(), "new")
	files, err = Redraw(dir, RedrawOptions{Dir: out, Formats: []string{"pdf", "png"}, Only: []string{"vector"}})
	if err != nil || len(files) != 2 || files[0] != filepath.Join(out, "vector.pdf") {
		t.Errorf("%v, %v", files, err)
	}
	if _, err := Redraw(dir, RedrawOptions{Only: []string{"memmory"}}); err == nil || !strings.Contains(err.Error(), `did you mean "memory"?`) {
		t.Errorf("unknown chart: %v", err)
	}
	if _, err := Redraw(filepath.Join(dir, "none"), RedrawOptions{}); err == nil {
		t.Error("no directory: no error")
	}
	// With force, a new run removes the charts of the old one.
	if w, err = results.Create(dir, true, results.Manifest{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(results.End{Outcome: results.OK}); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.[ps][nv]g")); len(left) > 0 {
		t.Errorf("charts left: %v", left)
	}
}
