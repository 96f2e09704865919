// Package jemalloc is jemalloc 5.3.0 as Debian 12 builds libjemalloc2: sizes are rounded up to classes, four to each doubling. Those up to
// 14 KiB are regions of slabs, which are extents of as many pages as regions fill without a rest; larger ones are extents of their own, with
// a page more than they need, so that they can begin at a random cache line of the first one. An arena keeps extents that were freed as
// dirty, and gives them back to the system when they have been so for up to 10 seconds, along a smooth curve; their addresses are retained. New
// memory is mapped in ever larger pieces, from 2 MiB on. The thread caches regions and blocks up to 32 KiB in stacks.
//
// Descriptions lie in blocks of their own, of 2 MiB and more; free regions hold nothing, so that freeing touches no memory of the program.
// OS.Touch is called wherever the library reads or writes its structures.
//
// Invariants (Heap.Check recomputes them):
//
//   - extents do not overlap; the first and the last page of each, and every page of a slab, is noted in the map of pages;
//   - an extent that is not in use is in the set of its state and arena, in the bin of its size and in the list by age, and counted there;
//     retained neighbours of one mapping are one extent;
//   - a region of a slab is just one of free, cached by the thread, and live; a slab without regions in use does not exist;
//   - what is dirty or in use is accessible; where the system does not overcommit (OS.Overcommits), retained memory is not;
//   - a slab with free regions is its bin's current one or in the bin's heap, the oldest and lowest of which is taken first.
//
// What a study of memory sees of it: memory comes from mmap with MAP_NORESERVE alone and is never unmapped (only to align new blocks of
// metadata); the first use maps 8 MiB and touches some 25 pages; what is freed goes back by MADV_DONTNEED, but only when the process goes
// on allocating or freeing: about every 1000 operations on the arena the clock is looked at, and every 50 ms of it are an epoch. The
// cache gives back three quarters of what one class has not needed since the last look, for every 64 KiB allocated or freed. Blocks of
// 8 MiB and more come from an arena of their own and go back at once. realloc stays where it is within a class, and for large blocks if
// what lies behind is free or the new size is smaller, and otherwise copies all of the old block; calloc clears regions, and extents that
// were used before by MADV_DONTNEED.
//
// Modelled: malloc, calloc, realloc, memalign, free and malloc_usable_size of a process with one thread, with all of the above. Randomness
// (cache lines, the clock's ticks) is the library's own, seeded as there by addresses: that of the thread's data is given to New, that of the
// arena follows. The clock is OS.Now. malloc_trim and mallopt are the C library's and have nothing to do with this heap.
//
// Checked against recorded runs of 5.3.0-1 on x86-64 and on i386 (testdata): addresses, usable sizes, every system call, resident pages. The
// variant for 32 bits retains nothing: it maps just what it needs and unmaps what it gives back. A large block that grows first tries to map
// what lies behind it.
//
// Not modelled: further arenas for more threads, background threads, profiling, the huge page allocator (off by default), muzzy pages (their
// time is 0 by default), memory from the break when mmap fails, options, leaking an extent when there is no memory for its description (here it stays where it was), and static data.
// A pointer that is not that of a live block is undefined behaviour in this build, which checks nothing: it crashes or goes on with damaged
// structures. Here it ends with an error that says so.
//
// Sources: J. Evans, "A Scalable Concurrent malloc(3) Implementation for FreeBSD" (2006); the manual jemalloc(3); the released sources of 5.3.0 for orders
// of decisions. Functions name theirs.
package jemalloc
