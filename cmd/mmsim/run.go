package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime/debug"

	"mmsim/engine"
	"mmsim/mm"
	"mmsim/plots"
	"mmsim/results"
	"mmsim/scripting"
)

type runCmd struct {
	scenarioFlags

	Out   string `short:"o" placeholder:"DIR" help:"The run directory (default: runs/NAME-SEED, or the next that is free)."`
	Force bool   `short:"f" help:"Replace a run that is in the directory."`
	Quiet bool   `short:"q" help:"Print nothing but errors."`
	JSON  bool   `name:"json" help:"Print the summary as JSON on standard output, and nothing else there."`
	Cost  string `placeholder:"NAME" help:"Preset of what things cost in time: ${costs} (the first is the default)."`

	ProcEvery moment   `placeholder:"TIME" help:"Record all of /proc every so often, such as 100ms, for mmsim proc."`
	ProcAt    []moment `placeholder:"TIME" help:"Record all of /proc at a time. Repeatable."`
}

// Run runs the scenario.
func (c *runCmd) Run(a *app) error {
	if err := c.checkOptions(); err != nil {
		return badUse(err)
	}
	sc, err := c.load()
	if err != nil {
		return err
	}
	m, err := c.manifest(sc)
	if err != nil {
		return err
	}
	w, err := create(c.Out, c.Force, m)
	if err != nil {
		return err
	}
	sum, end, failed := c.simulate(a, sc, w)
	w.SetModules(sc.Modules())
	for _, t := range c.ProcAt {
		if int64(t) > end.Virtual {
			fmt.Fprintf(a.stderr, "mmsim: --proc-at %g s: the run ended at %g s\n", engine.Time(t).Seconds(), engine.Time(end.Virtual).Seconds())
		}
	}
	if err := w.Finish(end); err != nil {
		return &failure{exitFailed, err}
	}
	charts, plotErr := drawCharts(w.Dir(), end)
	s, err := summarize(w.Dir(), charts, sum)
	if err != nil {
		return &failure{exitFailed, err}
	}
	if err := c.print(a, s); err != nil {
		return &failure{exitFailed, err}
	}
	switch {
	case failed != nil:
		return failed
	case plotErr != nil:
		return &failure{exitFailed, plotErr}
	case end.Outcome != results.OK:
		return &failure{code: exitFailed}
	}
	return nil
}

func (c *runCmd) checkOptions() error {
	if c.Quiet && c.JSON {
		return errors.New("--quiet and --json exclude each other")
	}
	if c.Cost == "" {
		c.Cost = mm.CostPresetNames()[0]
	}
	if _, err := mm.CostPreset(c.Cost); err != nil {
		return fmt.Errorf("--cost: %w", err)
	}
	for _, t := range append([]moment{c.ProcEvery}, c.ProcAt...) {
		if engine.Time(t)%engine.Microsecond != 0 {
			return fmt.Errorf("--proc-every and --proc-at: %d ns is not a whole number of microseconds", int64(t))
		}
	}
	return nil
}

func (c *runCmd) manifest(sc *scripting.Scenario) (results.Manifest, error) {
	hash, err := hashFile(c.File)
	if err != nil {
		return results.Manifest{}, badUse(err)
	}
	machine, err := json.Marshal(sc.Machine)
	if err != nil {
		return results.Manifest{}, err
	}
	m := results.Manifest{
		Scenario: c.File, ScenarioSHA256: hash, Modules: sc.Modules(), Seed: sc.Machine.Seed, SeedGiven: c.Seed != nil, Cost: c.Cost,
		Boot: c.Boot, MaxSteps: c.MaxSteps, Version: version(), Machine: machine, SampleEvery: sc.SampleEvery.Seconds(),
		ProcEvery: engine.Time(c.ProcEvery).Seconds(),
	}
	for _, t := range c.ProcAt {
		m.ProcAt = append(m.ProcAt, engine.Time(t).Seconds())
	}
	if c.Boot != "" {
		if m.BootSHA256, err = hashBoot(c.Boot); err != nil {
			return m, badUse(err)
		}
	}
	for _, p := range sc.Params {
		m.Parameters = append(m.Parameters, results.Param{Name: p.Name, Value: p.Value})
	}
	for _, p := range sc.Processes {
		m.Processes = append(m.Processes, p.Name)
	}
	specs, err := chartSpecs(sc)
	if err != nil {
		return m, badUse(err)
	}
	m.Plots, err = plots.Encode(specs)
	return m, err
}

// chartSpecs gives the scenario's charts, whose fields are those of plot{} and of a Spec alike.
func chartSpecs(sc *scripting.Scenario) ([]plots.Spec, error) {
	specs := make([]plots.Spec, len(sc.Plots))
	for i, p := range sc.Plots {
		text, err := json.Marshal(p)
		if err == nil {
			err = json.Unmarshal(text, &specs[i])
		}
		if err == nil {
			err = plots.Validate(specs[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// simulate runs the scenario. The error is what to report beside the summary, which is nil if the run could not
// begin.
func (c *runCmd) simulate(a *app, sc *scripting.Scenario, w *results.Writer) (sum *scripting.Summary, end results.End, err error) {
	ctx, stop := interruptible(a.stderr)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	p := newProgress(a.stderr, isTerminal(a.stderr), filepath.Base(c.File), int64(sc.StopAfter))
	opt := scripting.RunOptions{Cost: c.Cost, Recorder: w, ProcEvery: engine.Time(c.ProcEvery), Progress: func(now scripting.Progress) {
		end.Virtual = int64(now.Time)
		if err := w.Err(); err != nil {
			cancel(err)
		}
		if !c.Quiet {
			p.at(int64(now.Time))
		}
	}}
	for _, t := range c.ProcAt {
		opt.ProcAt = append(opt.ProcAt, engine.Time(t))
	}
	sum, err = runScenario(ctx, sc, opt)
	p.done()
	end.Outcome, end.Err = results.Failed, err
	if sum != nil {
		end.Outcome, end.Expectations = sum.Outcome, sum.Expectations
		end.Virtual = int64(math.Round(sum.VirtualSeconds * float64(engine.Second)))
	}
	// A script that was in the middle of something when the run was cancelled ends by an error of its own.
	var wrong *engine.PanicError
	cut := end.Outcome == results.Interrupted || end.Outcome == results.Failed
	if cause := context.Cause(ctx); cause != nil && cut && !errors.As(err, &wrong) {
		end.Outcome, end.Err, err = results.Interrupted, cause, cause
	}
	if err != nil {
		err = &failure{exitFailed, err}
	}
	return sum, end, err
}

// runScenario turns a panic into an error, so that the run directory is finished before it is reported.
func runScenario(ctx context.Context, sc *scripting.Scenario, opt scripting.RunOptions) (sum *scripting.Summary, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = &engine.PanicError{Value: thrown, Stack: debug.Stack()}
		}
	}()
	return sc.Run(ctx, opt)
}

// drawCharts draws what the manifest asks for. A run that ended before its first sample has no charts.
func drawCharts(dir string, end results.End) ([]string, error) {
	files, err := plots.Redraw(dir, plots.RedrawOptions{})
	if end.Outcome != results.OK && end.Outcome != results.ExpectFailed && errors.Is(err, results.ErrNoSamples) {
		err = nil
	}
	return files, err
}

func (c *runCmd) print(a *app, s *summary) error {
	switch {
	case c.JSON:
		return s.writeJSON(a.stdout)
	case c.Quiet:
		return nil
	}
	return s.writeText(a.stdout)
}
