package scripting

import (
	"math"
	"math/big"
	"strings"
	"testing"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "4096": 4096, "64KiB": 65536, "1.5GiB": 3 << 29, " 2 MiB ": 2 << 20, "1KB": 1000, "3MB": 3e6, "1GB": 1e9, "2TB": 2e12,
		"1TiB": 1 << 40, "7B": 7, "0.5": 1, "0.4": 0, "1.": 1, ".5KiB": 512, "9007199254740993": 9007199254740993,
		"9223372036854775807": math.MaxInt64, "8388607TiB": 8388607 << 40, "0000000000000000000001KiB": 1024,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for text, hint := range map[string]string{
		"": "", " ": "", "GiB": "", ".": "", "1.2.3": "", "2Gb ": `did you mean "2GB"?`, "64kib": `did you mean "64KiB"?`, "-1": "negative",
		"-5MiB": "negative", "1e30GiB": "", "1e3": "", "0x10": "", "inf": "", "nan": "", "1 GiB x": "", "8388608TiB": "too large",
		"1MiB\x00": "", "1,5GiB": "", "1_000": "", "+1": "", "5 pages": "the units are", "١MiB": "", "9223372036854775808": "too large",
	} {
		got, err := ParseSize(text)
		if err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		} else if !strings.Contains(err.Error(), quote(text)) || !strings.Contains(err.Error(), hint) {
			t.Errorf("%q: %v, want %q in it", text, err, hint)
		}
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]int64{
		"0.25": 250e6, "250ms": 250e6, "10us": 10e3, "3s": 3e9, "2min": 120e9, "1h": 3600e9, "7ns": 7, "0.4ns": 0, "0.5ns": 1, " 1 s ": 1e9,
	} {
		if got, err := ParseTime(text); err != nil || int64(got) != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1 sec", "1S ", "-1s", "1m", "99999999999h", "ms", "1e3s"} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

// A text that is accepted stands for what exact arithmetic makes of it, and no text panics.
func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"1.5GiB", "2Gb ", "-1", "1e30GiB", "64KiB", "9223372036854775807", "0.000000001TiB", "1."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := ParseTime(s); err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
		n, err := ParseSize(s)
		if err != nil {
			if !strings.Contains(err.Error(), "expected a size") {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		text := strings.TrimSpace(s)
		scale := int64(1)
		for _, u := range sizeUnits {
			if number, ok := strings.CutSuffix(text, u.name); ok && strings.Trim(strings.TrimSpace(number), "0123456789.") == "" {
				text, scale = strings.TrimSpace(number), u.scale
				break
			}
		}
		exact, ok := new(big.Rat).SetString(strings.TrimSuffix(text, "."))
		if !ok {
			t.Fatalf("%q was taken for %d", s, n)
		}
		exact.Mul(exact, new(big.Rat).SetInt64(scale))
		diff := exact.Sub(exact, new(big.Rat).SetInt64(n))
		if diff.Abs(diff).Cmp(big.NewRat(1, 2)) > 0 || n < 0 {
			t.Fatalf("%q was taken for %d", s, n)
		}
	})
}

func TestFormatSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 3 << 30: "3 GiB", 1 << 41: "2 TiB"} {
		if got := FormatSize(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
