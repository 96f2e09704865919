package writeback

// FracShift is the binary point of MaxFraction: a fraction of 1<<FracShift is everything (FPROP_FRAC_SHIFT).
const FracShift = 10

// FracBase is the whole (FPROP_FRAC_BASE).
const FracBase = 1 << FracShift

// globalBatch is up to which amount a CPU keeps events of all devices to itself (percpu_counter_batch of a machine with up to 16 CPUs).
const globalBatch = 32

// A counter is a number of which a part may not have been brought together yet (struct percpu_counter). Completions come in on one CPU, as the
// interrupts of one device do, so there is one such part.
type counter struct{ count, kept int64 }

func (c *counter) add(n, batch int64) {
	c.kept += n
	if c.kept >= batch || c.kept <= -batch {
		c.count += c.kept
		c.kept = 0
	}
}

// read is the number without the part that is kept, but never below 0 (percpu_counter_read_positive).
func (c *counter) read() uint64 { return uint64(max(c.count, 0)) }

func (c *counter) sum() int64 { return c.count + c.kept }

// Global counts the events of all that share a proportion, in periods whose past counts half as much each (struct fprop_global).
type Global struct {
	events counter
	period uint32
}

// NewGlobal is a proportion without events. It begins at one, so that a fraction has a denominator (fprop_global_init).
func NewGlobal() Global { return Global{events: counter{count: 1}} }

// NewPeriod ages all events by a number of periods, and reports whether any were left to age (fprop_new_period).
func (g *Global) NewPeriod(periods uint64) bool {
	events := g.events.sum()
	if events <= 1 {
		return false
	}
	if periods < 64 {
		events -= events >> periods
	}
	g.events.add(-events, globalBatch)
	g.period += uint32(periods)
	return true
}

// Local counts the events of one of those who share (struct fprop_local_percpu).
type Local struct {
	events counter
	period uint32
	cpus   int64 // of the machine; 0 counts as 1
}

// batch is up to which amount a CPU keeps events of one device to itself (PROP_BATCH).
func (l *Local) batch() int64 { return int64(StatError(int(max(l.cpus, 1)))) / max(l.cpus, 1) }

// reflect brings the local count up to the global period (fprop_reflect_period_percpu).
func (l *Local) reflect(g *Global) {
	if l.period == g.period {
		return
	}
	if d := g.period - l.period; d < 64 {
		val := l.events.count
		if val < max(l.cpus, 1)*l.batch() {
			val = l.events.sum()
		}
		l.events.add(val>>d-val, l.batch())
	} else {
		l.events = counter{}
	}
	l.period = g.period
}

// Fraction is the share that l has of g's events: numerator/denominator, at most 1, the denominator never 0 (fprop_fraction_percpu). Few events may
// not show in it yet: a device that has hardly written anything has a share of 0 or of all.
func (l *Local) Fraction(g *Global) (numerator, denominator uint64) {
	l.reflect(g)
	numerator, denominator = l.events.read(), g.events.read()
	if denominator <= numerator {
		denominator = max(numerator, 1)
	}
	return numerator, denominator
}

// AddMax counts n events unless the fraction would exceed maxFraction, a part of FracBase; then only so many that it is reached
// (__fprop_add_percpu_max).
func (l *Local) AddMax(g *Global, maxFraction, n uint64) {
	if maxFraction < FracBase {
		numerator, denominator := l.Fraction(g)
		room := int64(denominator*maxFraction) - int64(numerator<<FracShift)
		if room < 0 {
			return
		}
		if rest := FracBase - maxFraction; uint64(room) < n*rest {
			n = (uint64(room) + rest - 1) / rest
		}
	}
	l.reflect(g)
	l.events.add(int64(n), l.batch())
	g.events.add(int64(n), globalBatch)
}
