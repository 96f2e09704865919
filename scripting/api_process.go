package scripting

// addrLen are the arguments of the calls that take a range.
var (
	argAddr = Arg{Name: "addr", Kind: KindAddr, Doc: "address"}
	argLen  = Arg{Name: "len", Kind: KindSize, Doc: "bytes"}
	argSpan = Arg{Name: "len", Kind: KindSize, Wide: true, Doc: "bytes"} // of address space
)

var (
	resultOK   = []Result{{"ok", "true?"}, {"errno", "string?"}}
	resultAddr = []Result{{"addr", "number?"}, {"errno", "string?"}}
)

// memoryCalls are the methods of a process that change its address space.
var memoryCalls = []Entry{
	{
		Scope: ScopeProcess, Name: "mmap",
		Args: []Arg{{Name: "fields", Kind: KindTable, Bare: true, Fields: []Arg{
			{Name: "len", Kind: KindSize, Wide: true, Doc: "bytes, rounded up to pages"},
			{Name: "prot", Kind: KindProt, Opt: true, Default: `"rw"`, Doc: "letters of `rwx`, or `none`"},
			{Name: "shared", Kind: KindBool, Opt: true, Default: "false", Doc: "seen by the children that fork makes, and written to the file"},
			{Name: "fd", Kind: KindInt, Opt: true, Doc: "of the file that is mapped; without it the memory is anonymous"},
			{Name: "offset", Kind: KindSize, Opt: true, Default: "0", Doc: "where in the file, whole pages"},
			{Name: "addr", Kind: KindAddr, Opt: true, Doc: "where, if there is room"},
			{Name: "fixed", Kind: KindBool, Opt: true, Default: "false", Doc: "exactly at addr; what is there goes"},
			{Name: "noreserve", Kind: KindBool, Opt: true, Default: "false", Doc: "not counted against the commit limit, unless vm.overcommit_memory is 2"},
			{Name: "populate", Kind: KindBool, Opt: true, Default: "false", Doc: "touched at once"},
			{Name: "locked", Kind: KindBool, Opt: true, Default: "false", Doc: "kept in memory"},
			{Name: "hugetlb", Kind: KindBool, Opt: true, NotYet: true, Default: "false"},
			{Name: "stack", Kind: KindBool, Opt: true, Default: "false", Doc: "MAP_STACK and MAP_GROWSDOWN: an access below makes it larger"},
		}}},
		Results: resultAddr, Errnos: []string{"EACCES", "EAGAIN", "EBADF", "EINVAL", "ENODEV", "ENOMEM", "EOVERFLOW", "EPERM"},
		Doc: "Maps memory (mmap(2)). `p:mmap(len)` is short for `p:mmap{ len = len }`.",
		fn:  processMmap,
	},
	{
		Scope: ScopeProcess, Name: "munmap", Args: []Arg{argAddr, argSpan},
		Results: resultOK, Errnos: []string{"EINVAL", "ENOMEM"},
		Doc: "Unmaps a range (munmap(2)).",
		fn:  processMunmap,
	},
	{
		Scope: ScopeProcess, Name: "mprotect", Args: []Arg{argAddr, argSpan, {Name: "prot", Kind: KindProt}},
		Results: resultOK, Errnos: []string{"EACCES", "EINVAL", "ENOMEM"},
		Doc: "Changes what a range allows (mprotect(2)).",
		fn:  processMprotect,
	},
	{
		Scope: ScopeProcess, Name: "mremap",
		Args: []Arg{
			argAddr,
			{Name: "old", Kind: KindSize, Wide: true},
			{Name: "new", Kind: KindSize, Wide: true},
			{Name: "opts", Kind: KindTable, Opt: true, Fields: []Arg{{Name: "maymove", Kind: KindBool, Opt: true, Default: "false"}}},
		},
		Results: resultAddr, Errnos: []string{"EAGAIN", "EFAULT", "EINVAL", "ENOMEM"},
		Doc: "Makes a mapping larger or smaller, and moves it if it may (mremap(2)).",
		fn:  processMremap,
	},
	{
		Scope: ScopeProcess, Name: "brk", Args: []Arg{argAddr},
		Results: resultOK, Errnos: []string{"ENOMEM"},
		Doc: "Sets the end of the heap (brk(2)).",
		fn:  processBrk,
	},
	{
		Scope: ScopeProcess, Name: "sbrk", Args: []Arg{{Name: "increment", Kind: KindDelta, Opt: true, Default: "0"}},
		Results: resultAddr, Errnos: []string{"ENOMEM"},
		Doc: "Moves the end of the heap and gives where it was (sbrk(3)); `p:sbrk(0)` is the current break.",
		fn:  processSbrk,
	},
	{
		Scope: ScopeProcess, Name: "madvise",
		Args:    []Arg{argAddr, argSpan, {Name: "advice", Kind: KindString}},
		Results: resultOK, Errnos: []string{"EACCES", "EAGAIN", "EINVAL", "ENOMEM"},
		Doc: "Says how a range will be used (madvise(2)): `NORMAL`, `RANDOM`, `SEQUENTIAL`, `WILLNEED`, `DONTNEED`, `FREE`, `REMOVE`, `DONTFORK`, " +
			"`DOFORK`, `MERGEABLE`, `UNMERGEABLE`, `HUGEPAGE`, `NOHUGEPAGE`, `DONTDUMP`, `DODUMP`, `WIPEONFORK`, `KEEPONFORK`, `COLD`, `PAGEOUT`, " +
			"`POPULATE_READ`, `POPULATE_WRITE`, `COLLAPSE`.",
		fn: processMadvise,
	},
	{
		Scope: ScopeProcess, Name: "mlock", Args: []Arg{argAddr, argSpan},
		Results: resultOK, Errnos: []string{"EINVAL", "ENOMEM", "EPERM"}, Doc: "Keeps a range in memory (mlock(2)).",
		fn: processMlock,
	},
	{
		Scope: ScopeProcess, Name: "munlock", Args: []Arg{argAddr, argSpan},
		Results: resultOK, Errnos: []string{"EINVAL", "ENOMEM"}, Doc: "Lets a range be reclaimed again (munlock(2)).",
		fn: processMunlock,
	},
	{
		Scope: ScopeProcess, Name: "mlockall",
		Results: resultOK, Errnos: []string{"ENOMEM", "EPERM"}, Doc: "Keeps all memory of the process in memory, now and later (mlockall(2)).",
		fn: processMlockall,
	},
	{Scope: ScopeProcess, Name: "munlockall", Results: resultOK, Doc: "Undoes mlockall (munlockall(2)).", fn: processMunlockall},
	{
		Scope: ScopeProcess, Name: "mincore", Args: []Arg{argAddr, argSpan},
		Results: []Result{{"pages", "number?"}, {"errno", "string?"}}, Errnos: []string{"EINVAL", "ENOMEM"},
		Doc: "Gives the number of pages of a range that are in memory (mincore(2)).",
		fn:  processMincore,
	},
	{
		Scope: ScopeProcess, Name: "touch",
		Args: []Arg{
			argAddr, argLen,
			{Name: "mode", Kind: KindEnum, Enum: []string{"read", "write"}},
			{Name: "opts", Kind: KindTable, Opt: true, Fields: []Arg{
				{Name: "order", Kind: KindEnum, Opt: true, Enum: []string{"seq", "reverse", "random", "zipf"}, Default: `"seq"`},
				{Name: "n", Kind: KindCount, Opt: true, Min: 0, Doc: "touches; one per unit unless given; needed for random and zipf"},
				{Name: "stride", Kind: KindSize, Opt: true, Default: "4096", Doc: "bytes of a unit"},
				{Name: "loops", Kind: KindCount, Opt: true, Min: 0, Default: "1"},
				{Name: "theta", Kind: KindNumber, Opt: true, Default: "0.99", Doc: "of zipf"},
				{Name: "pause", Kind: KindTime, Opt: true, Default: "0", Doc: "slept after each batch"},
				{Name: "batch", Kind: KindCount, Opt: true, Min: 1, Default: "1", Doc: "touches between pauses"},
			}},
		},
		Results: []Result{{"touches", "number"}},
		Doc: "Reads or writes one byte in every unit of a range, and gives the number of touches. A touch outside a mapping, or a write " +
			"to a read-only one, kills the process with SIGSEGV, one beyond the end of a file with SIGBUS.",
		fn: processTouch,
	},
}

// processCalls are the methods of a process that have to do with processes.
var processCalls = []Entry{
	{
		Scope: ScopeProcess, Name: "fork",
		Args: []Arg{
			{Name: "name", Kind: KindString, Opt: true, Doc: "the child is `parent/name`; without it `parent/N`, N being its ordinal"},
			{Name: "fn", Kind: KindFunc, Lua: "fun(c: Process)"},
		},
		Results: []Result{{"pid", "number?"}, {"errno", "string?"}}, Errnos: []string{"EAGAIN", "ENOMEM"},
		Doc: "Starts a child that runs `fn(c)` in a copy-on-write copy of the address space (fork(2)).",
		fn:  processFork,
	},
	{
		Scope: ScopeProcess, Name: "vfork",
		Args: []Arg{
			{Name: "name", Kind: KindString, Opt: true, Doc: "as for `fork`"},
			{Name: "fn", Kind: KindFunc, Lua: "fun(c: Process)"},
		},
		Results: []Result{{"pid", "number?"}, {"errno", "string?"}}, Errnos: []string{"EAGAIN"},
		Doc: "Starts a child that runs `fn(c)` in the parent's own address space, while the parent waits until the child has ended or called `exec` " +
			"(vfork(2)). What the child writes, maps and allocates is the parent's. Only the simulator has this call.",
		fn: processVfork,
	},
	{
		Scope: ScopeProcess, Name: "exec", Args: []Arg{{Name: "name", Kind: KindString}, {Name: "fn", Kind: KindFunc, Lua: "fun(p: Process)"}},
		Doc: "Replaces the address space by a fresh one and runs `fn(p)` in it (execve(2)). `name` becomes the process's full name, and the random " +
			"stream is that of the name. The pid, the children, the open files and the limits stay. It does not return.",
		fn: processExec,
	},
	{
		Scope: ScopeProcess, Name: "exit", Args: []Arg{{Name: "code", Kind: KindInt, Opt: true, Default: "0"}},
		Doc: "Ends the process (exit(3)). It does not return.",
		fn:  processExit,
	},
	{
		Scope: ScopeProcess, Name: "wait", Args: []Arg{{Name: "pid", Kind: KindInt, Opt: true, Doc: "any child unless given"}},
		Results: []Result{{"pid", "number?"}, {"status", "table|string"}}, Errnos: []string{"ECHILD"},
		Doc: "Waits until a child has ended (waitpid(2)). status is `{ code = 0 }` or `{ signal = \"SIGKILL\", oom = true }`.",
		fn:  processWait,
	},
	{
		Scope: ScopeProcess, Name: "kill",
		Args: []Arg{
			{Name: "pid", Kind: KindInt},
			{Name: "signal", Kind: KindString, Opt: true, Default: `"SIGTERM"`},
		},
		Results: resultOK, Errnos: []string{"ESRCH"},
		Doc: "Sends a signal, which ends the receiver (kill(2)).",
		fn:  processKill,
	},
	{
		Scope: ScopeProcess, Name: "getpid", Results: []Result{{"pid", "number"}},
		Doc: "Gives the pid (getpid(2)).",
		fn:  processGetpid,
	},
	{
		Scope: ScopeProcess, Name: "sleep", Args: []Arg{{Name: "time", Kind: KindTime}}, Results: []Result{{"ok", "true"}},
		Doc: "Blocks for that time.",
		fn:  processSleep,
	},
	{
		Scope: ScopeProcess, Name: "compute", Args: []Arg{{Name: "time", Kind: KindTime}}, Results: []Result{{"ok", "true"}},
		Doc: "Uses a CPU for that time.",
		fn:  processCompute,
	},
	{
		Scope: ScopeProcess, Name: "yield", Results: []Result{{"ok", "true"}},
		Doc: "Gives up the CPU to another process that can run (sched_yield(2)).",
		fn:  processYield,
	},
	{
		Scope: ScopeProcess, Name: "set_oom_score_adj", Args: []Arg{{Name: "n", Kind: KindInt, Min: -1000, Max: 1000}},
		Results: resultOK, Errnos: []string{"EACCES"},
		Doc: "Writes /proc/PID/oom_score_adj. A process may raise its own but not lower it.",
		fn:  processSetOOMScoreAdj,
	},
	{
		Scope: ScopeProcess, Name: "oom_score", Results: []Result{{"score", "number"}},
		Doc: "Reads /proc/PID/oom_score.",
		fn:  processOOMScore,
	},
	{
		Scope: ScopeProcess, Name: "status", Args: []Arg{{Name: "field", Kind: KindString}}, Results: []Result{{"value", "number"}},
		Doc: "Reads a field of /proc/PID/status, such as `VmRSS`: bytes for the kB fields.",
		fn:  processStatus,
	},
	{
		Scope: ScopeProcess, Name: "smaps", Args: []Arg{{Name: "field", Kind: KindString}}, Results: []Result{{"value", "number"}},
		Doc: "Reads a field of /proc/PID/smaps_rollup: bytes for the kB fields.",
		fn:  processSmaps,
	},
}

// observing are the methods of a process that leave something in the run's results.
var observing = []Entry{
	{
		Scope: ScopeProcess, Name: "record",
		Args: []Arg{{Name: "name", Kind: KindAny, Lua: "string|number"}, {Name: "value", Kind: KindAny, Lua: "number|string|boolean|nil"}},
		Doc:  "Adds a row to observations.csv: time, process, name, value.",
		fn:   processRecord,
	},
	{
		Scope: ScopeProcess, Name: "log", Args: []Arg{{Name: "text", Kind: KindAny, Lua: "any"}},
		Doc: "Adds a line to the run's log.",
		fn:  processLog,
	},
}
