package scripting

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// The string functions that can make much out of little, or take long over it, with bounds.

func (t *thread) tooLong(what string, n int) {
	if n > maxText {
		t.fail("%s: the result would have %d bytes; a string may have %d", what, n, maxText)
	}
	t.charge(n)
}

func stringRep(L *lua.LState) int {
	s, n := L.CheckString(1), L.CheckNumber(2)
	if !(n > 0) || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	threadOf(L).tooLong("string.rep", int(math.Min(float64(len(s))*math.Floor(float64(n)), math.MaxInt32)))
	L.Push(lua.LString(strings.Repeat(s, int(n))))
	return 1
}

func stringByte(L *lua.LState) int {
	s, i := L.CheckString(1), L.OptInt(2, 1)
	if i < 0 {
		i = max(1, len(s)+i+1)
	}
	j := L.OptInt(3, i)
	if j < 0 {
		j = len(s) + j + 1
	}
	i, j = max(i, 1), min(j, len(s))
	if j-i >= maxResults {
		threadOf(L).fail("string.byte: too many results; there can be %d", maxResults)
	}
	for k := i; k <= j; k++ {
		L.Push(lua.LNumber(s[k-1]))
	}
	return max(j-i+1, 0)
}

func tableConcat(L *lua.LState) int {
	t := threadOf(L)
	tb, sep := L.CheckTable(1), L.OptString(2, "")
	i, j := L.OptInt(3, 1), L.OptInt(4, tb.Len())
	var b strings.Builder
	for ; i <= j; i++ {
		v := tb.RawGetInt(i)
		if !lua.LVCanConvToString(v) {
			t.fail("table.concat: the value at index %d is a %s, not a string or number", i, v.Type())
		}
		s := lua.LVAsString(v)
		if n := b.Len() + len(s) + len(sep); n > maxText {
			t.tooLong("table.concat", n)
		}
		b.WriteString(s)
		if i < j {
			b.WriteString(sep)
		}
	}
	t.charge(b.Len())
	L.Push(lua.LString(b.String()))
	return 1
}

// stringFormat is string.format of Lua 5.1: a width and a precision have two digits at most.
func stringFormat(L *lua.LState) int {
	t := threadOf(L)
	format := L.CheckString(1)
	var b strings.Builder
	arg := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		start := i
		i += len(format[i:]) - len(strings.TrimLeft(format[i:], "-+ #0"))
		digits := func() {
			from := i
			for i < len(format) && format[i] >= '0' && format[i] <= '9' {
				i++
			}
			if i-from > 2 {
				t.fail("string.format: invalid format (width or precision too long)")
			}
		}
		digits()
		if i < len(format) && format[i] == '.' {
			i++
			digits()
		}
		if i >= len(format) {
			t.fail("string.format: the format ends in the middle of '%%%s'", format[start:])
		}
		arg++
		t.formatOne(L, &b, "%"+format[start:i], format[i], arg)
		if b.Len() > maxText {
			t.tooLong("string.format", b.Len())
		}
	}
	t.charge(b.Len())
	L.Push(lua.LString(b.String()))
	return 1
}

// formatOne writes argument arg by the directive spec and verb.
func (t *thread) formatOne(L *lua.LState, b *strings.Builder, spec string, verb byte, arg int) {
	switch verb {
	case 'd', 'i':
		fmt.Fprintf(b, spec+"d", int64(L.CheckNumber(arg)))
	case 'u':
		fmt.Fprintf(b, spec+"d", uint64(int64(L.CheckNumber(arg))))
	case 'x', 'X', 'o':
		fmt.Fprintf(b, spec+string(verb), uint64(int64(L.CheckNumber(arg))))
	case 'c':
		b.WriteByte(byte(L.CheckNumber(arg)))
	case 'e', 'E', 'f', 'g', 'G':
		writeFloat(b, spec, verb, float64(L.CheckNumber(arg)))
	case 'q':
		b.WriteString(luaQuote(L.CheckString(arg)))
	case 's':
		fmt.Fprintf(b, spec+"s", t.s.display(L, L.CheckAny(arg)))
	default:
		t.fail("string.format: unknown directive '%s%c'", spec, verb)
	}
}

// writeFloat writes f as C does, whose %g keeps six digits and whose infinity is "inf".
func writeFloat(b *strings.Builder, spec string, verb byte, f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		text := map[bool]string{true: "inf", false: "-inf"}[f > 0]
		if math.IsNaN(f) {
			text = "nan"
		}
		fmt.Fprintf(b, strings.SplitN(strings.ReplaceAll(spec, "0", ""), ".", 2)[0]+"s", text)
		return
	}
	if (verb == 'g' || verb == 'G') && !strings.Contains(spec, ".") {
		spec += ".6"
	}
	fmt.Fprintf(b, spec+string(verb), f)
}

// luaQuote writes s so that Lua reads it back.
func luaQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString("\\\n")
		case '\r':
			b.WriteString("\\r")
		case 0:
			b.WriteString("\\000")
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// startIndex turns Lua's first index into an offset in s, at most its length.
func startIndex(s string, i int) int {
	switch {
	case i > 0:
		i--
	case i < 0:
		i = max(0, len(s)+i)
	}
	return min(i, len(s))
}

func stringFind(L *lua.LState) int {
	s, pattern := L.CheckString(1), L.CheckString(2)
	from := L.OptInt(3, 1)
	if from > len(s)+1 {
		L.Push(lua.LNil)
		return 1
	}
	init := startIndex(s, from)
	if lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(pattern, "^$*+?.([%-") {
		threadOf(L).charge(len(s) - init)
		i := strings.Index(s[init:], pattern)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(init + i + 1))
		L.Push(lua.LNumber(init + i + len(pattern)))
		return 2
	}
	m := newMatcher(threadOf(L), s, pattern)
	start, end, ok := m.search(init)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(start + 1))
	L.Push(lua.LNumber(end))
	return 2 + m.pushCaptures(L, start, end, false)
}

func stringMatch(L *lua.LState) int {
	s, pattern := L.CheckString(1), L.CheckString(2)
	m := newMatcher(threadOf(L), s, pattern)
	start, end, ok := m.search(startIndex(s, L.OptInt(3, 1)))
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	return m.pushCaptures(L, start, end, true)
}

func stringGmatch(L *lua.LState) int {
	s, pattern := L.CheckString(1), L.CheckString(2)
	at := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if at > len(s) {
			return 0
		}
		m := newMatcher(threadOf(L), s, pattern)
		m.anchored = false
		start, end, ok := m.search(at)
		if !ok {
			at = len(s) + 1
			return 0
		}
		if at = end; end == start {
			at++
		}
		return m.pushCaptures(L, start, end, true)
	}))
	return 1
}

func stringGsub(L *lua.LState) int {
	t := threadOf(L)
	s, pattern, repl := L.CheckString(1), L.CheckString(2), L.CheckAny(3)
	switch repl.(type) {
	case lua.LString, lua.LNumber, *lua.LTable, *lua.LFunction:
	default:
		t.fail("string.gsub: expected a string, table or function to replace by, got %s", typeName(repl))
	}
	limit := L.OptInt(4, math.MaxInt)
	m := newMatcher(t, s, pattern)
	var b strings.Builder
	at, count := 0, 0
	for count < limit {
		m.reset()
		end, ok := m.match(at, 0)
		if ok {
			count++
			b.WriteString(m.replacement(L, repl, at, end))
			if b.Len() > maxText {
				t.tooLong("string.gsub", b.Len())
			}
		}
		switch {
		case ok && end > at:
			at = end
		case at < len(s):
			b.WriteByte(s[at])
			at++
		default:
			at++
		}
		if at > len(s) || m.anchored {
			break
		}
	}
	if at < len(s) {
		b.WriteString(s[at:])
	}
	t.charge(b.Len())
	L.Push(lua.LString(b.String()))
	L.Push(lua.LNumber(count))
	return 2
}
