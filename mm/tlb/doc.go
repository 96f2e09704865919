// Package tlb is the translation lookaside buffer of each CPU and the kernel's book-keeping of what it may still hold: address space identifiers,
// generations, lazy mode (arch/x86/mm/tlb.c). When to flush, whom to interrupt and what that costs is policy, and not here.
//
// Modelled: one level of a set-associative buffer of 4 KiB translations per CPU (what vendors call the second-level or shared TLB: its reach is what a
// study of memory sees), the set chosen by the low bits of the page's number, the least recently used entry of the set replaced. Entries are tagged
// with one of six address space identifiers (TLB_NR_DYN_ASIDS), which the kernel gives to address spaces in turn (choose_new_asid); without identifiers
// (i386) every switch of address spaces drops all. Not modelled: the small first level, whose miss costs a few cycles; the caches of upper
// levels of the tables, which are taken to be warm; huge pages, as nothing maps any; translations of the kernel and of instructions.
//
// Invariants:
//   - A set holds at most as many entries as there are ways, no two for the same page of the same identifier; one that was never
//     used is filled before another is replaced.
//   - How many entries an identifier has is counted, so flushing one that has none costs nothing.
//   - While the pages that were accessed last follow each other and fill the buffer, or go round within it, its contents are known without being
//     written down: Run then takes the same time for any number of pages. What is seen is the same as if every page had been accessed alone.
//   - An identifier's entries are of the address space whose ID its slot has, as it was at the slot's generation; what has been changed in the page
//     tables since is in the generations between that and the address space's own.
//   - The CPUs that have an address space loaded are those of its mm_cpumask: it leaves the mask when another is loaded. A CPU in lazy mode
//     runs a kernel thread or nothing, with the last user's tables.
package tlb
