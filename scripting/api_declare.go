package scripting

import "mmsim/mm"

// declarations are the functions of the main chunk, which runs once, before any process starts.
var declarations = []Entry{
	{
		Name: "param",
		Args: []Arg{
			{Name: "name", Kind: KindString, Doc: "what `--set name=value` calls it"},
			{Name: "default", Kind: KindAny, Opt: true, Lua: "string|number|boolean", Doc: "the value unless `--set` gives another"},
			{Name: "doc", Kind: KindString, Opt: true, Doc: "what it means, for `mmsim check`"},
		},
		Results: []Result{{"value", "any"}},
		Doc:     "Declares a parameter and gives its value. A value from the command line takes the default's type: for a number, `4`, `64KiB` and `250ms` are all accepted.",
		fn:      declareParam,
	},
	{
		Name: "machine",
		Args: []Arg{{Name: "fields", Kind: KindTable, Fields: []Arg{
			{Name: "arch", Kind: KindEnum, Opt: true, Enum: []string{"x86_64", "i386"}, Default: `"x86_64"`, Doc: "`i386` has the zones DMA, Normal and HighMem"},
			{Name: "ram", Kind: KindSize, Opt: true, Default: `"1GiB"`, Doc: "physical memory of a machine of one node"},
			{Name: "nodes", Kind: KindTable, Opt: true, Doc: "a list of `{ ram=, cpus= }`, instead of `ram` and `cpus`"},
			{Name: "cpus", Kind: KindInt, Opt: true, Min: 1, Max: maxCPUs, Default: "1"},
			{Name: "swap", Kind: KindAny, Opt: true, Lua: "Size|table", Doc: "a size, or a list of `{ size=, device=\"disk\"|\"ssd\"|\"zram\", priority= }`; the device is an ssd unless named"},
			{Name: "sysctl", Kind: KindTable, Opt: true, Lua: "table<string, string|number>", Doc: "`{ [\"vm.swappiness\"] = 60 }`"},
			{Name: "thp", Kind: KindEnum, Opt: true, Enum: []string{"always", "madvise", "never"}, Doc: "transparent_hugepage/enabled; unless given, as the kernel boots it"},
			{Name: "thp_defrag", Kind: KindEnum, Opt: true, Enum: []string{"always", "defer", "defer+madvise", "madvise", "never"}, Default: `"madvise"`, Doc: "transparent_hugepage/defrag; it means nothing where thp is `never`"},
			{Name: "lru", Kind: KindEnum, Opt: true, Enum: []string{"classic", "mglru"}, Default: `"classic"`, Doc: "which pages reclaim takes: active and inactive lists, or generations (the multi-generational LRU, lru_gen)"},
			{Name: "slab", Kind: KindEnum, Opt: true, Enum: []string{"slub"}, Later: []string{"slab"}, Default: `"slub"`, Doc: "`slab` is of the simulator only"},
			{Name: "seed", Kind: KindInt, Opt: true, Min: 0, Max: 1 << 53, Default: "1", Doc: "of all random numbers; `--seed` overrides it"},
			{Name: "distance", Kind: KindTable, Opt: true, Lua: "number[][]", Doc: "distances between nodes, a list for each node: 10 to itself, more to others (20 unless given); of the simulator only"},
			{Name: "cma", Kind: KindSize, Opt: true, Doc: "the kernel's `cma=`: memory for contiguous allocations, of which movable pages may be lent; of the simulator only"},
			{Name: "kernelcore", Kind: KindAny, Opt: true, Lua: "Size", Doc: "the kernel's `kernelcore=`: how much memory is not ZONE_MOVABLE, a size or a share such as `\"50%\"`; of the simulator only"},
			{Name: "movablecore", Kind: KindAny, Opt: true, Lua: "Size", Doc: "the kernel's `movablecore=`: how much memory is ZONE_MOVABLE, a size or a share; of the simulator only"},
			{Name: "tlb", Kind: KindAny, Opt: true, Lua: "boolean|table", Default: "false", Doc: "a translation lookaside buffer in each CPU: `{ entries = 1536, ways = 12 }`, or `true` for just that; entries a multiple of ways, their quotient a power of two, 0 entries for none. Accesses then cost less where the buffer has the translation, and memory that is unmapped or restricted costs flushes, on other CPUs too. Without it every access costs what one that misses does. Of the simulator only"},
		}}},
		Results: []Result{{"m", "Machine"}},
		Doc:     "Declares the machine, once, and gives the object `m`.",
		fn:      declareMachine,
	},
	{
		Name: "file",
		Args: []Arg{
			{Name: "path", Kind: KindString},
			{Name: "fields", Kind: KindTable, Fields: []Arg{{Name: "size", Kind: KindSize}}},
		},
		Doc: "Declares a file that is on the disk before the run, and not cached.",
		fn:  declareFile,
	},
	{
		Name: "cgroup",
		Args: []Arg{
			{Name: "path", Kind: KindString},
			{Name: "settings", Kind: KindTable, Doc: "`{ [\"memory.max\"] = \"512MiB\" }`"},
		},
		Doc: "Declares a memory cgroup.",
	},
	{
		Name: "process",
		Args: []Arg{
			{Name: "name", Kind: KindString},
			{Name: "opts", Kind: KindTable, Opt: true, Fields: []Arg{
				{Name: "start", Kind: KindTime, Opt: true, Default: "0"},
				{Name: "oom_score_adj", Kind: KindInt, Opt: true, Min: -1000, Max: 1000, Default: "0"},
				{Name: "cgroup", Kind: KindString, Opt: true, NotYet: true},
				{Name: "nice", Kind: KindInt, Opt: true, Min: -20, Max: 19, Default: "0"},
				{Name: "cpu", Kind: KindInt, Opt: true, Min: 0, Max: maxCPUs - 1, Doc: "the only CPU that it runs on"},
				{Name: "node", Kind: KindInt, Opt: true, Min: 0, Max: maxNodes - 1, Doc: "the only node that its memory comes from"},
				{Name: "rlimit", Kind: KindTable, Opt: true, Lua: "table<string, Size>", Doc: "`{ AS=, DATA=, STACK=, MEMLOCK= }`, counted from what the process has when it starts, and `NPROC=`, processes of the user (of the simulator only)"},
				{Name: "count", Kind: KindInt, Opt: true, Min: 1, Max: maxProcesses, Default: "1", Doc: "n copies, named `name.1`, `name.2` …"},
				{Name: "malloc", Kind: KindEnum, Opt: true, Enum: mm.Mallocs, Default: `"ptmalloc"`, Doc: "the C library's allocator: glibc 2.36's, Doug Lea's 2.8, jemalloc 5.3, gperftools 2.10 or LLVM 14's Scudo (`dlmalloc` for x86_64 only)"},
			}},
			{Name: "fn", Kind: KindFunc, Lua: "fun(p: Process)"},
		},
		Doc: "Declares a process that runs `fn(p)` with an address space of its own.",
		fn:  declareProcess,
	},
	{
		Name: "sample",
		Args: []Arg{{Name: "fields", Kind: KindTable, Lua: "table", Doc: "`every` (a time, default 100ms), and the names in the array part or as `names`"}},
		Doc: "Has values sampled at time 0, every `every` and at the end, into samples.csv. Without names: all of meminfo and vmstat. " +
			"What a plot shows is sampled in any case.",
		fn: declareSample,
	},
	{
		Name: "plot",
		Args: []Arg{{Name: "fields", Kind: KindTable, Fields: []Arg{
			{Name: "file", Kind: KindString, Doc: "the chart's file name without an extension"},
			{Name: "title", Kind: KindString, Opt: true},
			{Name: "kind", Kind: KindEnum, Opt: true, Enum: []string{"line", "step", "area"}, Default: `"line"`, Doc: "`area` stacks the series"},
			{Name: "series", Kind: KindTable, Lua: "(string|table)[]", Doc: "sampled names, or `{ name=, label=, scale= }`; `*` stands for any text. They are sampled whether or not sample{} names them"},
			{Name: "lines", Kind: KindTable, Opt: true, Lua: "(string|number|table)[]", Doc: "lines of reference: sampled names, numbers, or `{ name=, label= }`, `{ value=, label= }`"},
			{Name: "events", Kind: KindTable, Opt: true, Lua: "string[]", Doc: "names of events to be marked, such as `mm_vmscan_kswapd_wake` and `oom_kill`"},
			{Name: "unit", Kind: KindEnum, Opt: true, Enum: []string{"auto", "bytes", "pages", "count"}, Default: `"auto"`},
			{Name: "log", Kind: KindBool, Opt: true, Default: "false", Doc: "a logarithmic axis"},
			{Name: "formats", Kind: KindTable, Opt: true, Lua: "string[]", Default: `{ "png" }`, Doc: "of `png`, `svg`, `pdf`"},
			{Name: "xlabel", Kind: KindString, Opt: true},
			{Name: "ylabel", Kind: KindString, Opt: true},
			{Name: "width", Kind: KindNumber, Opt: true, Doc: "inches"},
			{Name: "height", Kind: KindNumber, Opt: true, Doc: "inches"},
		}}},
		Doc: "Declares a chart, drawn when the run has ended.",
		fn:  declarePlot,
	},
	{
		Name: "stop_after",
		Args: []Arg{{Name: "time", Kind: KindTime}},
		Doc:  "Ends the run at that time; else it ends when every process has.",
		fn:   declareStopAfter,
	},
	{
		Name: "expect",
		Args: []Arg{{Name: "what", Kind: KindString}, {Name: "fn", Kind: KindFunc, Lua: "fun(m: Machine): boolean"}},
		Doc:  "Declares what must be true when the run has ended. One that is not makes the run fail.",
		fn:   declareExpect,
	},
	{
		Name:    "kthread",
		Args:    []Arg{{Name: "name", Kind: KindString}, {Name: "fn", Kind: KindFunc, Lua: "fun(k: Kthread)"}},
		SimOnly: true,
		Doc:     "Declares a kernel thread that runs `fn(k)` in kernel context.",
	},
}
