// Package mglru holds the lists of the multi-generational LRU (Linux 6.1, CONFIG_LRU_GEN): per node the evictable pages by generation, kind
// and zone, the sequence numbers of the oldest and youngest generations, and the feedback of refaults by tier. When a page moves, and why,
// is decided by package mm.
//
// A generation is a sequence number; number seq lives in slot seq % MaxGens. A page's slot and its count of accesses through file
// descriptors are a byte in a Column beside the frame table. A page that was found accessed through a page table gets a new slot at once and stays
// on its list until somebody meets it there, so a list may hold pages of younger generations.
//
// Invariants:
//   - a page that is evictable and has the LRU flag is on exactly one list, of its kind (swap-backed or not) and its zone's type;
//   - Pages of a generation, kind and zone is the number of pages on any list whose slot says so;
//   - the sums of Pages over the two youngest generations and over the others are the counters nr_active_ and nr_inactive_ of the kind, of
//     the lruvec, the node and the zone;
//   - MinSeq[Anon] <= MinSeq[File] as long as there was swap, MaxSeq - MinSeq + 1 is between MinGens and MaxGens, and no list of a slot
//     outside that range holds a page;
//   - the flag Active is clear in pages on these lists;
//   - the access count in a page's byte means something only while the page has the flag Workingset, the slot only while it is on a list.
package mglru
