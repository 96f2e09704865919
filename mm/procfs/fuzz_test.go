package procfs

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// fuzz feeds a reader with recorded files and what the fuzzer makes of them. Whatever is read can be written, read again as the
// same data, and written again as the same text; it never takes much more memory than the text.
func fuzz(f *testing.F, kinds ...string) {
	recorded(f, func(name string, data []byte) {
		for _, kind := range kinds {
			if path.Base(name) == kind {
				f.Add(data)
				f.Add(data[:len(data)/2])
			}
		}
	})
	for _, number := range []string{"-1", "18446744073709551615", "18446744073709551616", ">100000", "0x"} {
		f.Add([]byte(number + "\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkParse(t, kinds[0], data)
	})
}

func checkParse(t *testing.T, kind string, data []byte) {
	t.Helper()
	file, err := Parse(kind, data)
	if err != nil {
		if file != nil || !strings.HasPrefix(err.Error(), kind) || len(err.Error()) > 1000 {
			t.Fatalf("%v, error %v", file, err)
		}
		return
	}
	text := Text(file)
	again, err := Parse(kind, text)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, text)
	}
	if !reflect.DeepEqual(file, again) {
		t.Fatalf("read again it is %+v, not %+v\n%s", again, file, text)
	}
	if got := Text(again); !bytes.Equal(got, text) {
		t.Fatalf("written again: %s", diff(got, text))
	}
}

func FuzzParseMeminfo(f *testing.F)      { fuzz(f, "meminfo") }
func FuzzParseVmstat(f *testing.F)       { fuzz(f, "vmstat") }
func FuzzParseZoneinfo(f *testing.F)     { fuzz(f, "zoneinfo") }
func FuzzParseBuddyinfo(f *testing.F)    { fuzz(f, "buddyinfo") }
func FuzzParsePagetypeinfo(f *testing.F) { fuzz(f, "pagetypeinfo") }
func FuzzParseSlabinfo(f *testing.F)     { fuzz(f, "slabinfo") }
func FuzzParseSwaps(f *testing.F)        { fuzz(f, "swaps") }
func FuzzParseVmallocinfo(f *testing.F)  { fuzz(f, "vmallocinfo") }
func FuzzParseIomem(f *testing.F)        { fuzz(f, "iomem") }
func FuzzParseSysctlVM(f *testing.F)     { fuzz(f, "sysctl_vm") }
func FuzzParseStat(f *testing.F)         { fuzz(f, "stat") }
func FuzzParseUptime(f *testing.F)       { fuzz(f, "uptime") }
func FuzzParseLoadavg(f *testing.F)      { fuzz(f, "loadavg") }
func FuzzParsePressure(f *testing.F)     { fuzz(f, "memory", "io", "cpu") }
func FuzzParseStatus(f *testing.F)       { fuzz(f, "status") }
func FuzzParseStatm(f *testing.F)        { fuzz(f, "statm") }
func FuzzParseMaps(f *testing.F)         { fuzz(f, "maps") }
func FuzzParseSmaps(f *testing.F)        { fuzz(f, "smaps") }
func FuzzParseSmapsRollup(f *testing.F)  { fuzz(f, "smaps_rollup") }
func FuzzParseNumaMaps(f *testing.F)     { fuzz(f, "numa_maps") }
func FuzzParseNumber(f *testing.F)       { fuzz(f, "oom_score", "oom_score_adj") }

// FuzzReadSnapshot changes one file of a snapshot: a line is moved, a number replaced, the end cut off, or its text is the fuzzer's.
func FuzzReadSnapshot(f *testing.F) {
	const base = "testdata/snapshot/boot-numa-2x2g-before"
	texts := map[string][]byte{}
	for _, name := range SnapshotFiles() {
		data, err := os.ReadFile(filepath.Join(base, name))
		if err != nil {
			f.Fatal(err)
		}
		texts[name] = data
	}
	// Only the changed file is written each time, and put back afterwards.
	dir := copyDir(f, base)
	for i := range SnapshotFiles() {
		for _, number := range []string{"0", "-1", "1099511627777", "18446744073709551615", "99999999999999999999999"} {
			f.Add(uint8(i), uint16(7*i), uint16(100*i), uint16(3), number)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, from, to, cut uint16, number string) {
		name := SnapshotFiles()[int(which)%len(SnapshotFiles())]
		lines := bytes.SplitAfter(texts[name], []byte{'\n'})
		a, b := int(from)%len(lines), int(to)%len(lines)
		lines[a], lines[b] = lines[b], lines[a]
		if words := bytes.Fields(lines[a]); len(words) > 0 {
			word := words[int(cut)%len(words)]
			lines[a] = bytes.Replace(lines[a], word, []byte(number), 1)
		}
		text := bytes.Join(lines, nil)
		if cut%5 == 0 {
			text = text[:int(cut)*7%(len(text)+1)]
		}
		put := func(data []byte) {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		put(text)
		defer func() { put(texts[name]) }()
		s, err := ReadSnapshot(dir)
		if err != nil {
			if s != nil || !strings.HasPrefix(err.Error(), dir) {
				t.Fatalf("error %v", err)
			}
			return
		}
		// What is accepted is a machine: sums do not overflow, and it can be written and read again.
		var managed uint64
		for i := range s.Zoneinfo.Zones {
			z := &s.Zoneinfo.Zones[i]
			managed += z.Managed
			if z.Managed > z.Present || z.Present > z.Spanned || managed > maxPages {
				t.Fatalf("accepted %+v", z)
			}
		}
		for i, z := range s.Buddyinfo.Zones {
			var pages uint64
			for order, n := range z.Free {
				pages += n << order
			}
			if pages > managed {
				t.Fatalf("accepted zone %d with %d free pages", i, pages)
			}
		}
		if err := s.WriteSnapshot(dir); err != nil {
			t.Fatal(err)
		}
		again, err := ReadSnapshot(dir)
		if err != nil {
			t.Fatalf("written and read again: %v", err)
		}
		if !reflect.DeepEqual(s, again) {
			t.Fatal("written and read again it is another snapshot")
		}
	})
}
