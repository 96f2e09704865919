// Package tcmalloc is gperftools' TCMalloc, version 2.10, as Debian 12 builds libtcmalloc_minimal: small requests are objects of size
// classes, cut from spans of pages of 8 KiB. A thread's cache has a list of free objects for each class, the central cache moves batches of them
// between threads and spans, and the page heap keeps free spans by length, those that are mapped ("normal") apart from those that were given
// back to the system ("returned"). Requests of more than 256 KiB are spans of their own.
//
// The lists run through the free objects themselves and the descriptions of spans lie in memory of their own, of which the library takes
// 8 MiB at a time; OS.Touch is called wherever it would read or write them.
//
// Invariants (Heap.Check recomputes them):
//
//   - spans cover the memory taken for pages, side by side, without overlap; every first and last page is found in the page map, of a span of
//     objects every page;
//   - two free spans of the same kind are never neighbours; a free span is in the list of its length, or in the ordered set if it has more than
//     128 pages;
//   - an object is live, or in exactly one of: its class's list in the thread's cache, a batch of the transfer cache, its span's list;
//   - a span's refcount is the number of its objects that are not in its own list; a span with none is free.
//
// What a study of memory sees of it: memory comes from the break, at least 1 MiB at a time, from mmap once the break cannot move;
// nothing is ever unmapped; realloc copies unless the new size lies between half the old one and the old one; calloc clears (and so touches) all of
// the block; free spans are given back by MADV_DONTNEED, one span for every 1000 pages that were freed per page given back (release rate 1), but
// the first time only after 2^18 pages (2 GiB) were freed: the first span is freed while the library is being loaded, before its flags have their
// values, and a rate of 0 means that delay. The library's first use maps 9 MiB and touches more than 2 MiB: a leaf of its
// page map covers 2 GiB of addresses, is 2 MiB large and is cleared.
//
// Modelled: malloc, calloc, realloc, memalign, free and malloc_usable_size of a process with one thread, with all of the above; the allocations that
// the library makes when it is loaded (two thread caches among them: the first is left over from before thread-specific data exist). malloc_trim is
// the C library's, which finds nothing to do; mallopt accepts everything and does nothing.
//
// Checked against recorded runs of 2.10-1 on x86-64 and on i386 (testdata): addresses, usable sizes, every system call, resident pages. The
// variant for 32 bits has structures of other sizes and a smaller page map, whose leaves cover 8 MiB and are 4 KiB large; from 128 MiB on it
// makes all of them at once.
//
// Not modelled: sampling (libtcmalloc has it, off by default; the minimal library has none), aggressive decommit, the environment's
// settings, a heap limit, several threads, accesses to static data (among them the cache of pages' size classes, which answers nearly all look-ups of free),
// memalign beyond 8 KiB with an alignment that is no power of two (undefined there, rounded up here).
// Free of a pointer that the library does not own ends the process with its message. It notices neither a second free nor a pointer into the middle of a block
// and goes on with a damaged list; here these end with the same message.
//
// Sources: S. Ghemawat, P. Menage, "TCMalloc: Thread-Caching Malloc"; the gperftools documentation; the released sources of 2.10 for orders of
// decisions. Functions name theirs.
package tcmalloc
