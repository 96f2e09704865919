// Package heap is the C library's side of memory allocation: what malloc, free and their kin do with brk and mmap. It knows nothing of the
// kernel; an allocator asks its process for memory through OS and tells it, through OS.Touch, which of it the real allocator reads and
// writes. Each allocator is a package of its own: ptmalloc (glibc
// 2.36), dlmalloc (2.8), jemalloc (5.3.0), tcmalloc (gperftools 2.10) and scudo (LLVM 14).
//
// Invariants that every Allocator keeps:
//
//   - a block that was handed out and not freed overlaps no other block and nothing that the allocator keeps for itself;
//   - the memory of a block was mapped by the OS for this allocator and has not been given back since;
//   - Malloc(n) promises n bytes, UsableSize tells how many there really are, never fewer;
//   - the same calls with the same answers of the OS give the same calls to the OS, and the same results;
//   - a pointer that is not that of a live block is answered with an error and changes nothing;
//   - the bookkeeping lies in Go's memory, in arrays without pointers; the simulated memory has no contents. Cloning is copying arrays.
//
// A process may be ended inside any call to its OS: the OS then does not return, and the allocator is dropped with the process.
package heap
