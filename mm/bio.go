package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/slab"
)

// bioPoolSize is how many bios are kept for when there is no memory for more (BIO_POOL_SIZE of fs_bio_set, mempool_create).
const bioPoolSize = 2

// bioPool is the reserve of bios, without which memory could not be written out when there is none left (fs_bio_set). A transfer of a page needs a bio
// until it is done. In the kernel a task that finds none sends what it has queued and waits until some transfer is done. Here a batch of pages is handled
// at once: the task sends what it has queued, goes on with a promise for as many bios as are at devices, and waits at the end of its batch until all are
// kept.
type bioPool struct {
	spare  []slab.ID // kept; recorded ones, whose slab nobody knows, are 0
	sent   int       // bios, promised ones included, of transfers that are at devices
	owed   int       // transfers under way that have no bio yet
	given  []slab.ID // bios of transfers that had none and got one since
	backed int       // transfers under way that had a bio from the start, of a slab that is known
	waiter *engine.Cond
}

// noBio is the bio of a transfer that has none yet.
const noBio = slab.ID(1<<32 - 1)

func (k *Kernel) initBios() {
	k.bioPool = bioPool{spare: make([]slab.ID, bioPoolSize, bioPoolSize+1), waiter: engine.NewCond(k.Sim)}
}

// allocBio takes a bio for a transfer: a new one if that needs no waiting, else one from the reserve, else, where the task may reclaim, a new one after
// all (mempool_alloc). noBio: there is none, and waitBios must follow.
func (t *task) allocBio(gfp phys.GFP) slab.ID {
	id := t.takeBio(gfp)
	if id != 0 && id != noBio {
		t.k.bioPool.backed++
	}
	return id
}

func (t *task) takeBio(gfp phys.GFP) slab.ID {
	b := &t.k.bioPool
	gfp |= phys.GFPNomemalloc | phys.GFPNoretry | phys.GFPNowarn
	if id := t.object(t.k.slabs.bios, gfp&^(phys.GFPDirectReclaim|phys.GFPIO)); id != 0 {
		return id
	}
	if n := len(b.spare); n > 0 {
		id := b.spare[n-1]
		b.spare = b.spare[:n-1]
		return id
	}
	if gfp&phys.GFPDirectReclaim != 0 && !t.memalloc {
		if id := t.object(t.k.slabs.bios, gfp); id != 0 {
			return id
		}
	}
	if t.plug.promised == 0 {
		t.flushPlug()
		t.plug.promised = max(b.sent-b.owed, 1)
	}
	t.plug.promised--
	b.owed++
	return noBio
}

// freeBio gives the bio of a transfer that is done to one that waits for it, to the reserve or to the cache (mempool_free).
func (k *Kernel) freeBio(cpu int, id slab.ID) {
	b := &k.bioPool
	if id == noBio {
		n := len(b.given)
		if n == 0 { // it was done before there was one
			b.owed--
			return
		}
		id = b.given[n-1]
		b.given = b.given[:n-1]
	} else if id != 0 {
		b.backed--
	}
	switch {
	case b.owed > 0:
		b.owed--
		b.given = append(b.given, id)
	case len(b.spare) < bioPoolSize:
		b.spare = append(b.spare, id)
	default:
		if id == 0 { // stays in the reserve, so that what goes to the cache is of a slab that is known
			b.spare[0], id = id, b.spare[0]
		}
		if id != 0 {
			k.slabs.bios.Free(cpu, id)
		}
	}
}

// waitBios blocks until every transfer has a bio.
func (t *task) waitBios() {
	b := &t.k.bioPool
	if b.owed == 0 {
		return
	}
	for t.plug.promised = 0; b.owed > 0; {
		if b.sent == 0 { // nobody else's transfers will end
			t.submitWork()
		}
		t.ioWaitSent(b.waiter)
	}
}
