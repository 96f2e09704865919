package scripting

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// Error is a mistake in a scenario, or in how it was asked to run.
type Error struct {
	File    string // as the scenario's path was given; empty if the mistake is in no file
	Line    int    // 1 for the first; 0 if it is in no line
	Process string // full name of the process that ran; empty for the main chunk
	Msg     string
}

// Error gives "file:line: message", with the process in front of the message if one ran.
func (e *Error) Error() string {
	msg := e.Msg
	if e.Process != "" {
		msg = fmt.Sprintf("process '%s': %s", e.Process, msg)
	}
	switch {
	case e.File == "":
		return msg
	case e.Line == 0:
		return e.File + ": " + msg
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, msg)
}

func errorf(file string, line int, format string, args ...any) *Error {
	return &Error{File: file, Line: line, Msg: fmt.Sprintf(format, args...)}
}

// position is what Lua puts before a message.
var position = regexp.MustCompile(`^([^\n:]+):(\d+): (?s:(.*))$`)

// scriptError turns what ended a script into an *Error. file is the scenario's own, for errors that name none.
func scriptError(err error, file, process string) *Error {
	e := &Error{File: file, Process: process}
	var (
		own     *Error
		syntax  *parse.Error
		compile *lua.CompileError
		api     *lua.ApiError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &api) && api.Cause != nil && errors.As(api.Cause, &syntax):
		e.File, e.Line = syntax.Pos.Source, syntax.Pos.Line
		e.Msg = syntaxMessage(syntax)
	case errors.As(err, &api) && api.Cause != nil && errors.As(api.Cause, &compile):
		e.Line, e.Msg = compile.Line, compile.Message
	case errors.As(err, &api):
		e.Msg = thrown(api.Object)
	default:
		e.Msg = err.Error()
	}
	if at := position.FindStringSubmatch(e.Msg); at != nil {
		e.File, e.Msg = at[1], at[3]
		e.Line, _ = strconv.Atoi(at[2])
	}
	e.Msg = strings.TrimSpace(e.Msg)
	return e
}

// syntaxMessage gives a parser's complaint without its position. The parser marks the end of the file by a
// line of -1 and a token without text.
func syntaxMessage(s *parse.Error) string {
	if s.Pos.Line < 0 {
		s.Pos.Line = 0
		return "syntax error: the file ends too early"
	}
	if s.Token == "" {
		return "syntax error: " + s.Message
	}
	return fmt.Sprintf("syntax error near '%s'", s.Token)
}

// thrown gives the text of a value that a script raised.
func thrown(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber, lua.LBool:
		return v.String()
	case *lua.LNilType:
		return "error(nil)"
	}
	return "error object is a " + v.Type().String()
}
