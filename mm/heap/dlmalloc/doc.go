// Package dlmalloc is Doug Lea's malloc, version 2.8, on x86-64: the ancestor of glibc's, without caches. Every freed chunk merges with its
// neighbours at once; small chunks lie in bins of one size each, large ones in bins that are tries of the bits of the size, from which the
// best fit is taken; small requests are cut off a designated victim if it is large enough, so that they lie close together; what nothing else
// satisfies comes from the top. Large requests are mappings, from a threshold that does not move.
//
// As in ptmalloc, what the real one keeps in the memory lies here in a table of chunks, and OS.Touch is called wherever it would read or write
// a field, at most once in a row for a page.
//
// Invariants (Heap.Check recomputes them from the table):
//
//   - the chunks of a segment lie side by side, linked both ways; no two free ones are neighbours, none borders on the top;
//   - a chunk's pinuse says that the chunk before it is in use;
//   - a free chunk is the designated victim or in the bin of its size; a bin is not empty if and only if its bit is set;
//   - in a trie, all chunks below a node share the bits of its size that lead there, and chunks of one size hang on a ring at one node;
//   - every chunk in use or free is found by its address, the top is not.
//
// Modelled: malloc, calloc, realloc (in place, by mremap, by copying), memalign, free, malloc_trim, mallopt (TRIM_THRESHOLD, GRANULARITY,
// MMAP_THRESHOLD), malloc_usable_size; segments from the break and, when it cannot move, from mmap; foreign sbrk; release of unused segments.
// Granularity is 64 KiB, trimming starts at 2 MiB of top, mappings at 256 KiB.
// Not modelled: 32-bit processes, mspaces, footers, locks, a footprint limit, and accesses to the allocator's own static state.
//
// Source: the published description and behaviour of malloc-2.8.6 (Doug Lea, public domain); functions name theirs.
package dlmalloc
