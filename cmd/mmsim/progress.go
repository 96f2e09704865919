package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a run has come: a bar on a terminal, and a line now and then in a pipe. It writes
// nothing about a run that ends within a moment.
type progress struct {
	out   io.Writer
	name  string
	end   int64 // virtual nanoseconds at which the run stops at the latest; 0 if nothing says
	start time.Time
	next  time.Time
	every time.Duration
	bar   *progressbar.ProgressBar // nil in a pipe
}

const (
	patience  = 300 * time.Millisecond
	barEvery  = 100 * time.Millisecond
	lineEvery = 2 * time.Second
)

// isTerminal reports whether a person may be looking at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func newProgress(out io.Writer, terminal bool, name string, end int64) *progress {
	now := time.Now()
	p := &progress{out: out, name: name, end: end, start: now, next: now.Add(lineEvery), every: lineEvery}
	if terminal {
		p.next, p.every = now.Add(patience), barEvery
		most := int64(-1)
		if end > 0 {
			most = end
		}
		p.bar = progressbar.NewOptions64(most,
			progressbar.OptionSetWriter(out), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30),
			progressbar.OptionSetElapsedTime(true), progressbar.OptionSetPredictTime(end > 0), progressbar.OptionSpinnerType(14))
	}
	return p
}

// at is told the virtual time now and then.
func (p *progress) at(virtual int64) {
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(p.every)
	text := fmt.Sprintf("%s: %.3f s simulated", p.name, float64(virtual)/1e9)
	if p.bar != nil {
		p.bar.Describe(text)
		if p.end > 0 {
			virtual = min(virtual, p.end-1) // the bar must not end itself
		}
		_ = p.bar.Set64(virtual)
		return
	}
	if p.end > 0 {
		text += fmt.Sprintf(" of %g s", float64(p.end)/1e9)
	}
	fmt.Fprintf(p.out, "mmsim: %s, %.0f s elapsed\n", text, now.Sub(p.start).Seconds())
}

// done takes the bar away.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
