package procfs

import (
	"bytes"
	"strconv"
)

// PIDStat is /proc/PID/stat (fs/proc/array.c, do_task_stat()): one line of 52 fields, of which these say something of the processes that there are here; the
// others are 0. Times are in hundredths of a second.
type PIDStat struct {
	PID        int
	Comm       string // at most 15 bytes
	State      byte   // R, S, D, T, Z
	PPID       int
	PGRP       int
	Session    int
	TPGID      int // -1: no terminal
	Flags      uint64
	MinFlt     uint64
	CMinFlt    uint64 // of children that were waited for
	MajFlt     uint64
	CMajFlt    uint64
	UTime      uint64
	STime      uint64
	Priority   int64
	Nice       int64
	Threads    uint64
	StartTime  uint64 // since boot
	VSize      uint64 // bytes
	RSS        int64  // pages
	RSSLimit   uint64 // bytes
	StartCode  uint64
	EndCode    uint64
	StartStack uint64
	StartBrk   uint64
	ExitSignal uint64
	Processor  int64
}

// pidStatFields is how many fields the line has behind the name.
const pidStatFields = 50

// fields gives what there is of the fields behind the name and the state, by their numbers in proc(5).
func (f *PIDStat) fields() (plain map[int]*uint64, signed map[int]*int64, small map[int]*int) {
	plain = map[int]*uint64{
		9: &f.Flags, 10: &f.MinFlt, 11: &f.CMinFlt, 12: &f.MajFlt, 13: &f.CMajFlt, 14: &f.UTime, 15: &f.STime, 20: &f.Threads, 22: &f.StartTime, 23: &f.VSize,
		25: &f.RSSLimit, 26: &f.StartCode, 27: &f.EndCode, 28: &f.StartStack, 38: &f.ExitSignal, 47: &f.StartBrk,
	}
	signed = map[int]*int64{18: &f.Priority, 19: &f.Nice, 24: &f.RSS, 39: &f.Processor}
	small = map[int]*int{4: &f.PPID, 5: &f.PGRP, 6: &f.Session, 8: &f.TPGID}
	return plain, signed, small
}

// Append appends the file's text to b.
func (f *PIDStat) Append(b []byte) []byte {
	b = strconv.AppendInt(b, int64(f.PID), 10)
	b = append(b, " ("...)
	b = append(b, f.Comm...)
	b = append(b, ") "...)
	b = append(b, f.State)
	plain, signed, small := f.fields()
	for n := 4; n < 3+pidStatFields; n++ {
		b = append(b, ' ')
		switch {
		case plain[n] != nil:
			b = strconv.AppendUint(b, *plain[n], 10)
		case signed[n] != nil:
			b = strconv.AppendInt(b, *signed[n], 10)
		case small[n] != nil:
			b = strconv.AppendInt(b, int64(*small[n]), 10)
		default:
			b = append(b, '0')
		}
	}
	return append(b, '\n')
}

// ParsePIDStat reads /proc/PID/stat.
func ParsePIDStat(data []byte) (*PIDStat, error) {
	s := newScanner("stat", data)
	f := &PIDStat{}
	if !s.want("the fields of a process") {
		return nil, s.end()
	}
	from, to := bytes.IndexByte(s.line, '('), bytes.LastIndexByte(s.line, ')') // the name may have either in it
	if from < 1 || to < from {
		s.fail(s.line, "a number and a name in parentheses")
		return nil, s.err
	}
	w := words(s.line[to+1:])
	if len(w) != pidStatFields || len(w[0]) != 1 {
		s.fail(s.line, "%d fields behind the name, of which the first is a letter", pidStatFields)
		return nil, s.err
	}
	f.PID = int(s.int(bytes.TrimSpace(s.line[:from])))
	f.Comm, f.State = string(s.line[from+1:to]), w[0][0]
	plain, signed, small := f.fields()
	for n := 4; n < 3+pidStatFields; n++ {
		text := w[n-3]
		switch {
		case plain[n] != nil:
			*plain[n] = s.uint(text)
		case signed[n] != nil:
			*signed[n] = s.int(text)
		case small[n] != nil:
			*small[n] = int(s.int(text))
		}
	}
	return orNil(f, s.end())
}

// A Verbatim file is what its text says: /proc/PID/comm, a name and a newline, and /proc/PID/cmdline, strings that each end in a byte of 0.
type Verbatim string

// Append appends the file's text to b.
func (v *Verbatim) Append(b []byte) []byte { return append(b, *v...) }
