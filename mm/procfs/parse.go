package procfs

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// ParseError says where the text of a file is not what the kernel prints.
type ParseError struct {
	File string // the file: its name as given to [Parse] or its path, as "zoneinfo" or "before/zoneinfo"
	Line int    // counted from 1; 0 if the error is about the file as a whole
	Text string // the text that is wrong, shortened if long; empty if something is missing
	Want string // what was expected there
}

func (e *ParseError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, ": %q", e.Text)
	}
	return b.String() + ": expected " + e.Want
}

// maxQuote is how much of a wrong line an error shows, in bytes.
const maxQuote = 80

func shorten(s []byte) string {
	if len(s) > maxQuote {
		return string(s[:maxQuote-3]) + "..."
	}
	return string(s)
}

// scanner walks the lines of a file. The first error stays, and ends the walk.
type scanner struct {
	file string
	rest []byte
	line []byte // the current line without its newline
	n    int    // its number
	back bool   // next gives the current line again
	err  error
}

func newScanner(file string, data []byte) *scanner { return &scanner{file: file, rest: data} }

// next moves to the next line. The kernel ends every line, so a last one without a newline is a file cut off.
func (s *scanner) next() bool {
	if s.err != nil {
		return false
	}
	if s.back {
		s.back = false
		return true
	}
	if len(s.rest) == 0 {
		return false
	}
	s.n++
	i := bytes.IndexByte(s.rest, '\n')
	if i < 0 {
		s.line = s.rest
		s.fail(s.line, "a newline at its end: the file is cut off")
		return false
	}
	s.line, s.rest = s.rest[:i], s.rest[i+1:]
	return true
}

// want moves to the next line, which has to be there.
func (s *scanner) want(what string) bool {
	if s.next() {
		return true
	}
	if s.err == nil {
		s.err = &ParseError{File: s.file, Line: s.n + 1, Want: what + ", not the end of the file"}
	}
	return false
}

// unread makes the next call of next give the current line again.
func (s *scanner) unread() { s.back = true }

// fail records an error about a part of the current line.
func (s *scanner) fail(text []byte, format string, args ...any) {
	if s.err == nil {
		s.err = &ParseError{File: s.file, Line: s.n, Text: shorten(text), Want: fmt.Sprintf(format, args...)}
	}
}

// end says that the file is over.
func (s *scanner) end() error {
	if s.next() {
		s.fail(s.line, "the end of the file")
	}
	return s.err
}

// literal expects the next line to be exactly this.
func (s *scanner) literal(text string) bool {
	if !s.want(strconv.Quote(text)) {
		return false
	}
	if string(s.line) != text {
		s.fail(s.line, "%q", text)
		return false
	}
	return true
}

// uint reads an unsigned decimal number.
func (s *scanner) uint(text []byte) uint64 { return s.uintMax(text, 1<<64-1) }

// uintMax reads an unsigned decimal number of at most limit.
func (s *scanner) uintMax(text []byte, limit uint64) uint64 {
	if len(text) == 0 {
		s.fail(s.line, "a number")
		return 0
	}
	var v uint64
	for _, c := range text {
		d := uint64(c - '0')
		if c < '0' || c > '9' {
			s.fail(text, "a number")
			return 0
		}
		if v > (1<<64-1-d)/10 {
			s.fail(text, "a number of 64 bits")
			return 0
		}
		v = v*10 + d
	}
	if v > limit {
		s.fail(text, "a number of at most %d", limit)
		return 0
	}
	return v
}

// count reads a counter that the kernel keeps signed and never prints negative.
func (s *scanner) count(text []byte) int64 { return int64(s.uintMax(text, 1<<63-1)) }

// number reads a number for something that there are few of, such as nodes and CPUs.
func (s *scanner) number(text []byte) int { return int(s.uintMax(text, maxNumber)) }

// maxNumber is the largest number of a node or CPU that is read: far above what a kernel is built for.
const maxNumber = 1<<20 - 1

// int reads a signed decimal number.
func (s *scanner) int(text []byte) int64 {
	v, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || text[0] == '+' {
		s.fail(text, "a signed number")
	}
	return v
}

// hex reads a hexadecimal number without a prefix.
func (s *scanner) hex(text []byte) uint64 {
	v, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil || text[0] == '+' {
		s.fail(text, "a hexadecimal number")
	}
	return v
}

// hundredths reads a number with two decimals, as the kernel prints loads and averages, and gives it in hundredths.
func (s *scanner) hundredths(text []byte) uint64 {
	whole, frac, ok := bytes.Cut(text, []byte{'.'})
	if !ok || len(frac) != 2 {
		s.fail(text, "a number with two decimals")
		return 0
	}
	return s.uintMax(whole, 1<<56)*100 + s.uint(frac)
}

// words splits at spaces and tabs, and at no other white space: names may hold it.
func words(text []byte) [][]byte {
	return bytes.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' })
}

// appendHundredths is the inverse of hundredths.
func appendHundredths(b []byte, v uint64) []byte {
	b = strconv.AppendUint(b, v/100, 10)
	return append(b, '.', byte('0'+v%100/10), byte('0'+v%10))
}

// appendSpaces appends n spaces, none if n is negative.
func appendSpaces(b []byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, ' ')
	}
	return b
}

// appendRight appends v right aligned in width columns, wider if it needs more, as %*lu does.
func appendRight(b []byte, width int, v uint64) []byte {
	var buf [20]byte
	digits := strconv.AppendUint(buf[:0], v, 10)
	return append(appendSpaces(b, width-len(digits)), digits...)
}

// appendRightString is appendRight for text, as %*s does.
func appendRightString(b []byte, width int, s string) []byte {
	return append(appendSpaces(b, width-len(s)), s...)
}

// appendLeft appends s left aligned in width columns, as %-*s does.
func appendLeft(b []byte, width int, s string) []byte {
	return appendSpaces(append(b, s...), width-len(s))
}

// appendHex appends v in hexadecimal with at least width digits, as %0*lx does.
func appendHex(b []byte, width int, v uint64) []byte {
	var buf [16]byte
	digits := strconv.AppendUint(buf[:0], v, 16)
	for n := width - len(digits); n > 0; n-- {
		b = append(b, '0')
	}
	return append(b, digits...)
}

// appendCount appends a counter that may be negative for a moment: the kernel prints 0 then.
func appendCount(b []byte, v int64) []byte { return strconv.AppendInt(b, max(v, 0), 10) }
