package mm

import (
	"mmsim/mm/slab"
)

// rcuGrace is how long an object that readers may still look at waits to be freed (call_rcu): at HZ = 250 a jiffy until the grace period begins, one until
// the first look at the CPUs (jiffies_till_first_fqs), and one until each has passed through the scheduler or its tick.
const rcuGrace = 3 * jiffy

// rcuState is the objects that wait for the end of a grace period: those of the one under way, and those that came since it began.
type rcuState struct {
	waiting, next []rcuHead
	timer         bool
}

type rcuHead struct {
	cache *slab.Cache
	id    slab.ID
}

// callRCU frees an object when the grace period that begins after now has ended.
func (k *Kernel) callRCU(c *slab.Cache, id slab.ID) {
	r := &k.rcu
	r.next = append(r.next, rcuHead{c, id})
	if !r.timer {
		r.timer = true
		r.waiting, r.next = r.next, r.waiting
		k.Sim.After(rcuGrace, k.endGrace)
	}
}

// endGrace frees what waited for a grace period and begins the next if there is cause (rcu_do_batch).
func (k *Kernel) endGrace() {
	r := &k.rcu
	k.freeRCU(r.waiting)
	r.waiting, r.next = r.next, r.waiting[:0]
	if r.timer = len(r.waiting) > 0; r.timer {
		k.Sim.After(rcuGrace, k.endGrace)
	}
}

// rcuBarrier frees everything that waits, for what is looked at when the machine has come to rest (rcu_barrier).
func (k *Kernel) rcuBarrier() {
	r := &k.rcu
	k.freeRCU(r.waiting)
	k.freeRCU(r.next)
	r.waiting, r.next = r.waiting[:0], r.next[:0]
}

func (k *Kernel) freeRCU(heads []rcuHead) {
	for _, h := range heads {
		h.cache.Free(0, h.id) // callbacks run where they were queued; one CPU stands for all
	}
}

// pendingRCU is how many objects of a cache wait to be freed.
func (k *Kernel) pendingRCU(c *slab.Cache) int {
	n := 0
	for _, l := range [2][]rcuHead{k.rcu.waiting, k.rcu.next} {
		for _, h := range l {
			if h.cache == c {
				n++
			}
		}
	}
	return n
}
