// Package addrspace holds a process's address space as data: its VMAs in a B-tree and its page tables. It decides where a mapping
// goes, what merges and what splits; what a fault does, what is charged and what is freed is the business of package mm.
//
// Invariants:
//   - VMAs are page aligned, not empty, disjoint, and ordered by address in the tree (struct mm_struct, mm_mt), which is the truth: the list through
//     them and the cache of what was found last only answer what it would;
//   - no two neighbours could merge at the time that the second was made (vma_merge);
//   - TotalVM, DataVM, StackVM and ExecVM are the sums over the VMAs, in pages (vm_stat_account);
//   - a page-table entry is exactly one of none (0), present (its bit in Present is set: PTE holds a page frame number) and swap
//     entry (its bit in Present is clear, PTE is not 0);
//   - Accessed, Dirty, Writable and ProtNone have bits only where Present has, and Writable and ProtNone none in common;
//   - Used of a leaf counts its entries that are not none;
//   - a page table exists only where something was faulted in, and each stands for page-table pages taken from the machine.
package addrspace
