package scripting

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// callsDir holds a scenario of random system calls and what a real kernel made of them: one file a run, named by the run's parameters, with the rows
// of its observations.csv without the times. A run is recorded with
//
//	oracle/run scripting/testdata/calls/calls.lua --set seed=N --set n=10 -o DIR
//	go test ./scripting -run TestRecordCalls -record DIR/observations.csv,seed=N,n=10
const callsDir = "testdata/calls"

var record = flag.String("record", "", "observations.csv of a real kernel's run of calls.lua, and the run's parameters, to keep for TestCallsAsRecorded")

// TestRecordCalls keeps a run of the real kernel when it is asked to.
func TestRecordCalls(t *testing.T) {
	if *record == "" {
		t.Skip("no -record")
	}
	file, params, _ := strings.Cut(*record, ",")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	for _, r := range rows[1:] {
		fmt.Fprintf(z, "%s %s=%s\n", r[1], r[2], r[3])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(callsDir, params+".gz"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCallsAsRecorded makes the random system calls that were made on a real kernel, and compares what each returned and what the process looked like
// after it: sizes, page tables, mappings, smaps.
func TestCallsAsRecorded(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(callsDir, "*.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded runs: %v", err)
	}
	for i, file := range files {
		if testing.Short() && i > 1 {
			break
		}
		set := map[string]string{}
		for _, kv := range strings.Split(strings.TrimSuffix(filepath.Base(file), ".gz"), ",") {
			name, value, _ := strings.Cut(kv, "=")
			set[name] = value
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			sc, err := Load(filepath.Join(callsDir, "calls.lua"), LoadOptions{Set: set})
			if err != nil {
				t.Fatal(err)
			}
			rec := &memo{}
			if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec, Cost: "oracle"}); err != nil {
				t.Fatal(err)
			}
			compareCalls(t, rowsByProcess(readRecorded(t, file)), rowsByProcess(rec.of("obs")))
		})
	}
}

// TestSysVAsRecorded compares a walk through the life of a System V segment with what a real kernel made of it.
func TestSysVAsRecorded(t *testing.T) {
	sc, err := Load("testdata/sysv/sysv.lua", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rec := &memo{}
	if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec, Cost: "oracle"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/sysv/real.txt")
	if err != nil {
		t.Fatal(err)
	}
	compareCalls(t, rowsByProcess(strings.Split(strings.TrimSpace(string(data)), "\n")), rowsByProcess(rec.of("obs")))
}

// readRecorded reads a file of rows "process name=value".
func readRecorded(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// rowsByProcess sorts rows by the process that made them, whose order among each other says nothing.
func rowsByProcess(rows []string) map[string][]string {
	out := map[string][]string{}
	for _, r := range rows {
		who, rest, _ := strings.Cut(r, " ")
		out[who] = append(out[who], rest)
	}
	return out
}

func compareCalls(t *testing.T, real, sim map[string][]string) {
	t.Helper()
	shown := 0
	for who, rows := range real {
		for i, want := range rows {
			got := "nothing"
			if i < len(sim[who]) {
				got = sim[who][i]
			}
			if got == want {
				continue
			}
			if shown++; shown <= 5 {
				before := ""
				if i > 0 {
					before = fmt.Sprintf("\n  after %s", rows[i-1])
				}
				t.Errorf("%s, row %d:%s\n  real  %s\n  mmsim %s", who, i, before, want, got)
			}
			break
		}
	}
	if shown > 5 {
		t.Errorf("%d of %d processes differ", shown, len(real))
	}
	for who := range sim {
		if real[who] == nil {
			t.Errorf("%s ran, which did not on the real kernel", who)
		}
	}
}
