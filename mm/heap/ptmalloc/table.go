package ptmalloc

// An index is a row of the table of chunks. Rows 1 to 127 are the heads of bins; 0 is none.
type index = uint32

const (
	nbins    index = 128 // NBINS; also the number of the first row that is a chunk
	unsorted index = 1   // the unsorted bin
)

// Values of a chunk's bk that say where it is while it counts as in use. A live chunk has 0.
const (
	inTcache index = 1<<32 - 1 - iota // the key by which glibc knows chunks in its cache lies in the same place
	inFast
	isFence // a fencepost, which is never free and never anyone's
)

// Flags in the low bits of chunk.size, of which all sizes are multiples of 8.
const (
	prevInuse uint64 = 1
	mmapped   uint64 = 2
	binned    uint64 = 4 // in the unsorted, a small or a large bin
	flagBits  uint64 = 7
)

// A chunk is one row: what the real allocator keeps in a chunk's header and, while it is free, in its body.
type chunk struct {
	addr uint64 // where the header begins; the block begins two words later
	size uint64 // in bytes, with flags
	prev index  // the chunk before it in memory, 0 at the start of a stretch
	next index  // the chunk behind it, 0 for the top, the last fencepost and mapped chunks
	fd   index  // next in its bin; of mapped chunks the low half of the offset in the mapping
	bk   index  // before it in its bin, or one of the values above
	fdNext,
	bkNext index // ring of first chunks of each size in a large bin, 0 if it is not on it; fdNext has a mapped chunk's upper half
}

// newChunk is a row for the chunk at addr, which is found by that address from now on. size has its flags.
func (h *Heap) newChunk(addr, size uint64) index {
	i := h.newRow(addr, size)
	h.insert(i)
	return i
}

// newRow is a row for a chunk that is not to be found by its address.
func (h *Heap) newRow(addr, size uint64) index {
	i := h.spare
	if i != 0 {
		h.spare = h.c[i].fd
		h.c[i] = chunk{addr: addr, size: size}
	} else {
		i = index(len(h.c))
		h.c = append(h.c, chunk{addr: addr, size: size})
	}
	return i
}

// release gives a row back: its chunk has become part of another.
func (h *Heap) release(i index) {
	h.forget(i)
	h.c[i] = chunk{fd: h.spare}
	h.spare = i
}

// The table of addresses is open addressing with linear probing; what it holds are rows.

func (h *Heap) slot(addr uint64) uint32 {
	return uint32((addr >> 3) * 0x9E3779B97F4A7C15 >> h.shift)
}

func (h *Heap) insert(i index) {
	h.used++
	if h.used*2 > len(h.tab) {
		h.grow()
	}
	mask := uint32(len(h.tab) - 1)
	s := h.slot(h.c[i].addr)
	for h.tab[s] != 0 {
		s = (s + 1) & mask
	}
	h.tab[s] = i
}

func (h *Heap) grow() {
	old := h.tab
	h.tab = make([]index, max(64, 2*len(old)))
	h.shift = 64
	for n := len(h.tab); n > 1; n >>= 1 {
		h.shift--
	}
	mask := uint32(len(h.tab) - 1)
	for _, i := range old {
		if i == 0 {
			continue
		}
		s := h.slot(h.c[i].addr)
		for h.tab[s] != 0 {
			s = (s + 1) & mask
		}
		h.tab[s] = i
	}
}

// find is the row of the chunk at addr, or 0.
func (h *Heap) find(addr uint64) index {
	if len(h.tab) == 0 {
		return 0
	}
	mask := uint32(len(h.tab) - 1)
	for s := h.slot(addr); ; s = (s + 1) & mask {
		i := h.tab[s]
		if i == 0 || h.c[i].addr == addr {
			return i
		}
	}
}

// forget removes a chunk's address and closes the gap that it leaves.
func (h *Heap) forget(i index) {
	mask := uint32(len(h.tab) - 1)
	s := h.slot(h.c[i].addr)
	for h.tab[s] != i {
		s = (s + 1) & mask
	}
	h.used--
	for gap := s; ; {
		s = (s + 1) & mask
		j := h.tab[s]
		if j == 0 {
			h.tab[gap] = 0
			return
		}
		if (s-h.slot(h.c[j].addr))&mask >= (s-gap)&mask {
			h.tab[gap] = j
			gap = s
		}
	}
}

// move gives a chunk another address.
func (h *Heap) move(i index, addr uint64) {
	h.forget(i)
	h.c[i].addr = addr
	h.insert(i)
}

func (h *Heap) size(i index) uint64 { return h.c[i].size &^ flagBits }

// block is the address that the user of a chunk sees (chunk2mem).
func (h *Heap) block(i index) uint64 { return h.c[i].addr + h.g.hdr }

// usable is the number of bytes that its user may use (memsize): the next chunk's first word is part of it, if there is a next chunk.
func (h *Heap) usable(i index) uint64 {
	if h.c[i].size&mmapped != 0 {
		return h.size(i) - h.g.hdr
	}
	return h.size(i) - h.g.word
}
