package ptmalloc

import "math/bits"

// unlink takes a chunk out of its bin (unlink_chunk).
func (h *Heap) unlink(i index) {
	c := &h.c[i]
	h.rdSize(i)
	h.rd(c.addr + h.size(i))
	fd, bk := c.fd, c.bk
	h.rdLinks(i)
	h.setBk(fd, bk)
	h.setFd(bk, fd)
	if !h.g.isSmall(h.size(i)) {
		h.rd(c.addr + 4*h.g.word)
		if c.fdNext != 0 {
			h.unlinkSize(i, fd)
		}
	}
	c.size &^= binned
	c.fd, c.bk, c.fdNext, c.bkNext = 0, 0, 0, 0
}

// unlinkSize takes the first chunk of a size off the ring of sizes. The next chunk of the bin takes its place if it is of the same size,
// which is so when it is not on the ring itself. A next chunk that is the head of the bin never is of the same size.
func (h *Heap) unlinkSize(i, fd index) {
	n, b := h.c[i].fdNext, h.c[i].bkNext
	if fd >= nbins {
		h.rd(h.c[fd].addr + 4*h.g.word)
	}
	if fd >= nbins && h.c[fd].fdNext == 0 {
		if n == i {
			h.setFdNext(fd, fd)
			h.setBkNext(fd, fd)
			return
		}
		h.setFdNext(fd, n)
		h.setBkNext(fd, b)
		h.setBkNext(n, fd)
		h.setFdNext(b, fd)
		return
	}
	h.setBkNext(n, b)
	h.setFdNext(b, n)
}

// toUnsorted puts a free chunk at the front of the unsorted bin.
func (h *Heap) toUnsorted(i index) {
	first := h.c[unsorted].fd
	h.setFd(i, first)
	h.setBk(i, unsorted)
	if !h.g.isSmall(h.size(i)) {
		h.setFdNext(i, 0)
		h.setBkNext(i, 0)
	}
	h.setFd(unsorted, i)
	h.setBk(first, i)
	h.c[i].size |= binned
}

// split cuts a chunk that is in no bin, and whose remainder is free, at nb bytes. The remainder goes to the unsorted bin.
func (h *Heap) split(i index, nb uint64) index {
	size := h.size(i)
	r := h.newChunk(h.c[i].addr+nb, size-nb)
	h.between(i, r)
	h.toUnsorted(r)
	h.setHead(i, nb|prevInuse)
	h.setHead(r, h.c[r].size|prevInuse)
	h.setFoot(r)
	return r
}

// toBin puts a chunk from the unsorted bin into the bin of its size: at the front of a small bin, or where it belongs in a large one, behind
// the first chunk of the same size.
func (h *Heap) toBin(i index) {
	size := h.size(i)
	bin := h.g.binIndex(size)
	before, after := bin, h.c[bin].fd
	switch {
	case h.g.isSmall(size):
	case after == bin:
		h.setFdNext(i, i)
		h.setBkNext(i, i)
	default:
		before, after = h.largePlace(i, bin, size)
	}
	h.binmap[bin/32] |= 1 << (bin % 32)
	h.setBk(i, before)
	h.setFd(i, after)
	h.setBk(after, i)
	h.setFd(before, i)
	h.c[i].size |= binned
}

// largePlace finds the place of chunk i in a large bin with chunks and puts it on the ring of sizes if it is the first of its size. It
// returns the chunks that it is to lie between.
func (h *Heap) largePlace(i, bin index, size uint64) (before, after index) {
	last := h.c[bin].bk
	h.rdSize(last)
	if size < h.size(last) {
		first := h.c[bin].fd
		h.rd(h.c[first].addr + 5*h.g.word)
		smallest := h.c[first].bkNext
		h.setFdNext(i, first)
		h.setBkNext(i, smallest)
		h.setFdNext(smallest, i)
		h.setBkNext(first, i)
		return last, bin
	}
	at := h.c[bin].fd
	for h.rdSize(at); size < h.size(at); h.rdSize(at) {
		h.rd(h.c[at].addr + 4*h.g.word)
		at = h.c[at].fdNext
	}
	if size == h.size(at) {
		h.rdLinks(at)
		after = h.c[at].fd
		if after >= nbins {
			h.rdLinks(after)
		}
		return h.c[after].bk, after
	}
	h.rd(h.c[at].addr + 5*h.g.word)
	larger := h.c[at].bkNext
	h.setFdNext(i, at)
	h.setBkNext(i, larger)
	h.setBkNext(at, i)
	h.setFdNext(larger, i)
	h.rdLinks(at)
	return h.c[at].bk, at
}

// takeLarge takes the smallest chunk of the request's own large bin that holds it; 0: there is none.
func (h *Heap) takeLarge(nb uint64) index {
	bin := h.g.binIndex(nb)
	i := h.c[bin].fd
	if i == bin {
		return 0
	}
	h.rdSize(i)
	if h.size(i) < nb {
		return 0
	}
	for ok := false; !ok; ok = h.size(i) >= nb {
		h.rd(h.c[i].addr + 5*h.g.word)
		i = h.c[i].bkNext
		h.rdSize(i)
	}
	// The second chunk of a size can go without a change to the ring of sizes.
	if i != h.c[bin].bk {
		n := h.c[i].fd
		h.rdLinks(i)
		h.rdSize(n)
		if h.size(n) == h.size(i) {
			i = n
		}
	}
	h.unlink(i)
	h.cut(i, nb)
	return i
}

// cut makes a chunk that came out of a bin a chunk in use of nb bytes, or of all its bytes if too few would remain. It returns the
// remainder or 0.
func (h *Heap) cut(i index, nb uint64) index {
	if h.size(i)-nb < h.g.minSize {
		h.setInuse(i)
		return 0
	}
	return h.split(i, nb)
}

// takeLarger takes the last chunk of the first bin with chunks beyond the request's own; 0: there is none.
func (h *Heap) takeLarger(nb uint64) index {
	bin := h.g.binIndex(nb) + 1
	for block := bin / 32; block < nbins/32; block++ {
		m := h.binmap[block]
		if block == bin/32 {
			m &= ^uint32(0) << (bin % 32)
		}
		for ; m != 0; m &= m - 1 {
			b := block*32 + index(bits.TrailingZeros32(m))
			i := h.c[b].bk
			if i == b {
				h.binmap[block] &^= 1 << (b % 32)
				continue
			}
			h.rdSize(i)
			h.unlink(i)
			if r := h.cut(i, nb); r != 0 && h.g.isSmall(nb) {
				h.lastRemainder = h.c[r].addr
			}
			return i
		}
	}
	return 0
}
