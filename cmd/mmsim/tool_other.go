//go:build !linux

package main

import (
	"errors"
	"fmt"
	"runtime"
)

// runTool is for Linux.
func runTool(*app, procFiles, []string) error {
	return badUse(fmt.Errorf("a tool can see the simulated /proc on Linux only, and this is %s; mmsim proc RUNDIR FILE prints a file", runtime.GOOS))
}

// overProcCmd is for Linux.
type overProcCmd struct {
	Dir  string `arg:""`
	Path string `arg:""`
}

// Run is never reached.
func (*overProcCmd) Run(*app) error { return badUse(errors.New("over-proc is for mmsim itself")) }
