// Package xarray counts the nodes of an XArray (lib/xarray.c): a tree of nodes with 64 slots that holds one entry for each index. It does not hold the
// entries, which their owners keep in ways of their own, only which nodes there are: a node is an object of a slab cache, so the shape of the tree
// decides how much memory the kernel takes for it.
//
// Invariants:
//   - A node's count is the number of its slots in use: entries in a leaf, nodes above. A node with count 0 is not there.
//   - The tree is as high as its largest index has ever needed since it was last lower: a node at the top of which only slot 0 is in use goes away.
//   - A single entry at index 0 needs no node.
package xarray
