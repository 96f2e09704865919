package scripting

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxText bounds a string that a library function makes.
const maxText = 64 << 20

func init() {
	// A table's array part grows to the largest index below this bound, by one assignment: 64 MiB at most.
	lua.MaxArrayIndex = 1 << 22
}

// absent are libraries of Lua that a guest does not get, and what to use instead.
var absent = []struct{ name, instead string }{
	{"io", "a scenario has no files of the host; p:open opens a file of the simulated machine"},
	{"os", "a scenario has nothing of the host; m:now() is the time of the run"},
	{"debug", "a scenario cannot look into the interpreter"},
	{"package", "require(name) loads name.lua from the scenario's folder"},
}

// forbidden are functions of Lua's base library that a guest does not get as they are.
var forbidden = []string{"dofile", "loadfile", "load", "loadstring", "module", "require", "newproxy", "_printregs", "_GOPHER_LUA_VERSION"}

// newState makes the interpreter with what a guest may use.
func (s *state) open() {
	s.L = lua.NewState(lua.Options{
		CallStackSize:       maxCallDepth,
		RegistrySize:        1024,
		RegistryMaxSize:     maxStackSlots,
		RegistryGrowStep:    stackGrowth,
		MinimizeStackMemory: true,
		SkipOpenLibs:        true,
	})
	L := s.L
	L.Options.RegistrySize = stackSlots
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		L.Push(L.NewFunction(open))
		L.Call(0, 0)
	}
	// The first thread of the state is the main chunk's.
	t := &thread{s: s, L: L, running: L, left: checkEvery, alarm: &s.guard.tooMuch}
	t.call.t = t
	s.main = t
	L.SetContext(t)
	L.G.MainThread = L
	L.G.CurrentThread = L

	g := L.G.Global
	for _, name := range forbidden {
		g.RawSetString(name, lua.LNil)
	}
	s.protected = L.NewFunction(protectedCall)
	s.library(g, map[string]lua.LGFunction{
		"pcall": luaPcall, "xpcall": luaXpcall, "print": luaPrint, "tostring": luaTostring,
		"collectgarbage": luaCollectgarbage, "loadstring": luaLoadstring, "load": luaLoad,
		"unpack": luaUnpack, "require": luaRequire, "dofile": luaDofile, "loadfile": luaLoadfile,
	})
	s.library(g.RawGetString("string").(*lua.LTable), map[string]lua.LGFunction{
		"byte": stringByte, "rep": stringRep, "format": stringFormat, "find": stringFind, "match": stringMatch,
		"gmatch": stringGmatch, "gfind": stringGmatch, "gsub": stringGsub,
	})
	s.library(g.RawGetString("table").(*lua.LTable), map[string]lua.LGFunction{"concat": tableConcat})
	s.library(g.RawGetString("math").(*lua.LTable), map[string]lua.LGFunction{
		"random": mathRandom, "randomseed": mathRandomseed,
	})
	s.openCoroutines(g)
	for _, a := range absent {
		g.RawSetString(a.name, s.refusal(a.name, a.instead))
	}
	for name, n := range map[string]float64{
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PAGE_SIZE": pageSize,
	} {
		g.RawSetString(name, lua.LNumber(n))
	}
	// Reading a name that is not there gives nil, as Lua has it; it is remembered, because the error that
	// follows cannot name it.
	mt := L.NewTable()
	mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		if name, ok := L.Get(2).(lua.LString); ok {
			s.unknownGlobal = string(name)
		}
		L.Push(lua.LNil)
		return 1
	}))
	mt.RawSetString("__metatable", lua.LFalse)
	g.Metatable = mt
}

func (s *state) library(tb *lua.LTable, funcs map[string]lua.LGFunction) {
	for name, fn := range funcs {
		tb.RawSetString(name, s.L.NewFunction(fn))
	}
}

// refusal is a table that answers every use with an error.
func (s *state) refusal(name, instead string) *lua.LTable {
	refuse := s.L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("'%s' is not part of the scenario language: %s", name, instead)
		return 0
	})
	mt := s.L.NewTable()
	mt.RawSetString("__index", refuse)
	mt.RawSetString("__newindex", refuse)
	mt.RawSetString("__metatable", lua.LFalse)
	tb := s.L.NewTable()
	tb.Metatable = mt
	return tb
}

// luaTostring is tostring with names for tables and functions that are the same in every run: an address of
// the host is not.
func luaTostring(L *lua.LState) int {
	L.Push(lua.LString(threadOf(L).s.display(L, L.CheckAny(1))))
	return 1
}

func (s *state) display(L *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString, lua.LNumber, lua.LBool, *lua.LNilType:
		return v.String()
	}
	if s, ok := L.CallMeta(v, "__tostring").(lua.LString); ok {
		return string(s)
	}
	if ud, ok := v.(*lua.LUserData); ok {
		switch x := ud.Value.(type) {
		case *thread:
			return "process: " + x.name
		case *state:
			return "machine"
		}
	}
	id, ok := s.ids[v]
	if !ok {
		id = len(s.ids) + 1
		s.ids[v] = id
	}
	return fmt.Sprintf("%s: 0x%08x", v.Type(), id)
}

func luaPrint(L *lua.LState) int {
	t := threadOf(L)
	parts := make([]string, L.GetTop())
	for i := range parts {
		parts[i] = t.s.display(L, L.Get(i+1))
	}
	t.s.log(t.who(), strings.Join(parts, "\t"))
	return 0
}

// luaCollectgarbage does nothing: how much memory this program uses is none of a guest's business, and no two
// runs agree on it.
func luaCollectgarbage(L *lua.LState) int {
	L.Push(lua.LNumber(0))
	return 1
}

// maxResults is how many values a library function gives at most.
const maxResults = 8000

func luaUnpack(L *lua.LState) int {
	tb := L.CheckTable(1)
	i, j := L.OptInt(2, 1), L.OptInt(3, tb.Len())
	if i > j {
		return 0
	}
	if uint(j)-uint(i) >= maxResults {
		threadOf(L).fail("unpack: too many results; there can be %d", maxResults)
	}
	for k := i; k <= j; k++ {
		L.Push(L.RawGet(tb, lua.LNumber(k)))
	}
	return j - i + 1
}

// mathRandom draws from the stream of the process that calls.
func mathRandom(L *lua.LState) int {
	t := threadOf(L)
	r := t.stream()
	if L.GetTop() == 0 {
		L.Push(lua.LNumber(r.Float64()))
		return 1
	}
	a, b := 1.0, math.Floor(float64(L.CheckNumber(1)))
	if L.GetTop() > 1 {
		a, b = b, math.Floor(float64(L.CheckNumber(2)))
	}
	if !(a <= b) || math.IsInf(b-a, 0) || b-a >= 1<<53 {
		t.fail("math.random: no whole number lies from %s to %s", formatNumber(a), formatNumber(b))
	}
	L.Push(lua.LNumber(a + float64(r.Below(uint64(b-a)+1))))
	return 1
}

func mathRandomseed(L *lua.LState) int {
	threadOf(L).fail("math.randomseed: the stream is seeded by machine{ seed = } and the process's name")
	return 0
}
