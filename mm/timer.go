package mm

import "mmsim/engine"

// Time that the kernel counts in ticks (CONFIG_HZ of Debian's kernels).
const (
	hz    = 250
	jiffy = engine.Second / hz
)

// timerAfter is when a timer of some jiffies goes off: at a tick, never early, and the later the coarser, so that one of 25 jiffies takes 25 to 26 and one of
// half a second, set when it went off before, 512 ms (kernel/time/timer.c: calc_wheel_index).
func (k *Kernel) timerAfter(jiffies uint64) engine.Time {
	shift := 0
	for level := uint64(63); jiffies >= level && shift < 24; level <<= 3 { // LVL_START of the next level
		shift += 3
	}
	j := ((k.jiffies()+jiffies)>>shift + 1) << shift
	return engine.Time(j-initialJiffies) * jiffy
}

// timeout is how long a sleep of some jiffies lasts from now (schedule_timeout).
func (k *Kernel) timeout(jiffies uint64) engine.Duration { return k.timerAfter(jiffies) - k.Sim.Now() }
