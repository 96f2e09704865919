package mm

import "mmsim/mm/addrspace"

// fileFlags completes the flags of a mapping of a file by how the file is open (the part of do_mmap for files). EOVERFLOW: beyond what a file can be; EACCES:
// the file is not open for reading, or not for writing and the mapping is shared and writable; ENODEV: a folder; EINVAL: it would grow.
func (p *Process) fileFlags(a MmapArgs, f *file, flags addrspace.VMFlags, n uint64) (addrspace.VMFlags, Errno) {
	if !f.inode.folder {
		if limit := p.mmapMax(); n > limit || a.Offset>>addrspace.PageShift > (limit-n)>>addrspace.PageShift {
			return 0, EOVERFLOW
		}
	}
	if a.Shared {
		if flags&addrspace.VMWrite != 0 && !f.write {
			return 0, EACCES
		}
		flags |= addrspace.VMShared | addrspace.VMMayShare
		if !f.write {
			flags &^= addrspace.VMMayWrite | addrspace.VMShared // nobody can write through it: it is as good as private
		}
	}
	switch {
	case !f.read:
		return 0, EACCES
	case f.inode.folder:
		return 0, ENODEV
	case a.Stack:
		return 0, EINVAL
	}
	return flags, 0
}

// unmappedFor finds room for n bytes of what a VMA maps from an address of it on.
func (p *Process) unmappedFor(v *addrspace.VMA, addr, n uint64) (uint64, bool) {
	if f, ok := v.File.(*file); ok {
		return p.unmappedFile(f, 0, n, v.Index(addr)<<addrspace.PageShift)
	}
	return p.mm.Unmapped(0, n)
}

// mmapMax is the largest offset of a mapping of a regular file, which may be beyond what the file system can hold (file_mmap_size_max,
// MAX_LFS_FILESIZE).
func (p *Process) mmapMax() uint64 {
	if p.mm.Layout.Levels > 2 {
		return 1<<63 - 1
	}
	return 1<<44 - addrspace.PageSize
}

// unmappedFile finds room for a mapping of a file: of a file system on a device it is placed such that huge pages would fit, if it holds one
// (thp_get_unmapped_area, which the 32-bit kernel does not have).
func (p *Process) unmappedFile(f *file, hint, n, offset uint64) (uint64, bool) {
	const size = 1 << addrspace.LeafShift
	s := p.mm
	end, aligned := offset+n, (offset+size-1)&^(size-1)
	if f.inode.fs != nil && f.inode.fs.direct() && s.Layout.Levels > 2 && end > aligned && end-aligned >= size && n+size > n {
		if addr, ok := s.Unmapped(hint, n+size); ok {
			if hint != 0 && addr == hint {
				return addr, true
			}
			return addr + (offset-addr)&(size-1), true
		}
	}
	return s.Unmapped(hint, n)
}
