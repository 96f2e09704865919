package main

import (
	"fmt"

	"mmsim/plots"
	"mmsim/results"
)

type plotCmd struct {
	Dir    string   `arg:"" name:"rundir" help:"The directory that a run left."`
	Out    string   `placeholder:"DIR" help:"Where to write the charts (default: the run's directory)."`
	Format []string `placeholder:"FORMAT" help:"png, svg or pdf, instead of the scenario's formats. Repeatable."`
	Only   []string `placeholder:"NAME" help:"Draw only this chart. Repeatable."`
	Quiet  bool     `short:"q" help:"Print nothing but errors."`
}

// Run draws the charts.
func (c *plotCmd) Run(a *app) error {
	run, err := results.Open(c.Dir)
	if err != nil {
		return badUse(err)
	}
	if len(run.Manifest().Plots) == 0 {
		return badUse(fmt.Errorf("%s: the scenario declares no plot{}", c.Dir))
	}
	files, err := plots.Redraw(c.Dir, plots.RedrawOptions{Dir: c.Out, Formats: c.Format, Only: c.Only})
	if !c.Quiet {
		for _, f := range files {
			fmt.Fprintln(a.stdout, f)
		}
	}
	if err != nil {
		return badUse(err)
	}
	return nil
}
