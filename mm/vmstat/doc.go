// Package vmstat names what the kernel counts: zone, NUMA and node items, and events, each an index into an array of counters.
//
// Invariants:
//   - the order of each enumeration is the order of /proc/vmstat of Linux 6.1 (mm/vmstat.c, vmstat_text);
//   - a name is the kernel's own;
//   - the package holds no counter itself: zones and nodes own theirs, the machine owns the events.
package vmstat
