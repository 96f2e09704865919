-- Records what a real kernel prints of a process with every kind of mapping: heap, stack, private and shared anonymous memory,
-- huge pages, private and shared files, tmpfs, memfd, SysV, locked, advised, forked (shared pages) and swapped out memory; and the
-- files of the machine that a reference case does not hold. ../gen.sh turns the observations into the files beside this one.
local m = machine { ram = param("ram", "512MiB"), arch = param("arch", "x86_64"), cpus = 2, thp = "madvise",
  swap = { { size = "64MiB", device = "ssd" } } }
file("/data/table", { size = "4MiB" })

-- An observation holds 1 KiB or so: longer text is several of one name, in order.
local function keep(p, file)
  local text = m:proc(file.path)
  for i = 1, #text, 1000 do p:record(file.as, text:sub(i, i + 999)) end
end

local FILES = { "status", "statm", "oom_score", "oom_score_adj", "maps", "smaps", "smaps_rollup" }
local function files(p, what)
  for _, f in ipairs(FILES) do keep(p, { as = what .. "/" .. f, path = "/proc/self/" .. f }) end
end

process("app", { oom_score_adj = 100 }, function(p)
  for _, f in ipairs { "stat", "uptime", "loadavg", "pressure/memory", "pressure/io", "pressure/cpu" } do
    keep(p, { as = "machine/" .. f, path = "/proc/" .. f })
  end
  files(p, "start")
  local heap = p:sbrk(0)
  p:sbrk(1 * MiB) p:touch(heap, 256 * KiB, "write")
  local anon = p:mmap(8 * MiB) p:touch(anon, 2 * MiB, "write") p:touch(anon + 4 * MiB, 2 * MiB, "read")
  p:madvise(anon + 1 * MiB, 256 * KiB, "FREE")
  local none = p:mmap { len = 1 * MiB, prot = "r" }
  p:mprotect(none + 64 * KiB, 64 * KiB, "rwx")
  local shared = p:mmap { len = 1 * MiB, shared = true } p:touch(shared, 512 * KiB, "write")
  local huge = p:mmap(8 * MiB) p:madvise(huge, 8 * MiB, "HUGEPAGE") p:touch(huge, 8 * MiB, "write")
  p:madvise(huge + 6 * MiB, 2 * MiB, "NOHUGEPAGE")
  local fd = p:open("/data/table", "rw")
  local priv = p:mmap { len = 2 * MiB, fd = fd, offset = 1 * MiB }
  p:touch(priv, 1 * MiB, "read") p:touch(priv, 128 * KiB, "write")
  local file = p:mmap { len = 4 * MiB, fd = fd, shared = true } p:touch(file, 1 * MiB, "write")
  local tmp = p:open("/dev/shm/with space", "rw+creat") p:ftruncate(tmp, 1 * MiB)
  local sh = p:mmap { len = 1 * MiB, fd = tmp, shared = true } p:touch(sh, 1 * MiB, "write")
  local mem = p:memfd("scratch") p:ftruncate(mem, 1 * MiB)
  local mf = p:mmap { len = 1 * MiB, fd = mem, shared = true } p:touch(mf, 64 * KiB, "write")
  p:unlink("/dev/shm/with space")
  local seg = p:shmget(4711, 1 * MiB) local at = p:shmat(seg) p:touch(at, 128 * KiB, "write")
  local lk = p:mmap(1 * MiB) p:mlock(lk, 512 * KiB)
  local out = p:mmap(4 * MiB) p:touch(out, 4 * MiB, "write") p:madvise(out, 3 * MiB, "PAGEOUT")
  p:madvise(out + 3 * MiB, 1 * MiB, "DONTFORK")
  files(p, "full")
  local child = p:fork("child", function(c)
    c:touch(anon, 1 * MiB, "write")
    files(c, "child")
    c:sleep("200ms")
  end)
  p:sleep("100ms")
  files(p, "shared")
  p:wait(child)
  for _, f in ipairs { "status", "statm", "maps", "smaps" } do keep(p, { as = "kthread/" .. f, path = "/proc/2/" .. f }) end
  for _, f in ipairs { "swaps", "loadavg", "uptime", "stat", "pressure/memory", "pressure/io" } do
    keep(p, { as = "later/" .. f, path = "/proc/" .. f })
  end
end)
