package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mmsim/engine"
	"mmsim/results"
	"mmsim/scripting"
)

// again simulates a run once more up to a time, of which it gives /proc. The run directory is only read.
func again(a *app, run *results.Run, at engine.Time) (procFiles, error) {
	m := run.Manifest()
	sc, err := reload(run)
	if err != nil {
		return nil, badUse(fmt.Errorf("/proc at %g s was not recorded, and the run cannot be repeated: %w", at.Seconds(), err))
	}
	if v := version(); v != m.Version {
		fmt.Fprintf(a.stderr, "mmsim: the run was made by mmsim %s, this is %s: it may go another way now\n", m.Version, v)
	}
	ctx, stop := interruptible(a.stderr)
	defer stop()
	p := newProgress(a.stderr, isTerminal(a.stderr), filepath.Base(m.Scenario), int64(at))
	var found catcher
	sum, err := runScenario(ctx, sc, scripting.RunOptions{
		Cost: m.Cost, Recorder: &found, ProcAt: []engine.Time{at}, ProcOnly: true,
		Progress: func(now scripting.Progress) { p.at(int64(now.Time)) },
	})
	p.done()
	switch {
	case found.files != nil:
		return found.files, nil
	case ctx.Err() != nil:
		return nil, &failure{exitFailed, errInterrupted}
	case err != nil:
		return nil, &failure{exitFailed, err}
	}
	return nil, badUse(fmt.Errorf("--at: the run ended at %g s, before %g s", sum.VirtualSeconds, at.Seconds()))
}

// reload loads what the run was made from, provided that it is as it was.
func reload(run *results.Run) (*scripting.Scenario, error) {
	m := run.Manifest()
	path, err := findScenario(run)
	if err != nil {
		return nil, err
	}
	for _, mod := range m.Modules {
		file := filepath.Join(filepath.Dir(path), filepath.FromSlash(mod.Path))
		if !filepath.IsLocal(filepath.FromSlash(mod.Path)) {
			return nil, fmt.Errorf("the manifest names a module outside of the scenario's folder, %q", mod.Path)
		}
		if err := unchanged(file, mod.SHA256); err != nil {
			return nil, err
		}
	}
	opt := scripting.LoadOptions{Set: map[string]string{}, MaxSteps: m.MaxSteps}
	if m.Boot != "" {
		if opt.Boot, err = readBoot(m.Boot); err != nil {
			return nil, err
		}
		if hash, err := hashBoot(m.Boot); err != nil || hash != m.BootSHA256 {
			return nil, errors.Join(err, fmt.Errorf("the files in %s are not those that it started from", m.Boot))
		}
	}
	for _, p := range m.Parameters {
		opt.Set[p.Name] = p.Value
	}
	if m.SeedGiven {
		opt.Seed = &m.Seed
	}
	sc, err := scripting.Load(path, opt)
	if err == nil && sc.Machine.Seed != m.Seed {
		err = fmt.Errorf("the manifest says seed %d, and %s has seed %d", m.Seed, path, sc.Machine.Seed)
	}
	return sc, err
}

// findScenario looks for the scenario where the run was told to, from here and from the folders above the run
// directory, which may have been made from another place.
func findScenario(run *results.Run) (string, error) {
	m := run.Manifest()
	paths := []string{m.Scenario}
	if dir, err := filepath.Abs(run.Dir()); err == nil && !filepath.IsAbs(m.Scenario) {
		for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
			paths = append(paths, filepath.Join(up, m.Scenario))
			if up == filepath.Dir(up) {
				break
			}
		}
	}
	var first error
	for _, path := range paths {
		err := unchanged(path, m.ScenarioSHA256)
		if err == nil {
			return path, nil
		}
		if first == nil || errors.Is(first, os.ErrNotExist) && !errors.Is(err, os.ErrNotExist) {
			first = err
		}
	}
	return "", first
}

// unchanged is an error unless a regular file has that hash.
func unchanged(path, hash string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is not there any more (%w)", path, os.ErrNotExist)
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	now, err := hashFile(path)
	if err == nil && now != hash {
		err = fmt.Errorf("%s has changed since the run", path)
	}
	return err
}

// catcher is a recorder that keeps /proc and nothing else.
type catcher struct{ files procFiles }

func (c *catcher) Proc(_ int64, files []results.NamedText) { c.files = files }
func (*catcher) Observation(int64, string, string, any)    {}
func (*catcher) Exit(results.Exit)                         {}
func (*catcher) Log(int64, string, string)                 {}
func (*catcher) Dmesg(int64, string)                       {}
func (*catcher) Event(int64, string, string, string)       {}
func (*catcher) SampleColumns([]string)                    {}
func (*catcher) Sample(int64, []float64)                   {}
func (*catcher) Snapshot(string, []results.NamedText)      {}
