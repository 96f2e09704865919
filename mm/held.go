package mm

import "mmsim/mm/phys"

// heldPages are pages that a reclaimer has taken off their lists and keeps while time passes: until a batch's writes are under way, and many of them are done.
// The kernel's reclaimer has a reference to each. Here the other references are not counted, and who frees such a page takes it from the holder.
type heldPages struct {
	n     int
	pages [maxHeld]phys.PFN
}

// maxHeld is the most pages that a reclaimer keeps at a time (MIN_LRU_BATCH on 64 bit).
const maxHeld = 64

// hold begins to keep pages.
func (k *Kernel) hold() *heldPages {
	var h *heldPages
	if l := len(k.spareHeld); l > 0 {
		h = k.spareHeld[l-1]
		k.spareHeld = k.spareHeld[:l-1]
	} else {
		h = new(heldPages)
	}
	k.held = append(k.held, h)
	return h
}

// letGo ends what hold began. Pages that are still kept, because the task was killed meanwhile, go back to their lists.
func (k *Kernel) letGo(h *heldPages) {
	for _, pfn := range h.take() {
		k.lruvecOf(k.Mem.Page(pfn)).Add(pfn)
	}
	for i, o := range k.held {
		if o == h {
			k.held = append(k.held[:i], k.held[i+1:]...)
			break
		}
	}
	k.spareHeld = append(k.spareHeld, h)
}

// keep takes pages over: at most a batch, and nothing may be kept yet.
func (h *heldPages) keep(pages []phys.PFN) { h.n = copy(h.pages[:], pages) }

// take gives up the pages that are left, in order. The slice is good until the next keep.
func (h *heldPages) take() []phys.PFN {
	pages := h.pages[:h.n]
	h.n = 0
	return pages
}

// isHeld tells whether a reclaimer keeps a page.
func (k *Kernel) isHeld(pfn phys.PFN) bool {
	for _, h := range k.held {
		for _, q := range h.pages[:h.n] {
			if q == pfn {
				return true
			}
		}
	}
	return false
}

// forgetHeld takes a page that is being freed away from who keeps it.
func (k *Kernel) forgetHeld(pfn phys.PFN) {
	for _, h := range k.held {
		for i, q := range h.pages[:h.n] {
			if q == pfn {
				copy(h.pages[i:], h.pages[i+1:h.n])
				h.n--
				return
			}
		}
	}
}
