package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// toolHelp says what a tool over the simulated /proc needs.
const toolHelp = "a tool that reads the simulated /proc runs in a mount namespace of its own, which takes root (CAP_SYS_ADMIN); mmsim proc RUNDIR FILE prints a file without"

// runTool runs a command that sees these files in /proc: mmsim runs itself in a mount namespace of its own,
// mounts the files over those of the machine, and becomes the command. The command's exit code is passed on.
func runTool(a *app, files procFiles, command []string) error {
	if os.Geteuid() != 0 {
		return badUse(errors.New(toolHelp))
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return badUse(err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mmsim-proc-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeProc(dir, files); err != nil {
		return err
	}
	child := exec.Command(self)
	child.Args = append([]string{os.Args[0], "over-proc", dir, path, "--"}, command...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, a.stdout, a.stderr
	// The namespace gets none of its mounts from outside, and gives none back.
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := child.Start(); err != nil {
		return badUse(fmt.Errorf("%w: %s", err, toolHelp))
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for s := range signals {
			if s != os.Interrupt && s != syscall.SIGQUIT { // the terminal sends these to both
				_ = child.Process.Signal(s)
			}
		}
	}()
	err = child.Wait()
	signal.Stop(signals)
	close(signals)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &failure{code: 128 + int(status.Signal())}
	}
	return &failure{code: exit.ExitCode()}
}

// procDirs are the folders of /proc whose files are served.
var procDirs = []string{"", "sys/vm", "pressure"}

// writeProc writes the files where they can be mounted from.
func writeProc(dir string, files procFiles) error {
	for _, sub := range procDirs {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	for _, f := range append(files.sysctls(), files...) {
		if f.Name == sysctlFile {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(f.Text), 0o644); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o755)
}

// overProcCmd is the other side of runTool.
type overProcCmd struct {
	Dir  string `arg:""`
	Path string `arg:""`
}

// Run mounts the files of the directory over those of /proc, and becomes the command.
func (c *overProcCmd) Run(a *app) error {
	if len(a.command) == 0 {
		return badUse(errors.New("over-proc is for mmsim itself"))
	}
	var missing []string
	for _, sub := range procDirs {
		entries, err := os.ReadDir(filepath.Join(c.Dir, sub))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() {
				continue
			}
			from, over := filepath.Join(c.Dir, sub, e.Name()), filepath.Join("/proc", sub, e.Name())
			err := syscall.Mount(from, over, "", syscall.MS_BIND, "")
			if errors.Is(err, syscall.ENOENT) {
				missing = append(missing, over)
				continue
			}
			if err == nil {
				err = syscall.Mount("", over, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
			}
			if err != nil {
				return badUse(fmt.Errorf("cannot mount the simulated %s: %w: %s", over, err, toolHelp))
			}
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(a.stderr, "mmsim: this machine's kernel does not have %s, so the tool does not see it\n", strings.Join(missing, ", "))
	}
	return badUse(fmt.Errorf("%s: %w", c.Path, syscall.Exec(c.Path, a.command, os.Environ())))
}
