package plots

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

func TestReduceKeepsWhatPixelsShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 400).Draw(t, "n")
		pts := make([]vg.Point, n)
		x := 0.0
		for i := range pts {
			x += rapid.Float64Range(0, 2).Draw(t, "dx")
			pts[i] = vg.Point{X: vg.Length(x), Y: vg.Length(rapid.IntRange(-50, 50).Draw(t, "y"))}
		}
		column := vg.Length(rapid.Float64Range(0.5, 20).Draw(t, "column"))
		type span struct{ first, low, high, last vg.Length }
		spans := func(pts []vg.Point) map[float64]span {
			out := map[float64]span{}
			for _, p := range pts {
				at := math.Floor(float64(p.X / column))
				s, ok := out[at]
				if !ok {
					s = span{p.Y, p.Y, p.Y, p.Y}
				}
				out[at] = span{s.first, min(s.low, p.Y), max(s.high, p.Y), p.Y}
			}
			return out
		}
		got := reduce(pts, column)
		want, have := spans(pts), spans(got)
		if len(want) != len(have) {
			t.Fatalf("%d columns, want %d", len(have), len(want))
		}
		for at, s := range want {
			if have[at] != s {
				t.Fatalf("column %g shows %v, want %v", at, have[at], s)
			}
		}
		if len(got) > 4*len(want) || !slices.IsSortedFunc(got, func(a, b vg.Point) int { return int(math.Copysign(1, float64(a.X-b.X))) * b2i(a.X != b.X) }) {
			t.Fatalf("%d points of %d columns, or out of order", len(got), len(want))
		}
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestPieces(t *testing.T) {
	for _, n := range []int{0, 1, 2, maxPath, maxPath + 1, 5*maxPath + 3} {
		pts := make([]vg.Point, n)
		for i := range pts {
			pts[i].X = vg.Length(i)
		}
		var joined []vg.Point
		for i, piece := range pieces(pts) {
			if len(piece) > maxPath {
				t.Errorf("n=%d: a piece of %d points", n, len(piece))
			}
			if i > 0 {
				if piece[0] != joined[len(joined)-1] {
					t.Errorf("n=%d: piece %d does not begin where the one before ends", n, i)
				}
				piece = piece[1:]
			}
			joined = append(joined, piece...)
		}
		if !slices.Equal(joined, pts) {
			t.Errorf("n=%d: %d points together", n, len(joined))
		}
	}
}

func TestStairs(t *testing.T) {
	got := stairs([]vg.Point{{X: 0, Y: 1}, {X: 1, Y: 1}, {X: 2, Y: 5}})
	want := []vg.Point{{X: 0, Y: 1}, {X: 1, Y: 1}, {X: 2, Y: 1}, {X: 2, Y: 5}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func labelled(ticks []plot.Tick) []string {
	var out []string
	for _, t := range ticks {
		if t.Label != "" {
			out = append(out, t.Label)
		}
	}
	return out
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		got  []plot.Tick
		want string
	}{
		{linearTicks(0, 1e6, unit{"", 1}, 7, true), "0|200,000|400,000|600,000|800,000|1,000,000"},
		{linearTicks(0, 3, unit{"", 1}, 7, true), "0|1|2|3"},
		{linearTicks(0, 3, unit{"", 1}, 7, false), "0.0|0.5|1.0|1.5|2.0|2.5|3.0"},
		{linearTicks(0, 1.05*gib, byteUnit(1.05*gib), 7, true), "0.0|0.2|0.4|0.6|0.8|1.0"},
		{linearTicks(0, 300<<20, byteUnit(300<<20), 7, true), "0|50|100|150|200|250|300"},
		{linearTicks(-5, 5, unit{"", 1}, 7, true), "-4|-2|0|2|4"},
		{linearTicks(0, 0.4, timeUnit(0.4), 10, false), "0|50|100|150|200|250|300|350|400"},
	} {
		if got := strings.Join(labelled(c.got), "|"); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	for v, want := range map[float64]string{0: "ns", 3e-9: "ns", 4e-6: "µs", 0.01: "ms", 0.4: "ms", 0.6: "s", 599: "s", 601: "min", 36001: "h", 1e7: "days"} {
		if got := timeUnit(v).name; got != want {
			t.Errorf("%g s is in %s, want %s", v, got, want)
		}
	}
}

// A logarithmic axis always holds the data and has two labels at least, and never a crowd of them.
func TestLogAxis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := math.Pow(10, rapid.Float64Range(-3, 14).Draw(t, "lo"))
		hi := lo * math.Pow(10, rapid.Float64Range(0, 12).Draw(t, "span"))
		q := rapid.SampledFrom([]quantity{bytes, counts}).Draw(t, "quantity")
		if q == bytes {
			lo, hi = max(lo, 1), max(hi, 1)
		}
		from, to, ticks := logAxis(lo, hi, q)
		if from > lo*(1+1e-6) || to < hi*(1-1e-6) || from <= 0 {
			t.Fatalf("axis %g..%g for %g..%g", from, to, lo, hi)
		}
		seen := 0
		for _, tick := range ticks {
			if tick.Label != "" && tick.Value >= from*(1-1e-9) && tick.Value <= to*(1+1e-9) {
				seen++
			}
		}
		if seen < 2 || seen > 10 {
			t.Fatalf("%d labels on %g..%g: %v", seen, from, to, labelled(ticks))
		}
	})
}

func TestHuman(t *testing.T) {
	for want, v := range map[string]float64{
		"0 B": 0, "512 B": 512, "4 KiB": 4096, "5.86 MiB": 1500 * 4096, "1.5 GiB": 1.5 * gib, "976 MiB": 976.3 * (1 << 20), "-2 KiB": -2048,
	} {
		if got := human(v, bytes); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
	if got := human(1234567, counts); got != "1,234,567" {
		t.Errorf("count: %q", got)
	}
	if got := grouped(-0.0001, 1); got != "0.0" {
		t.Errorf("minus nothing: %q", got)
	}
}

func TestNames(t *testing.T) {
	all := []string{"buddy.0.DMA32.10", "buddy.0.DMA32.2", "buddy.0.DMA.2", "meminfo.Active(anon)", "a[1]", "a1"}
	got, err := expand("buddy.0.DMA32.*", all)
	if err != nil || !slices.Equal(got, []string{"buddy.0.DMA32.2", "buddy.0.DMA32.10"}) {
		t.Errorf("%v %v", got, err)
	}
	if got, err := expand("a[*]", all); err != nil || !slices.Equal(got, []string{"a[1]"}) {
		t.Errorf("brackets: %v %v", got, err)
	}
	for _, c := range []struct{ names, want string }{
		{"meminfo.MemFree|vmstat.pgfault", "MemFree|pgfault"},
		{"buddy.0.DMA32.2|buddy.0.DMA32.10", "order 2|order 10"},
		{"buddy.0.DMA32.2|buddy.0.DMA.2", "buddy.0.DMA32.2|buddy.0.DMA.2"},
		{"zone.0.DMA32.free|zone.1.Normal.free", "DMA32 free|node 1 Normal free"},
		{"process.a/b.VmRSS|psi.memory.some.avg10", "a/b VmRSS|memory some.avg10"},
		{"odd|.|x.", "odd|.|x."},
	} {
		if got := strings.Join(labels(strings.Split(c.names, "|")), "|"); got != c.want {
			t.Errorf("%s: %s, want %s", c.names, got, c.want)
		}
	}
	for _, c := range []struct {
		names string
		want  quantity
	}{
		{"meminfo.MemFree|zone.0.DMA.min|buddy.0.DMA.3", bytes},
		{"zone.0.DMA.min|vmstat.nr_free_pages", pages},
		{"buddy.0.DMA.3|buddy.0.DMA.4", blocks},
		{"vmstat.pgfault|meminfo.MemFree", counts},
		{"meminfo.HugePages_Free", counts},
		{"buddy.0.DMA.99999999999999999999", counts},
	} {
		if got := commonUnit(strings.Split(c.names, "|")); got != c.want {
			t.Errorf("%s: unit %d, want %d", c.names, got, c.want)
		}
	}
	if got := converted(blocks, 3, bytes); got != 8*4096 {
		t.Errorf("a block of order 3 has %g bytes", got)
	}
}

func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) vg.Length { return vg.Length(rapid.Float64Range(0, 100).Draw(t, "at")) }), 0, 6).Draw(t, "places")
		slices.Sort(at)
		out := spread(at, 10, 0, 100)
		for i := 1; i < len(out); i++ {
			if out[i]-out[i-1] < 9.5 {
				t.Fatalf("%v: %g apart", out, float64(out[i]-out[i-1]))
			}
		}
		if len(out) > 0 && (out[0] < -0.5 || out[len(out)-1] > 100.5) {
			t.Fatalf("%v leaves the chart", out)
		}
	})
}

func TestBars(t *testing.T) {
	x := func(t float64) vg.Length { return vg.Length(t) }
	got := bars([]float64{0, 1, 2, 50, 60, 61}, x)
	if want := [][2]vg.Length{{0, 2}, {50, 50}, {60, 61}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
