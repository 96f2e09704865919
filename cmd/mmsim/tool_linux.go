package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"mmsim/mm/procfs"
)

// toolHelp says what a tool over the simulated /proc needs.
const toolHelp = "a tool that reads the simulated /proc runs in a mount namespace of its own, which takes root (CAP_SYS_ADMIN); mmsim proc RUNDIR FILE prints a file without"

// runTool runs a command that sees these files in /proc: mmsim runs itself in a mount namespace of its own,
// mounts a /proc with these files over that of the machine, and becomes the command. The command's exit code is passed on.
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

// The machine's own /proc, for the tool's own sake, and the one that it sees, in the directory that both sides know.
const (
	realProc = "real"
	seenProc = "proc"
)

// writeProc makes the /proc that the tool sees: the simulated files, the simulated processes and none of the machine's own, and links to what else the machine has
// there, such as self, cpuinfo and the sysctls that are not simulated.
func writeProc(dir string, files procFiles) error {
	seen, behind := filepath.Join(dir, seenProc), filepath.Join(dir, realProc)
	for _, d := range []string{seen, behind} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	for _, f := range append(files.sysctls(), files...) {
		if f.Name == sysctlFile {
			continue
		}
		name := filepath.Join(seen, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(f.Text), 0o444); err != nil {
			return err
		}
	}
	if err := files.own(seen); err != nil {
		return err
	}
	for _, sub := range []string{"", "pressure"} {
		if err := linkRest(filepath.Join(seen, sub), filepath.Join("/proc", sub), filepath.Join(behind, sub)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o755)
}

// own gives the folder of each process to its user, by which ps knows it.
func (f procFiles) own(dir string) error {
	for _, file := range f {
		pid, name, _ := strings.Cut(file.Name, "/")
		if name != "status" {
			continue
		}
		status, err := procfs.ParseStatus([]byte(file.Text))
		if err != nil {
			return badUse(err)
		}
		for _, l := range status.Before {
			uid, err := strconv.Atoi(strings.SplitN(l.Value, "\t", 2)[0])
			if l.Name != "Uid" || err != nil {
				continue
			}
			if err := os.Chown(filepath.Join(dir, pid), uid, -1); err != nil {
				return err
			}
		}
	}
	return nil
}

// linkRest makes a link in a folder for what the machine has of its own there and the folder has not, but for processes.
func linkRest(dir, machine, behind string) error {
	entries, err := os.ReadDir(machine)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == "sys" || e.Name()[0] >= '0' && e.Name()[0] <= '9' { // mountRest sees to the former
			continue
		}
		if err := os.Symlink(filepath.Join(behind, e.Name()), filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// overProcCmd is the other side of runTool.
type overProcCmd struct {
	Dir  string `arg:""`
	Path string `arg:""`
}

// Run mounts the /proc of the directory over that of the machine, which stays reachable behind it, and becomes the command.
func (c *overProcCmd) Run(a *app) error {
	if len(a.command) == 0 {
		return badUse(errors.New("over-proc is for mmsim itself"))
	}
	if err := c.mount(); err != nil {
		return badUse(fmt.Errorf("cannot mount the simulated /proc: %w: %s", err, toolHelp))
	}
	return badUse(fmt.Errorf("%s: %w", c.Path, syscall.Exec(c.Path, a.command, os.Environ())))
}

func (c *overProcCmd) mount() error {
	behind, seen := filepath.Join(c.Dir, realProc), filepath.Join(c.Dir, seenProc)
	if err := syscall.Mount("/proc", behind, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return err
	}
	// ps looks itself up by its number.
	self := strconv.Itoa(os.Getpid())
	if err := os.Symlink(filepath.Join(behind, self), filepath.Join(seen, self)); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	for _, sub := range []string{"sys", "sys/vm"} {
		if err := mountRest(filepath.Join(seen, sub), filepath.Join(behind, sub)); err != nil {
			return err
		}
	}
	if err := syscall.Mount(seen, "/proc", "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return err
	}
	return readOnly("/proc")
}

func readOnly(path string) error {
	return syscall.Mount("", path, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

// mountRest mounts in a folder, to be read only, what another has and it has not. Links would not do: sysctl reads only what really lies in /proc/sys.
func mountRest(dir, behind string) error {
	entries, err := os.ReadDir(behind)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		if _, err := os.Lstat(at); err == nil {
			continue
		}
		if e.IsDir() {
			err = os.Mkdir(at, 0o755)
		} else {
			err = os.WriteFile(at, nil, 0o444)
		}
		if err == nil {
			err = syscall.Mount(filepath.Join(behind, e.Name()), at, "", syscall.MS_BIND, "")
		}
		if err == nil {
			err = readOnly(at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
