-- Mappings of files: what each access costs in faults, what it maps and reads, and which calls are refused. Every step that reads ahead is given time to
-- end, so that nothing depends on how fast the device is.
local m = machine { ram = "256MiB", cpus = 1, thp = "never", swap = { { size = "128MiB", device = "ssd" } } }
file("/data/t", { size = 4 * MiB + 100 })
file("/data/u", { size = "64MiB" })

local KB, PAGE = 1024, 4096
local page = function(n) return n * PAGE end

-- smaps of the first mapping at an address.
local function smaps(a)
  local text = m:proc("/proc/self/smaps"):match(("%x"):format(a) .. "%-.-VmFlags[^\n]*")
  local out = {}
  for _, f in ipairs { "Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous", "Swap", "Locked" } do
    out[#out + 1] = f .. " " .. text:match("\n" .. f .. ": +(%d+)")
  end
  return table.concat(out, ", ") .. "; " .. text:match("VmFlags: (.*)"):gsub(" +$", "")
end

process("app", function(p)
  local fd = p:open("/data/t", "r")
  local rw = p:open("/data/t", "rw")
  local wo = p:open("/data/t", "w")
  local u = p:open("/data/u", "r")
  local d = p:open("/data", "r")
  local an, dirty = p:status("RssAnon"), m:meminfo("Dirty")
  local function ev(name, f)
    local pf, mj, rf, ra, mp, inn = m:vmstat("pgfault"), m:vmstat("pgmajfault"), p:status("RssFile"), p:status("RssAnon"), m:meminfo("Mapped"),
      m:vmstat("pgpgin")
    local r, e = f()
    local flt, maj = m:vmstat("pgfault") - pf, m:vmstat("pgmajfault") - mj
    p:sleep("30ms")
    if r == nil then r = e end
    p:record(name, ("%d faults, %d major, file %+d, anon %+d, mapped %+d, read %d: %s"):format(flt, maj, (p:status("RssFile") - rf) / KB,
      (p:status("RssAnon") - ra) / KB, (m:meminfo("Mapped") - mp) / KB, m:vmstat("pgpgin") - inn, tostring(r)))
  end
  local function drop()
    p:fsync(rw)
    p:fadvise(rw, 0, 0, "DONTNEED")
    p:fadvise(u, 0, 0, "DONTNEED")
  end
  local function try(name, t)
    local a, e = p:mmap(t)
    p:record(name, a and "ok" or e)
    if a then p:munmap(a, t.len) end
  end
  try("shared, writable, open for reading", { len = 8192, fd = fd, shared = true, prot = "rw" })
  try("private, writable, open for reading", { len = 8192, fd = fd, prot = "rw" })
  try("shared, open for writing", { len = 8192, fd = wo, shared = true, prot = "r" })
  try("private, open for writing", { len = 8192, fd = wo, prot = "w" })
  try("no such descriptor", { len = 8192, fd = 77, shared = true, prot = "r" })
  try("no such descriptor, no length", { len = 0, fd = 77, shared = true, prot = "r" })
  try("no length", { len = 0, fd = fd, shared = true, prot = "r" })
  try("offset not aligned, no such descriptor", { len = 8192, fd = 77, offset = 100, prot = "r" })
  try("beyond the end", { len = 8192, fd = fd, offset = 64 * MiB, shared = true, prot = "r" })
  try("far beyond what a file can be", { len = 8192, fd = fd, offset = 16 * TiB, shared = true, prot = "r" })
  try("growing", { len = 8192, fd = fd, stack = true, prot = "r" })
  try("executable", { len = 8192, fd = fd, prot = "rx" })
  try("a folder", { len = 8192, fd = d or 78, prot = "r" })

  drop()
  local a
  ev("map 4 MiB and 2 pages", function() a = p:mmap { len = 4 * MiB + page(2), fd = fd, shared = true, prot = "r" } return a % (2 * MiB) end)
  ev("touch page 40", function() p:touch(a + page(40), PAGE, "read") end)
  ev("in memory", function() return p:mincore(a, 4 * MiB) end)
  ev("touch page 41", function() p:touch(a + page(41), PAGE, "read") end)
  ev("touch page 48, which is marked", function() p:touch(a + page(48), PAGE, "read") end)
  ev("touch page 60", function() p:touch(a + page(60), PAGE, "read") end)
  ev("in memory", function() return p:mincore(a, 4 * MiB) end)
  ev("touch page 200", function() p:touch(a + page(200), PAGE, "read") end)
  ev("read all", function() return p:read(fd, 5 * MiB, 0) end)
  ev("touch all", function() p:touch(a, 4 * MiB + PAGE, "read") end)
  p:record("smaps", smaps(a))
  p:fork("beyond", function(c) c:touch(a + 4 * MiB + PAGE, PAGE, "read") end)
  p:record("beyond the last page", (function() local _, st = p:wait() return st.signal end)())
  p:fork("child", function(c)
    local rf, f0 = c:status("RssFile"), m:vmstat("pgfault")
    c:touch(a, 4 * MiB, "read")
    c:record("faults", m:vmstat("pgfault") - f0)
    c:record("file", (c:status("RssFile") - rf) / KB)
    c:record("smaps", smaps(a))
  end)
  p:wait()
  ev("DONTNEED", function() return p:madvise(a, 1 * MiB, "DONTNEED") end)
  ev("touch what is left in the cache", function() p:touch(a, 512 * KB, "read") end)
  ev("FREE", function() return p:madvise(a, PAGE, "FREE") end)
  ev("REMOVE", function() return p:madvise(a, PAGE, "REMOVE") end)
  ev("mprotect rw", function() return p:mprotect(a, PAGE, "rw") end)
  ev("munmap", function() return p:munmap(a, 4 * MiB + page(2)) end)

  -- private
  drop()
  p:read(fd, 5 * MiB, 0)
  local charged = m:meminfo("Committed_AS")
  ev("map privately", function() a = p:mmap { len = 1 * MiB, fd = fd, prot = "rw", addr = 0x20000000, fixed = true } end)
  p:record("charged", (m:meminfo("Committed_AS") - charged) / KB)
  ev("read half", function() p:touch(a, 512 * KB, "read") end)
  ev("write what is mapped", function() p:touch(a, 64 * KB, "write") end)
  ev("write what is not", function() p:touch(a + 640 * KB, 64 * KB, "write") end)
  p:record("smaps", smaps(a))
  p:fork("private", function(c) c:record("smaps", smaps(a)) end)
  p:wait()
  ev("DONTNEED", function() return p:madvise(a, 1 * MiB, "DONTNEED") end)
  ev("read again", function() p:touch(a, 64 * KB, "read") end)
  ev("munmap", function() return p:munmap(a, 1 * MiB) end)

  -- shared and written
  ev("map to write", function() a = p:mmap { len = 1 * MiB, fd = rw, shared = true, prot = "rw", addr = 0x20000000, fixed = true } end)
  ev("read", function() p:touch(a, 256 * KB, "read") end)
  ev("write what is mapped", function() p:touch(a, 128 * KB, "write") end)
  ev("write again", function() p:touch(a, 128 * KB, "write") end)
  ev("write what is not", function() p:touch(a + 512 * KB, 128 * KB, "write") end)
  p:record("smaps", smaps(a))
  ev("mprotect r", function() return p:mprotect(a, 1 * MiB, "r") end)
  ev("mprotect rw", function() return p:mprotect(a, 1 * MiB, "rw") end)
  ev("write again", function() p:touch(a, 256 * KB, "write") end)
  ev("fsync", function() return p:fsync(rw) end)
  p:record("smaps", smaps(a))
  ev("write after fsync", function() p:touch(a, 128 * KB, "write") end)
  ev("read after fsync", function() p:touch(a, 1 * MiB, "read") end)
  p:record("smaps", smaps(a))
  p:fork("writer", function(c)
    local f0 = m:vmstat("pgfault")
    c:touch(a, 64 * KB, "write")
    c:record("faults", m:vmstat("pgfault") - f0)
  end)
  p:wait()
  ev("REMOVE", function() return p:madvise(a, page(3), "REMOVE") end)
  ev("in memory", function() return p:mincore(a, 1 * MiB) end)
  ev("munmap", function() return p:munmap(a, 1 * MiB) end)

  -- cut off under a mapping
  local t = p:open("/out/cut", "rw+creat")
  p:write(t, 1 * MiB)
  p:fsync(t)
  local s = p:mmap { len = 1 * MiB, fd = t, shared = true, prot = "rw", addr = 0x20000000, fixed = true }
  local v = p:mmap { len = 1 * MiB, fd = t, prot = "rw", addr = 0x30000000, fixed = true }
  ev("read shared, write private", function() p:touch(s, 1 * MiB, "read") p:touch(v, 1 * MiB, "write") end)
  ev("ftruncate to 25 pages and 5 bytes", function() return p:ftruncate(t, page(25) + 5) end)
  ev("in memory", function() return p:mincore(s, 1 * MiB) end)
  p:fork("read", function(c) c:touch(s + page(26), PAGE, "read") end)
  p:record("read beyond the end", (function() local _, st = p:wait() return st.signal end)())
  p:fork("write", function(c) c:touch(v + page(26), PAGE, "write") end)
  p:record("write beyond the end", (function() local _, st = p:wait() return st.signal end)())
  ev("longer again", function() return p:ftruncate(t, 1 * MiB) end)
  ev("write a hole privately", function() p:touch(v + page(50), PAGE, "write") end)
  ev("read a hole", function() p:touch(s + page(100), PAGE, "read") end)
  ev("write a hole", function() p:touch(s + page(200), PAGE, "write") end)
  ev("in memory", function() return p:mincore(s, 1 * MiB) end)
  p:munmap(s, 1 * MiB)
  p:munmap(v, 1 * MiB)

  -- populate, lock, advice
  drop()
  p:read(u, 16 * MiB, 0)
  ev("populate", function() a = p:mmap { len = 1 * MiB, fd = u, shared = true, prot = "r", populate = true, addr = 0x20000000, fixed = true } end)
  ev("populate a private one", function() return p:munmap(p:mmap { len = 64 * KB, fd = u, prot = "rw", populate = true }, 64 * KB) end)
  local locked = m:meminfo("Mlocked")
  ev("mlock", function() return p:mlock(a, 256 * KB) end)
  p:record("locked", (m:meminfo("Mlocked") - locked) / KB)
  p:record("smaps", smaps(a))
  ev("fadvise DONTNEED does not drop what is mapped", function() p:fadvise(u, 0, 0, "DONTNEED") return p:mincore(a, 1 * MiB) end)
  ev("COLD", function() return p:madvise(a + 256 * KB, 256 * KB, "COLD") end)
  ev("PAGEOUT", function() return p:madvise(a + 256 * KB, 256 * KB, "PAGEOUT") end)
  ev("in memory", function() return p:mincore(a, 1 * MiB) end)
  ev("munlock", function() return p:munlock(a, 256 * KB) end)
  ev("munmap", function() return p:munmap(a, 1 * MiB) end)
  drop()
  a = p:mmap { len = 32 * MiB, fd = u, shared = true, prot = "r", addr = 0x20000000, fixed = true }
  ev("WILLNEED", function() return p:madvise(a, 1 * MiB, "WILLNEED") end)
  ev("WILLNEED of more than a request holds", function() return p:madvise(a, 8 * MiB, "WILLNEED") end)
  ev("in memory", function() return p:mincore(a, 32 * MiB) end)
  ev("RANDOM", function() return p:madvise(a, 32 * MiB, "RANDOM") end)
  ev("touch", function() p:touch(a + 16 * MiB, PAGE, "read") end)
  ev("touch 16", function() p:touch(a + 16 * MiB, 64 * KB, "read") end)
  ev("SEQUENTIAL", function() return p:madvise(a, 32 * MiB, "SEQUENTIAL") end)
  ev("touch", function() p:touch(a + 24 * MiB, PAGE, "read") end)
  ev("in memory", function() return p:mincore(a + 20 * MiB, 8 * MiB) end)
  ev("NORMAL", function() return p:madvise(a, 32 * MiB, "NORMAL") end)
  for i = 1, 6 do
    ev("touch far " .. i, function() p:touch(a + 9 * MiB + i * 400 * KB, PAGE, "read") end)
  end
  ev("POPULATE_READ", function() return p:madvise(a, 1 * MiB, "POPULATE_READ") end)
  ev("POPULATE_WRITE", function() return p:madvise(a, 1 * MiB, "POPULATE_WRITE") end)
  p:munmap(a, 32 * MiB)

  -- at the border of a page table, moved, backwards
  drop()
  p:read(u, 16 * MiB, 0)
  a = p:mmap { len = 8 * MiB, fd = u, offset = page(5), shared = true, prot = "r", addr = 0x20000000 + 2 * MiB - page(5), fixed = true }
  ev("touch below the border", function() p:touch(a + page(2), PAGE, "read") end)
  ev("touch above it", function() p:touch(a + page(5), PAGE, "read") end)
  ev("touch the last page", function() p:touch(a + 8 * MiB - PAGE, PAGE, "read") end)
  ev("touch all", function() p:touch(a, 8 * MiB, "read") end)
  ev("mremap to more", function() local b, e = p:mremap(a, 8 * MiB, 12 * MiB, { maymove = true }) a = b or a return b and "ok" or e end)
  ev("touch all", function() p:touch(a, 12 * MiB, "read") end)
  ev("DONTNEED", function() return p:madvise(a, 12 * MiB, "DONTNEED") end)
  ev("touch backwards", function() p:touch(a, 1 * MiB, "read", { order = "reverse" }) end)
  p:munmap(a, 12 * MiB)

  -- what becomes one mapping
  local function maps() return select(2, m:proc("/proc/self/maps"):gsub("\n", "\n")) end
  local n0 = maps()
  local function map(at, off, from)
    p:mmap { len = 64 * KB, fd = from or u, offset = off, shared = true, prot = "r", addr = 0x20000000 + at, fixed = true }
    p:record(("maps after %x at %x"):format(off, at), maps() - n0)
  end
  map(0, 0)
  map(64 * KB, 64 * KB)
  map(128 * KB, 0)
  map(192 * KB, 64 * KB, p:open("/data/u", "r"))
  map(64 * KB, 64 * KB)
  p:mprotect(0x20008000, PAGE, "none")
  p:record("maps after mprotect", maps() - n0)
  p:mprotect(0x20008000, PAGE, "r")
  p:record("maps after mprotect back", maps() - n0)
  p:close(u)
  p:record("touch after close", p:touch(0x20000000, 128 * KB, "read"))
  p:unlink("/data/u")
  p:record("touch after unlink", p:touch(0x20000000, 128 * KB, "read"))
  p:record("name", m:proc("/proc/self/maps"):match("20000000[^\n]*/u[^\n]*"):match("/u.*"))
end)
