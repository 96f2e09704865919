package scripting

import (
	"context"
	"fmt"
	"time"
)

// DefaultMaxSteps is how many Lua instructions a process, or the main chunk, may run in all: five seconds or
// so of this program's time.
const DefaultMaxSteps = 500_000_000

// checkEvery is how many instructions pass between two looks at what may end a script from outside.
const checkEvery = 1 << 16

// A thread is the context of its Lua threads: the interpreter asks Done before every instruction, which is the
// only hook that it has, so Done counts. It gives nil, a channel that is never ready, until the script has to
// end; from then on it gives a closed one, so that no pcall keeps a script alive.
var _ context.Context = (*thread)(nil)

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done counts one instruction.
func (t *thread) Done() <-chan struct{} {
	t.left--
	if t.left >= 0 && !t.alarm.Load() {
		return nil
	}
	return t.checkpoint()
}

// checkpoint is reached every checkEvery instructions, and when memory is short: a few instructions can double
// a string often enough to fill any memory.
func (t *thread) checkpoint() <-chan struct{} {
	if t.stop == "" {
		t.spent += checkEvery - t.left - 1
		t.left = checkEvery
		t.stop = t.reasonToStop()
	}
	if t.stop == "" {
		return nil
	}
	t.left = 0
	return closed
}

func (t *thread) reasonToStop() string {
	switch {
	case t.spent >= t.s.maxSteps:
		return fmt.Sprintf("the script ran %d instructions without end: an endless loop? (--max-steps raises the limit)", t.s.maxSteps)
	case t.s.guard.over():
		return fmt.Sprintf("not enough memory: the limit is %s (--max-memory raises it)", FormatSize(t.s.guard.limit))
	case t.s.cancelled():
		return "interrupted"
	}
	return ""
}

// charge counts work that a library function does in one instruction: n bytes, or comparisons.
func (t *thread) charge(n int) {
	t.left -= int64(n / 8)
	if t.left < 0 && t.checkpoint() != nil {
		t.fail("%s", t.stop)
	}
}

// Err is asked once Done has given the closed channel.
func (t *thread) Err() error {
	if t.stoppedAt == "" {
		t.stoppedAt = t.running.Where(0)
	}
	return stopped(t.stop)
}

type stopped string

func (s stopped) Error() string { return string(s) }

// Deadline says that there is none.
func (t *thread) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value has nothing.
func (t *thread) Value(any) any { return nil }
