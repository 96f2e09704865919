package scripting

import (
	"fmt"
	"runtime"

	lua "github.com/yuin/gopher-lua"
)

// The interpreter's pcall recovers every panic, also those by which the engine and the kernel end a process.
// The wrappers here note such a panic on its way out of the protected function and raise it again behind the
// interpreter's back, so that a script catches Lua errors and nothing else.

// noteFatal is deferred around a protected function.
func noteFatal(L *lua.LState) {
	r := recover()
	if r == nil {
		return
	}
	if r == stackFull {
		// The interpreter panics with a string when its call stack is full; for a script that is an error.
		r = &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(lineOf(L) + " stack overflow")}
	}
	api, ok := r.(*lua.ApiError)
	if !ok {
		threadOf(L).fatal = r
		api = &lua.ApiError{Type: lua.ApiErrorError, Object: lua.LNil}
	}
	if api.StackTrace == "" {
		// PCall would write a traceback, which is not used and takes time with the square of the depth.
		api.StackTrace = "none"
	}
	panic(api)
}

// stackFull is what the interpreter throws when a script nests its calls too deep.
const stackFull = "lua callstack overflow"

// lineOf gives "file:line:" of the innermost Lua function on L.
func lineOf(L *lua.LState) string {
	const deep = 8
	for level := range deep {
		if at := L.Where(level); position.MatchString(at + " ") {
			return at
		}
	}
	return ""
}

// protectedCall runs the function and arguments on L's stack from index 1 on.
func protectedCall(L *lua.LState) int {
	defer noteFatal(L)
	L.Call(L.GetTop()-1, lua.MultRet)
	return L.GetTop()
}

// rethrow goes on with a panic that is none of the script's business.
func (t *thread) rethrow() {
	if r := t.fatal; r != nil {
		t.fatal = nil
		panic(r)
	}
}

// pcallValue is pcall(f, ...) with what is on the stack; err is nil or what f raised.
func (t *thread) pcallValue(L *lua.LState) (err lua.LValue) {
	nargs := L.GetTop()
	L.Insert(t.s.protected, 1)
	e := L.PCall(nargs, lua.MultRet, nil)
	t.rethrow()
	if e == nil {
		return nil
	}
	api, ok := e.(*lua.ApiError)
	if !ok {
		return lua.LString(e.Error())
	}
	if api.Type == lua.ApiErrorPanic {
		// The stack was full before the protected function began. The interpreter then loses count of its
		// frames (autoGrowingCallFrameStack.SetSp), so the script cannot go on.
		t.stop, t.stoppedAt = "stack overflow", lineOf(L)
		panic(scriptEnd{})
	}
	const catching = 400 // what it takes to catch an error, in the bytes of charge
	t.charge(catching)
	return api.Object
}

// scriptEnd unwinds a script that cannot go on, for the reason in thread.stop.
type scriptEnd struct{}

func callable(L *lua.LState, v lua.LValue) bool {
	return v.Type() == lua.LTFunction || L.GetMetaField(v, "__call").Type() == lua.LTFunction
}

func luaPcall(L *lua.LState) int {
	f := L.CheckAny(1)
	if !callable(L, f) {
		L.Push(lua.LFalse)
		L.Push(lua.LString("attempt to call a " + f.Type().String() + " value"))
		return 2
	}
	if err := threadOf(L).pcallValue(L); err != nil {
		L.Push(lua.LFalse)
		L.Push(err)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// luaXpcall calls the handler when the stack has been unwound: what a handler could see of it, the debug
// library would have to show.
func luaXpcall(L *lua.LState) int {
	f, handler := L.CheckAny(1), L.CheckFunction(2)
	L.SetTop(0)
	L.Push(f)
	var err lua.LValue
	if callable(L, f) {
		err = threadOf(L).pcallValue(L)
	} else {
		err = lua.LString("attempt to call a " + f.Type().String() + " value")
	}
	if err == nil {
		L.Insert(lua.LTrue, 1)
		return L.GetTop()
	}
	L.SetTop(0)
	L.Push(lua.LFalse)
	L.Push(handler)
	L.Push(err)
	L.Call(1, 1)
	return 2
}

// runProtected calls fn with args on L, on which nothing runs, for Go's sake. A panic that ends the process
// goes through; a mistake of this program comes back as an error, as does every Lua error. After an error L
// cannot be used again.
func (t *thread) runProtected(L *lua.LState, fn *lua.LFunction, args ...lua.LValue) (result lua.LValue, err error) {
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, t.ending(L, r)
		}
	}()
	L.Panic = raise
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	L.Call(len(args), 1)
	result = L.Get(-1)
	L.Pop(1)
	return result, nil
}

// raise throws the value on top of L's stack, as the interpreter does but without a traceback.
func raise(L *lua.LState) {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: L.Get(-1), StackTrace: "none"})
}

// ending makes an error of the panic that ended a script, or goes on with it if it is not the script's.
func (t *thread) ending(L *lua.LState, r any) error {
	switch x := r.(type) {
	case scriptEnd:
		return fmt.Errorf("%s %s", t.stoppedAt, t.stop)
	case *lua.ApiError:
		if t.stop != "" && t.stoppedAt != "" {
			return fmt.Errorf("%s %s", t.stoppedAt, t.stop)
		}
		return x
	case runtime.Error:
		return fmt.Errorf("internal error of mmsim: %v", x)
	}
	if r == stackFull {
		return fmt.Errorf("%s stack overflow", lineOf(L))
	}
	panic(r)
}
