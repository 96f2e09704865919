package scripting

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"mmsim/engine"
)

// maxSize is the largest size in bytes that the language has.
const maxSize = math.MaxInt64

// maxWide is the end of the addresses and lengths that a system call can be given.
const maxWide = 1 << 64

type unit struct {
	name  string
	scale int64
}

var sizeUnits = []unit{
	{"B", 1},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
}

var timeUnits = []unit{
	{"ns", 1},
	{"us", 1e3},
	{"ms", 1e6},
	{"s", 1e9},
	{"min", 60e9},
	{"h", 3600e9},
}

const (
	sizeExample = `expected a size such as 4096 or "64KiB"`
	timeExample = `expected a time such as 0.25 or "250ms"`
)

// ParseSize gives the bytes that a size such as "64KiB", "1.5GiB" or "4096" stands for, rounded to the nearest.
func ParseSize(s string) (int64, error) {
	return parseUnits(s, sizeUnits, 1, sizeExample)
}

// ParseTime gives the time that a string such as "250ms", "2min" or "0.25" (seconds) stands for, rounded to
// the nearest nanosecond.
func ParseTime(s string) (engine.Time, error) {
	ns, err := parseUnits(s, timeUnits, 1e9, timeExample)
	return engine.Time(ns), err
}

// parseUnits reads a decimal number and a unit, with spaces around them at will; bare is the scale of a number
// without a unit.
func parseUnits(s string, units []unit, bare int64, example string) (int64, error) {
	bad := func(why string) error { return fmt.Errorf("%s, got %s%s", example, quote(s), why) }
	text := strings.TrimSpace(s)
	digits := strings.TrimLeft(text, "0123456789.")
	number := text[:len(text)-len(digits)]
	name := strings.TrimSpace(digits)
	if strings.HasPrefix(text, "-") {
		return 0, bad(", which is negative")
	}
	if number == "" || number == "." || strings.Count(number, ".") > 1 || len(number) > 40 {
		return 0, bad("")
	}
	scale := bare
	if name != "" {
		u := findUnit(name, units)
		if u == nil {
			return 0, bad(unitHint(number, name, units))
		}
		scale = u.scale
	}
	r, ok := new(big.Rat).SetString(strings.TrimSuffix(number, "."))
	if !ok {
		return 0, bad("")
	}
	r.Mul(r, new(big.Rat).SetInt64(scale))
	r.Add(r, big.NewRat(1, 2))
	n := new(big.Int).Div(r.Num(), r.Denom())
	if !n.IsInt64() {
		return 0, bad(", which is too large")
	}
	return n.Int64(), nil
}

func findUnit(name string, units []unit) *unit {
	for i := range units {
		if units[i].name == name {
			return &units[i]
		}
	}
	return nil
}

// unitHint says what the writer of a wrong unit may have meant.
func unitHint(number, name string, units []unit) string {
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = u.name
	}
	letters := strings.TrimFunc(name, func(r rune) bool { return r < 'A' })
	if letters != name || strings.ContainsAny(name, "0123456789") {
		return ""
	}
	if n := nearest(name, names); n != "" {
		return fmt.Sprintf("; did you mean %q?", number+n)
	}
	return "; the units are " + strings.Join(names, " ")
}

func quote(s string) string { return strconv.Quote(clip(s)) }

// sizeOf is the size that a Lua number stands for: whole bytes, rounded down.
func sizeOf(f float64) (int64, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return 0, fmt.Errorf("%s, got %s", sizeExample, formatNumber(f))
	case f < 0:
		return 0, fmt.Errorf("%s, got %s, which is negative", sizeExample, formatNumber(f))
	case f >= maxSize:
		return 0, fmt.Errorf("%s, got %s, which is too large", sizeExample, formatNumber(f))
	}
	return int64(f), nil
}

// timeOf is the time that a Lua number of seconds stands for.
func timeOf(f float64) (engine.Time, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return 0, fmt.Errorf("%s, got %s", timeExample, formatNumber(f))
	case f < 0:
		return 0, fmt.Errorf("%s, got %s, which is negative", timeExample, formatNumber(f))
	case f*1e9 >= float64(math.MaxInt64):
		return 0, fmt.Errorf("%s, got %s, which is too large", timeExample, formatNumber(f))
	}
	return engine.Time(math.Round(f * 1e9)), nil
}

// formatNumber writes a number as Lua's users expect it: whole ones in full.
func formatNumber(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'f', -1, 64)), "+")
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e17 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', 14, 64)
}

// FormatSize writes bytes in the largest binary unit that needs at most one decimal: "1.5 GiB".
func FormatSize(n int64) string {
	for _, u := range []unit{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.scale {
			return strings.TrimSuffix(strconv.FormatFloat(float64(n)/float64(u.scale), 'f', 1, 64), ".0") + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " B"
}
