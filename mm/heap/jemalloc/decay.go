package jemalloc

import (
	"math/bits"
	"sync"
)

const (
	dirtyDecay  = 10_000 // ms after which memory that is not used any more has gone back (dirty_decay_ms)
	decaySteps  = 200    // epochs in that time
	decayShift  = 24     // the curve's fixed point
	decayTicks  = 1000   // operations on an arena between looks at the clock, on average
	ticksFactor = 61
)

// curve is the part of what became dirty i+1 epochs before the end of its time that may still be there: smootherstep in fixed point.
var curve = sync.OnceValue(func() *[decaySteps]uint64 {
	c := new([decaySteps]uint64)
	for i := range c {
		// (6x^5 - 15x^4 + 10x^3) * 2^24 with x = n/200, in whole numbers.
		n := uint64(i + 1)
		num := n * n * n * (6*n*n + 10*decaySteps*decaySteps - 15*n*decaySteps)
		const den = decaySteps * decaySteps * decaySteps * decaySteps * decaySteps
		hi, lo := bits.Mul64(num, 1<<decayShift)
		c[i], _ = bits.Div64(hi, lo, den)
	}
	return c
})

// geometric has the number of ticks to wait for each of 64 equally likely draws, in units of the mean / 61.
var geometric = [64]uint64{
	254, 211, 187, 169, 156, 144, 135, 127, 120, 113, 107, 102, 97, 93, 89, 85, 81, 77, 74, 71, 68, 65, 62, 60, 57, 55, 53, 50, 48, 46, 44, 42,
	40, 39, 37, 35, 33, 32, 30, 29, 27, 26, 24, 23, 21, 20, 19, 18, 16, 15, 14, 13, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
}

// draw is a number of n bits from a linear congruential stream (prng_lg_range_u64).
func draw(state *uint64, n uint) uint64 {
	*state = *state*6364136223846793005 + 1442695040888963407
	return *state >> (64 - n)
}

// A decay says how many dirty pages an arena may have (decay_t). Times are in nanoseconds.
type decay struct {
	ms              int64
	epoch, deadline int64
	jitter          uint64
	unpurged        uint64
	limit           uint64
	backlog         [decaySteps]uint64
}

func (d *decay) interval() int64 { return d.ms * 1_000_000 / decaySteps }

// start begins anew, with memory that goes back after ms (decay_reinit). at is where the structure lies, which seeds its jitter.
func (d *decay) start(ms, now int64, at uint64) {
	*d = decay{ms: ms, epoch: now, jitter: at}
	d.setDeadline()
}

func (d *decay) setDeadline() {
	d.deadline = d.epoch + d.interval()
	if n := uint64(d.interval()); d.ms > 0 && n > 1 {
		lg := uint(bits.Len64(n - 1))
		j := draw(&d.jitter, lg)
		for j >= n {
			j = draw(&d.jitter, lg)
		}
		d.deadline += int64(j)
	}
}

// advance moves to the epoch of now and computes the new limit (decay_maybe_advance_epoch).
func (d *decay) advance(now int64, npages uint64) bool {
	if d.deadline > now {
		return false
	}
	n := (now - d.epoch) / d.interval()
	d.epoch += n * d.interval()
	d.setDeadline()
	if n >= decaySteps {
		clear(d.backlog[:decaySteps-1])
	} else {
		copy(d.backlog[:], d.backlog[n:])
		clear(d.backlog[decaySteps-n : decaySteps-1])
	}
	d.backlog[decaySteps-1] = 0
	if npages > d.unpurged {
		d.backlog[decaySteps-1] = npages - d.unpurged
	}
	sum, c := uint64(0), curve()
	for i, b := range d.backlog {
		sum += b * c[i]
	}
	d.limit = sum >> decayShift
	d.unpurged = max(d.limit, npages)
	return true
}

// tick counts n operations on an arena; from time to time it looks at the clock and gives back what has been dirty for long
// (arena_decay_ticks).
func (h *Heap) tick(a *arena, n int) {
	h.ticks -= int64(n)
	if h.ticks >= 0 {
		return
	}
	h.ticks = int64(decayTicks * geometric[draw(&h.seed, 6)] / ticksFactor)
	if a.decay.ms == 0 {
		h.decayTo(a, 0, a.dirty.npages)
		return
	}
	have := a.dirty.npages
	if a.decay.advance(h.os.Now(), have) && have > a.decay.limit {
		h.decayTo(a, a.decay.limit, have-a.decay.limit)
	}
	h.mem.Fill(a.at+h.g.decay, 8)
}

// decayTo gives back the oldest dirty extents, until limit pages are left or most have gone (pac_decay_to_limit).
func (h *Heap) decayTo(a *arena, limit, most uint64) {
	h.stash = h.stash[:0]
	for n := uint64(0); n < most; {
		r := h.evict(a, limit)
		if r == 0 {
			break
		}
		h.stash = append(h.stash, r)
		n += h.e[r].size >> pageShift
	}
	for _, r := range h.stash {
		h.giveBack(a, r)
	}
}

// evict takes the dirty extent that was freed the longest ago, joined with its neighbours, as long as there are more pages than limit
// (ecache_evict).
func (h *Heap) evict(a *arena, limit uint64) row {
	s := &a.dirty
	for {
		r := h.e[s.lru].next
		if r == s.lru || s.npages <= limit {
			return 0
		}
		h.setRemove(s, r)
		h.setState(r, active)
		r, joined := h.coalesce(a, s, r)
		if !joined {
			return r
		}
		h.setInsert(s, r)
	}
}
