package mm

import (
	"fmt"

	"mmsim/mm/addrspace"
)

// Shmget gives the id of the System V segment with a key, made if there is none, of at least a number of bytes (shmget(2) with IPC_CREAT); key 0
// (IPC_PRIVATE) always makes a new one, which is charged as a whole. EINVAL: a new segment of 0 bytes, or more bytes than the one that is there
// has; ENOMEM: the commit limit.
func (p *Process) Shmget(key int, size uint64) (int, Errno) {
	p.syscall(p.k.cost.Mmap)
	k := p.k
	if key != 0 {
		for id, o := range k.segments {
			if o != nil && o.nlink > 0 && o.key == key {
				if size > o.segment {
					return 0, EINVAL
				}
				return id, 0
			}
		}
	}
	n := addrspace.PageAlign(size)
	if size == 0 || n > k.layout.TaskSize {
		return 0, EINVAL
	}
	o := p.newShmem(fmt.Sprintf("/SYSV%08x (deleted)", uint32(key)), n>>addrspace.PageShift, true)
	if o == nil {
		return 0, ENOMEM
	}
	o.segment = size
	o.key, o.nlink, o.ino = key, 1, uint64(len(k.segments))
	k.segments = append(k.segments, o)
	return len(k.segments) - 1, 0
}

// Shmat maps a segment and returns where (shmat(2)). A segment that was removed can be attached while somebody has it. EINVAL: there is no such segment;
// ENOMEM: no room or a limit; EAGAIN: RLIMIT_MEMLOCK.
func (p *Process) Shmat(id int) (uint64, Errno) {
	p.syscall(p.k.cost.Mmap)
	o := p.k.segment(id)
	if o == nil {
		return 0, EINVAL
	}
	s := p.mm
	pages := o.filePages()
	if uint64(s.MapCount()) > p.k.sysctl.maxMapCount {
		return 0, ENOMEM
	}
	n := pages << addrspace.PageShift
	addr, ok := s.Unmapped(0, n)
	if !ok {
		return 0, ENOMEM
	}
	flags, err := p.mmapFlags(MmapArgs{Prot: ProtRead | ProtWrite, Shared: true}, nil, pages)
	if err != 0 {
		return 0, err
	}
	if !p.mayExpand(flags, pages) {
		return 0, ENOMEM
	}
	s.Insert(&addrspace.VMA{Start: addr, End: addr + n, Flags: flags, Object: &o.Object, Attached: true})
	if flags&addrspace.VMLocked != 0 {
		s.LockedVM += pages
		p.populate(addr, addr+n, true)
	}
	return addr, 0
}

// segment is the segment with an id that can be attached, or nil.
func (k *Kernel) segment(id int) *shmem {
	if id < 0 || id >= len(k.segments) {
		return nil
	}
	o := k.segments[id]
	if o != nil && o.nlink == 0 && len(o.VMAs()) == 0 {
		k.segments[id] = nil
		return nil
	}
	return o
}

// Shmdt unmaps the segment that was attached at an address (shmdt(2)). EINVAL: none was.
func (p *Process) Shmdt(addr uint64) Errno {
	p.syscall(p.k.cost.Mmap)
	s := p.mm
	var first *addrspace.VMA
	for v := s.FindNext(addr); v != nil; {
		next := s.FindNext(v.End)
		if v.Attached && (first == nil || v.Object == first.Object) && v.Start-addr == v.PgOff<<addrspace.PageShift {
			first = &addrspace.VMA{Object: v.Object}
			p.unmapVMA(v)
			p.k.unacct(s, p.cpu())
		}
		v = next
	}
	if first == nil {
		return EINVAL
	}
	return 0
}

// Shmrm removes a segment: it goes with the last that has it attached (shmctl(2) with IPC_RMID). EINVAL: there is no such segment.
func (p *Process) Shmrm(id int) Errno {
	p.syscall(0)
	o := p.k.segment(id)
	if o == nil {
		return EINVAL
	}
	o.nlink = 0
	p.k.putInode(p.cpu(), &o.inode)
	return 0
}
