package results

import "testing"

func benchWriter(b *testing.B) *Writer {
	b.Helper()
	w, err := Create(b.TempDir(), false, Manifest{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := w.Finish(End{Outcome: OK}); err != nil {
			b.Error(err)
		}
	})
	return w
}

// BenchmarkSample writes rows of 200 columns, about what all of meminfo and vmstat are.
func BenchmarkSample(b *testing.B) {
	w := benchWriter(b)
	w.SampleColumns(make([]string, 200))
	row := make([]float64, 200)
	for i := range row {
		row[i] = float64(i * i * i)
	}
	b.ReportAllocs()
	for i := range b.N {
		w.Sample(int64(i)*1e6, row)
	}
}

// BenchmarkEvent writes tracepoints.
func BenchmarkEvent(b *testing.B) {
	w := benchWriter(b)
	b.ReportAllocs()
	for i := range b.N {
		w.Event(int64(i)*1e3, "mm_vmscan_kswapd_wake", "kswapd0", "nid=0 order=0")
	}
}
