package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	beforeDir = "before"
	afterDir  = "after"
	procDir   = "proc"
	indexName = "index.csv" // in procDir
)

// runFiles are the files at the top of a run directory, charts aside.
var runFiles = []string{
	"observations.csv", "samples.csv", "exits.csv", "events.csv", "log.txt", "dmesg.txt", ManifestName,
}

// ExistsError is a run directory that Create will not write into.
type ExistsError struct {
	Dir string
	Run bool // it holds a run of ours, which force would replace
}

func (e *ExistsError) Error() string {
	if e.Run {
		return fmt.Sprintf("%s already holds a run", e.Dir)
	}
	return fmt.Sprintf("%s is not empty and does not hold a run of mmsim, so it is left alone", e.Dir)
}

// prepare makes dir an empty directory, or one with nothing of a run in it.
func prepare(dir string, force bool) error {
	if dir == "" {
		return errors.New("the run directory has no name")
	}
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("cannot make the run directory %s: it exists and is not a directory", dir)
	case missing(err):
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot make the run directory %s: %w", dir, err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("cannot make the run directory %s: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot look into the run directory %s: %w", dir, err)
	}
	if len(entries) == 0 {
		return nil
	}
	m, err := ReadManifest(dir)
	if err != nil {
		return &ExistsError{Dir: dir}
	}
	if !force {
		return &ExistsError{Dir: dir, Run: true}
	}
	if err := clear(dir, m); err != nil {
		return fmt.Errorf("cannot replace the run in %s: %w", dir, err)
	}
	return nil
}

// clear removes what a run leaves and nothing else: a user's notes beside the results stay. The manifest
// goes last, so that a directory half cleared is still known as ours.
func clear(dir string, m Manifest) error {
	for _, sub := range []string{beforeDir, afterDir} {
		if err := clearSnapshot(filepath.Join(dir, sub)); err != nil {
			return err
		}
	}
	if err := clearProc(filepath.Join(dir, procDir)); err != nil {
		return err
	}
	for _, name := range append(chartFiles(m), runFiles...) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

// listOwn lists a directory that is one itself, and no link to one.
func listOwn(dir string) ([]os.DirEntry, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", dir)
	}
	return os.ReadDir(dir)
}

// clearProc removes what a run has recorded of /proc: directories whose name is a time, and the index.
func clearProc(dir string) error {
	entries, err := listOwn(dir)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	kept := false
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		_, timed := parseTime(e.Name())
		switch {
		case timed && e.IsDir():
			err = clearSnapshot(path)
		case e.Name() == indexName && e.Type().IsRegular():
			err = os.Remove(path)
		default:
			kept = true
		}
		if err != nil {
			return err
		}
	}
	if left, err := os.ReadDir(dir); kept || err != nil || len(left) > 0 {
		return err
	}
	return os.Remove(dir)
}

// clearSnapshot empties a snapshot's directory and removes it, if nothing but files was in it.
func clearSnapshot(dir string) error {
	entries, err := listOwn(dir)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	kept := false
	for _, e := range entries {
		if !e.Type().IsRegular() {
			kept = true
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if kept {
		return nil
	}
	return os.Remove(dir)
}

// chartFiles are the names that the charts of a manifest can have. All formats are tried, since a chart may
// have been drawn again in another.
func chartFiles(m Manifest) []string {
	var names []string
	for _, raw := range m.Plots {
		var spec struct {
			File string `json:"file"`
		}
		if json.Unmarshal(raw, &spec) != nil || !plainName(spec.File) {
			continue
		}
		base := strings.TrimSuffix(spec.File, filepath.Ext(spec.File))
		for _, stem := range []string{spec.File, base} {
			for _, ext := range ChartFormats {
				names = append(names, stem+"."+ext)
			}
		}
	}
	return names
}

// ChartFormats are the formats of charts, which are also the extensions of their files.
var ChartFormats = []string{"png", "svg", "pdf"}

// plainName reports whether name is a file of the directory itself, and not hidden.
func plainName(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, "/\\\x00") && len(name) < 200
}
