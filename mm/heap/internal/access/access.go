// Package access makes an allocator's accesses to its process's memory, at most once in a row for a page.
//
// Invariant: a page that was accessed as the last of its kind, and not given back since, is not accessed again by OS.Touch until another
// page is; Forget must be called after a system call that may have taken pages away.
package access

import "mmsim/mm/heap"

// A Memory is the memory of one process. Forget makes a zero one usable, given an OS.
type Memory struct {
	OS          heap.OS
	read, wrote uint64 // pages accessed last
}

// Forget is for the beginning of a call, and for after system calls that take pages away.
func (m *Memory) Forget() { m.read, m.wrote = ^uint64(0), ^uint64(0) }

// Rd reads the word at addr.
func (m *Memory) Rd(addr uint64) {
	if p := addr / heap.PageSize; p != m.read && p != m.wrote {
		m.read = p
		m.OS.Touch(addr, 1, false)
	}
}

// Wr writes the word at addr.
func (m *Memory) Wr(addr uint64) {
	if p := addr / heap.PageSize; p != m.wrote {
		m.wrote = p
		m.OS.Touch(addr, 1, true)
	}
}

// Fill writes n bytes from addr on.
func (m *Memory) Fill(addr, n uint64) {
	if n > 0 {
		m.OS.Touch(addr, n, true)
		m.wrote = (addr + n - 1) / heap.PageSize
	}
}

// Copy copies n bytes.
func (m *Memory) Copy(dst, src, n uint64) {
	heap.Copy(m.OS, dst, src, n)
	m.Forget()
}
