package mm

import (
	"math"

	"mmsim/engine"
)

// draws are the units that a Touch in a random order accesses next. They are drawn ahead, some at a time: nobody else uses the process's
// stream while it touches.
type draws struct {
	rand  *engine.Stream
	zipf  *engine.Zipf // nil: uniform
	units uint64       // drawn from [0, units)
	left  int64        // not drawn yet
	ahead []uint64     // drawn and not used yet
	buf   []uint64
}

// drawsAhead is how many are drawn at a time.
const drawsAhead = 128

// drawing makes the draws of a Touch of n accesses a loop, or nil for the orders that need none.
func (p *Process) drawing(a TouchArgs, units uint64, n, loops int64) *draws {
	if a.Order != TouchRandom && a.Order != TouchZipf {
		return nil
	}
	left := int64(math.MaxInt64)
	if n <= left/loops {
		left = n * loops
	}
	d := &draws{rand: p.rand, units: units, left: left, buf: make([]uint64, min(left, drawsAhead))}
	if a.Order == TouchZipf {
		theta := a.Theta
		if theta == 0 {
			theta = 0.99
		}
		d.zipf = p.k.zipf(units, theta)
	}
	return d
}

// next are up to n of the units that come next, at least one.
func (d *draws) next(n int64) []uint64 {
	if len(d.ahead) == 0 {
		d.ahead = d.buf[:min(d.left, int64(len(d.buf)))]
		d.left -= int64(len(d.ahead))
		if d.zipf != nil {
			d.zipf.Ranks(d.rand, d.ahead)
		} else {
			for i := range d.ahead {
				d.ahead[i] = d.rand.Below(d.units)
			}
		}
	}
	return d.ahead[:min(int64(len(d.ahead)), n)]
}

// touchDrawn makes up to m accesses to units that are drawn, and returns how many: all of them, but where the access that ends a run of mapped
// pages needs the kernel. Accesses to mapped pages up to the moment at which anything else may happen are paid for together: until then nobody
// can look.
func (p *Process) touchDrawn(a TouchArgs, m int64, d *draws) int64 {
	each := p.k.cost.TouchMapped
	room := int64(1)
	if each > 0 {
		room = int64(p.until(uint64(m), each))
	}
	done, saved := int64(0), engine.Time(0)
	for done < room {
		units := d.next(room - done)
		n := p.mm.TouchUnits(a.Addr, a.Stride, units, a.Write)
		if p.k.tlb != nil {
			for _, u := range units[:n] {
				saved += p.translate(a.Addr+u*a.Stride, 1)
			}
		}
		done += int64(n)
		d.ahead = d.ahead[n:]
		if n < len(units) {
			if done > 0 {
				p.payTouches(done, saved)
			}
			d.ahead = d.ahead[1:]
			p.touchOne(a.Addr+units[n]*a.Stride, a.Write)
			return done + 1
		}
	}
	p.payTouches(done, saved)
	return done
}

// payTouches spends the time of accesses to mapped pages less what hits in the TLB save.
func (p *Process) payTouches(n int64, saved engine.Time) {
	p.spend(engine.Time(n)*p.k.cost.TouchMapped - saved)
	if p.pending != "" {
		p.checkSignals()
	}
}
