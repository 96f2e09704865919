-- The four kinds of mapping, one after the other: private or shared, anonymous or of a file. Which of them shows up
-- in "used" and which in "buff/cache", and what is left of each when the process has ended? What free(1) prints is
-- computed here as free does (procps 4): buff/cache = Buffers + Cached + SReclaimable, used = MemTotal - MemAvailable.
-- Older versions of free (procps 3, most books) print used = MemTotal - MemFree - buff/cache; that is "used (old)".
local size = param("size", "64MiB", "memory of each mapping")
local hold = param("hold", "1s", "how long a process keeps its mapping")

local m = machine { ram = "512MiB", cpus = 1, thp = "never", seed = 1 }
file("/data/read", { size = size })
file("/data/written", { size = size })
file("/data/shared", { size = size })

local function row()
  local buffcache = m:meminfo("Buffers") + m:meminfo("Cached") + m:meminfo("SReclaimable")
  return { ["free"] = m:meminfo("MemFree"), ["buff/cache"] = buffcache,
           ["used"] = m:meminfo("MemTotal") - m:meminfo("MemAvailable"),
           ["used (old)"] = m:meminfo("MemTotal") - m:meminfo("MemFree") - buffcache }
end

-- Runs fn and records in MiB what it added to each column of free(1), then what stays when the process has ended.
local function kind(name, start, fn)
  process(name, { start = start }, function(p)
    local before = row()
    local function show(step)
      local now = row()
      for _, column in ipairs { "used", "used (old)", "buff/cache", "free" } do
        p:record(step .. " " .. column .. " MiB", math.floor((now[column] - before[column]) / MiB + 0.5))
      end
    end
    p:fork("user", function(c)
      fn(c)
      c:sleep(hold)
    end)
    p:sleep("750ms")
    show("mapped:")
    p:wait()
    show("ended:")
  end)
end

kind("private-anonymous", "0s", function(p)
  local a = p:mmap(size)
  p:touch(a, size, "write")
end)

kind("shared-anonymous", "2s", function(p)
  local a = p:mmap { len = size, shared = true }
  p:touch(a, size, "write")
end)

-- Reading a private mapping maps the page cache; writing to it makes copies of its pages, which are anonymous.
kind("private-file-read", "4s", function(p)
  local fd = p:open("/data/read", "r")
  local a = p:mmap { len = size, fd = fd, prot = "r" }
  p:touch(a, size, "read")
end)

kind("private-file-written", "6s", function(p)
  local fd = p:open("/data/written", "r")
  local a = p:mmap { len = size, fd = fd, prot = "rw" }
  p:touch(a, size, "write")
end)

kind("shared-file", "8s", function(p)
  local fd = p:open("/data/shared", "rw")
  local a = p:mmap { len = size, fd = fd, prot = "rw", shared = true }
  p:touch(a, size, "write")
end)

sample { every = "20ms" }

plot { file = "free", title = "Private anonymous pages and copies are used; all else is buff/cache", kind = "area",
       series = { { name = "meminfo.AnonPages", label = "anonymous (used)" },
                  { name = "meminfo.Cached", label = "page cache and shared memory (buff/cache)" },
                  { name = "meminfo.MemFree", label = "free" } }, unit = "bytes" }

plot { file = "kinds", title = "What is in buff/cache: shared memory goes with its mapping, files stay",
       series = { { name = "meminfo.Shmem", label = "Shmem" }, { name = "meminfo.Mapped", label = "Mapped" },
                  { name = "meminfo.Dirty", label = "Dirty" }, { name = "meminfo.Cached", label = "Cached" } }, unit = "bytes" }

expect("nobody was killed", function(m) return m:vmstat("oom_kill") == 0 end)
