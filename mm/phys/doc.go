// Package phys is physical memory as Linux 6.1 keeps it: the frame table, nodes, zones, the buddy allocator with migratetypes, per-CPU
// lists and watermarks. It hands out and takes back pages; what to do when there are none (reclaim, compaction, the OOM killer) belongs to
// package mm, which this package calls through Hooks.
//
// Invariants, all recomputed by Memory.CheckInvariants:
//
//   - every frame of RAM is in exactly one block: reserved, on one buddy list, on one per-CPU list, isolated, or allocated. The first row
//     of a block says which, but for per-CPU lists: these keep their blocks themselves, as runs of neighbours, and the rows say nothing; the block is
//     2^order pages, naturally aligned;
//   - of the rows inside a block only the second of an allocated one says anything: the order;
//   - a free block smaller than a pageblock never lies beside its free buddy of the same order;
//   - a zone's NrFree of an order is the number of blocks on its lists of that order; its NRFreePages is the number of pages on them
//     less those of isolated pageblocks. Pages on per-CPU lists are not free in that sense, as in the kernel;
//   - blocks never merge across zones, and a zone belongs to one node;
//   - counters are exact at every moment (the kernel keeps part of them per CPU for up to a second).
//
// A machine costs host memory only for the 128 MiB sections that were touched (section.go, virgin.go). Nothing is allocated by an allocation or a
// free but the rows of a section on its first use, and room for more runs on a per-CPU list.
package phys
