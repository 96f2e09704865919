package results

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Run is a run directory opened for reading. Files are read when they are asked for.
type Run struct {
	dir      string
	manifest Manifest
	samples  *Table
}

// ErrNoSamples is what Samples returns for a run that sampled nothing.
var ErrNoSamples = errors.New("the run has no samples: the scenario declares no sample{}")

// Open opens the run directory dir, which must hold a manifest. A run that has not ended may be opened.
func Open(dir string) (*Run, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", dir)
	}
	m, err := ReadManifest(dir)
	if missing(err) {
		return nil, fmt.Errorf("%s is not a run directory: it has no %s", dir, ManifestName)
	}
	if err != nil {
		return nil, err
	}
	return &Run{dir: dir, manifest: m}, nil
}

// OpenRecorded opens a directory in the same layout but without a manifest, as recordings of the real
// machine are. Its Manifest is zero.
func OpenRecorded(dir string) (*Run, error) {
	if _, err := os.Stat(filepath.Join(dir, "exits.csv")); err != nil {
		return nil, err
	}
	return &Run{dir: dir}, nil
}

// Dir is the directory.
func (r *Run) Dir() string { return r.dir }

// Manifest is what the directory says of itself.
func (r *Run) Manifest() Manifest { return r.manifest }

// Table is samples.csv by columns.
type Table struct {
	Time    []float64   // seconds, never falling
	Names   []string    // of Columns
	Columns [][]float64 // each as long as Time; NaN where a sample has no value
}

// Column returns the values of a sampled name.
func (t *Table) Column(name string) ([]float64, bool) {
	if i := slices.Index(t.Names, name); i >= 0 {
		return t.Columns[i], true
	}
	return nil, false
}

// Observation is one row of observations.csv. Value is as it was written.
type Observation struct {
	Time                 float64 // seconds
	Process, Name, Value string
}

// Number is the value as a number; false if it is none.
func (o Observation) Number() (float64, bool) {
	v, err := strconv.ParseFloat(o.Value, 64)
	return v, err == nil
}

// Event is one row of events.csv.
type Event struct {
	Time                  float64 // seconds
	Name, Process, Detail string
}

// Samples reads samples.csv; ErrNoSamples if there is none. The table is shared: do not change it.
func (r *Run) Samples() (*Table, error) {
	if r.samples != nil {
		return r.samples, nil
	}
	path := filepath.Join(r.dir, "samples.csv")
	text, err := os.ReadFile(path)
	if missing(err) {
		return nil, ErrNoSamples
	}
	if err != nil {
		return nil, err
	}
	r.samples, err = parseSamples(path, text)
	return r.samples, err
}

func parseSamples(name string, text []byte) (*Table, error) {
	in := newRowReader(name, text)
	head, ok, err := in.read()
	if err != nil {
		return nil, err
	}
	if !ok || head[0] != "time_s" {
		return nil, in.errorf("the first column must be time_s")
	}
	t := &Table{Names: slices.Clone(head[1:]), Columns: make([][]float64, len(head)-1)}
	seen := make(map[string]bool, len(t.Names))
	for _, name := range t.Names {
		if name == "" || seen[name] {
			return nil, in.errorf("the column %q is empty or named twice", name)
		}
		seen[name] = true
	}
	for {
		row, ok, err := in.read()
		if err != nil || !ok {
			return t, err
		}
		if len(row) != len(t.Names)+1 {
			return t, in.errorf("%d cells in a table of %d columns", len(row), len(t.Names)+1)
		}
		at, err := seconds(in, row[0])
		if err != nil {
			return t, err
		}
		if n := len(t.Time); n > 0 && at < t.Time[n-1] {
			return t, in.errorf("time goes back from %g to %g", t.Time[n-1], at)
		}
		t.Time = append(t.Time, at)
		for i, cell := range row[1:] {
			v := math.NaN()
			if cell != "" {
				if v, err = number(cell); err != nil {
					return t, in.errorf("column %q: %q is not a number", t.Names[i], clip(cell))
				}
			}
			t.Columns[i] = append(t.Columns[i], v)
		}
	}
}

// Observations reads observations.csv.
func (r *Run) Observations() ([]Observation, error) {
	var all []Observation
	err := r.rows("observations.csv", observationsHeader, func(in *rowReader, row []string) error {
		at, err := seconds(in, row[0])
		all = append(all, Observation{at, row[1], row[2], row[3]})
		return err
	})
	return all, err
}

// Events reads events.csv; none if there is no such file, as in a recording of the real machine.
func (r *Run) Events() ([]Event, error) {
	var all []Event
	err := r.rows("events.csv", eventsHeader, func(in *rowReader, row []string) error {
		at, err := seconds(in, row[0])
		all = append(all, Event{at, row[1], row[2], row[3]})
		return err
	})
	if missing(err) {
		return nil, nil
	}
	return all, err
}

// Exits reads exits.csv.
func (r *Run) Exits() ([]Exit, error) {
	var all []Exit
	err := r.rows("exits.csv", exitsHeader, func(in *rowReader, row []string) error {
		at, err := seconds(in, row[0])
		if err != nil {
			return err
		}
		e := Exit{Time: int64(math.Round(at * 1e9)), Process: row[2], Signal: row[4], OOM: row[5] == "true"}
		if e.PID, err = strconv.Atoi(row[1]); err != nil {
			return in.errorf("%q is not a pid", clip(row[1]))
		}
		if row[3] != "" {
			if e.Code, err = strconv.Atoi(row[3]); err != nil {
				return in.errorf("%q is not an exit code", clip(row[3]))
			}
		}
		if row[5] != "true" && row[5] != "false" {
			return in.errorf("%q is not true or false", clip(row[5]))
		}
		all = append(all, e)
		return nil
	})
	return all, err
}

// rows reads a CSV file whose header is known.
func (r *Run) rows(file, header string, each func(*rowReader, []string) error) error {
	path := filepath.Join(r.dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return parseRows(newRowReader(path, text), header, each)
}

func parseRows(in *rowReader, header string, each func(*rowReader, []string) error) error {
	head, ok, err := in.read()
	if err != nil {
		return err
	}
	if !ok || strings.Join(head, ",") != header {
		return in.errorf("the first line must be %q", header)
	}
	width := strings.Count(header, ",") + 1
	for {
		row, ok, err := in.read()
		if err != nil || !ok {
			return err
		}
		if len(row) != width {
			return in.errorf("%d cells in a table of %d columns", len(row), width)
		}
		if err := each(in, row); err != nil {
			return err
		}
	}
}

// maxSeconds bounds a time that is read to what virtual time can reach (nanoseconds in 63 bits).
const maxSeconds = math.MaxInt64 / 1e9

func seconds(in *rowReader, cell string) (float64, error) {
	v, err := number(cell)
	if err != nil || math.Abs(v) > maxSeconds {
		return 0, in.errorf("%q is not a time in seconds", clip(cell))
	}
	return v, nil
}

// number takes decimal numbers only: ParseFloat alone would also take "infinity" and "0x1p-2".
func number(cell string) (float64, error) {
	if strings.Trim(cell, "0123456789+-.eE") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(cell, 64)
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Snapshot is the text of one file of before/ or after/. The error wraps fs.ErrNotExist if there is none.
func (r *Run) Snapshot(when, name string) (string, error) {
	if when != beforeDir && when != afterDir {
		return "", fmt.Errorf("a run has no file %q", filepath.Join(when, name))
	}
	return r.ProcText(when, name)
}
