package plots

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mmsim/results"
)

// Draw draws the chart of spec from the run's data into dir, in each of its formats, and returns the paths of
// the files. A name that was not sampled is an error that gives the nearest one that was.
func Draw(run *results.Run, spec Spec, dir string) ([]string, error) {
	if err := Validate(spec); err != nil {
		return nil, err
	}
	spec = spec.normal()
	var files []string
	for _, format := range spec.Formats {
		c, err := resolve(run, spec) // anew: rendering a stack changes it
		if err != nil {
			return files, fmt.Errorf("plot %q: %w", spec.File, err)
		}
		path := filepath.Join(dir, spec.File+"."+format)
		text, err := c.encode(format)
		if err == nil {
			err = replace(path, text)
		}
		if err != nil {
			return files, fmt.Errorf("plot %q: %w", spec.File, err)
		}
		files = append(files, path)
	}
	return files, nil
}

// RedrawOptions say what Redraw draws. The zero value draws every chart again where the run is.
type RedrawOptions struct {
	Dir     string   // where to write; default the run directory
	Formats []string // instead of those of the specs
	Only    []string // names of charts; default all
}

// Redraw draws the charts of the run directory runDir again, without running. It goes on after a chart that
// cannot be drawn; the error joins all that went wrong.
func Redraw(runDir string, opt RedrawOptions) ([]string, error) {
	run, err := results.Open(runDir)
	if err != nil {
		return nil, err
	}
	specs, err := Decode(run.Manifest().Plots)
	if err != nil {
		return nil, err
	}
	if specs, err = pick(specs, opt.Only); err != nil {
		return nil, err
	}
	if opt.Dir == "" {
		opt.Dir = runDir
	} else if err := os.MkdirAll(opt.Dir, 0o755); err != nil {
		return nil, err
	}
	var (
		files []string
		errs  []error
	)
	for _, s := range specs {
		if len(opt.Formats) > 0 {
			s = s.normal()
			s.Formats = opt.Formats
		}
		drawn, err := Draw(run, s, opt.Dir)
		files, errs = append(files, drawn...), append(errs, err)
	}
	return files, errors.Join(errs...)
}

// pick selects the charts that are named.
func pick(specs []Spec, only []string) ([]Spec, error) {
	if len(only) == 0 {
		return specs, nil
	}
	var (
		out   []Spec
		names []string
	)
	for _, s := range specs {
		names = append(names, s.normal().File)
	}
	for _, name := range only {
		i := slices.Index(names, Spec{File: name}.normal().File)
		if i < 0 {
			return nil, fmt.Errorf("the run has no chart %q%s (it has: %s)", name, didYouMean(name, names), strings.Join(names, ", "))
		}
		out = append(out, specs[i])
	}
	return out, nil
}

// replace writes a file in one rename, so that a chart is never half there.
func replace(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".chart-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
