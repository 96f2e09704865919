package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"mmsim/results"
	"mmsim/scripting"
)

// summary is what a run has come to, read back from what it left. Its JSON is the contract of --json.
type summary struct {
	Scenario       string                `json:"scenario"`
	Outcome        results.Outcome       `json:"outcome"`
	Error          string                `json:"error,omitempty"`
	Directory      string                `json:"directory"`
	Charts         []string              `json:"charts"`
	Seed           uint64                `json:"seed"`
	Cost           string                `json:"cost"`
	Parameters     []results.Param       `json:"parameters"`
	VirtualSeconds float64               `json:"virtual_seconds"`
	WallSeconds    float64               `json:"wall_seconds"`
	Processes      tally                 `json:"processes"`
	Expectations   []results.Expectation `json:"expectations"`
	Observations   []observation         `json:"observations"`
	Vmstat         []change              `json:"vmstat"`           // what of /proc/vmstat changed, in its order
	Traces         []scripting.Counter   `json:"traces"`           // how often the machine reported what
	Memory         *scripting.Memory     `json:"memory,omitempty"` // at the end
}

// tally counts how processes ended.
type tally struct {
	Exited    int      `json:"exited"`     // with code 0
	Failed    int      `json:"failed"`     // with another code
	Killed    int      `json:"killed"`     // by a signal, OOM kills aside
	OOMKilled int      `json:"oom_killed"` // for want of memory
	Victims   []string `json:"victims"`    // names of those, in order
}

type observation struct {
	Time    float64 `json:"time_s"`
	Process string  `json:"process"`
	Name    string  `json:"name"`
	Value   string  `json:"value"`
}

// change is by how much a counter changed from before/ to after/.
type change struct {
	Name   string `json:"name"`
	Change int64  `json:"change"`
}

// summarize reads a run directory. sum adds what is not in it, and is nil for a run that could not begin.
func summarize(dir string, charts []string, sum *scripting.Summary) (*summary, error) {
	run, err := results.Open(dir)
	if err != nil {
		return nil, err
	}
	m := run.Manifest()
	s := &summary{
		Scenario: m.Scenario, Outcome: m.Outcome, Error: m.Error, Directory: dir, Charts: append([]string{}, charts...), Seed: m.Seed,
		Cost: m.Cost, Parameters: m.Parameters, VirtualSeconds: m.VirtualSeconds, WallSeconds: m.WallSeconds,
		Expectations: m.Expectations, Observations: []observation{}, Processes: tally{Victims: []string{}},
	}
	s.Traces = []scripting.Counter{}
	if sum != nil {
		s.Traces, s.Memory = append(s.Traces, sum.Traces...), &sum.Memory
	}
	exits, err := run.Exits()
	if err != nil {
		return nil, err
	}
	for _, e := range exits {
		s.Processes.add(e)
	}
	obs, err := run.Observations()
	if err != nil {
		return nil, err
	}
	for _, o := range obs {
		s.Observations = append(s.Observations, observation(o))
	}
	s.Vmstat, err = vmstatChanges(run)
	return s, err
}

func (t *tally) add(e results.Exit) {
	switch {
	case e.OOM:
		t.OOMKilled++
		t.Victims = append(t.Victims, e.Process)
	case e.Signal != "":
		t.Killed++
	case e.Code != 0:
		t.Failed++
	default:
		t.Exited++
	}
}

// vmstatChanges compares the two snapshots of /proc/vmstat. A run that was cut short may lack them.
func vmstatChanges(run *results.Run) ([]change, error) {
	out := []change{}
	var text [2]string
	for i, when := range []string{"before", "after"} {
		var err error
		if text[i], err = run.Snapshot(when, "vmstat"); errors.Is(err, fs.ErrNotExist) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
	}
	before := map[string]int64{}
	counters(text[0], func(name string, v int64) { before[name] = v })
	counters(text[1], func(name string, v int64) {
		if d := v - before[name]; d != 0 {
			out = append(out, change{name, d})
		}
	})
	return out, nil
}

// counters walks through text of the form "name value", one a line.
func counters(text string, each func(string, int64)) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if v, err := strconv.ParseInt(value, 10, 64); err == nil {
			each(name, v)
		}
	}
}

func (s *summary) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}
