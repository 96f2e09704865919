package scripting

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// bind makes the language's names known to the interpreter.
func (s *state) bind() {
	g := s.L.G.Global
	for _, e := range byScope[ScopeGlobal] {
		g.RawSetString(e.Name, s.function(e))
	}
	s.processMeta = s.objectMeta(ScopeProcess)
	s.machine = &lua.LUserData{Value: s, Env: g, Metatable: s.objectMeta(ScopeMachine)}
}

// objectMeta makes the metatable of the objects of a scope. Methods are found in a plain table, which is the
// fast way; the table's own metatable answers for names that are not in it.
func (s *state) objectMeta(scope Scope) *lua.LTable {
	L := s.L
	methods := L.NewTable()
	for _, e := range byScope[scope] {
		methods.RawSetString(e.Name, s.function(e))
	}
	missing := L.NewTable()
	missing.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("%s", unknown("method of "+string(scope), L.Get(2).String(), namesOf(scope)))
		return 0
	}))
	missing.RawSetString("__metatable", lua.LFalse)
	methods.Metatable = missing
	meta := L.NewTable()
	meta.RawSetString("__index", methods)
	meta.RawSetString("__newindex", L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("%s cannot be assigned to", scope)
		return 0
	}))
	meta.RawSetString("__metatable", lua.LFalse)
	return meta
}

// function makes the Lua function of an entry.
func (s *state) function(e *Entry) *lua.LFunction {
	switch {
	case !e.Served():
		return s.L.NewFunction(func(L *lua.LState) int {
			L.RaiseError("%s", notYetMessage(e.FullName()))
			return 0
		})
	case e.Scope == ScopeProcess:
		return s.L.NewFunction(func(L *lua.LState) int {
			t := threadOf(L)
			ud, ok := L.Get(1).(*lua.LUserData)
			if !ok || ud != t.object {
				t.wrongReceiver(L, e)
			}
			return t.serve(L, e, 2)
		})
	case e.Scope == ScopeMachine:
		return s.L.NewFunction(func(L *lua.LState) int {
			t := threadOf(L)
			if ud, ok := L.Get(1).(*lua.LUserData); !ok || ud != s.machine {
				t.wrongReceiver(L, e)
			}
			return t.serve(L, e, 2)
		})
	}
	return s.L.NewFunction(func(L *lua.LState) int { return threadOf(L).serve(L, e, 1) })
}

// serve checks the arguments from index first on and calls the entry's function.
func (t *thread) serve(L *lua.LState, e *Entry, first int) int {
	c := &t.call
	c.L, c.e = L, e
	if bad := c.check(first); bad != "" {
		L.RaiseError("%s: %s", e.FullName(), strings.TrimSpace(bad))
	}
	if t.coroutine == nil {
		return e.fn(c)
	}
	n := 0
	t.block(func() { n = e.fn(c) })
	return n
}

// wrongReceiver raises the error for a method that was not called on the object it belongs to.
func (t *thread) wrongReceiver(L *lua.LState, e *Entry) {
	ud, ok := L.Get(1).(*lua.LUserData)
	if ok {
		if owner, isProcess := ud.Value.(*thread); isProcess && e.Scope == ScopeProcess {
			caller := "process '" + t.name + "'"
			if t.proc == nil {
				caller = "what is no process"
			}
			L.RaiseError("%s: the object of process '%s' was used by %s: a process object may be used only by its own process; use the argument that the function got",
				e.FullName(), owner.name, caller)
		}
	}
	L.RaiseError("call it with a colon: %s(...)", e.FullName())
}
