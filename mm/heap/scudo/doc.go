// Package scudo is the hardened allocator Scudo in the standalone form of LLVM 14 with its default configuration, as Debian 12 builds it for
// x86-64 and i386. Every size class up to 128 KiB has a region of 4 GiB of its own, which begins at a random page and is mapped 256 KiB at a time;
// its blocks are handed out in a random order within each group that is made at once. Batches of up to 14 free blocks move between a region's
// list and the thread's cache; they lie in a region like any other. Larger requests are mappings of their own between two pages without access, a number of
// which is kept for reuse. Every block begins with a header of 16 bytes that knows the size that was asked for.
//
// With 32 bits the classes are the same, but their memory is another: regions of 512 KiB at multiples of that, which are mapped two at a time
// and have one owner each. A class gets a further one when its last is cut up. Headers are 8 bytes, to which blocks are aligned, and
// what a mapping with a large alignment does not need is unmapped.
//
// Invariants (Heap.Check recomputes them):
//
//   - a region of 32 bits has just the class for its owner that has it for a region;
//   - a block of a region is live, in the thread's cache, in a batch of the region's list, or a batch itself (of the region of batches);
//   - a region's counts of blocks given out and taken back differ by the blocks that are not in its list;
//   - a live block of its own lies at the end of what is mapped for it; those that are kept are counted, and at most 32 of at most 512 KiB.
//
// What a study of memory sees of it: 180 GiB of addresses without access from the first use, on i386 1 MiB for every two
// regions; a page or more for each class that is used;
// malloc_usable_size is what was asked for; realloc stays if the block is large enough and no more than a page would be lost; calloc clears all of a
// class's block, but not fresh mappings. Free pages of a region go back by MADV_DONTNEED when a batch comes back to it, enough is free, and 5 seconds have passed
// since the last time; mappings kept for reuse go back likewise when another one is freed. An empty cache never fills from elsewhere, so that a process that stops keeps
// what it has.
//
// Modelled: malloc, calloc, realloc, memalign, free, malloc_usable_size and mallopt (DECAY_TIME in ms, PURGE, CACHE_COUNT_MAX, CACHE_SIZE_MAX) of a process with one
// thread. In real life the order of blocks and the beginning of regions differ from run to run; here they follow from the seed that New gets, by the
// library's own generator, so that a recorded run with the same seed is the same. malloc_trim is the C library's and finds nothing to do.
//
// Checked against recorded runs of 14.0.6-12 on x86-64 and on i386 (testdata): addresses, usable sizes, every system call, resident pages, with
// getrandom answered by a constant and GWP-ASan off.
//
// Not modelled: Android's configuration, GWP-ASan (which samples one allocation in about 5000),
// the quarantine (off by default), memory tagging, options of the environment, further threads, static data, and what the
// library does when it finds no memory for a batch amid a group (it makes the blocks again, which are then handed out twice: here it is out of memory). Checksums of headers are not
// computed: a pointer that is not that of a live block is known by the tables, and ends with the report that the library
// gives for such a header, or, where it would read what is not mapped, with one of SIGSEGV.
//
// Sources: the Scudo Hardened Allocator's documentation (llvm.org/docs/ScudoHardenedAllocator.html); the released sources of 14.0.6 for orders of decisions.
// Functions name theirs.
package scudo
