// Package pagecache holds the entries of one file or piece of shared memory by page offset: what the kernel keeps in the xarray of a struct
// address_space. An entry is a page of the page cache, a value (the shadow of an evicted page, or the swap slot of a page of shared memory), or
// none. Pages carry the tags that writeback walks by. Who the pages are, and when they come and go, is package mm's business.
//
// Invariants, all recomputed by Tree.Check:
//   - an index holds a page, a value or nothing; no page and no value is 0;
//   - only pages carry tags; a tag's count is the number of pages that carry it;
//   - Pages and Values are the numbers of entries of either kind;
//   - Nodes is the number of xa_nodes that the kernel would have for these entries, each of 64 slots: the lowest level's are groups of 64
//     indices with at least one entry. ShadowNodes is the number of those groups that hold values only;
//   - a group of 64 indices has a block of memory exactly while it has pages or keeps its values there. It does so from when a value comes that is in no
//     arithmetic progression with the others, until it has none left or all are set anew; meanwhile it has one more from when one comes whose upper half
//     differs.
//
// Groups lie by eights in leaves, and leaves under directories of 512; a walk skips empty leaves and finds the next entry of a kind by a bitmap, so
// its cost is that of what it finds. Where a file is read on and on, its shadows are more than its pages are by far, and far from the processor: a
// group of those costs 96 bytes.
package pagecache
