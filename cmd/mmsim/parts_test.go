package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mmsim/engine"
)

// A mistake in mmsim is one line for the user, and a stack only for who asks.
func TestInternalError(t *testing.T) {
	for _, debug := range []string{"", "1"} {
		t.Setenv("MMSIM_DEBUG", debug)
		var out bytes.Buffer
		p := &engine.PanicError{Process: "kswapd0", Value: "index out of range", Stack: []byte("goroutine 1 [running]")}
		code := report(&out, &failure{exitFailed, fmt.Errorf("run: %w", p)})
		if code != exitInternal || !strings.Contains(out.String(), `internal error: process "kswapd0": panic: index out of range`) {
			t.Errorf("%d %s", code, out.String())
		}
		if got := strings.Contains(out.String(), "goroutine"); got != (debug != "") {
			t.Errorf("MMSIM_DEBUG=%q: stack shown is %v", debug, got)
		}
		if debug == "" && strings.Count(out.String(), "\n") != 1 {
			t.Errorf("more than one line: %q", out.String())
		}
	}
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, exitOK, ""},
		{&failure{code: exitFailed}, exitFailed, ""},
		{badUse(errors.New("no such thing")), exitUsage, "mmsim: no such thing\n"},
		{errors.New("odd"), exitFailed, "mmsim: odd\n"},
	} {
		var out bytes.Buffer
		if code := report(&out, c.err); code != c.code || out.String() != c.text {
			t.Errorf("%v: %d %q", c.err, code, out.String())
		}
	}
}

// In a pipe there are whole lines, and none for a run that is soon over.
func TestProgressInPipe(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, false, "a.lua", 10e9)
	p.at(1e9)
	if out.Len() > 0 {
		t.Errorf("too early: %q", out.String())
	}
	p.next = time.Now().Add(-time.Second)
	p.at(2.5e9)
	p.at(2.6e9)
	p.done()
	if got := out.String(); got != "mmsim: a.lua: 2.500 s simulated of 10 s, 0 s elapsed\n" {
		t.Errorf("%q", got)
	}
}

// On a terminal there is a bar, which is gone in the end; without a known end it says how far the run is.
func TestProgressOnTerminal(t *testing.T) {
	for _, end := range []int64{10e9, 0} {
		var out bytes.Buffer
		p := newProgress(&out, true, "a.lua", end)
		p.at(1e9)
		if out.Len() > 0 {
			t.Errorf("too early: %q", out.String())
		}
		p.next = time.Now().Add(-time.Second)
		p.at(2.5e9)
		if got := out.String(); !strings.Contains(got, "a.lua: 2.500 s simulated") || strings.Contains(got, " 25% ") != (end > 0) {
			t.Errorf("end %d: %q", end, got)
		}
		p.at(99e9)
		p.done()
		if got := out.String(); !strings.HasSuffix(got, "\r") || strings.Contains(got, "\n") {
			t.Errorf("end %d: the bar is not gone: %q", end, got)
		}
	}
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"1,234,567":   thousands(1234567),
		"-1,234":      thousands(-1234),
		"-123":        thousands(-123),
		"1.235 s":     seconds(1.2346),
		"12.0 ms":     seconds(0.012),
		"5 µs":        seconds(5e-6),
		"first …":     oneLine("first\nsecond\n"),
		"whole":       oneLine("whole"),
		"2 processes": count(2, "process"),
		"1 process":   count(1, "process"),
		"1 exited, 6 killed for want of memory (a, b, c, d, e and 1 more)": tally{
			Exited: 1, OOMKilled: 6, Victims: strings.Split("abcdef", ""),
		}.String(),
		"none has ended": tally{}.String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if s := oneLine(strings.Repeat("ü", 100)); !strings.HasSuffix(s, "ü …") || len(s) > 70 {
		t.Errorf("%q", s)
	}
}

func TestCounters(t *testing.T) {
	var got []string
	counters("pgfault 12\nbroken\nalso x\n\npgfree -3\n", func(name string, v int64) { got = append(got, fmt.Sprint(name, v)) })
	if strings.Join(got, " ") != "pgfault12 pgfree-3" {
		t.Errorf("%v", got)
	}
}
