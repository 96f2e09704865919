package engine

import (
	"math"
	"strconv"
)

// Time is a point in virtual time, in nanoseconds since the start of the run; never negative.
type Time int64

// Duration is a length of virtual time in nanoseconds.
type Duration = Time

// Units of virtual time.
const (
	Nanosecond  Time = 1
	Microsecond      = 1000 * Nanosecond
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
)

// MaxTime means never: an event at MaxTime does not happen, and a process that sleeps for MaxTime sleeps until it is killed.
const MaxTime Time = math.MaxInt64

// Seconds returns t in seconds.
func (t Time) Seconds() float64 { return float64(t) / float64(Second) }

// String writes t exactly, in the largest of s, ms, us and ns that it reaches: "1.5ms". MaxTime is "never".
func (t Time) String() string {
	if t == MaxTime {
		return "never"
	}
	unit, name := Nanosecond, "ns"
	switch a := max(t, -t); {
	case a >= Second:
		unit, name = Second, "s"
	case a >= Millisecond:
		unit, name = Millisecond, "ms"
	case a >= Microsecond:
		unit, name = Microsecond, "us"
	}
	whole, rest := t/unit, t%unit
	sign := ""
	if t < 0 {
		sign, whole, rest = "-", -whole, -rest
	}
	s := sign + strconv.FormatInt(int64(whole), 10)
	if rest != 0 {
		digits := strconv.FormatInt(int64(unit+rest), 10)[1:]
		for digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
		s += "." + digits
	}
	return s + name
}

// add returns t+d, d below 0 counting as 0, and MaxTime where the sum does not fit.
func (t Time) add(d Duration) Time {
	if d <= 0 {
		return t
	}
	if d > MaxTime-t {
		return MaxTime
	}
	return t + d
}
