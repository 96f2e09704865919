package scripting

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// matcher matches one of Lua's patterns (reference manual, 5.4.1) by backtracking. Every comparison counts
// against the script's steps, so that a pattern that backtracks for ever ends as an endless loop does.
type matcher struct {
	t        *thread
	s, p     string
	anchored bool
	depth    int
	captures []capture
}

// capture is a range of the subject; end is open or position until it is closed.
type capture struct{ start, end int }

const (
	captureOpen     = -1
	capturePosition = -2

	maxCaptures   = 32
	maxMatchDepth = 2000 // nested choices
)

func newMatcher(t *thread, s, p string) *matcher {
	m := &matcher{t: t, s: s, p: p}
	if strings.HasPrefix(p, "^") {
		m.anchored, m.p = true, p[1:]
	}
	return m
}

func (m *matcher) reset() { m.captures, m.depth = m.captures[:0], 0 }

// search finds the first match that begins at or after init.
func (m *matcher) search(init int) (start, end int, ok bool) {
	for at := init; at <= len(m.s); at++ {
		m.reset()
		if end, ok := m.match(at, 0); ok {
			return at, end, true
		}
		if m.anchored {
			break
		}
	}
	return 0, 0, false
}

// match matches the pattern from p on against the subject from s on and gives where the match ends.
func (m *matcher) match(s, p int) (end int, ok bool) {
	if m.depth++; m.depth > maxMatchDepth {
		m.t.fail("the pattern is too complex for this text")
	}
	defer func() { m.depth-- }()
	for p < len(m.p) {
		m.t.charge(8)
		switch m.p[p] {
		case '(':
			if strings.HasPrefix(m.p[p:], "()") {
				return m.open(s, p+2, capturePosition)
			}
			return m.open(s, p+1, captureOpen)
		case ')':
			return m.close(s, p+1)
		case '$':
			if p+1 == len(m.p) {
				return s, s == len(m.s)
			}
		case '%':
			if p+1 < len(m.p) {
				switch c := m.p[p+1]; {
				case c == 'b':
					if s, ok = m.balanced(s, p+2); !ok {
						return 0, false
					}
					p += 4
					continue
				case c == 'f':
					next, ok := m.frontier(s, p+2)
					if !ok {
						return 0, false
					}
					p = next
					continue
				case c >= '0' && c <= '9':
					if s, ok = m.again(s, int(c-'0')); !ok {
						return 0, false
					}
					p += 2
					continue
				}
			}
		}
		next := m.classEnd(p)
		var suffix byte
		if next < len(m.p) {
			suffix = m.p[next]
		}
		switch suffix {
		case '?':
			if s < len(m.s) && m.single(m.s[s], p, next) {
				if end, ok := m.match(s+1, next+1); ok {
					return end, true
				}
			}
			p = next + 1
		case '*':
			return m.longest(s, p, next, 0)
		case '+':
			return m.longest(s, p, next, 1)
		case '-':
			return m.shortest(s, p, next)
		default:
			if s >= len(m.s) || !m.single(m.s[s], p, next) {
				return 0, false
			}
			s, p = s+1, next
		}
	}
	return s, true
}

func (m *matcher) longest(s, p, next, least int) (int, bool) {
	n := 0
	for s+n < len(m.s) && m.single(m.s[s+n], p, next) {
		n++
	}
	m.t.charge(n)
	for ; n >= least; n-- {
		if end, ok := m.match(s+n, next+1); ok {
			return end, true
		}
	}
	return 0, false
}

func (m *matcher) shortest(s, p, next int) (int, bool) {
	for {
		if end, ok := m.match(s, next+1); ok {
			return end, true
		}
		if s >= len(m.s) || !m.single(m.s[s], p, next) {
			return 0, false
		}
		s++
	}
}

func (m *matcher) open(s, p, kind int) (int, bool) {
	if len(m.captures) >= maxCaptures {
		m.t.fail("the pattern has more than %d captures", maxCaptures)
	}
	m.captures = append(m.captures, capture{s, kind})
	n := len(m.captures)
	end, ok := m.match(s, p)
	if !ok {
		m.captures = m.captures[:n-1]
	}
	return end, ok
}

func (m *matcher) close(s, p int) (int, bool) {
	i := len(m.captures) - 1
	for i >= 0 && m.captures[i].end != captureOpen {
		i--
	}
	if i < 0 {
		m.t.fail("the pattern has a ')' without a '('")
	}
	m.captures[i].end = s
	end, ok := m.match(s, p)
	if !ok {
		m.captures[i].end = captureOpen
	}
	return end, ok
}

// balanced matches %bxy.
func (m *matcher) balanced(s, p int) (int, bool) {
	if p+1 >= len(m.p) {
		m.t.fail("the pattern ends in the middle of %%b")
	}
	open, shut := m.p[p], m.p[p+1]
	if s >= len(m.s) || m.s[s] != open {
		return 0, false
	}
	for i, depth := s+1, 1; i < len(m.s); i++ {
		switch m.s[i] {
		case shut:
			if depth--; depth == 0 {
				m.t.charge(i - s)
				return i + 1, true
			}
		case open:
			depth++
		}
	}
	m.t.charge(len(m.s) - s)
	return 0, false
}

// frontier matches %f[set] and gives where the pattern goes on.
func (m *matcher) frontier(s, p int) (int, bool) {
	if p >= len(m.p) || m.p[p] != '[' {
		m.t.fail("the pattern lacks a '[' after %%f")
	}
	next := m.classEnd(p)
	var before, here byte
	if s > 0 {
		before = m.s[s-1]
	}
	if s < len(m.s) {
		here = m.s[s]
	}
	return next, !m.inSet(before, p, next) && m.inSet(here, p, next)
}

// again matches what capture i has matched.
func (m *matcher) again(s, i int) (int, bool) {
	if i < 1 || i > len(m.captures) || m.captures[i-1].end < 0 {
		m.t.fail("the pattern refers to capture %%%d, which is not there", i)
	}
	text := m.s[m.captures[i-1].start:m.captures[i-1].end]
	m.t.charge(len(text))
	return s + len(text), strings.HasPrefix(m.s[s:], text)
}

// classEnd gives where the single-character class at p ends.
func (m *matcher) classEnd(p int) int {
	switch m.p[p] {
	case '%':
		if p+1 >= len(m.p) {
			m.t.fail("the pattern ends with '%%'")
		}
		return p + 2
	case '[':
		p++
		if p < len(m.p) && m.p[p] == '^' {
			p++
		}
		for first := true; first || p < len(m.p) && m.p[p] != ']'; first = false {
			if p < len(m.p) && m.p[p] == '%' {
				p++
			}
			p++
		}
		if p >= len(m.p) {
			m.t.fail("the pattern lacks a ']'")
		}
		return p + 1
	}
	return p + 1
}

func (m *matcher) single(c byte, p, next int) bool {
	switch m.p[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.p[p+1])
	case '[':
		return m.inSet(c, p, next)
	}
	return m.p[p] == c
}

// inSet says whether c is in the set at p, which ends before next.
func (m *matcher) inSet(c byte, p, next int) bool {
	p, last := p+1, next-1
	in := true
	if m.p[p] == '^' {
		in = false
		p++
	}
	for ; p < last; p++ {
		switch {
		case m.p[p] == '%' && p+1 < last:
			p++
			if inClass(c, m.p[p]) {
				return in
			}
		case p+2 < last && m.p[p+1] == '-':
			if m.p[p] <= c && c <= m.p[p+2] {
				return in
			}
			p += 2
		case m.p[p] == c:
			return in
		}
	}
	return !in
}

// inClass says whether c is in the class %class, in the C locale.
func inClass(c, class byte) bool {
	lower := class | 0x20
	isLetter := func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	var in bool
	switch lower {
	case 'a':
		in = isLetter(c)
	case 'c':
		in = c < 32 || c == 127
	case 'd':
		in = isDigit(c)
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 32 && c < 127 && !isLetter(c) && !isDigit(c)
	case 's':
		in = c == ' ' || c >= 9 && c <= 13
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = isLetter(c) || isDigit(c)
	case 'x':
		in = isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return c == class
	}
	if class != lower {
		return !in
	}
	return in
}

// get gives capture i, from 0; without captures the whole match is the first.
func (m *matcher) get(i, start, end int) lua.LValue {
	if i >= len(m.captures) {
		if i != 0 {
			m.t.fail("there is no capture %%%d", i+1)
		}
		return lua.LString(m.s[start:end])
	}
	switch c := m.captures[i]; c.end {
	case capturePosition:
		return lua.LNumber(c.start + 1)
	case captureOpen:
		m.t.fail("the pattern has a '(' without a ')'")
		return nil
	default:
		return lua.LString(m.s[c.start:c.end])
	}
}

// pushCaptures pushes the captures; whole asks for the match itself if there are none.
func (m *matcher) pushCaptures(L *lua.LState, start, end int, whole bool) int {
	n := len(m.captures)
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		L.Push(m.get(i, start, end))
	}
	return n
}

// replacement gives what gsub writes for a match.
func (m *matcher) replacement(L *lua.LState, repl lua.LValue, start, end int) string {
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LTable:
		v = L.GetTable(r, m.get(0, start, end))
	case *lua.LFunction:
		top := L.GetTop()
		L.Push(r)
		n := m.pushCaptures(L, start, end, true)
		L.Call(n, 1)
		v = L.Get(-1)
		L.SetTop(top)
	default:
		return m.expand(lua.LVAsString(r), start, end)
	}
	switch {
	case lua.LVIsFalse(v):
		return m.s[start:end]
	case !lua.LVCanConvToString(v):
		m.t.fail("string.gsub: a %s cannot replace text", v.Type())
	}
	return lua.LVAsString(v)
}

// expand writes %0 to %9 of a replacement.
func (m *matcher) expand(repl string, start, end int) string {
	if !strings.Contains(repl, "%") {
		return repl
	}
	var b strings.Builder
	for i := 0; i < len(repl); i++ {
		if repl[i] != '%' || i+1 == len(repl) {
			b.WriteByte(repl[i])
			continue
		}
		i++
		switch c := repl[i]; {
		case c == '0':
			b.WriteString(m.s[start:end])
		case c >= '1' && c <= '9':
			b.WriteString(lua.LVAsString(m.get(int(c-'1'), start, end)))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
