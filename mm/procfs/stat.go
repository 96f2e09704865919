package procfs

import (
	"bytes"
	"strconv"
)

// UserHZ is the number of ticks a second in which /proc shows times of CPUs (USER_HZ), on every architecture here.
const UserHZ = 100

// Stat is /proc/stat (fs/proc/stat.c, show_stat()).
type Stat struct {
	CPU          StatTimes  // the sum of all CPUs
	CPUs         []StatCPU  // the online CPUs
	Intr         uint64     // interrupts since boot
	IRQs         []uint64   // of these, by number of the interrupt
	Ctxt         uint64     // context switches since boot
	Btime        uint64     // when the machine booted: seconds since 1970
	Processes    uint64     // processes and threads made since boot
	ProcsRunning uint64     // runnable now
	ProcsBlocked uint64     // waiting for I/O now
	Softirq      uint64     // soft interrupts since boot
	Softirqs     [10]uint64 // of these: HI TIMER NET_TX NET_RX BLOCK IRQ_POLL TASKLET SCHED HRTIMER RCU
}

// StatTimes is how CPU time was spent since boot, in ticks of 1/UserHZ second.
type StatTimes struct {
	User, Nice, System, Idle, Iowait, Irq, Softirq, Steal, Guest, GuestNice uint64
}

// StatCPU is a CPU's line.
type StatCPU struct {
	CPU int
	StatTimes
}

func (t *StatTimes) fields() [10]*uint64 {
	return [...]*uint64{
		&t.User, &t.Nice, &t.System, &t.Idle, &t.Iowait, &t.Irq, &t.Softirq, &t.Steal, &t.Guest, &t.GuestNice,
	}
}

func (t *StatTimes) append(b []byte) []byte {
	for _, v := range t.fields() {
		b = strconv.AppendUint(append(b, ' '), *v, 10)
	}
	return append(b, '\n')
}

// Append appends the file's text to b.
func (f *Stat) Append(b []byte) []byte {
	b = f.CPU.append(append(b, "cpu "...))
	for i := range f.CPUs {
		b = strconv.AppendInt(append(b, "cpu"...), int64(f.CPUs[i].CPU), 10)
		b = f.CPUs[i].append(b)
	}
	line := func(name string, total uint64, parts []uint64) {
		b = strconv.AppendUint(append(append(b, name...), ' '), total, 10)
		for _, v := range parts {
			b = strconv.AppendUint(append(b, ' '), v, 10)
		}
		b = append(b, '\n')
	}
	line("intr", f.Intr, f.IRQs)
	line("ctxt", f.Ctxt, nil)
	line("btime", f.Btime, nil)
	line("processes", f.Processes, nil)
	line("procs_running", f.ProcsRunning, nil)
	line("procs_blocked", f.ProcsBlocked, nil)
	line("softirq", f.Softirq, f.Softirqs[:])
	return b
}

// ParseStat reads /proc/stat of Linux 2.6.33 and later, with exactly the lines that 6.1 has.
func ParseStat(data []byte) (*Stat, error) { return parseStat(newScanner("stat", data)) }

func parseStat(s *scanner) (*Stat, error) {
	f := &Stat{}
	if s.want(`"cpu "`) {
		if name := s.statTimes(&f.CPU); string(name) != "cpu" {
			s.fail(s.line, `"cpu " and ten times`)
		}
	}
	for s.want("intr") && bytes.HasPrefix(s.line, []byte("cpu")) {
		f.CPUs = append(f.CPUs, StatCPU{})
		c := &f.CPUs[len(f.CPUs)-1]
		c.CPU = s.number(s.statTimes(&c.StatTimes)[len("cpu"):])
	}
	s.unread()
	f.Intr, f.IRQs = s.statLine("intr")
	for _, l := range []struct {
		name string
		v    *uint64
	}{
		{"ctxt", &f.Ctxt},
		{"btime", &f.Btime},
		{"processes", &f.Processes},
		{"procs_running", &f.ProcsRunning},
		{"procs_blocked", &f.ProcsBlocked},
	} {
		var more []uint64
		if *l.v, more = s.statLine(l.name); len(more) > 0 {
			s.fail(s.line, "one number")
		}
	}
	var parts []uint64
	if f.Softirq, parts = s.statLine("softirq"); len(parts) != len(f.Softirqs) {
		s.fail(s.line, "a sum and %d numbers", len(f.Softirqs))
	}
	copy(f.Softirqs[:], parts)
	return orNil(f, s.end())
}

// statTimes reads the times of a CPU's line and returns its first word, of at least three letters.
func (s *scanner) statTimes(t *StatTimes) []byte {
	w := words(s.line)
	fields := t.fields()
	if len(w) != 1+len(fields) || len(w[0]) < len("cpu") {
		s.fail(s.line, "cpu and %d times", len(fields))
		return []byte("cpu")
	}
	for i, v := range fields {
		*v = s.uint(w[1+i])
	}
	return w[0]
}

// statLine reads a line of a name, a number and more numbers.
func (s *scanner) statLine(name string) (uint64, []uint64) {
	if !s.want(name) {
		return 0, nil
	}
	text, ok := bytes.CutPrefix(s.line, []byte(name+" "))
	w := words(text)
	if !ok || len(w) == 0 {
		s.fail(s.line, "%q and a number", name)
		return 0, nil
	}
	parts := make([]uint64, len(w)-1)
	for i := range parts {
		parts[i] = s.uint(w[1+i])
	}
	return s.uint(w[0]), parts
}
