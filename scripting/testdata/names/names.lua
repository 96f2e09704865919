-- What names and files in memory a process makes by looking up, making, holding and removing files, and which of them the shrinkers take: after each step
-- the change in objects of three caches since the start, when everything that waits for a grace period has gone.
local m = machine { ram = "256MiB", cpus = 1, thp = "never" }
file("/data/old/a", { size = "4KiB" })
file("/data/old/b", { size = "4KiB" })

local caches = { "dentry", "ext4_inode_cache", "shmem_inode_cache" }

local function counts()
  local text, n = m:proc("/proc/slabinfo"), {}
  for _, c in ipairs(caches) do
    local active, all = text:match("\n" .. c .. " +(%d+) +(%d+)")
    n[c .. " active"], n[c .. " all"] = tonumber(active), tonumber(all)
  end
  return n
end

process("app", function(p)
  local start
  local function step(name)
    p:sleep("2s")
    local now = counts()
    if not start then start = now end
    for _, c in ipairs(caches) do
      p:record(name .. ": " .. c .. " active", now[c .. " active"] - start[c .. " active"])
      p:record(name .. ": " .. c .. " all", now[c .. " all"] - start[c .. " all"])
    end
  end
  local function make(path, n, keep)
    local fds = {}
    for i = 1, n do
      local fd = p:open(path .. i, "rw+creat")
      if keep then fds[i] = fd else p:close(fd) end
    end
    return fds
  end
  local function miss(path, n) for i = 1, n do p:open(path .. i, "r") end end
  local function unlink(path, n) for i = 1, n do p:unlink(path .. i) end end
  local function close(fds) for _, fd in ipairs(fds) do p:close(fd) end end
  counts()
  m:sync()
  m:drop_caches(2)
  p:sleep("1s")
  step("start")
  make("/data/new/f", 1500)
  step("made")
  miss("/data/new/x", 1500)
  step("missed")
  miss("/data/new/x", 1500)
  step("missed again")
  m:drop_caches(2)
  step("dropped")
  for i = 1, 1500 do p:close(p:open("/data/new/f" .. i, "r")) end
  step("opened")
  unlink("/data/new/f", 700)
  step("unlinked")
  m:drop_caches(2)
  step("unlinked, dropped")
  local fds = make("/data/held/f", 600, true)
  step("held")
  m:drop_caches(2)
  step("held, dropped")
  unlink("/data/held/f", 300)
  step("held, unlinked")
  close(fds)
  step("closed")
  m:drop_caches(2)
  step("closed, dropped")
  for i = 1, 600 do
    local fd = p:open("/data/full/f" .. i, "w+creat")
    p:write(fd, 4096)
    p:close(fd)
  end
  step("written")
  m:sync()
  m:drop_caches(2)
  step("written, dropped names")
  m:drop_caches(1)
  step("written, dropped pages")
  m:drop_caches(2)
  step("written, dropped files")
  make("/dev/shm/f", 1000)
  miss("/dev/shm/x", 1000)
  step("in memory")
  m:drop_caches(3)
  step("in memory, dropped")
  unlink("/dev/shm/f", 1000)
  step("in memory, unlinked")
  for i = 1, 600 do fds[i] = p:memfd("m") end
  step("memfd")
  close(fds)
  step("memfd, closed")
  local at = {}
  for i = 1, 600 do at[i] = p:mmap { len = 4096, shared = true } end
  step("shared")
  for i = 1, 600 do p:munmap(at[i], 4096) end
  step("shared, unmapped")
end)
