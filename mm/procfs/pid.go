package procfs

import "strconv"

// Statm is /proc/PID/statm (fs/proc/array.c, proc_pid_statm()), in pages. All are 0 for a kernel thread.
type Statm struct {
	Size     uint64 // total_vm
	Resident uint64 // file + shmem + anonymous pages
	Shared   uint64 // file + shmem pages
	Text     uint64 // pages of the text segment
	Lib      uint64 // always 0
	Data     uint64 // data_vm + stack_vm
	Dirty    uint64 // always 0
}

func (f *Statm) fields() [7]*uint64 {
	return [...]*uint64{&f.Size, &f.Resident, &f.Shared, &f.Text, &f.Lib, &f.Data, &f.Dirty}
}

// Append appends the file's text to b.
func (f *Statm) Append(b []byte) []byte {
	for i, v := range f.fields() {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendUint(b, *v, 10)
	}
	return append(b, '\n')
}

// ParseStatm reads /proc/PID/statm.
func ParseStatm(data []byte) (*Statm, error) { return parseStatm(newScanner("statm", data)) }

func parseStatm(s *scanner) (*Statm, error) {
	f := &Statm{}
	fields := f.fields()
	if s.want("numbers of pages") {
		w := words(s.line)
		if len(w) != len(fields) {
			s.fail(s.line, "%d numbers of pages", len(fields))
			return nil, s.err
		}
		for i, v := range fields {
			*v = s.uint(w[i])
		}
	}
	return orNil(f, s.end())
}

// Number is a file of one number: /proc/PID/oom_score (0 to 2000), oom_score_adj (-1000 to 1000) and oom_adj (-17 to 15).
type Number int64

// Append appends the file's text to b.
func (n *Number) Append(b []byte) []byte { return append(strconv.AppendInt(b, int64(*n), 10), '\n') }

// ParseNumber reads a file of one number.
func ParseNumber(data []byte) (*Number, error) { return parseNumber(newScanner("number", data)) }

func parseNumber(s *scanner) (*Number, error) {
	var n Number
	if s.want("a number") {
		n = Number(s.int(s.line))
	}
	return orNil(&n, s.end())
}
