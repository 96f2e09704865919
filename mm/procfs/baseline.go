package procfs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Baseline is what each declared process of a recorded machine had beside the scenario's own memory when the record was taken: the interpreter
// that ran the scenario, in kB as /proc/PID/status has it. The record's sums contain it. All zero: nothing.
type Baseline struct {
	VmSize, VmData, VmStk, VmExe, RssAnon, RssFile, RssShmem, VmLck uint64
}

// readBaseline reads the field oracle.process_baseline of the machine.json that a recorded case has beside the folder of its snapshot. The file is
// optional: a snapshot of a machine that runs no scenario has none.
func readBaseline(dir string) (Baseline, error) {
	name := filepath.Join(filepath.Dir(filepath.Clean(dir)), "machine.json")
	data, err := readLimited(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Baseline{}, nil
	}
	if err != nil {
		return Baseline{}, err
	}
	var m struct {
		Oracle struct {
			Lines []string `json:"process_baseline"`
		} `json:"oracle"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return Baseline{}, fmt.Errorf("%s: %w", name, err)
	}
	var b Baseline
	if len(m.Oracle.Lines) == 0 {
		return b, nil
	}
	for _, field := range strings.Fields(m.Oracle.Lines[0]) {
		label, value, ok := strings.Cut(field, ":")
		to := map[string]*uint64{
			"VmSize": &b.VmSize, "VmData": &b.VmData, "VmStk": &b.VmStk, "VmExe": &b.VmExe, "RssAnon": &b.RssAnon, "RssFile": &b.RssFile, "RssShmem": &b.RssShmem,
			"VmLck": &b.VmLck,
		}[label]
		if !ok || to == nil {
			continue
		}
		if *to, err = strconv.ParseUint(value, 10, 31); err != nil {
			return Baseline{}, fmt.Errorf("%s: process_baseline: %q is not a number of kB", name, field)
		}
	}
	return b, nil
}
