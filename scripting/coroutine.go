package scripting

import (
	"iter"

	lua "github.com/yuin/gopher-lua"
)

// Lua's coroutines. Each runs on a coroutine of Go (iter.Pull), so that it may yield anywhere: in pcall, a
// metamethod, an iterator. What blocks a simulated process has to happen on the goroutine of the engine's
// process; a coroutine asks the one that resumed it to do that, down to the first.

const (
	maxCoroutines     = 10_000 // of a process, begun and not ended
	maxCoroutineDepth = 100    // that resume each other
)

type coroutine struct {
	t      *thread
	L      *lua.LState
	fn     *lua.LFunction
	status string
	parent *coroutine // the one that resumed it; nil if that was the process itself
	place  int        // in t.coroutines

	next  func() (request, bool)
	cease func()
	yield func(request) bool

	values []lua.LValue // passed by resume on the way in, by yield or return on the way out
	err    lua.LValue   // what ended it
	fatal  any          // the panic that ended it, if Lua may not see it
}

// request is what a coroutine gives when it stops running: work to be done for it, or nothing if it yields.
type request struct{ do func() }

// ceased unwinds a coroutine that is never resumed again.
type ceased struct{}

func (s *state) openCoroutines(g *lua.LTable) {
	tb := s.L.NewTable()
	s.library(tb, map[string]lua.LGFunction{
		"create": coCreate, "wrap": coWrap, "resume": coResume, "yield": coYield, "status": coStatus, "running": coRunning,
	})
	g.RawSetString("coroutine", tb)
	mt := s.L.NewTable()
	mt.RawSetString("__metatable", lua.LFalse)
	s.coroutineMeta = mt
}

func newCoroutine(L *lua.LState) *lua.LUserData {
	t := threadOf(L)
	co := &coroutine{t: t, fn: L.CheckFunction(1), status: "suspended"}
	return &lua.LUserData{Value: co, Metatable: t.s.coroutineMeta}
}

func checkCoroutine(L *lua.LState, what string) *coroutine {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if co, ok := ud.Value.(*coroutine); ok {
			if co.t != threadOf(L) {
				threadOf(L).fail("coroutine.%s: the coroutine belongs to another process", what)
			}
			return co
		}
	}
	threadOf(L).fail("coroutine.%s: expected a coroutine, got %s", what, typeName(L.Get(1)))
	return nil
}

func coCreate(L *lua.LState) int {
	L.Push(newCoroutine(L))
	return 1
}

func coWrap(L *lua.LState) int {
	co := newCoroutine(L).Value.(*coroutine)
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if co.t != threadOf(L) {
			threadOf(L).fail("coroutine.wrap: the coroutine belongs to another process")
		}
		values, err := co.resume(L, 1)
		if err != nil {
			L.Error(err, 0)
		}
		return push(L, values)
	}))
	return 1
}

func coResume(L *lua.LState) int {
	values, err := checkCoroutine(L, "resume").resume(L, 2)
	if err != nil {
		L.Push(lua.LFalse)
		L.Push(err)
		return 2
	}
	L.Push(lua.LTrue)
	return 1 + push(L, values)
}

func coYield(L *lua.LState) int {
	t := threadOf(L)
	co := t.coroutine
	if co == nil {
		t.fail("coroutine.yield: outside of a coroutine (p:yield() gives up the CPU)")
	}
	co.values = stackFrom(L, 1)
	if !co.yield(request{}) {
		panic(ceased{})
	}
	return push(L, co.values)
}

func coStatus(L *lua.LState) int {
	L.Push(lua.LString(checkCoroutine(L, "status").status))
	return 1
}

func coRunning(L *lua.LState) int {
	t := threadOf(L)
	if t.coroutine == nil {
		L.Push(lua.LNil)
	} else {
		L.Push(&lua.LUserData{Value: t.coroutine, Metatable: t.s.coroutineMeta})
	}
	return 1
}

func push(L *lua.LState, values []lua.LValue) int {
	for _, v := range values {
		L.Push(v)
	}
	return len(values)
}

func stackFrom(L *lua.LState, first int) []lua.LValue {
	var values []lua.LValue
	for i := first; i <= L.GetTop(); i++ {
		values = append(values, L.Get(i))
	}
	return values
}

// resume runs co until it yields or ends; L's stack from first on is passed.
func (co *coroutine) resume(L *lua.LState, first int) (values []lua.LValue, err lua.LValue) {
	t := co.t
	if co.status != "suspended" {
		return nil, lua.LString("cannot resume a " + co.status + " coroutine")
	}
	if t.depth >= maxCoroutineDepth {
		t.fail("coroutine.resume: more than %d coroutines resume each other", maxCoroutineDepth)
	}
	if co.next == nil {
		co.begin()
	}
	co.values = stackFrom(L, first)
	co.parent, co.status = t.coroutine, "running"
	if co.parent != nil {
		co.parent.status = "normal"
	}
	for {
		t.coroutine, t.running = co, co.L
		t.depth++
		req, more := co.next()
		t.depth--
		t.coroutine, t.running = co.parent, L
		if more && req.do != nil {
			t.block(req.do)
			continue
		}
		if co.parent != nil {
			co.parent.status = "running"
		}
		if !more {
			co.ended()
			if co.fatal != nil {
				panic(co.fatal)
			}
			return co.values, co.err
		}
		co.status = "suspended"
		return co.values, nil
	}
}

func (co *coroutine) begin() {
	t := co.t
	if len(t.coroutines) >= maxCoroutines {
		t.fail("coroutine.resume: %d coroutines have begun and not ended", maxCoroutines)
	}
	co.L = t.newLua()
	co.place = len(t.coroutines)
	t.coroutines = append(t.coroutines, co)
	co.next, co.cease = iter.Pull(func(yield func(request) bool) {
		co.yield = yield
		co.run()
	})
}

// run is the coroutine's life, on its own goroutine. No panic leaves it.
func (co *coroutine) run() {
	L := co.L
	L.Push(co.t.s.protected)
	L.Push(co.fn)
	n := push(L, co.values)
	e := L.PCall(n+1, lua.MultRet, nil)
	co.values = nil
	if r := co.t.fatal; r != nil {
		co.t.fatal, co.fatal = nil, r
		return
	}
	if e == nil {
		co.values = stackFrom(L, 1)
		return
	}
	co.err = lua.LString(e.Error())
	if api, ok := e.(*lua.ApiError); ok {
		co.err = api.Object
	}
}

func (co *coroutine) ended() {
	t := co.t
	co.status = "dead"
	last := len(t.coroutines) - 1
	t.coroutines[co.place] = t.coroutines[last]
	t.coroutines[co.place].place = co.place
	t.coroutines[last] = nil
	t.coroutines = t.coroutines[:last]
}

// block does something that may block the process, where that is possible. A Lua error that do raises is
// raised here; any other panic ends the process and does not come back.
func (t *thread) block(do func()) {
	co := t.coroutine
	if co == nil {
		do()
		return
	}
	var raised *lua.ApiError
	guarded := func() {
		defer func() {
			if r := recover(); r != nil {
				api, ok := r.(*lua.ApiError)
				if !ok {
					panic(r)
				}
				raised = api
			}
		}()
		do()
	}
	if !co.yield(request{guarded}) {
		panic(ceased{})
	}
	if raised != nil {
		panic(raised)
	}
}

// close ends what the thread has left open.
func (t *thread) close() {
	for len(t.coroutines) > 0 {
		co := t.coroutines[len(t.coroutines)-1]
		t.coroutine, t.running = co, co.L
		co.cease()
		co.ended()
	}
	t.coroutine, t.running = nil, t.L
}
