// Package swap holds swap areas as data: which slots are used, by how many, and what of them is in memory. When pages go out and
// come in is decided by package mm, which also talks to the devices.
//
// Invariants:
//   - a slot's count is the number of page-table entries (and of shared-memory entries) that name it; a slot is used while its count
//     is above 0, a page of it is in the swap cache, or a CPU holds it in its slot cache;
//   - NrFree is the number of slots that are not used, over all areas (nr_swap_pages), Total the number of all (total_swap_pages); an area that is
//     being taken out of use counts with none of its slots in Total and with less its used ones in NrFree;
//   - a slot's cache word is 0, a page frame (the swap cache) or a shadow entry, which is left when the page was evicted;
//   - slot 0 of every area is its header and never given out, so an Entry is never 0.
package swap
