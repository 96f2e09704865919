package results

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestForce(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, true, Manifest{Plots: []json.RawMessage{[]byte(`{"file":"memory"}`), []byte(`{"file":"../up"}`), []byte(`7`)}})
	if err != nil {
		t.Fatal(err)
	}
	w.SampleColumns([]string{"a"})
	w.Snapshot("before", []NamedText{{"meminfo", ""}})
	if err := w.Finish(End{Outcome: OK}); err != nil {
		t.Fatal(err)
	}
	up := filepath.Join(filepath.Dir(dir), "up.png")
	for _, path := range []string{filepath.Join(dir, "memory.png"), filepath.Join(dir, "notes.md"), filepath.Join(dir, "before", "mine", "x"), up} {
		put(t, path, "x")
	}

	var exists *ExistsError
	if _, err := Create(dir, false, Manifest{}); !errors.As(err, &exists) || !exists.Run {
		t.Fatalf("Create over a run: %v", err)
	}
	w, err = Create(dir, true, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Finish(End{Outcome: OK}); err != nil {
			t.Error(err)
		}
	}()
	for path, want := range map[string]bool{
		"memory.png": false, "samples.csv": false, "before/meminfo": false, "notes.md": true, "before/mine/x": true, "../up.png": true,
	} {
		_, err := os.Stat(filepath.Join(dir, path))
		if (err == nil) != want {
			t.Errorf("%s there: %v, want %v", path, err == nil, want)
		}
	}
}

func TestNotOurs(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "thesis.tex"), "x")
	file := filepath.Join(dir, "thesis.tex")
	for _, force := range []bool{false, true} {
		var exists *ExistsError
		if _, err := Create(dir, force, Manifest{}); !errors.As(err, &exists) || exists.Run {
			t.Errorf("force %v: %v", force, err)
		}
		if _, err := Create(file, force, Manifest{}); err == nil || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("a file: %v", err)
		}
		if _, err := Create(filepath.Join(file, "x"), force, Manifest{}); err == nil {
			t.Error("below a file: no error")
		}
	}
	// A manifest that is not ours does not make a directory ours.
	put(t, filepath.Join(dir, ManifestName), `{"name":"an npm package"}`)
	if _, err := Create(dir, true, Manifest{}); err == nil {
		t.Error("a foreign manifest: no error")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("files were touched: %v", entries)
	}
}

func TestSymlinkIsNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	w, err := Create(dir, false, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(End{Outcome: OK}); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(outside, "precious"), "x")
	if err := os.Symlink(outside, filepath.Join(dir, "before")); err != nil {
		t.Skip(err)
	}
	if _, err := Create(dir, true, Manifest{}); err == nil {
		t.Error("no error")
	}
	if read(t, outside, "precious") != "x" {
		t.Error("a file outside was removed")
	}
}

func TestDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	dir := t.TempDir()
	w, err := Create(dir, false, Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.obs.f.Close()
	w.obs.f = full
	w.mu.Unlock()
	w.Observation(0, "p", "n", 1)
	err = w.Finish(End{Outcome: OK})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Finish: %v", err)
	}
	if m, err := ReadManifest(dir); err != nil || m.Outcome != Failed || !strings.Contains(m.Error, "no space left") {
		t.Errorf("manifest: %+v %v", m, err)
	}
}
