package scripting

import (
	"fmt"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
	"mmsim/mm"
)

// Sizes of a Lua thread. The stacks grow on demand, so that ten thousand processes fit in little memory.
const (
	maxCallDepth  = 1000    // nested Lua calls; beyond is "stack overflow"
	stackSlots    = 32      // values on the stack at first
	stackGrowth   = 64      // how many more at a time
	maxStackSlots = 1 << 18 // values on the stack at most; beyond is "registry overflow"
)

// thread is one flow of control that runs Lua: the main chunk, a process, the hooks. It is the value of the
// process object in Lua, by which a method knows whether its caller owns the object.
type thread struct {
	s       *state
	L       *lua.LState // the first Lua thread; coroutines have more
	running *lua.LState // the Lua thread that runs now
	name    string      // full name of the process; empty for the main chunk and the hooks
	proc    *mm.Process // of a process, once it runs
	object  *lua.LUserData
	rand    *engine.Stream

	alarm     *atomic.Bool // of the memory guard
	left      int64        // instructions until the next checkpoint
	spent     int64        // instructions up to the last one
	stop      string       // why the script has to end, once it has to
	stoppedAt string       // where it was then

	fatal any // a panic on its way through a protected call
	call  call

	coroutine  *coroutine   // the one that runs, if any
	coroutines []*coroutine // those that have begun and not ended
	depth      int          // of coroutines that resume each other
}

// newThread makes a thread with a Lua thread that shares the globals of the main one.
func (s *state) newThread(name string) *thread {
	t := &thread{s: s, name: name, left: checkEvery, alarm: &s.guard.tooMuch}
	t.call.t = t
	t.L = t.newLua()
	t.running = t.L
	return t
}

// newLua makes a Lua thread on t's budget.
func (t *thread) newLua() *lua.LState {
	L, cancel := t.s.L.NewThread()
	if cancel != nil {
		cancel()
	}
	L.SetContext(t)
	return L
}

// threadOf gives the thread that runs on L.
func threadOf(L *lua.LState) *thread {
	return L.Context().(*thread)
}

// fail raises a Lua error at the line that runs.
func (t *thread) fail(format string, args ...any) {
	t.running.RaiseError("%s", fmt.Sprintf(format, args...))
}

// fail raises a Lua error that begins with the function's name.
func (c *call) fail(format string, args ...any) {
	c.L.RaiseError("%s: %s", c.e.FullName(), fmt.Sprintf(format, args...))
}

// The results of a call.

func (c *call) number(f float64) int {
	c.L.Push(lua.LNumber(f))
	return 1
}

func (c *call) text(s string) int {
	c.L.Push(lua.LString(s))
	return 1
}

func (c *call) ok() int {
	c.L.Push(lua.LTrue)
	return 1
}

// errno gives nil and the name of e.
func (c *call) errno(e mm.Errno) int {
	c.L.Push(lua.LNil)
	c.L.Push(lua.LString(e.Error()))
	return 2
}

// done gives true, or nil and the name of e.
func (c *call) done(e mm.Errno) int {
	if e != 0 {
		return c.errno(e)
	}
	return c.ok()
}
