package engine

import (
	"math"
	"testing"
)

// The vectors were printed by a C program that has nothing in common with this package but the definitions: IEEE doubles, glibc's pow.

func TestStreamVectors(t *testing.T) {
	for _, v := range []struct {
		seed  uint64
		name  string
		hash  uint64
		draws [3]uint64
		below uint64 // Below(1000000007)
		float float64
	}{
		{1, "", 0xcbf29ce484222325, [3]uint64{0xadd59ec795ad7f61, 0xc9127e24e395ef11, 0x52a7b0ef7e07cf81}, 895312314, 0x1.2b0aa3814d9cbp-1},
		{0, "db", 0x08914e07b53ba1e3, [3]uint64{0x1daadba4494183a4, 0x0856026fa5864e1f, 0xe9bba9365213149d}, 350419765, 0x1.91b8774f73052p-2},
		{42, "batch.1", 0xf866fe84b4bdc37a, [3]uint64{0x7b4e414a07401a92, 0xdbe855a881de6353, 0x41ddb23f86a09845}, 451602470, 0x1.cc083266e6cbfp-1},
		{16045690984503111693, "parent/2", 0xca06230fa3401a4c, [3]uint64{0x24a8037869329ac3, 0xd08993e1ba73824d, 0xbdee394726f3fd73}, 611491033, 0x1.3071ee47297e8p-1},
		{7, "süd", 0x64a5ad1bc8f1369b, [3]uint64{0x623ff3d2de89ab02, 0x4cba52b71142d088, 0xd2a7f563cce346b0}, 889714685, 0x1.449d06a74e252p-2},
	} {
		if h := fnv1a(v.name); h != v.hash {
			t.Errorf("hash of %q is %#x, want %#x", v.name, h, v.hash)
		}
		r := NewStream(v.seed, v.name)
		for i, want := range v.draws {
			if got := r.Uint64(); got != want {
				t.Errorf("seed %d, %q: draw %d is %#x, want %#x", v.seed, v.name, i, got, want)
			}
		}
		if got := r.Below(1000000007); got != v.below {
			t.Errorf("seed %d, %q: Below is %d, want %d", v.seed, v.name, got, v.below)
		}
		if got := r.Float64(); got != v.float {
			t.Errorf("seed %d, %q: Float64 is %v, want %v", v.seed, v.name, got, v.float)
		}
	}
	if got := New(Options{Seed: 42}).Stream("batch.1").Uint64(); got != 0x7b4e414a07401a92 {
		t.Errorf("the simulation's stream starts with %#x", got)
	}
}

func TestZipfVectors(t *testing.T) {
	for _, v := range []struct {
		n          uint64
		theta      float64
		zetan, eta float64
		first      [4]uint64
		hash       uint64 // FNV-1a by words of the first 100,000 ranks
	}{
		{1, 0.99, 0x1p+0, 0x1.c4b0b231e5173p-7, [4]uint64{0, 0, 0, 0}, 0x61b94018df3e37a5},
		{2, 0.99, 0x1.80e3eb6202786p+0, math.NaN(), [4]uint64{0, 1, 1, 0}, 0x59097cb6df396260},
		{3, 0.5, 0x1.246916b03dbbap+1, 0x1.73c17bbb837dbp-1, [4]uint64{0, 2, 1, 0}, 0xcda91242e771210d},
		{100, 0.99, 0x1.52da373a4be52p+2, 0x1.b6ecdd7c435c3p-5, [4]uint64{0, 84, 21, 0}, 0x935a993a880cb953},
		{65536, 0.8, 0x1.4c156f24a00bbp+5, 0x1.d1a931d697a13p-1, [4]uint64{49, 56498, 14410, 0}, 0x4f4ea1bfa1aab0ac},
		{786432, 0.99, 0x1.e3b90ae7fd6c4p+3, 0x1.12e0ffbd16853p-3, [4]uint64{5, 510326, 15399, 0}, 0xdea74a6e9ae83500},
		{3000000, 1.2, 0x1.55a74632a5cc3p+2, -0x1.623f410624efep+4, [4]uint64{0, 204086, 138, 0}, 0x4c6ce8f904876be5},
	} {
		z := NewZipf(v.n, v.theta)
		if math.Abs(z.zetan/v.zetan-1) > 1e-13 {
			t.Errorf("zeta(%d, %g) is %v, want %v", v.n, v.theta, z.zetan, v.zetan)
		}
		if math.Abs(z.eta/v.eta-1) > 1e-12 {
			t.Errorf("eta for %d, %g is %v, want %v", v.n, v.theta, z.eta, v.eta)
		}
		r := NewStream(1, "zipf")
		h := uint64(14695981039346656037)
		for i := range 100_000 {
			rank := z.Rank(r.Float64())
			if i < len(v.first) && rank != v.first[i] {
				t.Errorf("rank %d of zipf(%d, %g) is %d, want %d", i, v.n, v.theta, rank, v.first[i])
			}
			h = (h ^ rank) * 1099511628211
		}
		if h != v.hash {
			t.Errorf("the ranks of zipf(%d, %g) differ somewhere: hash %#x, want %#x", v.n, v.theta, h, v.hash)
		}
	}
}

func TestZipfEdges(t *testing.T) {
	for _, theta := range []float64{0, 0.5, 0.99, 1, 1.5} {
		for n := range uint64(20) {
			z := NewZipf(n, theta)
			for _, u := range []float64{0, 0.1, 0.5, 0.9, math.Nextafter(1, 0)} {
				if r := z.Rank(u); r >= max(n, 1) {
					t.Errorf("zipf(%d, %g).Rank(%v) is %d", n, theta, u, r)
				}
			}
		}
	}
}

// TestZetaTail compares the integral with the sum, beyond the number of terms up to which the sum is used.
func TestZetaTail(t *testing.T) {
	for _, theta := range []float64{0.5, 0.99, 1, 1.3} {
		n := uint64(zetaExact + 200_000)
		want := 0.0
		for i := n; i > 0; i-- { // the small ones first, to lose less
			want += 1 / math.Pow(float64(i), theta)
		}
		if got := zeta(n, theta); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("zeta(%d, %g) is %v, want %v", n, theta, got, want)
		}
	}
}

func TestExponential(t *testing.T) {
	r := NewStream(3, "exponential")
	const n = 1_000_000
	above := [...]struct {
		x     float64
		count int
	}{{0.01, 0}, {0.5, 0}, {1, 0}, {3, 0}, {7, 0}, {zigTail, 0}, {9, 0}}
	sum := 0.0
	for range n {
		x := r.Exponential()
		sum += x
		for i := range above {
			if x > above[i].x {
				above[i].count++
			}
		}
	}
	if mean := sum / n; math.Abs(mean-1) > 5/math.Sqrt(n) {
		t.Errorf("the mean is %v", mean)
	}
	for _, a := range above {
		p := math.Exp(-a.x)
		if got, bound := float64(a.count), 5*math.Sqrt(n*p*(1-p)); math.Abs(got-n*p) > bound {
			t.Errorf("%v of %d are above %v, want %.0f±%.0f", got, n, a.x, n*p, bound)
		}
	}
}
