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
	if _, ok := r.(*lua.ApiError); !ok {
		threadOf(L).fatal = r
	}
	panic(r)
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
	if api, ok := e.(*lua.ApiError); ok {
		return api.Object
	}
	return lua.LString(e.Error())
}

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

// runProtected calls fn with args on L for Go's sake. A panic that ends the process goes through; a mistake of
// this program comes back as an error, as does every Lua error.
func (t *thread) runProtected(L *lua.LState, fn *lua.LFunction, args ...lua.LValue) (result lua.LValue, err error) {
	L.SetTop(0)
	L.Push(t.s.protected)
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	err = L.PCall(len(args)+1, 1, nil)
	if r := t.fatal; r != nil {
		t.fatal = nil
		if bug, ok := r.(runtime.Error); ok {
			return nil, fmt.Errorf("internal error of mmsim: %w", bug)
		}
		panic(r)
	}
	if err != nil {
		if t.stoppedAt != "" {
			return nil, fmt.Errorf("%s %s", t.stoppedAt, t.stop)
		}
		return nil, err
	}
	result = L.Get(-1)
	L.Pop(1)
	return result, nil
}
