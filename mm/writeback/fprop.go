package writeback

// FracShift is the binary point of MaxFraction: a fraction of 1<<FracShift is everything (FPROP_FRAC_SHIFT).
const FracShift = 10

// FracBase is the whole (FPROP_FRAC_BASE).
const FracBase = 1 << FracShift

// Global counts the events of all that share a proportion, in periods whose past counts half as much each (struct fprop_global).
type Global struct {
	events uint64
	period uint32
}

// NewGlobal is a proportion without events. It begins at one, so that a fraction has a denominator (fprop_global_init).
func NewGlobal() Global { return Global{events: 1} }

// NewPeriod ages all events by a number of periods, and reports whether any are left to age (fprop_new_period).
func (g *Global) NewPeriod(periods uint64) bool {
	if g.events <= 1 {
		return false
	}
	if periods < 64 {
		g.events >>= periods
	} else {
		g.events = 0
	}
	g.period += uint32(periods)
	return true
}

// Local counts the events of one of those who share (struct fprop_local_percpu).
type Local struct {
	events uint64
	period uint32
}

// reflect brings the local count up to the global period.
func (l *Local) reflect(g *Global) {
	if l.period == g.period {
		return
	}
	if d := g.period - l.period; d < 64 {
		l.events >>= d
	} else {
		l.events = 0
	}
	l.period = g.period
}

// Fraction is the share that l has of g's events: numerator/denominator, at most 1, the denominator never 0 (fprop_fraction_percpu).
func (l *Local) Fraction(g *Global) (numerator, denominator uint64) {
	l.reflect(g)
	numerator, denominator = l.events, g.events
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
	l.events += n
	g.events += n
}
