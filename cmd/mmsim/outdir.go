package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"mmsim/results"
)

// create makes the run directory. Without --out it is runs/NAME-SEED, or where that is taken and --force is
// not given, the first of runs/NAME-SEED.2, .3 and so on that is free: a run never costs another's results.
func create(out string, force bool, m results.Manifest) (*results.Writer, error) {
	if out != "" {
		w, err := results.Create(out, force, m)
		return w, explain(err)
	}
	name := strings.TrimSuffix(filepath.Base(m.Scenario), ".lua")
	first := filepath.Join("runs", fmt.Sprintf("%s-%d", name, m.Seed))
	dir := first
	for n := 2; ; n++ {
		w, err := results.Create(dir, force, m)
		var exists *results.ExistsError
		if errors.As(err, &exists) && !force {
			dir = fmt.Sprintf("%s.%d", first, n)
			continue
		}
		return w, explain(err)
	}
}

// explain adds what to do about a directory that is taken.
func explain(err error) error {
	var exists *results.ExistsError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exists) && exists.Run:
		return badUse(fmt.Errorf("%w; give --force to replace it, or another --out", err))
	case errors.As(err, &exists):
		return badUse(fmt.Errorf("%w; give another --out", err))
	}
	return badUse(err)
}
