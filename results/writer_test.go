package results

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const second = int64(1e9)

// fill writes one of everything.
func fill(t *testing.T, dir string) *Writer {
	t.Helper()
	w, err := Create(dir, false, Manifest{
		Scenario: "a.lua", Seed: 7, Cost: "default", Version: "test", Parameters: []Param{{"ram", "1GiB"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Snapshot("before", []NamedText{{"meminfo", "MemTotal: 1 kB\n"}})
	w.SampleColumns([]string{"meminfo.MemFree", "psi.memory.some.avg10", "process.a,b.VmRSS"})
	w.Sample(0, []float64{4096, 0.25, math.NaN()})
	w.Sample(second/2, []float64{1 << 53, math.Inf(1), 3})
	w.Observation(1499, "app", "a \"quoted\", name", "line\r\nline")
	w.Observation(1500, "app", "float", 5.862516249)
	w.Observation(second, "app", "whole", 192655360.0)
	w.Observation(second, "app", "flag", true)
	w.Observation(second, "app", "nothing", nil)
	w.Event(second, "oom_kill", "app", "pid 3, score 900")
	w.Log(second, "app", "hello")
	w.Dmesg(12*second, "Out of memory: Killed process 3 (app)")
	w.Exit(Exit{Time: 2 * second, PID: 3, Process: "app", Signal: "SIGKILL", OOM: true})
	w.Exit(Exit{Time: 2 * second, PID: 4, Process: "app/1", Code: 9})
	w.Snapshot("after", []NamedText{{"meminfo", "MemTotal: 1 kB\n"}})
	return w
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "run")
	w := fill(t, dir)
	err := w.Finish(End{Outcome: ExpectFailed, Virtual: 2 * second, Expectations: []Expectation{
		{What: "lives", Held: true}, {What: "swaps", Why: "pswpout is 0"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"samples.csv": `time_s,meminfo.MemFree,psi.memory.some.avg10,"process.a,b.VmRSS"
0.000000,4096,0.25,
0.500000,9007199254740992,,3
`,
		"observations.csv": "time_s,process,name,value\n" +
			"0.000001,app,\"a \"\"quoted\"\", name\",\"line\r\nline\"\n" +
			"0.000002,app,float,5.86251625\n" +
			"1.000000,app,whole,192655360\n" +
			"1.000000,app,flag,true\n" +
			"1.000000,app,nothing,nil\n",
		"events.csv":    "time_s,name,process,detail\n1.000000,oom_kill,app,\"pid 3, score 900\"\n",
		"exits.csv":     "time_s,pid,process,code,signal,oom\n2.000000,3,app,,SIGKILL,true\n2.000000,4,app/1,9,,false\n",
		"log.txt":       "1.000000 app: hello\nexpect: ok: lives\nexpect: FAILED: swaps (pswpout is 0)\n",
		"dmesg.txt":     "[   12.000000] Out of memory: Killed process 3 (app)\n",
		"after/meminfo": "MemTotal: 1 kB\n",
	} {
		if got := read(t, dir, name); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Outcome != ExpectFailed || m.VirtualSeconds != 2 || len(m.Expectations) != 2 || m.Expectations[1].Held {
		t.Errorf("manifest: %+v", m)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files left: %v", left)
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	if err := fill(t, dir).Finish(End{Outcome: OK, Virtual: 2 * second}); err != nil {
		t.Fatal(err)
	}
	run, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	table, err := run.Samples()
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := table.Column("process.a,b.VmRSS"); !ok || len(v) != 2 || !math.IsNaN(v[0]) || v[1] != 3 {
		t.Errorf("column: %v %v", v, ok)
	}
	if _, ok := table.Column("meminfo.Memfree"); ok {
		t.Error("a column that is not there was found")
	}
	obs, err := run.Observations()
	if err != nil || len(obs) != 5 || obs[0].Name != `a "quoted", name` || obs[0].Value != "line\r\nline" {
		t.Errorf("observations: %+v %v", obs, err)
	}
	if v, ok := obs[2].Number(); !ok || v != 192655360 {
		t.Errorf("number: %v %v", v, ok)
	}
	events, err := run.Events()
	if err != nil || len(events) != 1 || events[0].Detail != "pid 3, score 900" {
		t.Errorf("events: %v %v", events, err)
	}
	exits, err := run.Exits()
	want := Exit{Time: 2 * second, PID: 3, Process: "app", Signal: "SIGKILL", OOM: true}
	if err != nil || len(exits) != 2 || exits[0] != want || exits[1].Code != 9 {
		t.Errorf("exits: %v %v", exits, err)
	}
}

func TestSameBytes(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	for _, dir := range []string{a, b} {
		if err := fill(t, dir).Finish(End{Outcome: OK}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err := fs.WalkDir(os.DirFS(a), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		x, y := read(t, a, p), read(t, b, p)
		if p == ManifestName {
			x, y = withoutWall(t, a), withoutWall(t, b)
		}
		if x != y {
			t.Errorf("%s differs", p)
		}
		return nil
	})
	if err != nil || n != 9 {
		t.Errorf("%d files compared, %v", n, err)
	}
}

func withoutWall(t *testing.T, dir string) string {
	t.Helper()
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Started, m.WallSeconds = time.Time{}, 0
	text, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A run that is killed leaves what was written so far in whole rows, and a manifest that says "running".
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	w := fill(t, dir)
	deadline := time.Now().Add(20 * FlushEvery)
	for !strings.Contains(read(t, dir, "exits.csv"), "app/1") {
		if time.Now().After(deadline) {
			t.Fatal("the exits were never flushed")
		}
		time.Sleep(FlushEvery / 10)
	}
	run, err := Open(dir)
	if err != nil || run.Manifest().Outcome != Running {
		t.Fatalf("outcome %q, %v", run.Manifest().Outcome, err)
	}
	if exits, err := run.Exits(); err != nil || len(exits) != 2 {
		t.Errorf("exits: %v %v", exits, err)
	}
	if err := w.Finish(End{Outcome: Interrupted, Err: errors.New("signal")}); err != nil {
		t.Fatal(err)
	}
	w.Log(0, "late", "nothing may follow Finish")
	if strings.Contains(read(t, dir, "log.txt"), "late") {
		t.Error("a row was written after Finish")
	}
	if m, _ := ReadManifest(dir); m.Outcome != Interrupted || m.Error != "signal" {
		t.Errorf("manifest: %+v", m)
	}
}

// What is on disk is whole rows at every moment, also when the buffer is what forces the write.
func TestWholeRowsOnDisk(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, false, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		w.Event(int64(i), "mm_vmscan_kswapd_wake", "kswapd0", strings.Repeat("x", i%97))
		if i%500 == 0 {
			if text := read(t, dir, "events.csv"); !strings.HasSuffix(text, "\n") {
				t.Fatalf("after %d rows the file ends in %q", i, text[len(text)-10:])
			}
		}
	}
	if len(read(t, dir, "events.csv")) < bufferSize {
		t.Error("no write was forced by the buffer: the test shows nothing")
	}
	if err := w.Finish(End{Outcome: OK}); err != nil {
		t.Fatal(err)
	}
}

func TestMisuse(t *testing.T) {
	for name, use := range map[string]func(*Writer){
		"columns":  func(w *Writer) { w.SampleColumns([]string{"a"}); w.SampleColumns([]string{"a"}) },
		"width":    func(w *Writer) { w.SampleColumns([]string{"a"}); w.Sample(0, []float64{1, 2}) },
		"unnamed":  func(w *Writer) { w.Sample(0, []float64{1}) },
		"value":    func(w *Writer) { w.Observation(0, "p", "n", []int{1}) },
		"when":     func(w *Writer) { w.Snapshot("during", nil) },
		"snapshot": func(w *Writer) { w.Snapshot("after", []NamedText{{"../x", ""}}) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := Create(dir, false, Manifest{})
			if err != nil {
				t.Fatal(err)
			}
			use(w)
			if w.Err() == nil {
				t.Error("no error")
			}
			if err := w.Finish(End{Outcome: OK}); err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("Finish: %v", err)
			}
			if m, err := ReadManifest(dir); err != nil || m.Outcome != Failed || m.Error == "" {
				t.Errorf("manifest: %+v %v", m, err)
			}
		})
	}
}

// A run that is killed right after a file was made leaves its header: an empty samples.csv could not be read.
func TestHeadersAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, false, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	w.SampleColumns([]string{"meminfo.MemFree"})
	for name, want := range map[string]string{
		"samples.csv": "time_s,meminfo.MemFree\n", "observations.csv": observationsHeader + "\n", "exits.csv": exitsHeader + "\n", "events.csv": eventsHeader + "\n",
	} {
		if got := read(t, dir, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if err := w.Finish(End{Outcome: OK}); err != nil {
		t.Fatal(err)
	}
}
