package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// TouchOrder is the order in which Touch goes through a range.
type TouchOrder uint8

// The orders of touching.
const (
	TouchSeq TouchOrder = iota
	TouchReverse
	TouchRandom
	TouchZipf
)

// TouchArgs are the arguments of Touch. Addr, Len and Stride are bytes.
type TouchArgs struct {
	Addr, Len uint64
	Write     bool
	Order     TouchOrder
	N         int64   // touches a loop; -1: one per unit of Stride bytes
	Stride    uint64  // 0: a page
	Loops     int64   // 0: once
	Theta     float64 // Zipf exponent, 0: 0.99
	Pause     engine.Time
	Batch     int64 // touches between pauses; 0: 1
}

// Touch reads or writes memory, one access per unit, and returns the number of accesses. An access that no mapping allows kills the process
// with SIGSEGV, and the call does not return. Units are Len/Stride, rounded up; accesses beyond them start over.
func (p *Process) Touch(a TouchArgs) int64 {
	p.checkSignals()
	if a.Stride == 0 {
		a.Stride = addrspace.PageSize
	}
	units := a.Len / a.Stride
	if a.Len%a.Stride != 0 {
		units++
	}
	n := a.N
	if n < 0 {
		n = int64(units)
	}
	if units == 0 || n == 0 {
		return 0
	}
	loops := max(a.Loops, 1)
	batch := max(a.Batch, 1)
	drawn := p.drawing(a, units, n, loops)
	done := int64(0)
	for range loops {
		for i := int64(0); i < n; {
			m := n - i
			if a.Pause > 0 {
				m = min(m, batch-done%batch)
			}
			m = p.touchSome(a, units, i, m, drawn)
			i += m
			done += m
			if a.Pause > 0 && done%batch == 0 {
				p.proc.WaitTimeout(p.signal, a.Pause)
				p.checkSignals()
			}
		}
	}
	return done
}

type zipfKey struct {
	n     uint64
	theta float64
}

// zipf returns the distribution over n units, which is costly to set up and the same for every process.
func (k *Kernel) zipf(n uint64, theta float64) *engine.Zipf {
	key := zipfKey{n, theta}
	z := k.zipfs[key]
	if z == nil {
		z = engine.NewZipf(n, theta)
		k.zipfs[key] = z
	}
	return z
}

// touchSome makes up to m accesses beginning with number i of a loop, and returns how many. drawn are their units for a random order, else nil.
func (p *Process) touchSome(a TouchArgs, units uint64, i, m int64, drawn *draws) int64 {
	if a.Order == TouchSeq && a.Stride == addrspace.PageSize {
		u := uint64(i) % units
		m = min(m, int64(units-u))
		p.touchSeq(a.Addr+u*addrspace.PageSize, uint64(m), a.Write, true)
		return m
	}
	if drawn != nil {
		return p.touchDrawn(a, m, drawn)
	}
	for done := int64(0); done < m; done++ {
		u := uint64(i+done) % units
		if a.Order == TouchReverse {
			u = units - 1 - u
		}
		p.touchOne(a.Addr+u*a.Stride, a.Write)
	}
	return m
}

// touchOne makes one access.
func (p *Process) touchOne(addr uint64, write bool) {
	i := addrspace.Slot(addr)
	l := p.mm.Leaf(addr)
	if l == nil || l.TouchRun(i, 1, write) == 0 {
		p.fault(addr, write)
		if l = p.mm.Leaf(addr); l != nil && l.TouchRun(i, 1, write) == 0 {
			l = nil // reclaim has taken it already
		}
	}
	cost := p.k.cost.TouchMapped
	if l != nil {
		cost -= p.translate(addr, 1)
	}
	p.spend(cost)
	if p.pending != "" {
		p.checkSignals()
	}
}

// touchSeq makes one access to each of n pages from addr on. Runs of mapped pages, and runs of fresh anonymous pages, are handled in one go
// as long as nothing else happens in the machine meanwhile. Without access the pages are only faulted in (populate).
func (p *Process) touchSeq(addr, n uint64, write, access bool) {
	for n > 0 {
		p.checkSignals()
		i := addrspace.Slot(addr)
		m := min(n, uint64(addrspace.LeafPages-i))
		l := p.mm.Leaf(addr)
		done := uint64(0)
		if l != nil {
			done = p.touchMapped(l, i, m, addr, write, access)
			switch {
			case done > 0:
			case !write:
				done = p.zeroRun(l, i, m, addr, access)
			default:
				if done = p.faultRun(l, i, m, addr, access, false); done == 0 {
					done = p.faultRun(l, i, m, addr, access, true)
				}
			}
		}
		if done == 0 {
			p.fault(addr, write)
			if access {
				cost := p.k.cost.TouchMapped
				if l = p.mm.Leaf(addr); l != nil && l.TouchRun(i, 1, write) > 0 {
					cost -= p.translate(addr, 1)
				}
				p.spend(cost)
			}
			done = 1
		}
		addr += done << addrspace.PageShift
		n -= done
	}
}

// until bounds a number of steps by what fits before anything else happens, but not below one.
func (p *Process) until(steps uint64, each engine.Time) uint64 {
	if each <= 0 {
		return steps
	}
	room := p.k.Sim.Horizon() - p.k.Sim.Now()
	return max(1, min(steps, uint64(max(room, 0)/each)))
}

// touchMapped accesses a run of mapped pages and returns its length.
func (p *Process) touchMapped(l *addrspace.Leaf, i uint, n, addr uint64, write, access bool) uint64 {
	each := p.k.cost.TouchMapped
	if !access {
		each = 0
	}
	done := l.TouchRun(i, int(p.until(n, each)), write)
	if done > 0 && each > 0 {
		p.spend(engine.Time(done)*each - p.translate(addr, uint64(done)))
	}
	return uint64(done)
}
