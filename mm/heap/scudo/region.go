package scudo

import "math/bits"

const regionShift32 = 19 // regions of 32 bits: 512 KiB, as many as a class needs

// A region is the memory of one class (RegionInfo), or of 32 bits its regions (SizeClassInfo). Blocks are numbered in the order in which
// they are made.
type region struct {
	begin, mapped, used uint64   // bytes mapped, and of them cut into blocks
	bases               []uint64 // of 32 bits: where the regions begin
	per                 uint32   // of 32 bits: blocks in one of them
	size, inverse       uint64
	max                 uint32 // blocks in a batch
	random              uint32
	first, last         int32 // batches in its list, by their number plus one
	popped, pushed      uint64
	pushedAtRelease     uint64
	released            int64 // when pages last went back, ns
	blocks              []block
	cache               [2 * maxBatch]uint32 // the thread's free blocks
	cached              uint32
}

// A block is a piece of a region: live, with where its user's part begins and how large that is, or not.
type block struct {
	size, offset uint32
	state        uint8
}

const (
	never     uint8 = iota // nobody has had it
	allocated              // live
	available              // it was freed
)

// A batch is a list of blocks, which lies in a block of the first region.
type batch struct {
	next, count int32
	blocks      [maxBatch]uint32
}

// An owner says which class 512 KiB of addresses belong to, plus one, and which of its regions they are (ByteMap).
type owner struct {
	class  uint8
	number uint32
}

func (r *region) addr(i uint32) uint64 {
	if r.per != 0 {
		return r.bases[i/r.per] + uint64(i%r.per)*r.size
	}
	return r.begin + uint64(i)*r.size
}

// locate is the class and the number of the block that an address lies in. Class 0: it lies in a region but in no block that a program
// may have; -1: it lies in no region.
func (h *Heap) locate(addr uint64) (c int, i uint32) {
	if h.g.narrow {
		return h.locate32(addr)
	}
	if !h.ready || addr-h.base >= numClasses<<regionShift {
		return -1, 0
	}
	c = int((addr - h.base) >> regionShift)
	r := &h.regions[c]
	off := addr - r.begin
	switch {
	case off >= r.mapped:
		return -1, 0
	case c == 0 || off >= r.used:
		return 0, 0
	}
	n, _ := bits.Mul64(off, r.inverse)
	return c, uint32(n)
}

func (h *Heap) locate32(addr uint64) (c int, i uint32) {
	if addr >= 1<<32 || h.owners[addr>>regionShift32].class == 0 {
		return -1, 0
	}
	o := h.owners[addr>>regionShift32]
	r := &h.regions[o.class-1]
	n, _ := bits.Mul64(addr&(1<<regionShift32-1), r.inverse)
	if i = o.number*r.per + uint32(n); o.class == 1 || n >= uint64(r.per) || uint64(i) >= uint64(len(r.blocks)) {
		return 0, 0
	}
	return int(o.class) - 1, i
}

// room is how many blocks of a class may be made next, after mapping memory for them if there is none. False: there is no memory.
func (h *Heap) room(c int) (uint32, bool) {
	r := &h.regions[c]
	most := maxGroups * r.max
	if h.g.narrow {
		made := uint32(r.used / r.size)
		if made == uint32(len(r.bases))*r.per && !h.addRegion(c) {
			return 0, false
		}
		return min(most, r.per-made%r.per), true
	}
	need := r.used + uint64(r.max)*r.size
	if need > r.mapped {
		n := (need - r.mapped + mapStep - 1) / mapStep * mapStep
		base := h.base + uint64(c)<<regionShift
		if r.begin-base+r.mapped+n > 1<<regionShift {
			return 0, false
		}
		if _, ok := h.os.Mmap(r.begin+r.mapped, n, mapFixed); !ok {
			return 0, false
		}
		h.mem.Forget()
		r.mapped += n
	}
	return min(most, uint32((r.mapped-r.used)/r.size)), true
}

// addRegion gives a class one more region of 32 bits: one that is spare, or the first aligned one of a mapping of twice the size, the
// second half of which is spare if the mapping is aligned, and otherwise unmapped (allocateRegion, allocateRegionSlow).
func (h *Heap) addRegion(c int) bool {
	const size = 1 << regionShift32
	var base uint64
	if n := len(h.spare); n > 0 {
		base = h.spare[n-1]
		h.spare = h.spare[:n-1]
	} else {
		at, ok := h.os.Mmap(0, 2*size, 0)
		if !ok {
			return false
		}
		h.mem.Forget()
		if base = (at + size - 1) &^ (size - 1); base == at {
			h.spare = append(h.spare, at+size)
		} else {
			h.os.Munmap(at, base-at)
			h.os.Munmap(base+size, at+size-base)
		}
	}
	r := &h.regions[c]
	h.owners[base>>regionShift32] = owner{uint8(c) + 1, uint32(len(r.bases))}
	r.bases = append(r.bases, base)
	r.mapped += size
	return true
}
