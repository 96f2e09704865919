// Package lru holds the lists that reclaim works on: per node (and later per memory cgroup) inactive and active lists of anonymous and
// of file pages, the unevictable pages, and the per-CPU batches through which pages reach them. When a page moves, and why, is decided
// by package mm.
//
// Invariants:
//   - a page has the LRU flag exactly while it is on a list (or counted as unevictable), and is then on the list that its flags say:
//     Unevictable, else Active or not, Swapbacked (anonymous) or not (file);
//   - the length of every list equals the node's counter nr_inactive_anon and so on, and the sum of the zones' nr_zone_ counters;
//   - a page in a batch of kind Add is on no list; in the other batches it may be on one, and is skipped if it has left it meanwhile.
package lru
