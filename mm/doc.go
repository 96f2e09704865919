// Package mm is the memory management of one simulated Linux 6.1 machine: the policies that join the data structures of its sub-packages.
// One file holds one concept of the kernel, under the kernel's name: the slow path of allocation (alloc.go), page faults (fault.go), fork
// (fork.go), reverse mapping (rmap.go), reclaim (scancontrol.go, reclaim.go, shrinkpages.go), kswapd (kswapd.go), direct reclaim
// (directreclaim.go), the multi-generational LRU (lrugen*.go), the swap cache (swapcache.go, swapin.go), shared memory (shmem.go, shmemfault.go, sysv.go), mappings
// of files (mmapfile.go, filemapfault.go, rmapfile.go), programs (exec.go, program.go, aslr.go), overcommit (overcommit.go, committedas.go), the OOM
// killer (oom.go), system calls (mmap.go, brk.go, mprotect.go, mremap.go, mlock.go, madvise.go, touch.go, process.go), the start from recorded files
// (boot.go, bootstate.go, carried.go, recorder.go), the limits of dirty pages and who is held to them (dirtylimits.go, balancedirty.go), the flushers (flusher.go,
// writepages.go), the disk and its journal (blockdev.go, journal.go, ext4log.go), sync (sync.go), names and inodes in memory and their shrinker (dcache.go,
// inodecache.go, superblock.go), translation lookaside buffers (tlb.go), interrupts of other CPUs where those are not modelled (unmapbatch.go), what requests cost the CPU
// (iocost.go), workers (workqueue.go), the pressure that reclaim reports (vmpressure.go), what /proc shows (procfiles.go, observe.go).
//
// Invariants:
//   - Everything runs as some engine.Proc; between two calls of it that block (Spend, Sleep, Wait, an allocation that may reclaim) nothing else
//     runs, so a function that makes none sees and leaves consistent state.
//   - A page is in use by whom its kind says; an anonymous page's Mapcount is the number of page-table entries that map it, and it is
//     on a list, in a batch, or about to be freed.
//   - A page with Mapcount 0 is held by the swap cache, or is being freed.
//   - A process's RSS counters are the numbers of its page-table entries of each kind; nr_anon_pages counts the anonymous pages that are mapped.
//   - A page of a file is mapped only once it is read; an entry may write it only while it is dirty, and only in a shared mapping.
//   - Committed_AS is the sum over processes of the pages of their VMAs that have VMAccount, and of what growing stacks leaked.
//   - Every event that /proc/vmstat counts is counted where it is decided, under the kernel's name.
//   - No duration of work is written outside the table of costs (cost.go).
package mm
