package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FlushEvery is how far, in wall time, the files may be behind the run.
const FlushEvery = 250 * time.Millisecond

// Writer writes a run directory while the run goes on. Its methods may be called from any goroutine.
//
// A failed write (a full disk, say) is kept and no more is written: Err and Finish return it, so that the
// caller of every single row need not look.
type Writer struct {
	dir   string
	start time.Time

	mu       sync.Mutex
	manifest Manifest
	files    []*rowFile // in the order they were made
	obs      *rowFile
	samples  *rowFile
	exits    *rowFile
	events   *rowFile
	log      *rowFile
	dmesg    *rowFile
	procs    *rowFile
	recorded int // times of /proc
	columns  int
	err      error
	done     bool

	quit    chan struct{}
	stopped chan struct{}
}

// NamedText is one file of a snapshot.
type NamedText struct{ Name, Text string }

// Headers of the CSV files.
const (
	observationsHeader = "time_s,process,name,value"
	exitsHeader        = "time_s,pid,process,code,signal,oom"
	eventsHeader       = "time_s,name,process,detail"
	indexHeader        = "time_s,directory"
)

// Create makes the run directory dir, with a manifest that says "running", and opens its files. m.Format,
// Started and Outcome are filled in. A directory that exists and is not empty is an error (an *ExistsError)
// unless force is set; then what a run leaves is removed from it, provided that it is a run directory.
func Create(dir string, force bool, m Manifest) (*Writer, error) {
	if err := prepare(dir, force); err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, start: time.Now(), quit: make(chan struct{}), stopped: make(chan struct{})}
	m.Format, m.Outcome, m.Started = Format, Running, w.start.UTC().Truncate(time.Millisecond)
	w.manifest = m
	if err := m.store(dir); err != nil {
		return nil, fmt.Errorf("cannot write the run directory %s: %w", dir, err)
	}
	w.obs = w.open("observations.csv", observationsHeader)
	w.exits = w.open("exits.csv", exitsHeader)
	w.events = w.open("events.csv", eventsHeader)
	w.log = w.open("log.txt", "")
	w.dmesg = w.open("dmesg.txt", "")
	if w.err != nil {
		w.closeFiles()
		return nil, w.err
	}
	go w.flusher()
	return w, nil
}

// Dir is the run directory.
func (w *Writer) Dir() string { return w.dir }

// Err is the first error of writing, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Observation adds a row to observations.csv. Value is a string, bool, nil or number (int, int64, uint64, float64).
// t is virtual time in nanoseconds, here and below.
func (w *Writer) Observation(t int64, process, name string, value any) {
	w.row(w.obs, func(b []byte) ([]byte, error) {
		b = append(appendTime(b, t), ',')
		b = append(appendCell(b, process), ',')
		b = append(appendCell(b, name), ',')
		return appendValue(b, value)
	})
}

// Exit is the end of one process.
type Exit struct {
	Time    int64 // virtual nanoseconds
	PID     int
	Process string // full name
	Code    int    // if Signal is empty
	Signal  string // "SIGKILL", or empty
	OOM     bool   // killed by the kernel for want of memory
}

// Exit adds a row to exits.csv.
func (w *Writer) Exit(e Exit) {
	w.row(w.exits, func(b []byte) ([]byte, error) {
		b = append(appendTime(b, e.Time), ',')
		b = append(fmt.Appendf(b, "%d", e.PID), ',')
		b = append(appendCell(b, e.Process), ',')
		if e.Signal == "" {
			b = fmt.Appendf(b, "%d", e.Code)
		}
		b = append(appendCell(append(b, ','), e.Signal), ',')
		return fmt.Appendf(b, "%t", e.OOM), nil
	})
}

// Event adds a row to events.csv: a tracepoint under the kernel's name.
func (w *Writer) Event(t int64, name, process, detail string) {
	w.row(w.events, func(b []byte) ([]byte, error) {
		b = append(appendTime(b, t), ',')
		b = append(appendCell(b, name), ',')
		b = append(appendCell(b, process), ',')
		return appendCell(b, detail), nil
	})
}

// Log adds a line to log.txt.
func (w *Writer) Log(t int64, process, text string) {
	w.row(w.log, func(b []byte) ([]byte, error) {
		b = append(appendTime(b, t), ' ')
		b = append(append(b, process...), ": "...)
		return append(b, text...), nil
	})
}

// Dmesg adds a line to dmesg.txt.
func (w *Writer) Dmesg(t int64, line string) {
	w.row(w.dmesg, func(b []byte) ([]byte, error) {
		stamp := appendTime(nil, t)
		return fmt.Appendf(b, "[%12s] %s", stamp, line), nil
	})
}

// SampleColumns names the columns of samples.csv, once, before the first Sample.
func (w *Writer) SampleColumns(names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done || w.err != nil {
		return
	}
	if w.samples != nil {
		w.fail(errors.New("samples.csv: the columns are named twice"))
		return
	}
	head := []byte("time_s")
	for _, name := range names {
		head = appendCell(append(head, ','), name)
	}
	w.columns = len(names)
	w.samples = w.open("samples.csv", string(head))
}

// Sample adds a row to samples.csv, in the order of SampleColumns. A value that is not finite is one that
// there is not (of a process that has gone): an empty cell.
func (w *Writer) Sample(t int64, values []float64) {
	w.row(w.samples, func(b []byte) ([]byte, error) {
		if w.samples == nil || len(values) != w.columns {
			return b, fmt.Errorf("samples.csv: %d values in a row of %d columns", len(values), w.columns)
		}
		b = appendTime(b, t)
		for _, v := range values {
			b = append(b, ',')
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				b = appendNumber(b, v)
			}
		}
		return b, nil
	})
}

// Snapshot writes files of /proc into before/ or after/ (when). Names are plain file names.
func (w *Writer) Snapshot(when string, files []NamedText) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done || w.err != nil {
		return
	}
	if when != beforeDir && when != afterDir {
		w.fail(fmt.Errorf("a snapshot is %q or %q, not %q", beforeDir, afterDir, when))
		return
	}
	w.writeFiles(when, files)
}

// MaxProcTimes is how often a run may record all of /proc.
const MaxProcTimes = 10_000

// Proc writes all of /proc at a time into a directory of its own below proc/, and adds it to proc/index.csv. Times
// rise, and are whole microseconds.
func (w *Writer) Proc(t int64, files []NamedText) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done || w.err != nil {
		return
	}
	if w.recorded++; w.recorded > MaxProcTimes {
		w.fail(fmt.Errorf("more than %d records of /proc: record it less often", MaxProcTimes))
		return
	}
	dir := string(appendTime(nil, t))
	w.writeFiles(filepath.Join(procDir, dir), files)
	if w.procs == nil {
		w.procs = w.open(filepath.Join(procDir, indexName), indexHeader)
	}
	w.append(w.procs, dir+","+dir+"\n")
}

// writeFiles writes files into a directory of the run.
func (w *Writer) writeFiles(dir string, files []NamedText) {
	sub := filepath.Join(w.dir, dir)
	if err := os.MkdirAll(sub, 0o755); err != nil {
		w.fail(err)
		return
	}
	for _, f := range files {
		if !plainName(f.Name) {
			w.fail(fmt.Errorf("a snapshot's file cannot be named %q", f.Name))
			return
		}
		if err := os.WriteFile(filepath.Join(sub, f.Name), []byte(f.Text), 0o644); err != nil {
			w.fail(err)
			return
		}
	}
}

// SetModules puts the scripts that the scenario has loaded into the manifest.
func (w *Writer) SetModules(m []Module) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manifest.Modules = m
}

// SetMachine puts what the scenario declared (any value that encodes as JSON) into the manifest.
func (w *Writer) SetMachine(declared any) error {
	text, err := json.Marshal(declared)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manifest.Machine = text
	return nil
}

// End is how a run ended.
type End struct {
	Outcome      Outcome
	Err          error // why, if Outcome is Failed or Interrupted
	Virtual      int64 // virtual time reached, nanoseconds
	Expectations []Expectation
}

// Finish writes what is buffered and the verdicts of the expectations, closes the files and replaces the
// manifest. It returns the first error of the whole writing; the manifest is replaced even so, where it can
// be, and then says "error". Finish after Finish does nothing.
func (w *Writer) Finish(end End) error {
	w.mu.Lock()
	if w.done {
		w.mu.Unlock()
		return w.err
	}
	for _, e := range end.Expectations {
		w.append(w.log, verdict(e))
	}
	w.flush()
	w.done = true
	w.closeFiles()
	w.mu.Unlock()
	close(w.quit)
	<-w.stopped

	m := w.manifest
	m.Outcome = end.Outcome
	if end.Err != nil {
		m.Error = end.Err.Error()
	}
	if w.err != nil {
		m.Outcome, m.Error = Failed, w.err.Error()
	}
	m.VirtualSeconds = math.Round(float64(end.Virtual)/1e3) / 1e6
	m.WallSeconds = math.Round(time.Since(w.start).Seconds()*1e6) / 1e6
	m.Expectations = end.Expectations
	w.manifest = m
	if err := m.store(w.dir); err != nil && w.err == nil {
		w.err = fmt.Errorf("cannot write the run directory %s: %w", w.dir, err)
	}
	return w.err
}

// Manifest is the manifest as it stands.
func (w *Writer) Manifest() Manifest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.manifest
}

func verdict(e Expectation) string {
	s := "expect: ok: " + e.What
	if !e.Held {
		s = "expect: FAILED: " + e.What
	}
	if e.Why != "" {
		s += " (" + e.Why + ")"
	}
	return s + "\n"
}

// flusher bounds how far the files are behind.
func (w *Writer) flusher() {
	defer close(w.stopped)
	tick := time.NewTicker(FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.quit:
			return
		case <-tick.C:
			w.mu.Lock()
			w.flush()
			w.mu.Unlock()
		}
	}
}
