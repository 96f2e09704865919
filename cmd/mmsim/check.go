package main

import (
	"fmt"

	"mmsim/scripting"
)

type checkCmd struct {
	scenarioFlags

	Quiet bool `short:"q" help:"Print nothing but errors."`
}

// Run loads the scenario and says what it declares.
func (c *checkCmd) Run(a *app) error {
	sc, err := c.load()
	if err != nil {
		return err
	}
	if _, err := chartSpecs(sc); err != nil {
		return badUse(err)
	}
	if c.Quiet {
		return nil
	}
	_, err = fmt.Fprintf(a.stdout, "%s: ok\n%s", c.File, describe(sc))
	return err
}

// describe says in a few lines what a scenario declares.
func describe(sc *scripting.Scenario) string {
	m := sc.Machine
	var ram, swap int64
	cpus := 0
	for _, n := range m.Nodes {
		ram, cpus = ram+n.RAM, cpus+n.CPUs
	}
	for _, s := range m.Swap {
		swap += s.Size
	}
	s := fmt.Sprintf("machine: %s, %s of RAM in %s, %s", m.Arch, scripting.FormatSize(ram), count(len(m.Nodes), "node"), count(cpus, "CPU"))
	if swap > 0 {
		s += fmt.Sprintf(", %s of swap", scripting.FormatSize(swap))
	}
	s += fmt.Sprintf(", seed %d\n", m.Seed)
	for _, p := range sc.Params {
		s += fmt.Sprintf("parameter: %s = %s\n", p.Name, p.Value)
	}
	s += fmt.Sprintf("%s, %s sampled, %s, %s\n", count(len(sc.Processes), "process"), count(len(sc.Samples), "name"), count(len(sc.Plots), "plot"), count(len(sc.Expects), "expectation"))
	return s
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what == "process" {
		what += "e"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
