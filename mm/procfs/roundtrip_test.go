package procfs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// recorded calls fn for every recorded file below testdata and returns how many there were.
func recorded(t testing.TB, fn func(name string, data []byte)) int {
	t.Helper()
	n := 0
	for _, root := range []string{"testdata/snapshot", "testdata/process/x86_64", "testdata/process/i386", "testdata/linux-6.18"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			n++
			fn(filepath.ToSlash(name), data)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// diff returns the first line in which two texts differ.
func diff(got, want []byte) string {
	g, w := strings.SplitAfter(string(got), "\n"), strings.SplitAfter(string(want), "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return "\n got " + a + "\nwant " + b
		}
	}
	return ""
}

func TestRoundTrip(t *testing.T) {
	count := map[string]int{}
	n := recorded(t, func(name string, data []byte) {
		f, err := Parse(name, data)
		if err != nil {
			t.Error(err)
			return
		}
		count[reflect.TypeOf(f).Elem().Name()]++
		if got := Text(f); !bytes.Equal(got, data) {
			t.Errorf("%s: %s", name, diff(got, data))
		}
		again, err := Parse(name, Text(f))
		if err != nil {
			t.Errorf("%s, written and read again: %v", name, err)
		} else if !reflect.DeepEqual(f, again) {
			t.Errorf("%s, written and read again, is different data", name)
		}
	})
	if n < 200 {
		t.Errorf("only %d recorded files", n)
	}
	for _, f := range []File{
		&Meminfo{}, &Vmstat{}, &Zoneinfo{}, &Buddyinfo{}, &Pagetypeinfo{}, &Slabinfo{}, &Swaps{}, &Vmallocinfo{}, &Iomem{}, &SysctlVM{},
		&Stat{}, &Uptime{}, &Loadavg{}, &Pressure{}, &Status{}, &Statm{}, &Maps{}, &Smaps{}, &SmapsRollup{}, new(Number),
	} {
		if name := reflect.TypeOf(f).Elem().Name(); count[name] == 0 {
			t.Errorf("no recorded %s", name)
		}
	}
}

// Every recorded file, cut off anywhere, is an error or says what its complete lines say: never a panic, never a number cut short.
func TestCutOff(t *testing.T) {
	seen := map[string]bool{}
	recorded(t, func(name string, data []byte) {
		kind := filepath.Base(name)
		if seen[kind] {
			return
		}
		seen[kind] = true
		for n := range data {
			f, err := Parse(name, data[:n])
			if err != nil {
				continue
			}
			if n > 0 && data[n-1] != '\n' {
				t.Fatalf("%s: the first %d bytes, which end inside a line, were read", name, n)
			}
			if got := Text(f); kind != "sysctl_vm" && !bytes.Equal(got, data[:n]) {
				t.Fatalf("%s: the first %d bytes were read as something else: %s", name, n, diff(got, data[:n]))
			}
		}
	})
}
