package scripting

// machineCalls are the methods of the machine.
var machineCalls = []Entry{
	{
		Scope: ScopeMachine, Name: "meminfo", Args: []Arg{{Name: "field", Kind: KindString}}, Results: []Result{{"value", "number"}},
		Doc: "Reads a field of /proc/meminfo: bytes, or a count for the HugePages_ rows.",
		fn:  machineMeminfo,
	},
	{
		Scope: ScopeMachine, Name: "vmstat", Args: []Arg{{Name: "name", Kind: KindString}}, Results: []Result{{"value", "number"}},
		Doc: "Reads a counter of /proc/vmstat.",
		fn:  machineVmstat,
	},
	{
		Scope: ScopeMachine, Name: "zone",
		Args:    []Arg{{Name: "node", Kind: KindInt, Min: 0, Max: maxNodes - 1}, {Name: "zone", Kind: KindString}, {Name: "name", Kind: KindString}},
		Results: []Result{{"pages", "number"}},
		Doc:     "Reads `free`, `min`, `low`, `high`, `managed`, `present`, `spanned` or a counter of a zone: pages.",
		fn:      machineZone,
	},
	{
		Scope: ScopeMachine, Name: "tlb", Args: []Arg{{Name: "name", Kind: KindString}}, Results: []Result{{"value", "number"}},
		Doc: "Reads a counter of the translation lookaside buffers of a machine declared with `tlb`: `hits` and `misses` of accesses, `flush_one` (pages dropped alone), `flush_all` (flushes of a whole address space), `received` (interrupts that asked a CPU for a flush), each of all CPUs together or, as in `cpu0.misses`, of one; `shootdowns`, flushes that interrupted other CPUs. Of the simulator only: an ordinary kernel does not count them.",
		fn:  machineTLBCall,
	},
	{
		Scope: ScopeMachine, Name: "proc", Args: []Arg{{Name: "path", Kind: KindString}}, Results: []Result{{"text", "string?"}, {"errno", "string?"}},
		Errnos: []string{"ENOENT"},
		Doc:    "Gives the text of a file such as `/proc/buddyinfo`.",
		fn:     machineProc,
	},
	{
		Scope: ScopeMachine, Name: "sysctl",
		Args: []Arg{
			{Name: "name", Kind: KindString},
			{Name: "value", Kind: KindAny, Opt: true, Lua: "string|number|boolean", Doc: "sets it if given"},
		},
		Results: []Result{{"value", "number|string|true|nil"}, {"errno", "string?"}}, Errnos: []string{"EINVAL", "EACCES"},
		Doc: "Reads a sysctl (a number if it is one), or sets it. Writing `vm.drop_caches` or `vm.compact_memory` does what `m:drop_caches` and `m:compact_memory` do; they cannot be read (EACCES).",
		fn:  machineSysctlCall,
	},
	{Scope: ScopeMachine, Name: "drop_caches", Args: []Arg{{Name: "n", Kind: KindInt, Opt: true, Min: 1, Max: 3, Default: "3"}}, Doc: "Writes vm.drop_caches: 1 drops clean pages of files, 2 what shrinkers can free, 3 both.", fn: machineDropCaches},
	{Scope: ScopeMachine, Name: "compact_memory", Doc: "Writes vm.compact_memory: compacts all zones.", fn: machineCompactMemory},
	{Scope: ScopeMachine, Name: "sync", Doc: "Writes all dirty pages back and waits.", fn: machineSync},
	{
		Scope: ScopeMachine, Name: "swapoff", Results: resultOK, Errnos: []string{"ENOMEM", "EINTR"},
		Doc: "Turns all swap areas off (swapoff -a): everything in them is brought back. When memory runs out meanwhile, the caller is the first to be killed.",
		fn:  machineSwapoff,
	},
	{
		Scope: ScopeMachine, Name: "swapon", Results: resultOK,
		Doc: "Turns all swap areas on again that are off (swapon -a).",
		fn:  machineSwapon,
	},
	{
		Scope: ScopeMachine, Name: "at",
		Args: []Arg{{Name: "time", Kind: KindTime}, {Name: "fn", Kind: KindFunc, Lua: "fun(m: Machine)"}},
		Doc:  "Runs `fn(m)` at a time of the run, as an administrator would. It belongs in the main chunk or in such a function.",
		fn:   machineAt,
	},
	{
		Scope: ScopeMachine, Name: "every",
		Args: []Arg{{Name: "time", Kind: KindTime}, {Name: "fn", Kind: KindFunc, Lua: "fun(m: Machine)"}},
		Doc:  "Runs `fn(m)` again and again, first when the time has passed once. It belongs in the main chunk or in such a function.",
		fn:   machineEvery,
	},
	{
		Scope: ScopeMachine, Name: "now", Results: []Result{{"seconds", "number"}},
		Doc: "Gives the seconds since the start.",
		fn:  machineNow,
	},
	{
		Scope: ScopeMachine, Name: "record",
		Args: []Arg{{Name: "name", Kind: KindAny, Lua: "string|number"}, {Name: "value", Kind: KindAny, Lua: "number|string|boolean|nil"}},
		Doc:  "Adds a row to observations.csv in the name of `machine`.",
		fn:   machineRecord,
	},
	{
		Scope: ScopeMachine, Name: "log", Args: []Arg{{Name: "text", Kind: KindAny, Lua: "any"}},
		Doc: "Adds a line to the run's log.",
		fn:  machineLog,
	},
	{Scope: ScopeMachine, Name: "stop", Doc: "Ends the run. A process that calls it goes on until it next blocks.", fn: machineStop},
}
