package mm

import (
	"slices"

	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/swap"
)

// A swapIO is one request to a swap device: the pages of adjacent slots, read or written together. They are used again.
type swapIO struct {
	k     *Kernel
	dev   *engine.Device
	next  swap.Entry // the slot behind the last page
	write bool
	cpu   int
	pages []phys.PFN
	bios  []slab.ID   // one a page
	at    engine.Time // of a request of a batch: how much of the batch's time comes before it
	send  func()      // bound to submit once
	done  func()      // bound to complete once

	// For a request that was sent while its task was at a batch of pages of reclaim:
	task  *task
	batch uint64 // the batch; 0: none
	mark  int    // the pages from here on are of that batch
}

// Limits of requests: the pages of one (queue/max_sectors_kb of 1280; queue/max_segments of a virtio disk where the pages lie anywhere); the bytes of the last from which on a further
// one sends those before it (BLK_PLUG_FLUSH_SIZE), and the requests that do so (BLK_MAX_REQUEST_COUNT).
const (
	maxIOPages      = 320
	maxSegments     = 254
	plugFlushPages  = 128 << 10 >> 12
	maxPlugRequests = 32
)

// ioPlug holds a task's requests back so that they can grow (struct blk_plug). They are sent when the plug is pulled or the task waits, but not when it only
// loses its CPU to another.
type ioPlug struct {
	on  bool
	ios []*swapIO

	due []*swapIO // requests that the batch of pages that reclaim is at sends, in order

	batch   uint64 // the number of that batch
	isolate bool   // whose pages are off their lists

	promised int // bios that the task may go on without
}

// startBatch begins a batch of pages of reclaim: until endBatch they are off their lists, so that the end of their writing cannot move them there
// (folio_rotate_reclaimable). In the simulation they are back on their lists before the batch's time is spent.
func (t *task) startBatch() {
	t.plug.batch++
	t.plug.isolate = true
	if n := len(t.plug.ios); n > 0 {
		last := t.plug.ios[n-1]
		last.mark = len(last.pages)
	}
}

func (t *task) endBatch() { t.plug.isolate = false }

// startPlug begins to hold the task's requests back (blk_start_plug). It returns false, and finishPlug with that does nothing, if they are held back
// already.
func (t *task) startPlug() bool {
	if t.plug.on {
		return false
	}
	t.plug.on = true
	return true
}

// finishPlug ends what startPlug began (blk_finish_plug).
func (t *task) finishPlug(started bool) {
	if started {
		t.plug.on = false
		t.flushPlug()
	}
}

// finishUnplugged ends what startPlug began only so that the requests' time passes before they are sent: in the kernel no plug holds them back. Each goes to
// its device's queue by itself, and a worker of kblockd takes it from there (blk_mq_sched_insert_request, blk_mq_run_work_fn).
func (t *task) finishUnplugged(started bool) {
	if !started {
		return
	}
	t.plug.on = false
	for _, io := range t.plug.ios {
		t.sent(io)
		queueWork(t.k.kblockd, io.cpu, io.send)
	}
	t.plug.ios = t.plug.ios[:0]
}

// sent notes that a request goes to its device.
func (t *task) sent(io *swapIO) {
	io.task, io.batch = t, 0
	t.k.bioPool.sent += len(io.pages)
}

// submitWork is what a task does before it waits for anything: it sends its requests, at once those of a batch of reclaim that it is in the middle of, too, since
// no time may pass between the look that made it wait and the wait (sched_submit_work).
func (t *task) submitWork() {
	t.flushPlug()
	t.sendDue()
}

// sendDue sends the requests of a batch that are left.
func (t *task) sendDue() {
	for _, io := range t.plug.due {
		io.send()
	}
	t.plug.due = t.plug.due[:0]
}

// flushPlug sends the task's requests to their devices (blk_flush_plug), in a batch of reclaim when the task comes to them.
func (t *task) flushPlug() {
	for _, io := range t.plug.ios {
		t.sent(io)
		if !t.plug.isolate {
			io.submit()
			continue
		}
		io.batch, io.at = t.plug.batch, t.k.owed // what the batch has taken until now is not spent yet
		t.plug.due = append(t.plug.due, io)
	}
	t.plug.ios = t.plug.ios[:0]
}

// spendBatch spends the time that a batch of pages of reclaim took, and sends the requests that it made as it comes to them.
func (t *task) spendBatch() {
	owed, spent := t.k.owed, engine.Time(0)
	t.k.owed = 0
	if len(t.plug.due) > 0 {
		defer t.sendDue() // a task that is killed meanwhile has sent them all
	}
	for len(t.plug.due) > 0 {
		io := t.plug.due[0]
		t.spend(io.at - spent)
		spent = io.at
		t.plug.due = slices.Delete(t.plug.due, 0, 1)
		io.send()
	}
	t.spend(owed - spent)
}

// submitSwap starts the transfer of a page (submit_bio): joined to the task's last request if that is for the slot before, else as a request of its own,
// which is sent at once without a plug.
func (t *task) submitSwap(e swap.Entry, pfn phys.PFN, write bool) {
	k := t.k
	e = e.Slot()
	gfp := phys.GFPKernel
	if write {
		gfp = phys.GFPNoio
	}
	bio := t.allocBio(gfp)
	dev := k.device(e)
	if n := len(t.plug.ios); n > 0 {
		last := t.plug.ios[n-1]
		if last.next == e && last.write == write && len(last.pages) < maxSegments && last.dev == dev {
			last.pages = append(last.pages, pfn)
			last.bios = append(last.bios, bio)
			last.next++
			if !write {
				t.reads.pages++
			}
			return
		}
		if n >= maxPlugRequests || len(last.pages) >= plugFlushPages {
			t.flushPlug()
		}
	}
	var io *swapIO
	if n := len(k.freeIO); n > 0 {
		io = k.freeIO[n-1]
		k.freeIO = k.freeIO[:n-1]
	} else {
		io = &swapIO{k: k}
		io.send, io.done = io.submit, io.complete
	}
	io.dev, io.next, io.write, io.cpu, io.mark = dev, e+1, write, t.cpu(), 0
	io.pages, io.bios = append(io.pages[:0], pfn), append(io.bios[:0], bio)
	t.plug.ios = append(t.plug.ios, io)
	if write {
		k.owed += k.cost.SwapOutRequest
	} else {
		t.reads.pages++
		t.reads.requests++
	}
	if !t.plug.on {
		t.flushPlug()
	}
}

func (io *swapIO) submit() {
	io.dev.Submit(int64(len(io.pages))*4096, io.write, io.done)
}

func (io *swapIO) complete() {
	io.k.interruptIO(io.cpu, len(io.pages))
	isolated := len(io.pages)
	if p := &io.task.plug; p.isolate && p.batch == io.batch {
		isolated = io.mark
	}
	for i, pfn := range io.pages {
		io.k.freeBio(io.cpu, io.bios[i])
		if io.write {
			io.k.endSwapWrite(io.cpu, pfn, i >= isolated)
		} else {
			io.k.endSwapRead(pfn)
		}
	}
	io.k.bioPool.sent -= len(io.pages)
	io.k.bioPool.waiter.Broadcast()
	io.k.freeIO = append(io.k.freeIO, io)
}
