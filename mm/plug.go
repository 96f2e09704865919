package mm

import (
	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// A swapIO is one request to a swap device: the pages of adjacent slots, read or written together (the block layer's merging under a plug,
// blk_start_plug). They are used again.
type swapIO struct {
	k     *Kernel
	dev   *engine.Device
	next  swap.Entry // the slot behind the last page
	write bool
	cpu   int
	pages []phys.PFN
	done  func() // bound to complete once
}

// maxIOPages bounds a request (max_sectors_kb of 1280 KiB).
const maxIOPages = 320

// plugIO queues the transfer of a page until unplug, joined to the transfer of the slot before it if that is queued.
func (k *Kernel) plugIO(cpu int, e swap.Entry, pfn phys.PFN, write bool) {
	e = e.Slot()
	for _, io := range k.plug {
		if io.next == e && io.write == write && len(io.pages) < maxIOPages && io.dev == k.device(e) {
			io.pages = append(io.pages, pfn)
			io.next++
			return
		}
	}
	var io *swapIO
	if n := len(k.freeIO); n > 0 {
		io = k.freeIO[n-1]
		k.freeIO = k.freeIO[:n-1]
	} else {
		io = &swapIO{k: k}
		io.done = io.complete
	}
	io.dev, io.next, io.write, io.cpu = k.device(e), e+1, write, cpu
	io.pages = append(io.pages[:0], pfn)
	k.plug = append(k.plug, io)
}

// unplug sends the queued transfers to their devices (blk_finish_plug). It must be called before the task that queued them blocks.
func (k *Kernel) unplug() {
	for _, io := range k.plug {
		io.dev.Submit(int64(len(io.pages))*4096, io.write, io.done)
	}
	k.plug = k.plug[:0]
}

func (io *swapIO) complete() {
	for _, pfn := range io.pages {
		if io.write {
			io.k.endSwapWrite(io.cpu, pfn)
		} else {
			io.k.endSwapRead(pfn)
		}
	}
	io.k.freeIO = append(io.k.freeIO, io)
}
