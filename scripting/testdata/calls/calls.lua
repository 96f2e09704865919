-- Random system calls on an address space, one process after the other, with what each call returned and what the process looks like after it.
-- The draws are the same in both places, and so must be the observations: run it with --set seed=N on the real kernel and on mmsim.
local seed = param("seed", 1, "of the machine's random streams")
local n = param("n", 8, "processes")
local steps = param("steps", 60, "calls a process makes")
local mode = param("mode", 0, "vm.overcommit_memory")
local maps = param("maps", 0, "mappings that a process may have beyond those it starts with, 0 for any number")

local m = machine {
  ram = "512MiB", cpus = 1, thp = "never", seed = seed, swap = { { size = "64MiB", device = "zram" } },
  sysctl = { ["vm.overcommit_memory"] = mode, ["vm.overcommit_ratio"] = 60, ["vm.swappiness"] = 60 },
}

local PAGE, LOW, TOP = 4096, 0x7f0000000000, 0x7ffff7ff9000
local prots = { "rw", "rw", "rw", "r", "none", "rwx", "w" }
local advices = {
  "NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED", "DONTNEED", "DONTNEED", "FREE", "FREE", "REMOVE", "DONTFORK", "DOFORK", "MERGEABLE", "UNMERGEABLE",
  "HUGEPAGE", "NOHUGEPAGE", "DONTDUMP", "DODUMP", "WIPEONFORK", "KEEPONFORK", "COLD", "PAGEOUT", "POPULATE_READ", "POPULATE_WRITE", "COLLAPSE",
}

local function pick(list) return list[math.random(1, #list)] end
local function chance(k) return math.random(1, k) == 1 end
local function pages(max) return math.random(1, max) * PAGE end
local function short(r, e)
  if r == nil then return e or "nil" end
  if r == true then return "ok" end
  if r >= LOW then return ("-%x"):format((TOP - r) / PAGE) end
  return tostring(r)
end

-- The mappings in the part of the address space that the calls work on.
local function areas()
  local out = {}
  for a, b, perms in m:proc("/proc/self/maps"):gmatch("(%x+)%-(%x+) (%S+)") do
    a, b = tonumber(a, 16), tonumber(b, 16)
    if a >= LOW and a < TOP then out[#out + 1] = { a = a, b = b, perms = perms } end
  end
  return out
end

-- A range of pages: part of a mapping, all of it, or more than that.
local function range(list)
  if #list == 0 or chance(30) then
    local from = math.random(1, 4000)
    return TOP - from * PAGE, pages(math.min(from, 200))
  end
  local v = pick(list)
  local k = (v.b - v.a) / PAGE
  if chance(5) then return v.a, v.b - v.a end
  local from = math.random(0, k - 1)
  local len = math.random(1, k - from)
  if chance(8) then len = len + math.random(1, 300) end
  return v.a + from * PAGE, math.min(len * PAGE, TOP - v.a - from * PAGE)
end

local start

local function walk(p, base, brk0, depth)
  local function kb(f) return (p:status(f) - base[f]) / 1024 end
  local function state()
    return ("sz %d anon %d shm %d swap %d pte %d lck %d data %d brk %d com %d"):format(kb "VmSize", kb "RssAnon", kb "RssShmem",
      kb "VmSwap", kb "VmPTE", kb "VmLck", kb "VmData", p:sbrk(0) - brk0, (m:meminfo("Committed_AS") - base.com) / 1024)
  end
  local function layout()
    local out = {}
    for _, v in ipairs(areas()) do out[#out + 1] = ("%x+%x%s"):format((TOP - v.a) / PAGE, (v.b - v.a) / PAGE, v.perms) end
    return table.concat(out, " ")
  end
  local function detail()
    local out, on = {}, false
    for line in m:proc("/proc/self/smaps"):gmatch("[^\n]+") do
      local a = line:match("^(%x+)%-%x+ ")
      if a then on = tonumber(a, 16) >= LOW and tonumber(a, 16) < TOP end
      if on and a then out[#out + 1] = ("|%x"):format((TOP - tonumber(a, 16)) / PAGE) end
      local name, value = line:match("^([%w_]+): +(%d+) kB")
      if on and name and value ~= "0" and name ~= "KernelPageSize" and name ~= "MMUPageSize" and name ~= "Referenced"
        and name ~= "LazyFree" then
        out[#out + 1] = (name:gsub("%l", "")) .. name:sub(2, 2) .. value
      end
      if on and line:find("^VmFlags") then out[#out + 1] = line:sub(10):gsub(" ", "") end
    end
    return table.concat(out, " ")
  end
  local calls = {
    function()
      local t = { len = pages(chance(6) and 3000 or 300), prot = pick(prots) }
      if chance(4) then t.shared = true end
      if chance(6) then t.noreserve = true end
      if chance(6) then t.populate = true end
      if chance(10) then t.locked = true end
      if chance(5) then
        t.addr = range(areas())
        t.fixed = chance(2)
        t.len = math.min(t.len, TOP - t.addr)
      end
      return "mmap", p:mmap(t)
    end,
    function() return "munmap", p:munmap(range(areas())) end,
    function()
      local a, len = range(areas())
      local prot = pick(prots)
      return "mprotect " .. prot, p:mprotect(a, len, prot)
    end,
    function()
      local a, len = range(areas())
      local new = chance(2) and pages(600) or len + pages(100)
      return "mremap", p:mremap(a, len, new, { maymove = not chance(4) })
    end,
    function()
      local by = math.random(-40, 100) * PAGE
      if p:sbrk(0) + by < base.low then by = -by end    -- below lies what the program itself lives on
      return "sbrk", p:sbrk(by) and true, "ENOMEM"
    end,
    function()
      local a, len = range(areas())
      local advice = pick(advices)
      return "madvise " .. advice, p:madvise(a, len, advice)
    end,
    function() return "mlock", p:mlock(range(areas())) end,
    function() return "munlock", p:munlock(range(areas())) end,
    function() return "mincore", p:mincore(range(areas())) end,
  }
  local function touch()
    local list = areas()
    if #list == 0 then return "touch", nil, "nothing" end
    local v = pick(list)
    local k = (v.b - v.a) / PAGE
    local from = math.random(0, k - 1)
    local mode = chance(3) and "read" or "write"
    if v.perms:sub(1, 3) == "---" or mode == "write" and v.perms:sub(2, 2) ~= "w" then return "touch", nil, "forbidden" end
    return "touch " .. mode, p:touch(v.a + from * PAGE, math.random(1, k - from) * PAGE, mode)
  end
  local weight = { 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6, 6, 6, 6, 6, 7, 7, 8, 9 }
  for i = 1, steps / depth do
    if depth == 1 and chance(15) then
      local com = base.com
      local pid, e = p:fork("c" .. i, function(c)
        local b = start(c, base.low)
        c:record("start", "anon " .. (b.RssAnon - base.RssAnon) / 1024 .. " size " .. (b.VmSize - base.VmSize) / 1024)
        walk(c, b, c:sbrk(0), 3)
        c:exit(i)
      end)
      local st
      if pid then pid, st = p:wait(pid) end
      if base.maps then m:sysctl("vm.max_map_count", base.maps) end
      p:record(i, "fork " .. (st and tostring(st.code) .. tostring(st.signal) or e) .. " " .. state())
    else
      local what, r, e
      if chance(3) then what, r, e = touch() else what, r, e = calls[pick(weight)]() end
      p:record(i, what .. " " .. short(r, e) .. " " .. state())
    end
    if i % 4 == 0 then p:record(i .. "m", layout()) end
    if i % 10 == 0 then
      local d = detail()
      for at = 1, #d, 1900 do p:record(i .. "s", d:sub(at, at + 1899)) end
    end
  end
end

local fields = { "VmSize", "RssAnon", "RssShmem", "VmSwap", "VmPTE", "VmLck", "VmData" }

function start(p, low)
  local base = { com = m:meminfo("Committed_AS"), low = low or p:sbrk(0) }
  for _, f in ipairs(fields) do base[f] = p:status(f) end
  if maps > 0 then
    -- Mappings beyond those of the process that have nothing to do with the calls.
    base.maps = select(2, m:proc("/proc/self/maps"):gsub("\n", "")) - #areas() + maps
    m:sysctl("vm.max_map_count", base.maps)
  end
  return base
end

-- One process after the other, each a child of one with certain limits. A setting that nothing here depends on says whose turn it is.
local function children(turn)
  return function(p)
    while m:sysctl("vm.swappiness") ~= turn do p:sleep("10ms") end
    for i = 1, n do
      p:fork("s" .. i, function(c)
        c:fork("warm", function(w) w:exit(0) end)     -- the first fork costs the real process a page of its own
        c:wait()
        walk(c, start(c), c:sbrk(0), 1)
      end)
      local _, st = p:wait()
      if st.signal then p:record(i, st.signal) end
    end
    m:sysctl("vm.swappiness", turn + 1)
  end
end

process("w1", { rlimit = { MEMLOCK = "1GiB" } }, children(60))
process("w2", { rlimit = { MEMLOCK = "4MiB", AS = "24MiB" } }, children(61))
process("w3", { rlimit = { MEMLOCK = "1MiB", DATA = "10MiB" } }, children(62))
