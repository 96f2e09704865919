package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"mmsim/engine"
	"mmsim/internal/suggest"
	"mmsim/scripting"
)

// cli is the grammar of the command line.
type cli struct {
	Run      runCmd      `cmd:"" help:"Run a scenario; leave its results and charts in a directory. Example: mmsim run scenarios/hello.lua"`
	Plot     plotCmd     `cmd:"" help:"Draw the charts of a run again, without running. Example: mmsim plot runs/hello-1 --format pdf"`
	Proc     procCmd     `cmd:"" help:"Show /proc of a run at a time, or run a tool over it. Examples: mmsim proc runs/hello-1 meminfo; mmsim proc runs/hello-1 --at 20ms -- free -h"`
	Check    checkCmd    `cmd:"" help:"Parse a scenario and make its declarations, without running. Example: mmsim check scenarios/hello.lua"`
	Snapshot snapshotCmd `cmd:"" help:"Record /proc of this machine, to start a run from. Example: mmsim snapshot -o boot"`
	Version  versionCmd  `cmd:"" help:"Print the version. Example: mmsim version"`
	OverProc overProcCmd `cmd:"" hidden:""`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// scenarioFlags are what run and check have in common.
type scenarioFlags struct {
	File      string    `arg:"" help:"The scenario, a Lua file."`
	Set       []setting `sep:"none" placeholder:"NAME=VALUE" help:"Set a parameter of the scenario. Repeatable."`
	Seed      *uint64   `placeholder:"N" help:"Seed of all random numbers, instead of the scenario's."`
	MaxSteps  int64     `placeholder:"N" help:"Lua steps after which a script that never ends is stopped (default: ${steps})."`
	MaxMemory size      `placeholder:"SIZE" help:"Memory of the host that scripts may use, such as 2GiB (default: three quarters of what there is)."`
	Boot      string    `placeholder:"DIR" help:"Start the machine from recorded files of /proc (see mmsim snapshot) instead of an estimate."`
}

// setting is one NAME=VALUE.
type setting struct{ name, value string }

// UnmarshalText splits at the first "=".
func (s *setting) UnmarshalText(text []byte) error {
	name, value, found := strings.Cut(string(text), "=")
	if name = strings.TrimSpace(name); !found || name == "" {
		return fmt.Errorf("want NAME=VALUE, not %q", text)
	}
	s.name, s.value = name, value
	return nil
}

// moment is a time, written as in a scenario: a number of seconds, or one with a unit.
type moment engine.Time

// UnmarshalText takes what a scenario takes, in whole nanoseconds.
func (m *moment) UnmarshalText(text []byte) error {
	t, err := scripting.ParseTime(string(text))
	if err == nil && t < 0 {
		err = fmt.Errorf("%q: must not be below zero", text)
	}
	*m = moment(t)
	return err
}

// size is a number of bytes, written as in a scenario.
type size int64

// UnmarshalText takes what a scenario takes.
func (s *size) UnmarshalText(text []byte) error {
	n, err := scripting.ParseSize(string(text))
	if err == nil && n <= 0 {
		err = fmt.Errorf("%q: must be above zero", text)
	}
	*s = size(n)
	return err
}

// load reads the scenario and lets it declare. Every error is of the user's making.
func (f *scenarioFlags) load() (*scripting.Scenario, error) {
	if f.MaxSteps < 0 {
		return nil, badUse(fmt.Errorf("--max-steps: must not be below zero, but is %d", f.MaxSteps))
	}
	set := make(map[string]string, len(f.Set))
	for _, s := range f.Set {
		if old, twice := set[s.name]; twice && old != s.value {
			return nil, badUse(fmt.Errorf("--set: %s is given twice, as %q and as %q", s.name, old, s.value))
		}
		set[s.name] = s.value
	}
	if err := readable(f.File); err != nil {
		return nil, badUse(err)
	}
	boot, err := readBoot(f.Boot)
	if err != nil {
		return nil, badUse(err)
	}
	sc, err := scripting.Load(f.File, scripting.LoadOptions{
		Set: set, Seed: f.Seed, MaxSteps: f.MaxSteps, MaxMemory: int64(f.MaxMemory), Boot: boot,
	})
	if err != nil {
		return nil, badUse(err)
	}
	return sc, nil
}

// readable says early, and with the nearest name, what is wrong with a file.
func readable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		others, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.lua"))
		if near := suggest.Nearest(path, others); near != "" {
			return fmt.Errorf("there is no file %s; did you mean %s?", path, near)
		}
		return fmt.Errorf("there is no file %s", path)
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory, not a scenario", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	}
	return nil
}
