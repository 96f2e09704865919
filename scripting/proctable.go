package scripting

import (
	"strings"

	"mmsim/mm"
)

// procTable is a file of /proc of one number a line, read once for all its columns of a sample. What is sampled
// is what the file shows.
type procTable struct {
	k      *mm.Kernel
	path   string
	rows   map[string]int // by name
	values []float64      // by row; bytes for rows in kB
}

func newProcTable(k *mm.Kernel, path string) *procTable {
	p := &procTable{k: k, path: path, rows: map[string]int{}}
	p.read(func(name string) { p.rows[name] = len(p.rows) })
	return p
}

// refresh reads the file again. Its rows are the same in the same order at all times.
func (p *procTable) refresh() { p.read(nil) }

func (p *procTable) read(row func(name string)) {
	text, _ := p.k.ProcFile(p.path)
	p.values = p.values[:0]
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		end := strings.IndexAny(line, ": ")
		if end < 0 {
			continue
		}
		if row != nil {
			row(line[:end])
		}
		n, digits, kB := 0.0, line[end:], strings.HasSuffix(line, " kB")
		for i := range len(digits) {
			if c := digits[i]; c >= '0' && c <= '9' {
				n = n*10 + float64(c-'0')
			} else if n != 0 {
				break
			}
		}
		if kB {
			n *= 1024
		}
		p.values = append(p.values, n)
	}
}

// column gives the function that reads a row, or nil if there is none.
func (p *procTable) column(name string) func() float64 {
	i, ok := p.rows[name]
	if !ok {
		return nil
	}
	return func() float64 { return p.values[i] }
}
