package engine

import (
	"math"
	"testing"
)

// TestZipfCubics compares ranks with the formula's, at random places and around every place where a rank begins.
func TestZipfCubics(t *testing.T) {
	const draws = 300_000 // of each
	for _, v := range []struct {
		n     uint64
		theta float64
		least float64 // share of draws that the cubics decide
	}{
		{1024, 0.99, 0.9},
		{65536, 0.8, 0.8},
		{524288, 0.99, 0.7},
		{524288, 1.2, 0.1},
		{524288, 1.15, 0.1},
		{786432, 0.5, 0.9},
		{1 << 28, 0.99, 0.7},
		{3_000_000, 1.5, 0},
		{100_000, 0, 0.9},
		{100_000, 0.999, 0},
		{100_000, 1.001, 0},
		{100_000, 1, 0},
	} {
		z := NewZipf(v.n, v.theta)
		r := NewStream(1, "cubics")
		decided, beyond := 0, 0
		check := func(u float64) {
			if u*z.zetan < z.second || u >= 1 {
				return
			}
			beyond++
			got, ok := z.fromCubic(u)
			if want := z.plain(u); ok && got != want {
				t.Fatalf("zipf(%d, %g).Rank(%v) is %d, want %d", v.n, v.theta, u, got, want)
			}
			if ok {
				decided++
			}
		}
		for range draws {
			check(r.Float64())
		}
		if share := float64(decided) / float64(max(beyond, 1)); share < v.least {
			t.Errorf("zipf(%d, %g): the cubics decide %.3f of the draws, want %g", v.n, v.theta, share, v.least)
		}
		// The draw at which a rank begins, found by halving, and its neighbours.
		for range draws / 100 {
			lo, hi := math.Max(z.second/z.zetan, 0), math.Nextafter(1, 0)
			rank := z.plain(lo + r.Float64()*(hi-lo))
			for k := 0; k < 60 && math.Nextafter(lo, 1) < hi; k++ {
				if mid := (lo + hi) / 2; z.plain(mid) < rank {
					lo = mid
				} else {
					hi = mid
				}
			}
			for _, d := range []float64{0, 1, 2, 5, 17, 100, 1e4, 1e6} {
				check(hi - d*0x1p-53)
				check(hi + d*0x1p-53)
			}
		}
		t.Logf("zipf(%d, %g): %d of %d", v.n, v.theta, decided, beyond)
	}
}

// BenchmarkZipf draws ranks.
func BenchmarkZipf(b *testing.B) {
	for _, theta := range []float64{0.8, 0.99, 1.2} {
		b.Run(map[float64]string{0.8: "theta=0.8", 0.99: "theta=0.99", 1.2: "theta=1.2"}[theta], func(b *testing.B) {
			z := NewZipf(524288, theta)
			r := NewStream(1, "bench")
			sum := uint64(0)
			for b.Loop() {
				sum += z.Rank(r.Float64())
			}
			_ = sum
		})
	}
}
