// Package ptmalloc is the malloc of glibc 2.36 in a process with one thread: the main arena with its fast, unsorted, small and large bins,
// the thread's cache, the mapped chunks, and the thresholds that move. It makes the same calls of brk, mmap, mremap, munmap and madvise for
// the same calls of malloc as the real one does, returns the same addresses, and touches the pages that it touches.
//
// What the real one keeps in the memory itself (sizes, links, in-use bits) lies here in a table of chunks; wherever it would read or write
// such a field, OS.Touch is called for its address, in the same order, at most once in a row for a page. The names are glibc's:
// a chunk is what a block is with its header; a bin is a list of free chunks; top is the chunk at the end of the heap.
//
// Invariants (Heap.Check recomputes them from the table):
//
//   - the chunks of a contiguous stretch of memory lie side by side, linked both ways, up to the top or to a pair of fenceposts;
//   - a chunk's prevInuse says that the chunk before it is not in a bin. No two chunks in bins are neighbours, none borders on the top;
//   - a chunk in a small bin has exactly the bin's size; a large bin is sorted by size, the largest first, with the first of each size
//     on a second ring;
//   - chunks in the thread's cache and in fast bins count as in use: they are marked, and do not merge;
//   - a bin with chunks has its bit in the map of bins (the converse may fail, as in glibc);
//   - every chunk but the top and the fenceposts is found by its address, nothing else is.
//
// Modelled: everything that one thread can reach through malloc, calloc, realloc, memalign, free, malloc_trim, mallopt and
// malloc_usable_size on x86-64 and i386, including what foreign calls of sbrk, failing ones, and changed parameters do.
// Not modelled: further arenas (threads), tunables of the environment, memory tagging, and the accesses to the arena's
// own structure, which lies in the C library's data. A double free that glibc overlooks (of a chunk deep in a fast bin) is reported with the
// text of the check that it slipped by.
//
// Sources: malloc/malloc.c and malloc/arena.c of glibc 2.36; each function says which of theirs it follows.
package ptmalloc
