package procfs

import (
	"bytes"
	"strconv"
)

// Uptime is /proc/uptime (fs/proc/uptime.c), in hundredths of a second.
type Uptime struct {
	Uptime uint64 // since boot
	Idle   uint64 // that CPUs have been idle, all of them added up
}

// Append appends the file's text to b.
func (f *Uptime) Append(b []byte) []byte {
	b = append(appendHundredths(b, f.Uptime), ' ')
	return append(appendHundredths(b, f.Idle), '\n')
}

// ParseUptime reads /proc/uptime.
func ParseUptime(data []byte) (*Uptime, error) { return parseUptime(newScanner("uptime", data)) }

func parseUptime(s *scanner) (*Uptime, error) {
	f := &Uptime{}
	if s.want("two times") {
		if w := words(s.line); len(w) == 2 {
			f.Uptime, f.Idle = s.hundredths(w[0]), s.hundredths(w[1])
		} else {
			s.fail(s.line, "two times")
		}
	}
	return orNil(f, s.end())
}

// Loadavg is /proc/loadavg (fs/proc/loadavg.c).
type Loadavg struct {
	Load    [3]uint64 // average number of runnable and blocked tasks in 1, 5 and 15 minutes, in hundredths
	Running uint64    // tasks runnable now
	Threads uint64    // tasks that exist
	LastPID uint64    // the pid given out last
}

// Append appends the file's text to b.
func (f *Loadavg) Append(b []byte) []byte {
	for _, v := range f.Load {
		b = append(appendHundredths(b, v), ' ')
	}
	b = append(strconv.AppendUint(b, f.Running, 10), '/')
	b = append(strconv.AppendUint(b, f.Threads, 10), ' ')
	return append(strconv.AppendUint(b, f.LastPID, 10), '\n')
}

// ParseLoadavg reads /proc/loadavg.
func ParseLoadavg(data []byte) (*Loadavg, error) { return parseLoadavg(newScanner("loadavg", data)) }

func parseLoadavg(s *scanner) (*Loadavg, error) {
	f := &Loadavg{}
	const what = "three loads, running/threads and a pid"
	if !s.want(what) {
		return nil, s.err
	}
	w := words(s.line)
	if len(w) != 5 {
		s.fail(s.line, what)
		return nil, s.err
	}
	for i := range f.Load {
		f.Load[i] = s.hundredths(w[i])
	}
	running, threads, ok := bytes.Cut(w[3], []byte{'/'})
	if !ok {
		s.fail(w[3], "running/threads")
	}
	f.Running, f.Threads, f.LastPID = s.uint(running), s.uint(threads), s.uint(w[4])
	return orNil(f, s.end())
}

// Pressure is /proc/pressure/memory, io or cpu, or a cgroup's memory.pressure (kernel/sched/psi.c, psi_show()).
type Pressure struct {
	Some *PressureStall // at least one task was stalled; nil: the file has no such line
	Full *PressureStall // all tasks were; nil: the file has no such line (cpu before 5.13)
}

// PressureStall is the share of time stalled.
type PressureStall struct {
	Avg10, Avg60, Avg300 uint64 // average of 10, 60 and 300 s, in hundredths of a per cent
	Total                uint64 // microseconds since boot
}

// Append appends the file's text to b.
func (f *Pressure) Append(b []byte) []byte {
	b = f.Some.append(b, "some")
	return f.Full.append(b, "full")
}

func (p *PressureStall) append(b []byte, name string) []byte {
	if p == nil {
		return b
	}
	b = appendHundredths(append(append(b, name...), " avg10="...), p.Avg10)
	b = appendHundredths(append(b, " avg60="...), p.Avg60)
	b = appendHundredths(append(b, " avg300="...), p.Avg300)
	return append(strconv.AppendUint(append(b, " total="...), p.Total, 10), '\n')
}

// ParsePressure reads a file of pressure stall information.
func ParsePressure(data []byte) (*Pressure, error) {
	return parsePressure(newScanner("pressure", data))
}

func parsePressure(s *scanner) (*Pressure, error) {
	f := &Pressure{}
	for s.next() {
		name, text, _ := bytes.Cut(s.line, []byte{' '})
		switch {
		case string(name) == "some" && f.Some == nil && f.Full == nil:
			f.Some = s.pressureStall(text)
		case string(name) == "full" && f.Full == nil:
			f.Full = s.pressureStall(text)
		default:
			s.fail(s.line, `"some" and "full", in this order`)
		}
	}
	if s.err == nil && f.Some == nil && f.Full == nil {
		s.err = &ParseError{File: s.file, Want: "a line some or full"}
	}
	return orNil(f, s.err)
}

func (s *scanner) pressureStall(text []byte) *PressureStall {
	p := &PressureStall{}
	w := bytes.Split(text, []byte{' '})
	keys := [...]string{"avg10=", "avg60=", "avg300=", "total="}
	if len(w) != len(keys) {
		s.fail(s.line, "avg10=, avg60=, avg300= and total=")
		return p
	}
	for i, key := range keys {
		v, ok := bytes.CutPrefix(w[i], []byte(key))
		switch {
		case !ok:
			s.fail(w[i], "%s", key)
		case i == 3:
			p.Total = s.uint(v)
		default:
			*[...]*uint64{&p.Avg10, &p.Avg60, &p.Avg300}[i] = s.hundredths(v)
		}
	}
	return p
}
