package mm

import "slices"

// bhLRUSize is the number of buffers that a CPU remembers (BH_LRU_SIZE).
const bhLRUSize = 16

// bhLRU is the buffers of blocks that a CPU looked up last, latest first. Being remembered is a use: such a buffer's page cannot be freed, and drop_caches
// leaves it (bh_lrus).
type bhLRU [bhLRUSize]uint64 // blocks, counted from 1; 0: none

// note puts a block in front (lookup_bh_lru, bh_lru_install).
func (l *bhLRU) note(block uint64) {
	at := slices.Index(l[:], block+1)
	if at < 0 {
		at = bhLRUSize - 1
	}
	copy(l[1:at+1], l[:at])
	l[0] = block + 1
}

// has tells whether a block is among them.
func (l *bhLRU) has(block uint64) bool { return slices.Contains(l[:], block+1) }
