package writeback

import "math"

// Memory is what the number of pages that may be dirty depends on, in pages.
type Memory struct {
	Free, Totalreserve       uint64
	InactiveFile, ActiveFile uint64
	// Highmem is what high memory has of these: free pages above the high watermarks, and file pages (highmem_dirtyable_memory).
	Highmem uint64
}

// GlobalDirtyableMemory is the pages that may hold dirty data: free ones above the reserves, and the page cache, without high memory unless that is
// allowed. It is at least 1 (global_dirtyable_memory).
func GlobalDirtyableMemory(m Memory, s *Sysctl) uint64 {
	x := m.Free - min(m.Free, m.Totalreserve) + m.InactiveFile + m.ActiveFile
	if !s.HighmemIsDirtyable {
		x -= min(m.Highmem, x)
	}
	return x + 1
}

// NodeDirtyableMemory is the pages of one node that may hold dirty data; m is that of the node (node_dirtyable_memory).
func NodeDirtyableMemory(m Memory) uint64 {
	return m.Free - min(m.Free, m.Totalreserve) + m.InactiveFile + m.ActiveFile
}

// NodeDirtyLimit is how many pages of a node may be dirty or under writeback before the allocator prefers others for pages that will be written
// (node_dirty_limit, node_dirty_ok: not above it). nodeMemory is NodeDirtyableMemory, globalMemory GlobalDirtyableMemory.
func NodeDirtyLimit(nodeMemory, globalMemory uint64, s *Sysctl) uint64 {
	limit := s.DirtyRatio * nodeMemory / 100
	if s.DirtyBytes != 0 {
		limit = pagesOf(s.DirtyBytes) * nodeMemory / globalMemory
	}
	return min(limit, math.MaxUint32)
}

// A Control is one look at how much is dirty and how much may be (struct dirty_throttle_control).
type Control struct {
	Avail            uint64 // dirtyable memory
	Dirty            uint64 // dirty pages, and those under writeback if a writer asks
	Thresh, BgThresh uint64 // where writers are held, and where the flusher begins

	WBDirty, WBThresh, WBBgThresh uint64 // the same of one device
	PosRatio                      uint64 // parts of 1024 of the rate limit that the position calls for
}

// DomainDirtyLimits computes the thresholds from Avail for a task of ordinary priority (domain_dirty_limits).
func (c *Control) DomainDirtyLimits(s *Sysctl) {
	thresh, bg := s.DirtyRatio*PageSize/100*c.Avail/PageSize, s.DirtyBackgroundRatio*PageSize/100*c.Avail/PageSize
	if s.DirtyBytes != 0 {
		thresh = pagesOf(s.DirtyBytes)
	}
	if s.DirtyBackgroundBytes != 0 {
		bg = pagesOf(s.DirtyBackgroundBytes)
	}
	thresh = min(thresh, math.MaxUint32)
	if bg >= thresh {
		bg = thresh / 2
	}
	c.Thresh, c.BgThresh = thresh, bg
}

// FreerunCeiling is the number of dirty pages up to which nobody is slowed down (dirty_freerun_ceiling).
func FreerunCeiling(thresh, bgThresh uint64) uint64 { return (thresh + bgThresh) / 2 }
