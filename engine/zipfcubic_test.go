package engine

import (
	"math"
	"testing"
)

// TestZipfCubics compares ranks with the formula's, at random places and around every place where a rank begins.
func TestZipfCubics(t *testing.T) {
	const random = 300_000 // draws of each
	for _, v := range []struct {
		n     uint64
		theta float64
		least float64 // share of draws that the cubics decide
	}{
		{1024, 0.99, 0.9},
		{65536, 0.8, 0.8},
		{524288, 0.99, 0.7},
		{524288, 1.2, 0.8},
		{524288, 1.15, 0.8},
		{786432, 0.5, 0.9},
		{1 << 28, 0.99, 0.7},
		{3_000_000, 1.5, 0.8},
		{100_000, 0, 0.9},
		{100_000, 0.999, 0.8},
		{100_000, 1.001, 0.8},
		{100_000, 1, 0},
	} {
		z := NewZipf(v.n, v.theta)
		r := NewStream(1, "cubics")
		decided, draws := 0, 0
		check := func(u float64) {
			if u < 0 || u >= 1 {
				return
			}
			draws++
			got, ok := z.fromCubic(u)
			if want := z.exact(u); ok && got != want {
				t.Fatalf("zipf(%d, %g).Rank(%v) is %d, want %d", v.n, v.theta, u, got, want)
			}
			if ok {
				decided++
			}
		}
		for range random {
			check(r.Float64())
		}
		if share := float64(decided) / float64(draws); share < v.least {
			t.Errorf("zipf(%d, %g): the cubics decide %.3f of the draws, want %g", v.n, v.theta, share, v.least)
		}
		// The draw at which a rank begins, found by halving, and its neighbours.
		for i := range random / 100 {
			lo, hi := 0., math.Nextafter(1, 0)
			rank := z.exact(r.Float64())
			if i < 3 {
				rank = uint64(i) // rare as a draw where theta is small, and of pieces of another kind
			}
			for k := 0; k < 60 && math.Nextafter(lo, 1) < hi; k++ {
				if mid := (lo + hi) / 2; z.exact(mid) < rank {
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
		t.Logf("zipf(%d, %g): %d of %d", v.n, v.theta, decided, draws)
	}
}

// TestZipfRanks compares many draws at once with as many draws one by one, and those with the formula.
func TestZipfRanks(t *testing.T) {
	for _, theta := range []float64{0, 0.8, 0.99, 1.26} {
		z := NewZipf(524288, theta)
		a, b := NewStream(1, "ranks"), NewStream(1, "ranks")
		out := make([]uint64, 100_000)
		z.Ranks(a, out)
		for i, got := range out {
			u := b.Float64()
			if want := z.exact(u); got != want || z.Rank(u) != want {
				t.Fatalf("theta %g, draw %d of %v: Ranks says %d, Rank %d, the formula %d", theta, i, u, got, z.Rank(u), want)
			}
		}
		if a.Uint64() != b.Uint64() {
			t.Errorf("theta %g: Ranks made another number of draws", theta)
		}
	}
}

// BenchmarkZipf draws ranks.
func BenchmarkZipf(b *testing.B) {
	for _, theta := range []float64{0.8, 0.99, 1.2} {
		b.Run(map[float64]string{0.8: "theta=0.8", 0.99: "theta=0.99", 1.2: "theta=1.2"}[theta], func(b *testing.B) {
			z := NewZipf(524288, theta)
			r := NewStream(1, "bench")
			out := make([]uint64, 128)
			b.ResetTimer()
			for i := 0; i < b.N; i += len(out) {
				z.Ranks(r, out)
			}
		})
	}
}
