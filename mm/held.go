package mm

import (
	"slices"

	"mmsim/mm/phys"
)

// heldPages are pages that a reclaimer has taken off their lists and keeps while time passes: until a batch's writes are under way, and many of them are done.
// The kernel's reclaimer has a reference to each. Here the other references are not counted, and who frees such a page takes it from the holder.
type heldPages struct{ pages []phys.PFN }

// hold begins to keep pages.
func (k *Kernel) hold() *heldPages {
	h := new(heldPages)
	if l := len(k.spareHeld); l > 0 {
		h = k.spareHeld[l-1]
		k.spareHeld = k.spareHeld[:l-1]
	}
	k.held = append(k.held, h)
	return h
}

// letGo ends what hold began. Pages that are still kept, because the task was killed meanwhile, go back to their lists.
func (k *Kernel) letGo(h *heldPages) {
	for _, pfn := range h.take() {
		k.lruvecOf(k.Mem.Page(pfn)).Add(pfn)
	}
	i := slices.Index(k.held, h)
	k.held = slices.Delete(k.held, i, i+1)
	k.spareHeld = append(k.spareHeld, h)
}

// keep takes pages over. Nothing may be kept yet.
func (h *heldPages) keep(pages []phys.PFN) { h.pages = append(h.pages, pages...) }

// take gives up the pages that are left, in order. The slice is good until the next keep.
func (h *heldPages) take() []phys.PFN {
	pages := h.pages
	h.pages = h.pages[:0]
	return pages
}

// isHeld tells whether a reclaimer keeps a page.
func (k *Kernel) isHeld(pfn phys.PFN) bool {
	return slices.ContainsFunc(k.held, func(h *heldPages) bool { return slices.Contains(h.pages, pfn) })
}

// forgetHeld takes a page that is being freed away from who keeps it.
func (k *Kernel) forgetHeld(pfn phys.PFN) {
	for _, h := range k.held {
		if i := slices.Index(h.pages, pfn); i >= 0 {
			h.pages = slices.Delete(h.pages, i, i+1)
			return
		}
	}
}
