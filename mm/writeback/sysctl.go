package writeback

import (
	"fmt"
	"math"
)

// PageSize is the number of bytes of a page.
const PageSize = 4096

// HZ is the number of jiffies a second.
const HZ = 250

// Sysctl are the settings vm.dirty_* and their sisters. The zero value is not the default: see DefaultSysctl.
type Sysctl struct {
	DirtyRatio           uint64 // per cent of the memory that may be dirty
	DirtyBackgroundRatio uint64
	DirtyBytes           uint64 // instead of the ratio, if not 0
	DirtyBackgroundBytes uint64
	DirtyExpireCentisecs uint64 // after which age periodic writeback takes an inode
	WritebackCentisecs   uint64 // how often periodic writeback looks; 0: never
	DirtytimeExpireSecs  uint64 // after which age a mere change of times is written
	HighmemIsDirtyable   bool
	LaptopMode           uint64
}

// DefaultSysctl is what the kernel boots with.
func DefaultSysctl() Sysctl {
	return Sysctl{DirtyRatio: 20, DirtyBackgroundRatio: 10, DirtyExpireCentisecs: 3000, WritebackCentisecs: 500, DirtytimeExpireSecs: 12 * 3600}
}

// dirtyBytesMin is the least value of vm.dirty_bytes: two pages (dirty_bytes_min).
const dirtyBytesMin = 2 * PageSize

// SetDirtyRatio sets vm.dirty_ratio, 0 to 100, and makes dirty_bytes 0 if the value is a new one (dirty_ratio_handler). changed tells that the limits
// must be taken over at once.
func (s *Sysctl) SetDirtyRatio(n uint64) (changed bool, err error) {
	if n > 100 {
		return false, fmt.Errorf("%d is not a per cent from 0 to 100", n)
	}
	if changed = n != s.DirtyRatio; changed {
		s.DirtyRatio, s.DirtyBytes = n, 0
	}
	return changed, nil
}

// SetDirtyBytes sets vm.dirty_bytes, at least two pages and below 2^32 pages, and makes dirty_ratio 0 if the value is a new one
// (dirty_bytes_handler).
func (s *Sysctl) SetDirtyBytes(n uint64) (changed bool, err error) {
	if err := checkBytes(n, dirtyBytesMin); err != nil {
		return false, err
	}
	if changed = n != s.DirtyBytes; changed {
		s.DirtyBytes, s.DirtyRatio = n, 0
	}
	return changed, nil
}

// SetDirtyBackgroundRatio sets vm.dirty_background_ratio, 0 to 100, and makes dirty_background_bytes 0 (dirty_background_ratio_handler).
func (s *Sysctl) SetDirtyBackgroundRatio(n uint64) error {
	if n > 100 {
		return fmt.Errorf("%d is not a per cent from 0 to 100", n)
	}
	s.DirtyBackgroundRatio, s.DirtyBackgroundBytes = n, 0
	return nil
}

// SetDirtyBackgroundBytes sets vm.dirty_background_bytes, at least 1 and below 2^32 pages, and makes dirty_background_ratio 0
// (dirty_background_bytes_handler).
func (s *Sysctl) SetDirtyBackgroundBytes(n uint64) error {
	if err := checkBytes(n, 1); err != nil {
		return err
	}
	s.DirtyBackgroundBytes, s.DirtyBackgroundRatio = n, 0
	return nil
}

func checkBytes(n, least uint64) error {
	if n < least {
		return fmt.Errorf("%d is less than %d, the fewest bytes allowed", n, least)
	}
	if pagesOf(n) > math.MaxUint32 {
		return fmt.Errorf("%d is more than %d, the most bytes allowed (2^32-1 pages)", n, uint64(math.MaxUint32)*PageSize)
	}
	return nil
}

// pagesOf is a number of bytes in pages, rounded up.
func pagesOf(bytes uint64) uint64 { return bytes/PageSize + min(bytes%PageSize, 1) }
