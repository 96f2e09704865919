package scripting

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"mmsim/results"
)

// machineDecl is what the scenarios of these tests begin with.
const machineDecl = `local m = machine { ram = "128MiB", thp = "never" }` + "\n"

// load loads a scenario from text.
func load(t testing.TB, text string, opt LoadOptions) (*Scenario, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Load(path, opt)
}

// mustLoad is load for a scenario that has nothing wrong.
func mustLoad(t testing.TB, text string) *Scenario {
	t.Helper()
	sc, err := load(t, text, LoadOptions{})
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return sc
}

// memo is a recorder that keeps everything as lines.
type memo struct {
	lines   []string
	columns []string
	rows    [][]float64
	times   []int64
}

func (m *memo) add(format string, args ...any) {
	m.lines = append(m.lines, fmt.Sprintf(format, args...))
}

func (m *memo) Observation(t int64, process, name string, value any) {
	m.add("obs %s %s=%v", process, name, value)
}

func (m *memo) Exit(e results.Exit) { m.add("exit %s %d %s %v", e.Process, e.Code, e.Signal, e.OOM) }

func (m *memo) Log(t int64, process, text string)        { m.add("log %s: %s", process, text) }
func (m *memo) Dmesg(t int64, line string)               { m.add("dmesg %s", line) }
func (m *memo) Event(t int64, name, process, d string)   { m.add("event %s %s", name, process) }
func (m *memo) SampleColumns(names []string)             { m.columns = append([]string(nil), names...) }
func (m *memo) Snapshot(w string, f []results.NamedText) { m.add("snapshot %s", w) }
func (m *memo) Proc(t int64, f []results.NamedText)      { m.add("proc %d %v", t, f) }

func (m *memo) Sample(t int64, values []float64) {
	m.times = append(m.times, t)
	m.rows = append(m.rows, append([]float64(nil), values...))
}

// of gives the lines that begin with kind and a blank, without them.
func (m *memo) of(kind string) []string {
	var out []string
	for _, l := range m.lines {
		if rest, ok := strings.CutPrefix(l, kind+" "); ok {
			out = append(out, rest)
		}
	}
	return out
}

// run runs a scenario from text to its end.
func run1(t testing.TB, text string) (*memo, *Summary, error) {
	t.Helper()
	rec := &memo{}
	sum, err := mustLoad(t, text).Run(context.Background(), RunOptions{Recorder: rec})
	return rec, sum, err
}

// body runs the body of one process p on a small machine and gives what it recorded.
func body(t testing.TB, lua string) (*memo, error) {
	t.Helper()
	rec, _, err := run1(t, machineDecl+"process('a', function(p)\n"+lua+"\nend)")
	return rec, err
}

// wantError fails unless err is an *Error whose text has all the parts.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want an *Error with %q", err, err, parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Fatalf("got %q, want %q in it", err, p)
		}
	}
}

// want fails unless the lists are equal.
func want(t testing.TB, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

type luaState = lua.LState
