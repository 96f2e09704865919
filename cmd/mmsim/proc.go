package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mmsim/engine"
	"mmsim/internal/suggest"
	"mmsim/results"
)

type procCmd struct {
	Dir  string  `arg:"" name:"rundir" help:"The directory that a run left."`
	File string  `arg:"" optional:"" help:"A file of /proc, such as meminfo or sys/vm/swappiness; instead of it, -- COMMAND runs a tool that reads /proc. Without either: the files and times that there are."`
	At   *moment `placeholder:"TIME" help:"The time of the run, such as 1.5 or 250ms (default: the end). One that was not recorded is simulated again."`
}

// procFiles are the files of /proc at a time.
type procFiles []results.NamedText

// Run shows /proc of a run.
func (c *procCmd) Run(a *app) error {
	if c.File != "" && a.command != nil {
		return badUse(errors.New("give a file or -- COMMAND, not both"))
	}
	if a.command != nil && len(a.command) == 0 {
		return badUse(errors.New("no command behind --"))
	}
	run, err := results.Open(c.Dir)
	if err != nil {
		return badUse(err)
	}
	times, err := run.ProcTimes()
	if err != nil {
		return badUse(err)
	}
	files, err := c.files(a, run, times)
	if err != nil {
		return err
	}
	for i := range files {
		files[i].Name = procName(files[i].Name)
	}
	switch {
	case a.command != nil:
		return runTool(a, files, a.command)
	case c.File == "":
		return c.list(a, files, times)
	}
	text, err := files.text(c.File)
	if err != nil {
		return badUse(err)
	}
	_, err = fmt.Fprint(a.stdout, text)
	return err
}

func (c *procCmd) list(a *app, files procFiles, times []results.ProcTime) error {
	var at []string
	for _, t := range times {
		at = append(at, fmt.Sprintf("%g", engine.Time(t.Time).Seconds()))
	}
	_, err := fmt.Fprintf(a.stdout, "times in s: %s\nfiles: %s\n", strings.Join(at, " "), strings.Join(files.names(), " "))
	return err
}

// files gives what /proc was at the time that is asked for: as it was recorded, or simulated again.
func (c *procCmd) files(a *app, run *results.Run, times []results.ProcTime) (procFiles, error) {
	end, ended := run.End()
	at := engine.Time(end)
	switch {
	case c.At != nil && ended && engine.Time(*c.At) > at:
		return nil, badUse(fmt.Errorf("--at: the run ended at %g s, before %g s", at.Seconds(), engine.Time(*c.At).Seconds()))
	case c.At != nil:
		at = engine.Time(*c.At)
	case !ended:
		return nil, badUse(fmt.Errorf("%s: the run has not ended, or was killed: give a time with --at", c.Dir))
	}
	for _, t := range times {
		if t.Time == int64(at) {
			files, err := recorded(run, t.Dir)
			if err != nil {
				return nil, badUse(err)
			}
			return files, nil
		}
	}
	return again(a, run, at)
}

// recorded reads the files of a time. What is as it was at the start is there only.
func recorded(run *results.Run, dir string) (procFiles, error) {
	var files procFiles
	for _, from := range []string{dir, "before"} {
		names, err := run.ProcNames(from)
		if errors.Is(err, fs.ErrNotExist) && from != dir {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if from != dir && name != "iomem" || slices.Contains(files.names(), name) {
				continue
			}
			text, err := run.ProcText(from, name)
			if err != nil {
				return nil, err
			}
			files = append(files, results.NamedText{Name: name, Text: text})
		}
	}
	return files, nil
}

// procName is the name under /proc of what a run directory keeps under a plain name.
func procName(name string) string {
	if rest, ok := strings.CutPrefix(name, "pressure_"); ok {
		return "pressure/" + rest
	}
	if rest, ok := strings.CutPrefix(name, "pid_"); ok {
		if pid, file, ok := strings.Cut(rest, "_"); ok {
			return pid + "/" + file
		}
	}
	return name
}

// sysctlFile has the values of /proc/sys/vm, one "name = value" a line; it is no file of /proc itself.
const sysctlFile = "sysctl_vm"

func (f procFiles) names() []string {
	var names []string
	for _, file := range f {
		names = append(names, file.Name)
	}
	slices.Sort(names)
	return names
}

// text is the text of a file by its name in /proc.
func (f procFiles) text(path string) (string, error) {
	name := strings.TrimPrefix(path, "/proc/")
	for _, file := range f {
		if file.Name == name {
			return file.Text, nil
		}
	}
	names := f.names()
	for _, s := range f.sysctls() {
		if s.Name == name {
			return s.Text, nil
		}
		if strings.HasPrefix(name, "sys/") {
			names = append(names, s.Name)
		}
	}
	return "", suggest.Unknown("file of /proc", name, names)
}

// sysctls are the files of /proc/sys/vm, by their names in /proc.
func (f procFiles) sysctls() procFiles {
	var out procFiles
	for _, file := range f {
		if file.Name != sysctlFile {
			continue
		}
		for line := range strings.Lines(file.Text) {
			name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
			if ok && name != "" && !strings.ContainsAny(name, "./\\\x00") {
				out = append(out, results.NamedText{Name: "sys/vm/" + name, Text: value + "\n"})
			}
		}
	}
	return out
}
