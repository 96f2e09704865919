package results

import (
	"bytes"
	"fmt"
	"strings"
)

// rowReader splits CSV text into rows. Unlike encoding/csv it keeps a carriage return inside quotes, and it
// takes a missing end of line as what it is here: a file that was cut off.
type rowReader struct {
	name string // for errors
	text []byte
	line int // of the row returned last, from 1
	next int // line of the row that follows
	row  []string
}

func newRowReader(name string, text []byte) *rowReader {
	return &rowReader{name: name, text: text, next: 1}
}

func (r *rowReader) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", r.name, max(r.line, 1), fmt.Sprintf(format, args...))
}

// read returns the next row, which is valid until the next call, and false at the end.
func (r *rowReader) read() ([]string, bool, error) {
	if len(r.text) == 0 {
		return nil, false, nil
	}
	r.line = r.next
	r.row = r.row[:0]
	for {
		cell, end, err := r.cell()
		if err != nil {
			return nil, false, err
		}
		r.row = append(r.row, cell)
		if end {
			r.next++
			return r.row, true, nil
		}
	}
}

// cell takes one cell and the comma or newline behind it; end is true for a newline.
func (r *rowReader) cell() (cell string, end bool, err error) {
	if len(r.text) > 0 && r.text[0] == '"' {
		return r.quoted()
	}
	i := bytes.IndexAny(r.text, ",\n\"")
	if i < 0 {
		return "", false, r.errorf("the file ends in the middle of a row: it was cut off")
	}
	if r.text[i] == '"' {
		return "", false, r.errorf("a quote in the middle of a cell")
	}
	cell, end = string(r.text[:i]), r.text[i] == '\n'
	r.text = r.text[i+1:]
	return cell, end, nil
}

func (r *rowReader) quoted() (string, bool, error) {
	var b strings.Builder
	for rest := r.text[1:]; ; {
		i := bytes.IndexByte(rest, '"')
		if i < 0 || i+1 >= len(rest) {
			return "", false, r.errorf("the file ends inside a quoted cell: it was cut off")
		}
		b.Write(rest[:i])
		after := rest[i+1]
		rest = rest[i+2:]
		switch after {
		case '"':
			b.WriteByte('"')
		case ',', '\n':
			cell := b.String()
			r.next += strings.Count(cell, "\n")
			r.text = rest
			return cell, after == '\n', nil
		default:
			return "", false, r.errorf("text behind the closing quote of a cell")
		}
	}
}
