package procfs

import (
	"bytes"
	"strconv"
)

// Status is /proc/PID/status (fs/proc/array.c, proc_pid_status()). The fields are what the file says of memory, in kB; the other
// lines are kept as text.
type Status struct {
	// Before holds the lines before those of memory: Name, Umask, State, Tgid and so on.
	Before []StatusLine

	// KernelThread is set if there is no address space: the lines from VmPeak to THP_enabled are absent.
	KernelThread bool

	VmPeak       uint64 // largest VmSize so far
	VmSize       uint64 // address space in use
	VmLck        uint64 // locked
	VmPin        uint64 // pinned
	VmHWM        uint64 // largest VmRSS so far
	VmRSS        uint64 // RssAnon + RssFile + RssShmem
	RssAnon      uint64
	RssFile      uint64
	RssShmem     uint64
	VmData       uint64 // private writable address space without the stack
	VmStk        uint64
	VmExe        uint64 // text of the program
	VmLib        uint64 // other executable address space
	VmPTE        uint64 // page tables of all levels
	VmSwap       uint64 // anonymous memory in swap
	HugetlbPages uint64
	CoreDumping  uint64 // 0 or 1
	THPEnabled   uint64 // THP_enabled: 0 or 1

	// After holds the lines after those of memory: Threads, SigQ and so on.
	After []StatusLine
}

// StatusLine is a line of text.
type StatusLine struct {
	Name  string // without the colon
	Value string // without the tab before it
}

// statusField is a line of the memory part.
type statusField struct {
	name string
	v    *uint64
	kb   bool
}

func (f *Status) fields() [18]statusField {
	return [...]statusField{
		{"VmPeak", &f.VmPeak, true},
		{"VmSize", &f.VmSize, true},
		{"VmLck", &f.VmLck, true},
		{"VmPin", &f.VmPin, true},
		{"VmHWM", &f.VmHWM, true},
		{"VmRSS", &f.VmRSS, true},
		{"RssAnon", &f.RssAnon, true},
		{"RssFile", &f.RssFile, true},
		{"RssShmem", &f.RssShmem, true},
		{"VmData", &f.VmData, true},
		{"VmStk", &f.VmStk, true},
		{"VmExe", &f.VmExe, true},
		{"VmLib", &f.VmLib, true},
		{"VmPTE", &f.VmPTE, true},
		{"VmSwap", &f.VmSwap, true},
		{"HugetlbPages", &f.HugetlbPages, true},
		{"CoreDumping", &f.CoreDumping, false},
		{"THP_enabled", &f.THPEnabled, false},
	}
}

// Append appends the file's text to b.
func (f *Status) Append(b []byte) []byte {
	b = appendStatusLines(b, f.Before)
	if !f.KernelThread {
		for _, l := range f.fields() {
			b = append(append(b, l.name...), ":\t"...)
			if l.kb {
				b = append(appendRight(b, 8, *l.v), " kB\n"...)
			} else {
				b = append(strconv.AppendUint(b, *l.v, 10), '\n')
			}
		}
	}
	return appendStatusLines(b, f.After)
}

func appendStatusLines(b []byte, lines []StatusLine) []byte {
	for _, l := range lines {
		b = append(append(b, l.Name...), ":\t"...)
		b = append(append(b, l.Value...), '\n')
	}
	return b
}

// ParseStatus reads /proc/PID/status. The lines of memory are all there, in the order of 6.1, or none of them is.
func ParseStatus(data []byte) (*Status, error) { return parseStatus(newScanner("status", data)) }

func parseStatus(s *scanner) (*Status, error) {
	f := &Status{KernelThread: true}
	for s.next() {
		name, value := s.statusLine()
		if string(name) == "VmPeak" && f.KernelThread {
			f.KernelThread = false
			s.unread()
			s.statusMemory(f)
			continue
		}
		l := StatusLine{Name: string(name), Value: string(value)}
		if f.KernelThread {
			f.Before = append(f.Before, l)
		} else {
			f.After = append(f.After, l)
		}
	}
	return orNil(f, s.err)
}

func (s *scanner) statusLine() (name, value []byte) {
	name, value, ok := bytes.Cut(s.line, []byte(":\t"))
	if !ok || len(name) == 0 {
		s.fail(s.line, "a name, a colon, a tab and a value")
	}
	return name, value
}

func (s *scanner) statusMemory(f *Status) {
	for _, l := range f.fields() {
		if !s.want(l.name) {
			return
		}
		name, value := s.statusLine()
		if string(name) != l.name {
			s.fail(s.line, "%s", l.name)
		}
		if l.kb {
			var ok bool
			if value, ok = bytes.CutSuffix(value, []byte(" kB")); !ok {
				s.fail(s.line, "a number of kB")
			}
		}
		*l.v = s.uint(bytes.TrimLeft(value, " "))
	}
}
