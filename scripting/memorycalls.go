package scripting

import "mmsim/mm"

// Slots of p:mremap's arguments.
const (
	mremapAddr = iota
	mremapOld
	mremapNew
	mremapOpts
	mremapMayMove
)

func processMprotect(c *call) int {
	return c.done(c.t.proc.Mprotect(uint64(c.v[0].n), uint64(c.v[1].n), mm.Prot(c.v[2].n)))
}

func processMremap(c *call) int {
	v := &c.v
	addr, errno := c.t.proc.Mremap(uint64(v[mremapAddr].n), uint64(v[mremapOld].n), uint64(v[mremapNew].n), v[mremapMayMove].b)
	return c.address(addr, errno)
}

func processMadvise(c *call) int {
	advice, ok := mm.AdviceByName(c.v[2].s)
	if !ok {
		c.fail("%s", unknown("advice", c.v[2].s, mm.AdviceNames()))
	}
	return c.done(c.t.proc.Madvise(uint64(c.v[0].n), uint64(c.v[1].n), advice))
}

func processMlock(c *call) int { return c.done(c.t.proc.Mlock(uint64(c.v[0].n), uint64(c.v[1].n))) }

func processMunlock(c *call) int { return c.done(c.t.proc.Munlock(uint64(c.v[0].n), uint64(c.v[1].n))) }

func processMlockall(c *call) int { return c.done(c.t.proc.Mlockall()) }

func processMunlockall(c *call) int { return c.done(c.t.proc.Munlockall()) }

func processSmaps(c *call) int {
	n, ok := c.t.proc.Smaps(c.v[0].s)
	if !ok {
		c.fail("%s", unknown("field of /proc/PID/smaps_rollup", c.v[0].s, mm.SmapsFields()))
	}
	return c.number(float64(n))
}
