package plots

import (
	stdbytes "bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"mmsim/results"
)

var update = flag.Bool("update", false, "write the golden charts anew; look at them before you commit them")

// TestGolden compares charts with pictures that a person has looked at.
func TestGolden(t *testing.T) {
	few, many := hog(t, 140), hog(t, 100_000)
	empty := write(t, []string{"meminfo.MemFree"}, nil, nil)
	for _, c := range []struct {
		run  *results.Run
		spec Spec
	}{
		{few, Spec{File: "memory", Title: "Memory while the hog grows", Series: memory, Lines: watermarks, Events: hogEvents}},
		{few, Spec{File: "memory_log", Title: "Memory while the hog grows", Series: memory, Lines: watermarks, Events: hogEvents, Log: true}},
		{few, Spec{File: "orders_log", Title: "Free blocks by order, zone DMA32", Series: orders, Log: true}},
		{few, Spec{File: "orders_area", Title: "Free memory by order, zone DMA32", Series: orders, Kind: Area, Unit: "bytes"}},
		{few, Spec{File: "step", Series: []Series{{Name: "vmstat.pgfault", Label: "page faults"}}, Kind: Step, Lines: []RefLine{{Value: 750_000, Label: "goal"}}, YLabel: "faults"}},
		{many, Spec{File: "many_line", Title: "100,000 samples", Series: memory, Log: true}},
		{many, Spec{File: "many_area", Title: "100,000 samples", Series: orders, Kind: Area, Unit: "bytes"}},
		{empty, Spec{File: "empty", Title: "Nothing was sampled", Series: memory[:1], Events: hogEvents}},
	} {
		t.Run(c.spec.File, func(t *testing.T) {
			c.spec.Width, c.spec.Height = 6.5, 3.75
			files, err := Draw(c.run, c.spec, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", c.spec.File+".png")
			if *update {
				if err := os.WriteFile(golden, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, decode(t, text), decode(t, want))
		})
	}
}

func decode(t *testing.T, text []byte) image.Image {
	t.Helper()
	img, err := png.Decode(stdbytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// compare allows a few pixels to differ a little: rasterising is in floating point, which other processors
// fuse differently.
func compare(t *testing.T, got, want image.Image) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("size is %v, want %v", got.Bounds(), want.Bounds())
	}
	b, differ := got.Bounds(), 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r1, g1, b1, _ := got.At(x, y).RGBA()
			r2, g2, b2, _ := want.At(x, y).RGBA()
			if apart(r1, r2) || apart(g1, g2) || apart(b1, b2) {
				differ++
			}
		}
	}
	if limit := b.Dx() * b.Dy() / 5000; differ > limit {
		t.Errorf("%d pixels differ, more than %d; look at the chart and run with -update if it is right", differ, limit)
	}
}

func apart(a, b uint32) bool {
	const tolerance = 12 << 8
	return max(a, b)-min(a, b) > tolerance
}
