package results

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// appendTime appends t nanoseconds as seconds with six decimals, rounded to nearest.
func appendTime(b []byte, t int64) []byte {
	if t < 0 {
		b = append(b, '-')
		t = -t
	}
	us := t / 1000
	if t%1000 >= 500 {
		us++
	}
	b = strconv.AppendInt(b, us/1e6, 10)
	b = append(b, '.')
	for unit := int64(1e5); unit > 0; unit /= 10 {
		b = append(b, byte('0'+us/unit%10))
	}
	return b
}

// parseTime reads what appendTime writes of a time that is not negative: nanoseconds.
func parseTime(s string) (int64, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) != 6 || strings.Trim(whole+frac, "0123456789") != "" || whole == "" || len(whole) > 1 && whole[0] == '0' {
		return 0, false
	}
	us, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil || us > math.MaxInt64/1000 {
		return 0, false
	}
	return us * 1000, true
}

// appendCell appends s as one cell of CSV, quoted only if it must be.
func appendCell(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\n\r") {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// appendNumber appends a whole number in full and any other with nine significant digits, which is how the
// recordings of the real machine have them.
func appendNumber(b []byte, v float64) []byte {
	switch {
	case v == math.Trunc(v) && math.Abs(v) < 1e17:
		return strconv.AppendInt(b, int64(v), 10)
	case math.IsNaN(v):
		return append(b, "nan"...)
	case math.IsInf(v, 1):
		return append(b, "inf"...)
	case math.IsInf(v, -1):
		return append(b, "-inf"...)
	}
	return append(b, fmt.Sprintf("%.9g", v)...)
}

// appendValue appends an observed value: a number, a string, a boolean or nil.
func appendValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, "nil"...), nil
	case string:
		return appendCell(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case float64:
		return appendNumber(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case uint64:
		return strconv.AppendUint(b, v, 10), nil
	}
	return b, fmt.Errorf("an observed value is a number, a string, a boolean or nil, not %T", value)
}
