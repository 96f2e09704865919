package psi

import "slices"

// Averages are fixed-point numbers with 11 fraction bits. The factors are 1/exp(2 s / 10, 60 and 300 s) (EXP_10s, EXP_60s, EXP_300s).
const fixedShift, fixedOne = 11, 1 << 11

var decay = [3]uint64{1677, 1981, 2034}

// Resource is what tasks wait for (enum psi_res).
type Resource int

// The resources.
const (
	IO Resource = iota
	Memory
	CPU
)

// A Stall is one line of a file of /proc/pressure.
type Stall struct {
	Avg   [3]uint64 // of 10, 60 and 300 s, in hundredths of a per cent, rounded down
	Total uint64    // microseconds, rounded down
}

// Show brings everything up to date and returns how much some task was stalled, and all were (psi_show). That all wait for a CPU is not defined for a
// machine and is 0.
func (g *Group) Show(r Resource, now int64) (some, full Stall) {
	g.collect(now)
	if now >= g.nextUpdate {
		g.update(now)
	}
	some = g.stall(2 * int(r))
	if r != CPU {
		full = g.stall(2*int(r) + 1)
	}
	return some, full
}

// Peek is what Show would return, without its effect on what is shown later.
func (g *Group) Peek(r Resource, now int64) (some, full Stall) {
	c := *g
	c.cpus = slices.Clone(g.cpus)
	return c.Show(r, now)
}

func (g *Group) stall(s int) (st Stall) {
	for i, v := range g.avg[s] {
		st.Avg[i] = v>>fixedShift*100 + (v&(fixedOne-1))*100>>fixedShift
	}
	st.Total = g.total[s] / 1000
	return st
}

// Work is the periodic aggregation (psi_avgs_work). It asks for the next as long as there is or was any activity; then it stops until something
// changes. So it is pending whenever a CPU is not idle.
func (g *Group) Work(now int64) {
	g.pending = false
	active := g.collect(now)
	for i := range g.cpus {
		active = active || g.cpus[i].mask>>nonidle&1 != 0
	}
	if now >= g.nextUpdate {
		g.update(now)
	}
	if active {
		g.pending = true
		g.Arm((g.nextUpdate-now)/g.jiffy + 1)
	}
}

// collect adds to the totals what the CPUs did since the last time, each weighted by how long it was not idle, in jiffies (collect_percpu_times).
// It tells whether any was not idle.
func (g *Group) collect(now int64) (active bool) {
	var deltas [nrStalls]uint64
	total := uint64(0)
	for i := range g.cpus {
		c := &g.cpus[i]
		var d [nrStates]uint64
		for s := range d {
			t := c.times[s]
			if c.mask>>s&1 != 0 {
				t += uint64(now - c.since)
			}
			d[s] = t - c.seen[s]
			c.seen[s] = t
		}
		active = active || d[nonidle] > 0
		weight := d[nonidle] / uint64(g.jiffy)
		total += weight
		for s := range deltas {
			deltas[s] += d[s] * weight
		}
	}
	for s := range deltas {
		g.total[s] += deltas[s] / max(total, 1)
	}
	return active
}

// update moves the averages on by a period, and by those that were missed, in which nothing happened (update_averages).
func (g *Group) update(now int64) {
	missed := uint64(0)
	if late := now - g.nextUpdate; late >= g.period {
		missed = uint64(late / g.period)
	}
	g.nextUpdate += int64(1+missed) * g.period
	period := uint64(now - (g.lastUpdate + int64(missed)*g.period))
	g.lastUpdate = now
	for s := range g.avg {
		// What exceeds the period counts in the next.
		sample := min(g.total[s]-g.avgTotal[s], period)
		g.avgTotal[s] += sample
		pct := sample * 100 / period * fixedOne
		for i, exp := range decay {
			if missed > 0 {
				g.avg[s][i] = load(g.avg[s][i], power(exp, missed), 0)
			}
			g.avg[s][i] = load(g.avg[s][i], exp, pct)
		}
	}
}

// load is an average after a step (calc_load).
func load(old, exp, active uint64) uint64 {
	v := old*exp + active*(fixedOne-exp)
	if active >= old {
		v += fixedOne - 1
	}
	return v / fixedOne
}

// power is a fixed-point number to the power of n (fixed_power_int).
func power(x, n uint64) uint64 {
	r := uint64(fixedOne)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			r = (r*x + fixedOne/2) >> fixedShift
		}
		x = (x*x + fixedOne/2) >> fixedShift
	}
	return r
}
