// Package results writes and reads the directory that a run leaves.
//
// Layout, shared with what is recorded from a real kernel:
//
//	manifest.json      what was run and how it ended (ours alone)
//	observations.csv   time_s,process,name,value
//	samples.csv        time_s and one column a sampled name (only if the scenario samples)
//	exits.csv          time_s,pid,process,code,signal,oom
//	events.csv         time_s,name,process,detail (ours alone): tracepoints under the kernel's names
//	log.txt            "time process: text", and the verdict of every expectation at the end
//	dmesg.txt          the kernel's own messages, "[    time] text"
//	before/ after/     the text of files of /proc at the start and at the end
//	proc/TIME/         the same at a time (ours alone, and only if the run records it); proc/index.csv lists them:
//	                   time_s,directory
//
// Invariants:
//
//   - The manifest exists, and says "running", before the first row is written; Finish replaces it in
//     one rename. So at any instant the directory tells the truth: a run that failed says so, one that
//     was killed still says "running".
//   - A write to a CSV or text file always ends at the end of a row, so what is on disk is a prefix of
//     whole rows; it is at most FlushEvery of wall time behind the run.
//   - Nothing in the directory depends on wall time but Started and WallSeconds of the manifest: two
//     runs of the same scenario and seed leave the same bytes.
//   - Virtual time is given in nanoseconds and written in seconds with six decimals, rounded to nearest.
//   - The package knows data, not the kernel: names are strings, and values are numbers.
package results
