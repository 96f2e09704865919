package plots

import "testing"

// BenchmarkDraw draws a chart of three lines from 100,000 samples, once they are read.
func BenchmarkDraw(b *testing.B) {
	run, dir := hog(b, 100_000), b.TempDir()
	for _, format := range []string{"png", "svg", "pdf"} {
		b.Run(format, func(b *testing.B) {
			for range b.N {
				if _, err := Draw(run, Spec{File: "x", Series: memory, Formats: []string{format}}, dir); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
