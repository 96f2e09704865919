// Command mmsim runs scenarios of Linux memory management on a simulated machine.
//
// What holds throughout:
//
//   - Standard output carries the result and nothing else: the summary, or with --json one JSON object.
//     Progress, warnings and errors go to standard error.
//   - The exit code is 0 if all went well, 1 if the scenario failed, an expectation did not hold or the run was
//     interrupted, 2 for wrong usage or a bad file, and 3 for a mistake in mmsim itself.
//   - No error of a user's shows a Go stack; a mistake in mmsim does only if MMSIM_DEBUG is set.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"mmsim/engine"
	"mmsim/mm"
	"mmsim/scripting"
)

// Exit codes.
const (
	exitOK       = 0
	exitFailed   = 1 // the scenario failed, an expectation did not hold, or the run was interrupted
	exitUsage    = 2 // wrong usage, or a file that cannot be used
	exitInternal = 3 // a mistake in mmsim
)

func main() { os.Exit(mainCode()) }

func mainCode() int { return run(os.Args[1:], os.Stdout, os.Stderr) }

// app is what commands need of the world.
type app struct {
	stdout, stderr io.Writer
	command        []string // behind "--": what mmsim proc runs; nil if there is none
}

// run is the program: it takes the arguments and returns the exit code.
func run(args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case exitCode:
			code = int(thrown)
		default:
			code = internal(stderr, thrown, debug.Stack())
		}
	}()
	var c cli
	parser := kong.Must(&c,
		kong.Name("mmsim"),
		kong.Description("Simulates Linux memory management: runs scenarios written in Lua and leaves a directory of results and charts."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exitCode(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Vars{"version": version(), "steps": thousands(scripting.DefaultMaxSteps), "costs": strings.Join(mm.CostPresetNames(), " or ")},
	)
	args, command := cutCommand(args)
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "mmsim: %v\n%s\n", err, usageHint(err))
		return exitUsage
	}
	return report(stderr, ctx.Run(&app{stdout, stderr, command}))
}

// cutCommand takes off what is behind "--" if the subcommand is one that runs a command.
func cutCommand(args []string) (rest, command []string) {
	i := slices.Index(args, "--")
	if i <= 0 || args[0] != "proc" && args[0] != "over-proc" {
		return args, nil
	}
	return args[:i], append([]string{}, args[i+1:]...)
}

// exitCode is thrown where the command-line library wants to leave the program (after --help).
type exitCode int

// usageHint says where help is.
func usageHint(err error) string {
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil && p.Context.Selected() != nil {
		return "mmsim: see mmsim " + p.Context.Selected().Name + " --help"
	}
	return "mmsim: see mmsim --help"
}

// failure is an error with its exit code.
type failure struct {
	code int
	err  error // nil if it has been reported already
}

func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// badUse is an error of the user's: wrong usage, or a file that cannot be used.
func badUse(err error) error { return &failure{exitUsage, err} }

// report prints an error and gives the exit code for it.
func report(stderr io.Writer, err error) int {
	var (
		f *failure
		p *engine.PanicError
		e *scripting.Error
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &p):
		return internal(stderr, p, p.Stack)
	case errors.As(err, &e) && strings.HasPrefix(e.Msg, "internal error"):
		msg, stack, _ := strings.Cut(e.Msg, "\n")
		return internal(stderr, msg, []byte(stack))
	case errors.As(err, &f):
		if f.err != nil {
			fmt.Fprintf(stderr, "mmsim: %v\n", f.err)
		}
		return f.code
	}
	fmt.Fprintf(stderr, "mmsim: %v\n", err)
	return exitFailed
}

// internal reports a mistake of ours.
func internal(stderr io.Writer, thrown any, stack []byte) int {
	fmt.Fprintf(stderr, "mmsim: internal error: %v (this is a mistake in mmsim %s; please report it with the scenario)\n", thrown, version())
	if os.Getenv("MMSIM_DEBUG") != "" {
		fmt.Fprintf(stderr, "%s\n", stack)
	}
	return exitInternal
}
