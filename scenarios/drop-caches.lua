-- What drop_caches drops, and what it cannot: clean pages of a file go; dirty ones stay until they are written; pages
-- that a process has mapped stay; tmpfs has no other copy of its pages, so they stay whatever is asked.
local size = param("size", "32MiB", "memory of each kind")

local m = machine { ram = "512MiB", cpus = 1, thp = "never", swap = "256MiB", seed = 1,
                    sysctl = { ["vm.dirty_writeback_centisecs"] = 0 } }      -- no flusher behind our back
file("/data/clean", { size = size })
file("/data/mapped", { size = size })

process("admin", function(p)
  local last = 0
  -- Records by how much Cached changed since the last step.
  local function show(step)
    local cached = m:meminfo("Cached")
    p:record(step .. " MiB", math.floor((cached - last) / MiB + 0.5))
    last = cached
    p:sleep("300ms")
  end

  m:drop_caches(3)
  show("before")

  local clean = p:open("/data/clean", "r")
  p:read(clean, size)
  show("a file read")
  m:drop_caches(1)
  show("dropped when clean")

  local out = p:open("/data/new", "rw+creat")
  p:write(out, size)
  show("a file written")
  m:drop_caches(1)
  show("dropped when dirty")
  p:fsync(out)
  m:drop_caches(1)
  show("dropped after fsync")

  local fd = p:open("/data/mapped", "r")
  local a = p:mmap { len = size, fd = fd, shared = true, prot = "r" }
  p:touch(a, size, "read")
  show("a file mapped")
  m:drop_caches(1)
  show("dropped while mapped")
  p:munmap(a, size)
  m:drop_caches(1)
  show("dropped after munmap")

  local tmp = p:open("/dev/shm/file", "rw+creat")
  p:write(tmp, size)
  show("a tmpfs file written")
  m:drop_caches(3)
  show("dropped from tmpfs")
  p:unlink("/dev/shm/file")
  p:close(tmp)
  show("tmpfs file unlinked")

  -- 2 drops what shrinkers hold: dentries and inodes.
  local slab = m:meminfo("SReclaimable")
  m:drop_caches(2)
  p:record("dropped of dentries and inodes KiB", math.floor((slab - m:meminfo("SReclaimable")) / 1024))
end)

sample { every = "20ms" }

plot { file = "cache", title = "drop_caches: clean pages go; dirty, mapped and tmpfs pages stay",
       series = { { name = "meminfo.Cached", label = "Cached" }, { name = "meminfo.Dirty", label = "Dirty" },
                  { name = "meminfo.Mapped", label = "Mapped" }, { name = "meminfo.Shmem", label = "Shmem" } }, unit = "bytes" }

expect("drop_caches was counted", function(m) return m:vmstat("drop_pagecache") >= 6 end)
