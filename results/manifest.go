package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Format is the version of the directory's layout that this package writes, and the newest that it reads.
const Format = 1

// ManifestName is the name of the manifest in a run directory.
const ManifestName = "manifest.json"

// Outcome is how a run ended.
type Outcome string

// Outcomes of a run.
const (
	Running      Outcome = "running"       // not ended, or killed before it could say how
	OK           Outcome = "ok"            // ended, and every expectation held
	ExpectFailed Outcome = "expect_failed" // ended, and an expectation did not hold
	Failed       Outcome = "error"         // ended by an error; Manifest.Error has it
	Interrupted  Outcome = "interrupted"   // ended from outside (a signal); the data is valid up to there
)

var outcomes = []Outcome{Running, OK, ExpectFailed, Failed, Interrupted}

// Param is one parameter of the scenario with the value of this run.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Module is a script that the scenario has loaded from its folder.
type Module struct {
	Path   string `json:"path"`   // from the scenario's folder
	SHA256 string `json:"sha256"` // of the file's bytes, in hex
}

// Expectation is the verdict on one expect of the scenario.
type Expectation struct {
	What string `json:"what"`
	Held bool   `json:"held"`
	Why  string `json:"why,omitempty"` // why it did not hold
}

// Manifest says what was run and how it ended. The order of its fields is the order in the file.
type Manifest struct {
	Format         int               `json:"format"`
	Scenario       string            `json:"scenario"`        // path as given
	ScenarioSHA256 string            `json:"scenario_sha256"` // of the file's bytes, in hex
	Modules        []Module          `json:"modules,omitempty"`
	Parameters     []Param           `json:"parameters"`
	Seed           uint64            `json:"seed"`
	SeedGiven      bool              `json:"seed_given,omitempty"` // on the command line, instead of the scenario's
	MaxSteps       int64             `json:"max_steps,omitempty"`  // of Lua; 0: the default
	Cost           string            `json:"cost"`                 // preset of costs
	Boot           string            `json:"boot,omitempty"`       // directory of the recorded boot state, as given
	BootSHA256     string            `json:"boot_sha256,omitempty"`
	Version        string            `json:"version"` // of mmsim
	Started        time.Time         `json:"started"` // wall clock, UTC
	WallSeconds    float64           `json:"wall_seconds"`
	VirtualSeconds float64           `json:"virtual_seconds"`
	Outcome        Outcome           `json:"outcome"`
	Error          string            `json:"error,omitempty"`
	Machine        json.RawMessage   `json:"machine,omitempty"` // what the scenario declared
	Processes      []string          `json:"processes,omitempty"`
	SampleEvery    float64           `json:"sample_every,omitempty"` // seconds
	ProcEvery      float64           `json:"proc_every,omitempty"`   // seconds
	ProcAt         []float64         `json:"proc_at,omitempty"`      // seconds
	Expectations   []Expectation     `json:"expectations"`
	Plots          []json.RawMessage `json:"plots"` // specs of package plots
}

// encode gives the manifest's text. Arrays are never null.
func (m Manifest) encode() ([]byte, error) {
	if m.Parameters == nil {
		m.Parameters = []Param{}
	}
	if m.Expectations == nil {
		m.Expectations = []Expectation{}
	}
	if m.Plots == nil {
		m.Plots = []json.RawMessage{}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// store replaces the manifest of dir in one rename, so that a reader sees the old text or the new one, whatever
// kills the program. It does not wait for the disk: that takes longer than many a run.
func (m Manifest) store(dir string) error {
	text, err := m.encode()
	if err != nil {
		return fmt.Errorf("%s: %w", ManifestName, err)
	}
	tmp, err := os.CreateTemp(dir, "."+ManifestName+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, ManifestName))
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// ReadManifest reads the manifest of the run directory dir. The error wraps fs.ErrNotExist if there is none.
func ReadManifest(dir string) (Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		return Manifest{}, err
	}
	m, err := decodeManifest(text)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func decodeManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
			return m, fmt.Errorf("line %d: %w", line, err)
		}
		return m, err
	}
	switch {
	case m.Format < 1:
		return m, errors.New(`not the manifest of a run: no "format"`)
	case m.Format > Format:
		return m, fmt.Errorf("format %d is newer than this mmsim reads (%d)", m.Format, Format)
	}
	for _, o := range outcomes {
		if m.Outcome == o {
			return m, nil
		}
	}
	return m, fmt.Errorf("unknown outcome %q", m.Outcome)
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
