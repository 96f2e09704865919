package results

import (
	"fmt"
	"os"
	"path/filepath"
)

// bufferSize is how many bytes of whole rows a file gathers before it writes them.
const bufferSize = 64 << 10

// rowFile is a file that is only ever written up to the end of a row.
type rowFile struct {
	f   *os.File
	buf []byte
}

// open makes a file of the directory and writes its header line, so that none is ever there without. The caller holds mu, or is Create.
func (w *Writer) open(name, header string) *rowFile {
	if w.err != nil {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		w.fail(err)
		return nil
	}
	r := &rowFile{f: f}
	if header != "" {
		r.buf = append(append(r.buf, header...), '\n')
		w.write(r)
	}
	w.files = append(w.files, r)
	return r
}

// row adds one row, which fill appends without its newline.
func (w *Writer) row(r *rowFile, fill func([]byte) ([]byte, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done || w.err != nil {
		return
	}
	if r == nil {
		_, err := fill(nil)
		w.fail(err)
		return
	}
	n := len(r.buf)
	b, err := fill(r.buf)
	if err != nil {
		r.buf = r.buf[:n]
		w.fail(err)
		return
	}
	r.buf = append(b, '\n')
	if len(r.buf) >= bufferSize {
		w.write(r)
	}
}

func (w *Writer) append(r *rowFile, text string) {
	if r != nil && w.err == nil {
		r.buf = append(r.buf, text...)
	}
}

func (w *Writer) write(r *rowFile) {
	if len(r.buf) == 0 || w.err != nil {
		return
	}
	if _, err := r.f.Write(r.buf); err != nil {
		w.fail(err)
		return
	}
	r.buf = r.buf[:0]
}

func (w *Writer) flush() {
	for _, r := range w.files {
		w.write(r)
	}
}

func (w *Writer) closeFiles() {
	for _, r := range w.files {
		if err := r.f.Close(); err != nil {
			w.fail(err)
		}
	}
}

func (w *Writer) fail(err error) {
	if w.err == nil && err != nil {
		w.err = fmt.Errorf("cannot write the run directory %s: %w", w.dir, err)
	}
}
