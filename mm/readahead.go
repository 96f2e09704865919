package mm

import (
	"math/bits"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
)

// raPages is the default window of readahead, in pages (VM_READAHEAD_PAGES: read_ahead_kb = 128).
const raPages = 32

// ioPages is the largest request that the device of a file takes, in pages, to which readahead may go for a larger read (bdi->io_pages: max_sectors_kb =
// 1280).
const ioPages = 320

// gfpReadahead is what pages are read ahead with: it reclaims without entering file systems, and rather fails than tries hard
// (readahead_gfp_mask, memalloc_nofs_save in page_cache_ra_unbounded).
const gfpReadahead = gfpFile&^phys.GFPFS | phys.GFPNoretry | phys.GFPNowarn

// fileRA is what readahead remembers of an open file, in pages (struct file_ra_state).
type fileRA struct {
	start, size, asyncSize uint64
	pages                  uint64 // the largest window
	mmapMiss               uint32
	prevPos                int64 // where the last read ended, in bytes
}

func (ra *fileRA) init() { *ra = fileRA{pages: raPages, prevPos: -1} }

// samePage tells whether a position is in the page that was read last, so that its use is noted already (pos_same_folio).
func (ra *fileRA) samePage(pos uint64) bool {
	return ra.prevPos > 0 && (ra.prevPos-1)>>addrspace.PageShift == int64(pos>>addrspace.PageShift)
}

// initSize is the first window for a request (get_init_ra_size).
func initSize(req, limit uint64) uint64 {
	n := uint64(1) << bits.Len64(req-1)
	switch {
	case n <= limit/32:
		return n * 4
	case n <= limit/4:
		return n * 2
	}
	return limit
}

// nextSize is the window after one of a size (get_next_ra_size).
func nextSize(size, limit uint64) uint64 {
	switch {
	case size < limit/16:
		return 4 * size
	case size <= limit/2:
		return 2 * size
	}
	return limit
}

// pageCacheSyncReadahead reads pages from an index on that are missing, of which req are wanted, and more (page_cache_sync_ra).
func (p *Process) pageCacheSyncReadahead(m *mapping, f *file, index, req uint64) {
	ra := &f.ra
	switch {
	case ra.pages == 0:
		p.forceReadahead(m, ra, index, 1)
	case f.random:
		p.forceReadahead(m, ra, index, req)
	default:
		p.ondemandReadahead(m, ra, index, req, false)
	}
}

// pageCacheAsyncReadahead goes on reading ahead because the marked page is used (page_cache_async_ra).
func (p *Process) pageCacheAsyncReadahead(m *mapping, f *file, marked phys.PFN, req uint64) {
	page := p.k.Mem.Page(marked)
	if f.ra.pages == 0 || page.Test(phys.FlagWriteback) {
		return
	}
	page.Clear(phys.FlagReadahead)
	p.ondemandReadahead(m, &f.ra, uint64(page.Index), req, true)
}

// ondemandReadahead decides what to read for a request of req pages at an index, which is missing, or is marked (ondemand_readahead).
func (p *Process) ondemandReadahead(m *mapping, ra *fileRA, index, req uint64, marked bool) {
	limit := ra.pages
	if req > limit && ioPages > limit {
		limit = min(req, ioPages)
	}
	switch {
	case index == 0:
		ra.initial(index, req, limit)
	case index == ra.start+ra.size-ra.asyncSize || index == ra.start+ra.size:
		ra.start += ra.size
		ra.size = nextSize(ra.size, limit)
		ra.asyncSize = ra.size
	case marked:
		start := m.tree.NextMiss(index+1, index+limit) // the kernel looks at limit pages and takes the last for a miss
		if start-index > limit {
			return
		}
		ra.start = start
		ra.size = nextSize(start-index+req, limit)
		ra.asyncSize = ra.size
	case req > limit || index-uint64(ra.prevPos>>addrspace.PageShift) <= 1:
		ra.initial(index, req, limit)
	default:
		n := m.tree.PrevMiss(index, limit-1) // likewise
		if n <= req {                        // not enough before it to be a sequence: a random read
			p.doReadahead(m, index, req, 0)
			return
		}
		if n >= index {
			n *= 2
		}
		ra.start, ra.size, ra.asyncSize = index, min(n+req, limit), 1
	}
	if index == ra.start && ra.size == ra.asyncSize { // the mark would be met at once: the next window joins this one
		if add := nextSize(ra.size, limit); ra.size+add <= limit {
			ra.asyncSize = add
			ra.size += add
		} else {
			ra.size, ra.asyncSize = limit, limit/2
		}
	}
	p.doReadahead(m, ra.start, ra.size, ra.asyncSize)
}

func (ra *fileRA) initial(index, req, limit uint64) {
	ra.start, ra.size = index, initSize(req, limit)
	ra.asyncSize = ra.size
	if ra.size > req {
		ra.asyncSize = ra.size - req
	}
}

// forceReadahead reads a range whatever the state, in pieces of 2 MiB (force_page_cache_ra).
func (p *Process) forceReadahead(m *mapping, ra *fileRA, index, n uint64) {
	const piece = 2 << 20 >> addrspace.PageShift
	n = min(n, max(ioPages, ra.pages))
	for n > 0 {
		c := min(n, piece)
		p.doReadahead(m, index, c, 0)
		index += c
		n -= c
	}
}

// doReadahead reads those of n pages from an index on that are missing and in the file, and marks the one that is mark pages before the end
// (do_page_cache_ra, page_cache_ra_unbounded). It stops early when memory is short.
func (p *Process) doReadahead(m *mapping, index, n, mark uint64) {
	pages := m.host.filePages()
	if index >= pages {
		return
	}
	n = min(n, pages-index)
	marked := maxIndex + uint64(1)
	if mark <= n && mark > 0 {
		marked = index + n - mark
	}
	end := index + n
	for index < end {
		run := nextPage(&m.tree, index, end)
		if run == index {
			index++
			continue
		}
		got := p.readaheadRun(m, index, run, marked)
		if got > 0 {
			p.readExtents(m, index, index+got)
			p.spend(p.k.cost.SubmitIO)
			p.k.submitRead(p.cpu(), m, index, got, true)
		}
		index += got
		if index < run && m.tree.Page(index) == 0 {
			return // no memory
		}
	}
}

// readaheadRun adds pages of a hole, in which the caller has just found none, to the page cache, locked, and returns how many: fewer than there are if
// memory is short or somebody else is faster.
func (p *Process) readaheadRun(m *mapping, index, end, marked uint64) uint64 {
	k := p.k
	var pages [maxRun]phys.PFN
	start := index
	for index < end {
		n, slow := p.allocFileRun(m, index, pages[:min(uint64(maxRun), end-index)], gfpReadahead, phys.FlagLocked)
		if n == 0 {
			break
		}
		added, size := n, m.host.filePages()
		if slow || index > start || end > size { // others may have run: the file may be shorter, and pages may be there
			added = int(nextPage(&m.tree, index, min(index+uint64(n), max(size, index))) - index)
		}
		p.addRunToPageCache(m, index, pages[:added], gfpReadahead)
		if marked >= index && marked < index+uint64(added) {
			k.Mem.Page(pages[marked-index]).Set(phys.FlagReadahead)
		}
		index += uint64(added)
		if added < n {
			for _, pfn := range pages[added:n] {
				k.Mem.FreePage(p.cpu(), pfn)
			}
			break
		}
		p.spend(engine.Time(n) * k.cost.File.ReadaheadPage)
	}
	return index - start
}

// allocFileRun takes up to len(out) pages, as many as the fast path has at once, and returns their number, 0 if there is no memory. Their rows become those of
// a file's pages from an index on. slow: that path had none, so others may have run.
func (p *Process) allocFileRun(m *mapping, index uint64, out []phys.PFN, gfp phys.GFP, flags phys.Flag) (n int, slow bool) {
	as := m.row(index, flags)
	ac, allocFlags := p.k.fastContext(&p.task, gfp)
	if n := p.k.Mem.GetPageRun(ac, allocFlags, &as, out); n > 0 {
		return n, false
	}
	pfn := p.allocPage(gfp)
	if pfn == 0 {
		return 0, true
	}
	out[0] = pfn
	p.k.Mem.Page(pfn).Become(&as)
	return 1, true
}

// nextPage is the first index of [from, end) that holds a page, or end.
func nextPage(t *pagecache.Tree, from, end uint64) uint64 {
	if i, ok := t.Next(from, end); ok {
		return i
	}
	return end
}
