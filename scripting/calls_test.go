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
	"slices"
	"strconv"
	"strings"
	"testing"
)

// callsDir holds a scenario of random system calls, calls.lua, and what a real kernel made of it: in seeds-FROM-TO.gz the rows of the observations.csv of
// one run after the other, without the times, each run after a line with its seed. A seed is a boot of a machine, set as the seed says, on which 15
// processes, three of each of five kinds, and the children that they make, walk one after the other, each by a stream of its own: the 25 runs that are
// kept are 375 sequences of calls from as many seeds. What would meet the recorder's own memory, which lies elsewhere than a simulated program's, is left out
// by the scenario itself. Runs are recorded with
//
//	for s in $(seq 1 60); do oracle/run scripting/testdata/calls/calls.lua --set seed=$s -o DIR/$s; done
//	go test ./scripting -run TestRecordCalls -record DIR
//
// Where a run differs, --set detail=1 shows in both places what the rows only sum up.
const callsDir = "testdata/calls"

// seedsPerFile is how many runs a file of the corpus holds.
const seedsPerFile = 20

var record = flag.String("record", "", "directory of a real kernel's runs of calls.lua, by seed, to keep for TestCallsAsRecorded")

// TestRecordCalls keeps runs of the real kernel when it is asked to, instead of those that are there.
func TestRecordCalls(t *testing.T) {
	if *record == "" {
		t.Skip("no -record")
	}
	var seeds []int
	dirs, _ := filepath.Glob(filepath.Join(*record, "*", "observations.csv"))
	for _, d := range dirs {
		n, err := strconv.Atoi(filepath.Base(filepath.Dir(d)))
		if err != nil {
			t.Fatalf("%s: the folder's name is no seed", d)
		}
		seeds = append(seeds, n)
	}
	slices.Sort(seeds)
	for _, old := range corpus(t) {
		if err := os.Remove(old); err != nil {
			t.Fatal(err)
		}
	}
	for part := range slices.Chunk(seeds, seedsPerFile) {
		var out bytes.Buffer
		z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
		for _, seed := range part {
			fmt.Fprintf(z, "seed %d\n", seed)
			writeRows(t, z, filepath.Join(*record, strconv.Itoa(seed), "observations.csv"))
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("seeds-%d-%d.gz", part[0], part[len(part)-1])
		if err := os.WriteFile(filepath.Join(callsDir, name), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// writeRows writes the rows of an observations.csv as TestCallsAsRecorded reads them.
func writeRows(t *testing.T, w io.Writer, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		fmt.Fprintf(w, "%s %s=%s\n", r[1], r[2], r[3])
	}
}

func corpus(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(callsDir, "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestCallsAsRecorded makes the random system calls that were made on a real kernel, and compares what each returned and what changed in the process by
// it: sizes, page tables, charges, mappings, smaps.
func TestCallsAsRecorded(t *testing.T) {
	files := corpus(t)
	if len(files) == 0 {
		t.Fatal("no recorded runs")
	}
	for i, file := range files {
		if testing.Short() && i > 0 {
			break
		}
		for seed, rows := range bySeed(readRecorded(t, file)) {
			t.Run("seed "+seed, func(t *testing.T) {
				t.Parallel()
				sc, err := Load(filepath.Join(callsDir, "calls.lua"), LoadOptions{Set: map[string]string{"seed": seed}})
				if err != nil {
					t.Fatal(err)
				}
				rec := &memo{}
				if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec, Cost: "oracle"}); err != nil {
					t.Fatal(err)
				}
				compareCalls(t, rowsByProcess(rows), rowsByProcess(rec.of("obs")))
			})
		}
	}
}

// bySeed sorts the rows of a file of the corpus by the run that they are of.
func bySeed(rows []string) map[string][]string {
	out := map[string][]string{}
	seed := ""
	for _, r := range rows {
		if s, ok := strings.CutPrefix(r, "seed "); ok {
			seed = s
			continue
		}
		out[seed] = append(out[seed], r)
	}
	return out
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

// TestBadInputAsRecorded gives the calls arguments that make no sense, and compares what they answer with what a real kernel did. The recorder is root,
// who may map below vm.mmap_min_addr; a process of a scenario may not.
func TestBadInputAsRecorded(t *testing.T) {
	below := map[string]string{
		"mmap fixed at 0=0": "mmap fixed at 0=EPERM", "mmap fixed below mmap_min_addr=address": "mmap fixed below mmap_min_addr=EPERM",
	}
	for _, arch := range []string{"x86_64", "i386"} {
		t.Run(arch, func(t *testing.T) {
			sc, err := Load("testdata/badinput/badinput.lua", LoadOptions{Set: map[string]string{"arch": arch}})
			if err != nil {
				t.Fatal(err)
			}
			rec := &memo{}
			if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec, Cost: "oracle"}); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile("testdata/badinput/" + arch + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			real := rowsByProcess(strings.Split(strings.TrimSpace(string(data)), "\n"))
			for i, row := range real["p"] {
				if unprivileged, ok := below[row]; ok {
					real["p"][i] = unprivileged
				}
			}
			compareCalls(t, real, rowsByProcess(rec.of("obs")))
		})
	}
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

// TestForksUntilTheLimit forks thousands of children that end, until there is EAGAIN; a limit of 0 is one.
func TestForksUntilTheLimit(t *testing.T) {
	sc := mustLoad(t, `
local m = machine { ram = "2GiB", thp = "never" }
process("p", { rlimit = { NPROC = 3000 } }, function(p)
  local n, e = 0
  while true do
    local pid
    pid, e = p:fork(function(c) c:exit(0) end)
    if not pid then break end
    n = n + 1
  end
  p:record("forks", n .. " " .. e)
  for _ = 1, n do p:wait() end
  p:record("again", p:fork(function() end) ~= nil)
end)
process("locks", { rlimit = { MEMLOCK = 0 }, start = "1s" }, function(p)
  local a = p:mmap(4096)
  p:record("mlock", select(2, p:mlock(a, 4096)))
  p:record("locked", select(2, p:mmap{ len = 4096, locked = true }))
  p:record("mlockall", select(2, p:mlockall()))
end)`)
	rec := &memo{}
	if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec}); err != nil {
		t.Fatal(err)
	}
	want := []string{"p forks=2998 EAGAIN", "p again=true", "locks mlock=EPERM", "locks locked=EPERM", "locks mlockall=EPERM"}
	if got := rec.of("obs"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
