// Package writeback is the arithmetic of dirty throttling (mm/page-writeback.c, lib/flex_proportions.c): how much may be dirty, which share of it a
// device gets, how fast the device writes, and how long who dirties pages must pause. It knows no pages, no files and no processes: numbers go in,
// numbers come out, all integers as in Linux 6.1, so that the same inputs give the same pauses.
//
// Units: memory in pages of 4096 bytes, time in jiffies of 4 ms (HZ = 250), bandwidth in pages a second, ratios in parts of 1024 unless they are
// called per cent.
//
// Invariants:
//   - BgThresh < Thresh unless Thresh is 0, so the free-run ceiling lies below the limit.
//   - A ratio and the bytes of the same name are never both set: setting one makes the other 0.
//   - A device's fraction of completions is between 0 and 1; the fractions of all devices of a domain sum to 1 at most, as long as there are events.
//   - PosRatio is 0 at or above the limit, and falls as dirty pages rise.
//   - AvgWriteBandwidth and DirtyRatelimit are at least 1.
//   - DirtyLimit is never below the threshold when it was updated last.
package writeback
