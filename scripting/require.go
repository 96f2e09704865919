package scripting

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"mmsim/results"
)

// maxSource bounds the text of a script. The compiler takes time that grows with the square of some of it, so
// that this also bounds how long it can take.
const maxSource = 256 << 10

// compileSteps is what a byte of Lua text that a script compiles counts for, in the bytes of thread.charge.
const compileSteps = 400

// compile turns Lua text into a function. name is what errors call it.
func (s *state) compile(text, name string) (*lua.LFunction, error) {
	if len(text) > maxSource {
		return nil, errorf(name, 0, "the script has %d bytes; at most %d are accepted", len(text), maxSource)
	}
	if strings.HasPrefix(text, "\x1b") {
		return nil, errorf(name, 0, "this is bytecode; only Lua text is accepted")
	}
	if strings.HasPrefix(text, "#") { // a first line that names an interpreter
		text = "--" + text
	}
	chunk, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, parseError(err, name)
	}
	return s.compileChunk(chunk, name)
}

func (s *state) compileChunk(chunk []ast.Stmt, name string) (fn *lua.LFunction, err error) {
	defer func() {
		if r := recover(); r != nil {
			fn, err = nil, errorf(name, 0, "the compiler cannot take this script: %v", r)
		}
	}()
	fixLogicalAssign(chunk)
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, parseError(err, name)
	}
	return s.L.NewFunctionFromProto(proto), nil
}

func parseError(err error, name string) error {
	var syntax *parse.Error
	var compile *lua.CompileError
	switch {
	case errors.As(err, &syntax):
		line := syntax.Pos.Line
		return errorf(name, max(line, 0), "%s", syntaxMessage(syntax))
	case errors.As(err, &compile):
		return errorf(name, compile.Line, "%s", compile.Message)
	}
	return errorf(name, 0, "%v", err)
}

// readScript reads a script from the scenario's folder. A name or a link that leads out of the folder is an
// error.
func (s *state) readScript(name string) (string, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("%s: %w (scripts are loaded from the scenario's folder only)", name, path.Err)
		}
		return "", fmt.Errorf("%s: there is no such file in the scenario's folder", name)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: not a regular file", name)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err == nil {
		s.addModule(name, text)
	}
	return string(text), err
}

// addModule notes a script that the scenario has read.
func (s *state) addModule(name string, text []byte) {
	name = filepath.ToSlash(filepath.Clean(name))
	for _, m := range s.sc.modules {
		if m.Path == name {
			return
		}
	}
	sum := sha256.Sum256(text)
	s.sc.modules = append(s.sc.modules, results.Module{Path: name, SHA256: hex.EncodeToString(sum[:])})
}

// Modules are the scripts that the scenario has read from its folder so far, in the order of the first time.
func (sc *Scenario) Modules() []results.Module { return sc.modules }

// loadScript compiles a script of the scenario's folder.
func (s *state) loadScript(name string) (*lua.LFunction, error) {
	text, err := s.readScript(name)
	if err != nil {
		return nil, err
	}
	return s.compile(text, filepath.Join(filepath.Dir(s.path), name))
}

// luaRequire loads name.lua once and gives what it returned; a dot in the name is a folder.
func luaRequire(L *lua.LState) int {
	t := threadOf(L)
	name := L.CheckString(1)
	if v, ok := t.s.loaded[name]; ok {
		if v == nil {
			t.fail("require: '%s' requires itself", clip(name))
		}
		L.Push(v)
		return 1
	}
	fn, err := t.s.loadScript(strings.ReplaceAll(name, ".", "/") + ".lua")
	if err != nil {
		t.fail("require: %v", err)
	}
	t.s.loaded[name] = nil
	defer func() {
		if t.s.loaded[name] == nil {
			delete(t.s.loaded, name)
		}
	}()
	L.Push(fn)
	L.Push(lua.LString(name))
	L.Call(1, 1)
	v := L.Get(-1)
	if v == lua.LNil {
		v = lua.LTrue
	}
	t.s.loaded[name] = v
	L.Push(v)
	return 1
}

func luaDofile(L *lua.LState) int {
	t := threadOf(L)
	fn, err := t.s.loadScript(L.CheckString(1))
	if err != nil {
		t.fail("dofile: %v", err)
	}
	L.SetTop(0)
	L.Push(fn)
	L.Call(0, lua.MultRet)
	return L.GetTop()
}

func luaLoadfile(L *lua.LState) int {
	fn, err := threadOf(L).s.loadScript(L.CheckString(1))
	return loaded(L, fn, err)
}

func luaLoadstring(L *lua.LState) int {
	t := threadOf(L)
	text := L.CheckString(1)
	t.charge(len(text) * compileSteps)
	fn, err := t.s.compile(text, L.OptString(2, "<string>"))
	return loaded(L, fn, err)
}

// luaLoad takes a function that gives the text in pieces.
func luaLoad(L *lua.LState) int {
	t := threadOf(L)
	piece, name := L.CheckFunction(1), L.OptString(2, "<string>")
	var b strings.Builder
	for b.Len() <= maxSource {
		L.Push(piece)
		L.Call(0, 1)
		v := L.Get(-1)
		L.Pop(1)
		if v == lua.LNil || v == lua.LString("") {
			break
		}
		s, ok := v.(lua.LString)
		if !ok {
			t.fail("load: the function gave a %s, not a string", v.Type())
		}
		b.WriteString(string(s))
	}
	t.charge(b.Len() * compileSteps)
	fn, err := t.s.compile(b.String(), name)
	return loaded(L, fn, err)
}

func loaded(L *lua.LState, fn *lua.LFunction, err error) int {
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(fn)
	return 1
}
