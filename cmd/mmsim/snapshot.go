package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"mmsim/mm/procfs"
)

type snapshotCmd struct {
	Out   string `short:"o" default:"boot" placeholder:"DIR" help:"The directory to make (default: boot)."`
	Force bool   `short:"f" help:"Record into a directory that exists; files of an older snapshot are replaced."`
	Proc  string `default:"/proc" hidden:""`
}

// Run records the machine that mmsim runs on.
func (c *snapshotCmd) Run(a *app) error {
	if runtime.GOOS != "linux" && c.Proc == "/proc" {
		return badUse(fmt.Errorf("a snapshot is made of the files in /proc of Linux, and this is %s: record it on a Linux machine and copy the directory", runtime.GOOS))
	}
	if err := c.prepare(); err != nil {
		return badUse(err)
	}
	notes, err := procfs.Record(c.Proc, c.Out)
	for _, n := range notes {
		fmt.Fprintf(a.stderr, "mmsim: %s\n", n)
	}
	if err != nil {
		return &failure{exitFailed, err}
	}
	if len(notes) > 0 {
		fmt.Fprintln(a.stderr, "mmsim: what is missing a run does without: free blocks count as movable, for one; as root, all that this kernel has is recorded")
	}
	s, err := procfs.ReadSnapshot(c.Out)
	if err != nil {
		return &failure{exitFailed, err}
	}
	m, err := declaration(s)
	if err != nil {
		return &failure{exitFailed, err}
	}
	_, err = fmt.Fprintf(a.stdout, "%s: recorded. A scenario to be run with --boot %s declares\n\n    %s\n", c.Out, c.Out, m)
	return err
}

// prepare refuses a directory that exists unless told otherwise, and then takes an older snapshot out of it.
func (c *snapshotCmd) prepare() error {
	info, err := os.Stat(c.Out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s exists and is not a directory", c.Out)
	case !c.Force:
		return fmt.Errorf("%s exists; give --force to record into it, or another -o", c.Out)
	}
	for _, name := range procfs.SnapshotFiles() {
		if err := os.Remove(filepath.Join(c.Out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// declaration is the machine{} of the machine that was recorded.
func declaration(s *procfs.Snapshot) (string, error) {
	arch, err := s.Arch()
	if err != nil {
		return "", err
	}
	var ram []uint64 // by node, KiB
	for i := range s.Zoneinfo.Zones {
		z := &s.Zoneinfo.Zones[i]
		for len(ram) <= z.Node {
			ram = append(ram, 0)
		}
		ram[z.Node] += z.Present * 4
	}
	name := map[procfs.Arch]string{procfs.X86_64: "x86_64", procfs.I386: "i386"}[arch]
	parts := []string{fmt.Sprintf("arch = %q", name)}
	if len(ram) == 1 {
		parts = append(parts, fmt.Sprintf(`ram = "%dKiB", cpus = %d`, ram[0], s.CPUs()))
	} else {
		// Which CPU is on which node, the files do not say.
		nodes := make([]string, len(ram))
		for i, kib := range ram {
			cpus := s.CPUs() / len(ram)
			if i < s.CPUs()%len(ram) {
				cpus++
			}
			nodes[i] = fmt.Sprintf(`{ ram = "%dKiB", cpus = %d }`, kib, cpus)
		}
		parts = append(parts, "nodes = { "+strings.Join(nodes, ", ")+" }")
	}
	if s.Swaps != nil && len(s.Swaps.Areas) > 0 {
		areas := make([]string, len(s.Swaps.Areas))
		for i, area := range s.Swaps.Areas {
			areas[i] = fmt.Sprintf(`{ size = "%dKiB" }`, area.Size+4) // and the header's page
			if strings.HasPrefix(area.Path, "/dev/zram") {
				areas[i] = fmt.Sprintf(`{ size = "%dKiB", device = "zram" }`, area.Size+4)
			}
		}
		parts = append(parts, "swap = { "+strings.Join(areas, ", ")+" }")
	}
	return "machine { " + strings.Join(parts, ", ") + " }", nil
}
