package results

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// ProcTime is a time at which a run directory has all of /proc.
type ProcTime struct {
	Time int64  // virtual nanoseconds
	Dir  string // below the run directory: before, proc/TIME or after
}

// End is the virtual time that the run reached, in nanoseconds, to the microsecond; false if the directory does not say because the
// run has not ended, or was killed.
func (r *Run) End() (int64, bool) {
	v := math.Round(r.manifest.VirtualSeconds * 1e6)
	if r.manifest.Outcome == Running || !(v >= 0 && v <= math.MaxInt64/1000) {
		return 0, false
	}
	return int64(v) * 1000, true
}

// ProcTimes lists the times of which the directory has /proc, rising: the start, those of proc/index.csv, the end.
func (r *Run) ProcTimes() ([]ProcTime, error) {
	var all []ProcTime
	if r.hasDir(beforeDir) {
		all = append(all, ProcTime{0, beforeDir})
	}
	last := int64(-1)
	err := r.rows(filepath.Join(procDir, indexName), indexHeader, func(in *rowReader, row []string) error {
		t, ok := parseTime(row[0])
		if !ok {
			return in.errorf("%q is not a time in seconds with six decimals", clip(row[0]))
		}
		if row[1] != row[0] {
			return in.errorf("%q is not the directory of time %s", clip(row[1]), row[0])
		}
		if t <= last {
			return in.errorf("time goes back to %s", row[0])
		}
		last = t
		all = append(all, ProcTime{t, filepath.Join(procDir, row[1])})
		return nil
	})
	if err != nil && !missing(err) {
		return nil, err
	}
	if end, ok := r.End(); ok && r.hasDir(afterDir) {
		all = append(all, ProcTime{end, afterDir})
	}
	return all, nil
}

func (r *Run) hasDir(name string) bool {
	info, err := os.Lstat(filepath.Join(r.dir, name))
	return err == nil && info.IsDir()
}

// ProcNames lists the files of a time, sorted by name.
func (r *Run) ProcNames(dir string) ([]string, error) {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.dir, err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && plainName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// maxProcFile bounds a file of /proc that is read, in bytes.
const maxProcFile = 64 << 20

// ProcText is the text of a file of a time. The error wraps fs.ErrNotExist if there is none. Nothing outside the run directory is
// read, whatever links are in it.
func (r *Run) ProcText(dir, name string) (string, error) {
	path := filepath.Join(r.dir, dir, name)
	if !plainName(name) {
		return "", fmt.Errorf("a run has no file %q", filepath.Join(dir, name))
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	info, err := root.Stat(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.dir, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	f, err := root.Open(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.dir, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxProcFile+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxProcFile {
		return "", fmt.Errorf("%s has more than %d MB: it is no file of /proc", path, maxProcFile>>20)
	}
	return string(text), nil
}
