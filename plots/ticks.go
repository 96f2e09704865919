package plots

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// unit is a step of a scale of units.
type unit struct {
	name string
	size float64
}

var (
	byteUnits = []unit{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"PiB", 1 << 50}}
	timeUnits = []unit{{"ns", 1e-9}, {"µs", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"days", 86400}}
)

// byteUnit is the largest unit that v reaches.
func byteUnit(v float64) unit {
	u := byteUnits[0]
	for _, next := range byteUnits[1:] {
		if v >= next.size {
			u = next
		}
	}
	return u
}

// timeUnit suits an axis that ends at v seconds: 0.6 s is in seconds, 0.4 s in milliseconds, 9 minutes in
// seconds, 20 in minutes.
func timeUnit(v float64) unit {
	u := timeUnits[0]
	for _, next := range timeUnits[1:] {
		from := next.size / 2
		if next.size > 1 {
			from = next.size * 10
		}
		if v >= from {
			u = next
		}
	}
	return u
}

// niceStep is 1, 2 or 5 times a power of ten, so that span holds at most n steps.
func niceStep(span float64, n int) float64 {
	raw := span / float64(n)
	if !(raw > 0) || math.IsInf(raw, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// linearTicks marks an axis from lo to hi in a unit; whole forbids steps below one.
func linearTicks(lo, hi float64, u unit, n int, whole bool) []plot.Tick {
	lo, hi = lo/u.size, hi/u.size
	step := niceStep(hi-lo, n)
	if whole && u.size == 1 {
		step = max(step, 1)
	}
	places := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+step*1e-9 && len(ticks) < 100; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step * u.size, Label: grouped(k*step, places)})
	}
	return ticks
}

// grouped writes a number with a comma between thousands; one too long for that is in powers of ten.
func grouped(v float64, places int) string {
	if math.Abs(v) >= 1e15 || places > 9 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	s := strconv.FormatFloat(v, 'f', places, 64)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	if strings.Trim(s, "0.") == "" {
		sign = ""
	}
	whole, frac, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if frac != "" {
		whole += "." + frac
	}
	return sign + whole
}

// human writes one value of a quantity with its unit: "5.9 MiB", "1,234".
func human(v float64, q quantity) string {
	if q != bytes {
		return trimmed(v)
	}
	u := byteUnit(math.Abs(v))
	return trimmed(v/u.size) + " " + u.name
}

// trimmed has three significant digits below a thousand and none behind the point above.
func trimmed(v float64) string {
	a, places := math.Abs(v), 0
	switch {
	case a >= 100 || v == math.Trunc(v):
	case a >= 10:
		places = 1
	case a >= 0.01:
		places = 2
	default:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	s := grouped(v, places)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// logAxis widens lo..hi (both above zero) to whole steps of a logarithmic axis and marks it: bytes at powers
// of two, anything else at powers of ten with minor marks between. There are always two labels at least.
func logAxis(lo, hi float64, q quantity) (float64, float64, []plot.Tick) {
	if q == bytes {
		return byteLog(lo, hi)
	}
	first, last := math.Floor(math.Log10(lo)+1e-9), math.Ceil(math.Log10(hi)-1e-9)
	last = max(last, first+1)
	step := math.Ceil((last - first) / 8)
	last = first + step*math.Ceil((last-first)/step)
	var ticks []plot.Tick
	for e := first; e <= last; e++ {
		v := math.Pow(10, e)
		if math.Mod(e-first, step) == 0 {
			ticks = append(ticks, plot.Tick{Value: v, Label: grouped(v, max(0, int(-e)))})
		}
		if step > 1 || e == last {
			continue
		}
		for m := 2.0; m < 10; m++ {
			t := plot.Tick{Value: m * v}
			if last-first <= 2 && (m == 2 || m == 5) {
				t.Label = grouped(t.Value, max(0, int(-e)))
			}
			ticks = append(ticks, t)
		}
	}
	return math.Pow(10, first), math.Pow(10, last), ticks
}

func byteLog(lo, hi float64) (float64, float64, []plot.Tick) {
	first, last := math.Floor(math.Log2(max(lo, 1))+1e-9), math.Ceil(math.Log2(max(hi, 1))-1e-9)
	last = max(last, first+1)
	step := 1.0
	for _, s := range []float64{1, 2, 5, 10} {
		step = s
		if (last-first)/s <= 8 {
			break
		}
	}
	if step > 1 {
		first = step * math.Floor(first/step)
		last = max(last, first+step)
	}
	var ticks []plot.Tick
	for e := first; e <= last; e++ {
		t := plot.Tick{Value: math.Pow(2, e)}
		if math.Mod(e-first, step) == 0 {
			t.Label = human(t.Value, bytes)
		}
		ticks = append(ticks, t)
	}
	return math.Pow(2, first), math.Pow(2, last), ticks
}

// fixedTicks is a Ticker of marks that were made before.
type fixedTicks []plot.Tick

// Ticks returns the marks; those beyond the axis are not drawn.
func (t fixedTicks) Ticks(_, _ float64) []plot.Tick { return t }
