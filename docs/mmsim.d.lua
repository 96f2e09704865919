---@meta
-- generated from the table in package scripting by go generate; do not edit

---Bytes: 4096, "64KiB", 2*GiB.
---@alias Size number|string

---Seconds, or a time with a unit: "250ms", "2min".
---@alias Time number|string

---@type number
KiB = nil

---@type number
MiB = nil

---@type number
GiB = nil

---@type number
TiB = nil

---@type number
PAGE_SIZE = nil

---Declares a parameter and gives its value. A value from the command line takes the default's type: for a number, `4`, `64KiB` and `250ms` are all accepted.
---@param name string # what `--set name=value` calls it
---@param default? string|number|boolean # the value unless `--set` gives another
---@param doc? string # what it means, for `mmsim check`
---@return any value
function param(name, default, doc) end

---@class MachineFields
---@field arch? "x86_64"|"i386" # `i386` has the zones DMA, Normal and HighMem
---@field ram? Size # physical memory of a machine of one node
---@field nodes? table # a list of `{ ram=, cpus= }`, instead of `ram` and `cpus`
---@field cpus? integer
---@field swap? Size|table # a size, or a list of `{ size=, device="disk"|"ssd"|"zram", priority= }`; the device is an ssd unless named
---@field sysctl? table<string, string|number> # `{ ["vm.swappiness"] = 60 }`
---@field thp? "always"|"madvise"|"never" # transparent_hugepage/enabled; unless given, as the kernel boots it
---@field thp_defrag? "always"|"defer"|"defer+madvise"|"madvise"|"never" # transparent_hugepage/defrag; it means nothing where thp is `never`
---@field lru? "classic"|"mglru" # which pages reclaim takes: active and inactive lists, or generations (the multi-generational LRU, lru_gen)
---@field slab? "slub"|"slab" # `slab` is of the simulator only
---@field seed? integer # of all random numbers; `--seed` overrides it
---@field distance? number[][] # distances between nodes, a list for each node: 10 to itself, more to others (20 unless given); of the simulator only
---@field cma? Size # the kernel's `cma=`: memory for contiguous allocations, of which movable pages may be lent; of the simulator only
---@field kernelcore? Size # the kernel's `kernelcore=`: how much memory is not ZONE_MOVABLE, a size or a share such as `"50%"`; of the simulator only
---@field movablecore? Size # the kernel's `movablecore=`: how much memory is ZONE_MOVABLE, a size or a share; of the simulator only
---@field tlb? boolean|table # a translation lookaside buffer in each CPU: `{ entries = 1536, ways = 12 }`, or `true` for just that; entries a multiple of ways, their quotient a power of two, 0 entries for none. Accesses then cost less where the buffer has the translation, and memory that is unmapped or restricted costs flushes, on other CPUs too. Without it every access costs what one that misses does. Of the simulator only

---Declares the machine, once, and gives the object `m`.
---@param fields MachineFields
---@return Machine m
function machine(fields) end

---@class FileFields
---@field size Size

---Declares a file that is on the disk before the run, and not cached.
---@param path string
---@param fields FileFields
function file(path, fields) end

---Declares a memory cgroup.
---Not there yet in this version.
---@deprecated
---@param path string
---@param settings table # `{ ["memory.max"] = "512MiB" }`
function cgroup(path, settings) end

---@class ProcessOpts
---@field start? Time
---@field oom_score_adj? integer
---@field cgroup? string
---@field nice? integer
---@field cpu? integer # the only CPU that it runs on
---@field node? integer # the only node that its memory comes from
---@field rlimit? table<string, Size> # `{ AS=, DATA=, STACK=, MEMLOCK= }`, counted from what the process has when it starts, and `NPROC=`, processes of the user (of the simulator only)
---@field count? integer # n copies, named `name.1`, `name.2` …
---@field malloc? "ptmalloc"|"dlmalloc"|"jemalloc"|"tcmalloc"|"scudo" # the C library's allocator: glibc 2.36's, Doug Lea's 2.8, jemalloc 5.3, gperftools 2.10 or LLVM 14's Scudo (`dlmalloc` for x86_64 only)

---Declares a process that runs `fn(p)` with an address space of its own.
---@param name string
---@param opts? ProcessOpts
---@param fn fun(p: Process)
---@overload fun(name: string, fn: fun(p: Process))
function process(name, opts, fn) end

---Has values sampled at time 0, every `every` and at the end, into samples.csv. Without names: all of meminfo and vmstat. What a plot shows is sampled in any case.
---@param fields table # `every` (a time, default 100ms), and the names in the array part or as `names`
function sample(fields) end

---@class PlotFields
---@field file string # the chart's file name without an extension
---@field title? string
---@field kind? "line"|"step"|"area" # `area` stacks the series
---@field series (string|table)[] # sampled names, or `{ name=, label=, scale= }`; `*` stands for any text. They are sampled whether or not sample{} names them
---@field lines? (string|number|table)[] # lines of reference: sampled names, numbers, or `{ name=, label= }`, `{ value=, label= }`
---@field events? string[] # names of events to be marked, such as `mm_vmscan_kswapd_wake` and `oom_kill`
---@field unit? "auto"|"bytes"|"pages"|"count"
---@field log? boolean # a logarithmic axis
---@field formats? string[] # of `png`, `svg`, `pdf`
---@field xlabel? string
---@field ylabel? string
---@field width? number # inches
---@field height? number # inches

---Declares a chart, drawn when the run has ended.
---@param fields PlotFields
function plot(fields) end

---Ends the run at that time; else it ends when every process has.
---@param time Time
function stop_after(time) end

---Declares what must be true when the run has ended. One that is not makes the run fail.
---@param what string
---@param fn fun(m: Machine): boolean
function expect(what, fn) end

---Declares a kernel thread that runs `fn(k)` in kernel context.
---Not there yet in this version.
---@deprecated
---@param name string
---@param fn fun(k: Kthread)
function kthread(name, fn) end

---@class Process
local p = {}

---@class ProcessMmapFields
---@field len Size # bytes, rounded up to pages
---@field prot? string # letters of `rwx`, or `none`
---@field shared? boolean # seen by the children that fork makes, and written to the file
---@field fd? integer # of the file that is mapped; without it the memory is anonymous
---@field offset? Size # where in the file, whole pages
---@field addr? number # where, if there is room
---@field fixed? boolean # exactly at addr; what is there goes
---@field noreserve? boolean # not counted against the commit limit, unless vm.overcommit_memory is 2
---@field populate? boolean # touched at once
---@field locked? boolean # kept in memory
---@field hugetlb? boolean
---@field stack? boolean # MAP_STACK and MAP_GROWSDOWN: an access below makes it larger

---Maps memory (mmap(2)). `p:mmap(len)` is short for `p:mmap{ len = len }`.
---@param fields ProcessMmapFields|Size
---@return number? addr
---@return string? errno
function p:mmap(fields) end

---Unmaps a range (munmap(2)).
---@param addr number # address
---@param len Size # bytes
---@return true? ok
---@return string? errno
function p:munmap(addr, len) end

---Changes what a range allows (mprotect(2)).
---@param addr number # address
---@param len Size # bytes
---@param prot string
---@return true? ok
---@return string? errno
function p:mprotect(addr, len, prot) end

---@class ProcessMremapOpts
---@field maymove? boolean

---Makes a mapping larger or smaller, and moves it if it may (mremap(2)).
---@param addr number # address
---@param old Size
---@param new Size
---@param opts? ProcessMremapOpts
---@return number? addr
---@return string? errno
function p:mremap(addr, old, new, opts) end

---Sets the end of the heap (brk(2)).
---@param addr number # address
---@return true? ok
---@return string? errno
function p:brk(addr) end

---Moves the end of the heap and gives where it was (sbrk(3)); `p:sbrk(0)` is the current break.
---@param increment? Size
---@return number? addr
---@return string? errno
function p:sbrk(increment) end

---Says how a range will be used (madvise(2)): `NORMAL`, `RANDOM`, `SEQUENTIAL`, `WILLNEED`, `DONTNEED`, `FREE`, `REMOVE`, `DONTFORK`, `DOFORK`, `MERGEABLE`, `UNMERGEABLE`, `HUGEPAGE`, `NOHUGEPAGE`, `DONTDUMP`, `DODUMP`, `WIPEONFORK`, `KEEPONFORK`, `COLD`, `PAGEOUT`, `POPULATE_READ`, `POPULATE_WRITE`, `COLLAPSE`.
---@param addr number # address
---@param len Size # bytes
---@param advice string
---@return true? ok
---@return string? errno
function p:madvise(addr, len, advice) end

---Keeps a range in memory (mlock(2)).
---@param addr number # address
---@param len Size # bytes
---@return true? ok
---@return string? errno
function p:mlock(addr, len) end

---Lets a range be reclaimed again (munlock(2)).
---@param addr number # address
---@param len Size # bytes
---@return true? ok
---@return string? errno
function p:munlock(addr, len) end

---Keeps all memory of the process in memory, now and later (mlockall(2)).
---@return true? ok
---@return string? errno
function p:mlockall() end

---Undoes mlockall (munlockall(2)).
---@return true? ok
---@return string? errno
function p:munlockall() end

---Gives the number of pages of a range that are in memory (mincore(2)).
---@param addr number # address
---@param len Size # bytes
---@return number? pages
---@return string? errno
function p:mincore(addr, len) end

---@class ProcessTouchOpts
---@field order? "seq"|"reverse"|"random"|"zipf"
---@field n? number # touches; one per unit unless given; needed for random and zipf
---@field stride? Size # bytes of a unit
---@field loops? number
---@field theta? number # of zipf
---@field pause? Time # slept after each batch
---@field batch? number # touches between pauses

---Reads or writes one byte in every unit of a range, and gives the number of touches. A touch outside a mapping, or a write to a read-only one, kills the process with SIGSEGV, one beyond the end of a file with SIGBUS.
---@param addr number # address
---@param len Size # bytes
---@param mode "read"|"write"
---@param opts? ProcessTouchOpts
---@return number touches
function p:touch(addr, len, mode, opts) end

---Allocates n bytes. It touches no more memory than the allocator itself does.
---@param n Size
---@return number? ptr
---@return string? errno
function p:malloc(n) end

---Allocates n zeroed elements.
---@param n integer
---@param size Size
---@return number? ptr
---@return string? errno
function p:calloc(n, size) end

---Changes an allocation's size.
---@param ptr? number
---@param n Size
---@return number? ptr
---@return string? errno
function p:realloc(ptr, n) end

---Allocates n bytes at a multiple of align.
---@param align Size
---@param n Size
---@return number? ptr
---@return string? errno
function p:memalign(align, n) end

---Frees an allocation. A pointer that is not live raises a Lua error with the message of the process's allocator, which would end the process.
---@param ptr? number
function p:free(ptr) end

---Gives free memory back to the kernel (malloc_trim(3)).
---@param pad? Size
---@return boolean released
function p:malloc_trim(pad) end

---Sets a parameter of the allocator (mallopt(3)); names without the `M_`.
---@param name string
---@param value Size
---@return boolean taken
function p:mallopt(name, value) end

---Gives the bytes that an allocation really has.
---@param ptr number
---@return number bytes
function p:malloc_usable_size(ptr) end

---Starts a child that runs `fn(c)` in a copy-on-write copy of the address space (fork(2)).
---@param name? string # the child is `parent/name`; without it `parent/N`, N being its ordinal
---@param fn fun(c: Process)
---@overload fun(self: Process, fn: fun(c: Process)): number?, string?
---@return number? pid
---@return string? errno
function p:fork(name, fn) end

---Starts a child that runs `fn(c)` in the parent's own address space, while the parent waits until the child has ended or called `exec` (vfork(2)). What the child writes, maps and allocates is the parent's. Only the simulator has this call.
---@param name? string # as for `fork`
---@param fn fun(c: Process)
---@overload fun(self: Process, fn: fun(c: Process)): number?, string?
---@return number? pid
---@return string? errno
function p:vfork(name, fn) end

---Replaces the address space by a fresh one and runs `fn(p)` in it (execve(2)). `name` becomes the process's full name, and the random stream is that of the name. The pid, the children, the open files and the limits stay. It does not return.
---@param name string
---@param fn fun(p: Process)
function p:exec(name, fn) end

---Ends the process (exit(3)). It does not return.
---@param code? integer
function p:exit(code) end

---Waits until a child has ended (waitpid(2)). status is `{ code = 0 }` or `{ signal = "SIGKILL", oom = true }`.
---@param pid? integer # any child unless given
---@return number? pid
---@return table|string status
function p:wait(pid) end

---Sends a signal, which ends the receiver (kill(2)).
---@param pid integer
---@param signal? string
---@return true? ok
---@return string? errno
function p:kill(pid, signal) end

---Gives the pid (getpid(2)).
---@return number pid
function p:getpid() end

---Blocks for that time.
---@param time Time
---@return true ok
function p:sleep(time) end

---Uses a CPU for that time.
---@param time Time
---@return true ok
function p:compute(time) end

---Gives up the CPU to another process that can run (sched_yield(2)).
---@return true ok
function p:yield() end

---Writes /proc/PID/oom_score_adj. A process may raise its own but not lower it.
---@param n integer
---@return true? ok
---@return string? errno
function p:set_oom_score_adj(n) end

---Reads /proc/PID/oom_score.
---@return number score
function p:oom_score() end

---Reads a field of /proc/PID/status, such as `VmRSS`: bytes for the kB fields.
---@param field string
---@return number value
function p:status(field) end

---Reads a field of /proc/PID/smaps_rollup: bytes for the kB fields.
---@param field string
---@return number value
function p:smaps(field) end

---Gives a file in memory without a name in any folder (memfd_create(2)); the name is what `/proc/PID/maps` shows.
---@param name? string
---@return number? fd
---@return string? errno
function p:memfd(name) end

---Gives the segment with that key, made if there is none (shmget(2)); key 0 always makes one. It outlives its processes.
---@param key integer
---@param size Size
---@return number? id
---@return string? errno
function p:shmget(key, size) end

---Attaches a segment (shmat(2)).
---@param id integer
---@return number? addr
---@return string? errno
function p:shmat(id) end

---Detaches the segment that was attached at addr (shmdt(2)).
---@param addr number # address
---@return true? ok
---@return string? errno
function p:shmdt(addr) end

---Removes a segment when the last process has detached it (shmctl(2)).
---@param id integer
---@param command "RMID"
---@return true? ok
---@return string? errno
function p:shmctl(id, command) end

---Opens a file. mode is `r`, `w` or `rw`, with `+creat`, `+trunc`, `+direct` appended. `/dev/shm/…` and `/tmp/…` are tmpfs, all else is on the disk.
---@param path string
---@param mode? string
---@return number? fd
---@return string? errno
function p:open(path, mode) end

---Reads; without offset from the file position, which moves.
---@param fd integer
---@param len Size # bytes
---@param offset? Size
---@return number? bytes
---@return string? errno
function p:read(fd, len, offset) end

---Writes; without offset at the file position, which moves.
---@param fd integer
---@param len Size # bytes
---@param offset? Size
---@return number? bytes
---@return string? errno
function p:write(fd, len, offset) end

---Writes a file's dirty pages back and waits (fsync(2)).
---@param fd integer
---@return true? ok
---@return string? errno
function p:fsync(fd) end

---As fsync, for the data (fdatasync(2)).
---@param fd integer
---@return true? ok
---@return string? errno
function p:fdatasync(fd) end

---Writes all dirty pages of all files back and waits (sync(2)).
---@return true? ok
---@return string? errno
function p:sync() end

---Closes a file (close(2)).
---@param fd integer
---@return true? ok
---@return string? errno
function p:close(fd) end

---Sets a file's length (ftruncate(2)).
---@param fd integer
---@param len Size # bytes
---@return true? ok
---@return string? errno
function p:ftruncate(fd, len) end

---Allocates blocks of a file (fallocate(2)).
---@param fd integer
---@param offset Size
---@param len Size # bytes
---@return true? ok
---@return string? errno
function p:fallocate(fd, offset, len) end

---Removes a file (unlink(2)).
---@param path string
---@return true? ok
---@return string? errno
function p:unlink(path) end

---Says how a file will be used (posix_fadvise(2)).
---@param fd integer
---@param offset Size
---@param len Size # bytes
---@param advice string
---@return true? ok
---@return string? errno
function p:fadvise(fd, offset, len, advice) end

---Adds a row to observations.csv: time, process, name, value.
---@param name string|number
---@param value number|string|boolean|nil
function p:record(name, value) end

---Adds a line to the run's log.
---@param text any
function p:log(text) end

---@class Machine
local m = {}

---Reads a field of /proc/meminfo: bytes, or a count for the HugePages_ rows.
---@param field string
---@return number value
function m:meminfo(field) end

---Reads a counter of /proc/vmstat.
---@param name string
---@return number value
function m:vmstat(name) end

---Reads `free`, `min`, `low`, `high`, `managed`, `present`, `spanned` or a counter of a zone: pages.
---@param node integer
---@param zone string
---@param name string
---@return number pages
function m:zone(node, zone, name) end

---Reads a counter of the translation lookaside buffers of a machine declared with `tlb`: `hits` and `misses` of accesses, `flush_one` (pages dropped alone), `flush_all` (flushes of a whole address space), `received` (interrupts that asked a CPU for a flush), each of all CPUs together or, as in `cpu0.misses`, of one; `shootdowns`, flushes that interrupted other CPUs. Of the simulator only: an ordinary kernel does not count them.
---@param name string
---@return number value
function m:tlb(name) end

---Gives the text of a file such as `/proc/buddyinfo`.
---@param path string
---@return string? text
---@return string? errno
function m:proc(path) end

---Reads a sysctl (a number if it is one), or sets it. Writing `vm.drop_caches` or `vm.compact_memory` does what `m:drop_caches` and `m:compact_memory` do; they cannot be read (EACCES).
---@param name string
---@param value? string|number|boolean # sets it if given
---@return number|string|true|nil value
---@return string? errno
function m:sysctl(name, value) end

---Writes vm.drop_caches: 1 drops clean pages of files, 2 what shrinkers can free, 3 both.
---@param n? integer
function m:drop_caches(n) end

---Writes vm.compact_memory: compacts all zones.
function m:compact_memory() end

---Writes all dirty pages back and waits.
function m:sync() end

---Turns all swap areas off (swapoff -a): everything in them is brought back. When memory runs out meanwhile, the caller is the first to be killed.
---@return true? ok
---@return string? errno
function m:swapoff() end

---Turns all swap areas on again that are off (swapon -a).
---@return true? ok
---@return string? errno
function m:swapon() end

---Runs `fn(m)` at a time of the run, as an administrator would. It belongs in the main chunk or in such a function.
---@param time Time
---@param fn fun(m: Machine)
function m:at(time, fn) end

---Runs `fn(m)` again and again, first when the time has passed once. It belongs in the main chunk or in such a function.
---@param time Time
---@param fn fun(m: Machine)
function m:every(time, fn) end

---Gives the seconds since the start.
---@return number seconds
function m:now() end

---Adds a row to observations.csv in the name of `machine`.
---@param name string|number
---@param value number|string|boolean|nil
function m:record(name, value) end

---Adds a line to the run's log.
---@param text any
function m:log(text) end

---Ends the run. A process that calls it goes on until it next blocks.
function m:stop() end

---@class Kthread
local k = {}

---Allocates 2^order pages.
---Not there yet in this version.
---@deprecated
---@param order integer
---@param gfp string # such as `GFP_KERNEL|__GFP_ZERO`
---@return any page
function k:alloc_pages(order, gfp) end

---Frees them.
---Not there yet in this version.
---@deprecated
---@param page any
function k:free_pages(page) end

---Allocates from the kmalloc caches.
---Not there yet in this version.
---@deprecated
---@param size Size
---@param gfp string # such as `GFP_KERNEL|__GFP_ZERO`
---@return number? ptr
---@return string? errno
function k:kmalloc(size, gfp) end

---As kmalloc, zeroed.
---Not there yet in this version.
---@deprecated
---@param size Size
---@param gfp string # such as `GFP_KERNEL|__GFP_ZERO`
---@return number? ptr
---@return string? errno
function k:kzalloc(size, gfp) end

---Frees it.
---Not there yet in this version.
---@deprecated
---@param ptr number
function k:kfree(ptr) end

---kmalloc, or vmalloc where that fails.
---Not there yet in this version.
---@deprecated
---@param size Size
---@return number? ptr
---@return string? errno
function k:kvmalloc(size) end

---Allocates pages that are contiguous in virtual addresses.
---Not there yet in this version.
---@deprecated
---@param size Size
---@return number? ptr
---@return string? errno
function k:vmalloc(size) end

---Frees them.
---Not there yet in this version.
---@deprecated
---@param ptr number
function k:vfree(ptr) end

---@class KthreadKmemCacheCreateFields
---@field name string
---@field size Size
---@field align? Size
---@field flags? string
---@field ctor? function

---Makes a slab cache.
---Not there yet in this version.
---@deprecated
---@param fields KthreadKmemCacheCreateFields
---@return any cache
function k:kmem_cache_create(fields) end

---Allocates an object.
---Not there yet in this version.
---@deprecated
---@param cache any
---@param gfp string # such as `GFP_KERNEL|__GFP_ZERO`
---@return any obj
function k:kmem_cache_alloc(cache, gfp) end

---Frees an object.
---Not there yet in this version.
---@deprecated
---@param cache any
---@param obj any
function k:kmem_cache_free(cache, obj) end

---Gives empty slabs back.
---Not there yet in this version.
---@deprecated
---@param cache any
function k:kmem_cache_shrink(cache) end

---Removes a cache.
---Not there yet in this version.
---@deprecated
---@param cache any
function k:kmem_cache_destroy(cache) end

---Maps a page of high memory.
---Not there yet in this version.
---@deprecated
---@param page any
---@return number addr
function k:kmap(page) end

---Unmaps it.
---Not there yet in this version.
---@deprecated
---@param page any
function k:kunmap(page) end

---Maps it in a slot of the CPU.
---Not there yet in this version.
---@deprecated
---@param page any
---@return any slot
function k:kmap_atomic(page) end

---Unmaps the slot.
---Not there yet in this version.
---@deprecated
---@param slot any
function k:kunmap_atomic(slot) end

