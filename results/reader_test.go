package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDamagedFiles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "x:1: the first column must be time_s"},
		{"time_s,a\n0.1,2", "x:2: the file ends in the middle of a row"},
		{"time_s,a\n0.1,2\n0.2\n", "x:3: 1 cells in a table of 2 columns"},
		{"time_s,a\n0.1,two\n", `x:2: column "a": "two" is not a number`},
		{"time_s,a\n0.1,Inf\n", "is not a number"},
		{"time_s,a\nNaN,1\n", "not a time"},
		{"time_s,a\n1e300,1\n", "not a time"},
		{"time_s,a\n2,1\n1,1\n", "x:3: time goes back"},
		{"time_s,a,a\n", "named twice"},
		{"time_s,\n", "empty"},
		{"time_s,a\n0,\"1", "inside a quoted cell"},
		{"time_s,a\n0,\"1\"2\n", "behind the closing quote"},
		{"time_s,a\n0,1\"2\n", "a quote in the middle"},
		{"time_s,\"a\nb\"\n0,x\n", "x:3: column"},
		{"\x00\xff", "x:1:"},
	} {
		if _, err := parseSamples("x", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

func TestDamagedDirectory(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none")); err == nil {
		t.Error("missing directory: no error")
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "not a run directory") {
		t.Errorf("empty directory: %v", err)
	}
	for text, want := range map[string]string{
		"{\n\n":                                 "line",
		`{"format":99,"outcome":"ok"}`:          "newer",
		`{"format":1,"outcome":"marvellous"}`:   "marvellous",
		`{"outcome":"ok"}`:                      "format",
		`{"format":1,"outcome":"ok","seed":-1}`: "seed",
	} {
		put(t, filepath.Join(dir, ManifestName), text)
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ManifestName) {
			t.Errorf("%s: %v", text, err)
		}
	}
	put(t, filepath.Join(dir, ManifestName), `{"format":1,"outcome":"ok"}`)
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Samples(); err != ErrNoSamples {
		t.Errorf("no samples: %v", err)
	}
	for text, want := range map[string]string{
		"time_s,pid\n":                        "exits.csv:1: the first line must be",
		exitsHeader + "\n1,x,p,0,,false\n":    "exits.csv:2: \"x\" is not a pid",
		exitsHeader + "\n1,1,p,z,,false\n":    "exits.csv:2: \"z\" is not an exit code",
		exitsHeader + "\n1,1,p,0,,maybe\n":    "exits.csv:2: \"maybe\"",
		exitsHeader + "\n1,1,p,0,,false\n1,1": "exits.csv:3: the file ends",
	} {
		put(t, filepath.Join(dir, "exits.csv"), text)
		if _, err := run.Exits(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCellsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.SliceOfN(rapid.String(), 4, 4), 0, 5).Draw(t, "rows")
		text := []byte("a,b,c,d\n")
		for _, row := range want {
			for i, cell := range row {
				if i > 0 {
					text = append(text, ',')
				}
				text = appendCell(text, cell)
			}
			text = append(text, '\n')
		}
		n := 0
		err := parseRows(newRowReader("x", text), "a,b,c,d", func(_ *rowReader, row []string) error {
			for i, cell := range row {
				if cell != want[n][i] {
					t.Fatalf("row %d cell %d is %q, want %q", n, i, cell, want[n][i])
				}
			}
			n++
			return nil
		})
		if err != nil || n != len(want) {
			t.Fatalf("%d rows of %d, %v", n, len(want), err)
		}
	})
}

func TestTime(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0.000000", 499: "0.000000", 500: "0.000001", 1_500_000_000: "1.500000", 999_999_999: "1.000000",
		-1500: "-0.000002", 1<<63 - 1: "9223372036.854776",
	} {
		if got := string(appendTime(nil, ns)); got != want {
			t.Errorf("%d ns is %s, want %s", ns, got, want)
		}
	}
}

// What the real machine's recorder leaves is read by the same code.
func TestRecordedByTheRealMachine(t *testing.T) {
	run, err := OpenRecorded("testdata/recorded")
	if err != nil {
		t.Fatal(err)
	}
	obs, err := run.Observations()
	if err != nil || len(obs) != 4 || obs[0].Name != "write all, reverse faults" || !strings.Contains(obs[3].Value, "\nNode 0, zone    DMA32") {
		t.Errorf("observations: %+v %v", obs, err)
	}
	table, err := run.Samples()
	if err != nil || len(table.Time) != 3 || len(table.Names) != 21 {
		t.Errorf("samples: %v %v", table, err)
	}
	if exits, err := run.Exits(); err != nil || len(exits) != 5 || !exits[0].OOM {
		t.Errorf("exits: %v %v", exits, err)
	}
	if events, err := run.Events(); err != nil || events != nil {
		t.Errorf("events: %v %v", events, err)
	}
}

func FuzzReaders(f *testing.F) {
	for _, name := range []string{"samples.csv", "observations.csv", "exits.csv"} {
		text, err := os.ReadFile(filepath.Join("testdata/recorded", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"format":1,"outcome":"ok","plots":[{"file":"a"}]}`))
	f.Add([]byte("time_s,\"a\"\"\"\n0,-1e9\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if table, err := parseSamples("x", text); err == nil {
			for i := range table.Columns {
				if len(table.Columns[i]) != len(table.Time) {
					t.Fatal("a column is shorter than the time")
				}
			}
		}
		header := strings.SplitN(string(text), "\n", 2)[0]
		_ = parseRows(newRowReader("x", text), header, func(*rowReader, []string) error { return nil })
		if m, err := decodeManifest(text); err == nil {
			chartFiles(m)
		}
	})
}
