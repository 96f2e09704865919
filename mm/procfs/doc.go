// Package procfs holds what the files of /proc say, as plain data, and writes and reads their text.
//
// Each file is one type with a function that reads it and a method that writes it:
//
//	meminfo vmstat zoneinfo buddyinfo pagetypeinfo slabinfo swaps vmallocinfo iomem stat uptime loadavg pressure/*
//	sysctl_vm                                 the values of /proc/sys/vm in one file
//	PID/{status,statm,maps,smaps,smaps_rollup,oom_score,oom_score_adj}
//
// A [Snapshot] is a folder of such files: a recorded machine that a simulated one can start from.
//
// Invariants:
//   - Append writes the bytes that Linux 6.1 prints for these values, the widths that overflow included;
//   - reading what Linux 6.1 printed and writing it again gives the same bytes, on x86-64 and on i386, for any number of nodes;
//   - reading what Append wrote gives the same data, for data that reading can give;
//   - lines that only another kernel prints are kept in their place where a file is a list of names and values, as each type says,
//     and anything else that 6.1 would not print is a [ParseError]: a value is never guessed;
//   - reading takes memory in proportion to the text, whatever numbers it holds;
//   - the package knows no kernel: it has no page, no zone and no clock, and computes none of the values.
package procfs
