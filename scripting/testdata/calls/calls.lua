-- Random system calls, several processes one after the other: what each call returned, and what changed in the process by it. A seed is a machine: it
-- decides how the machine is set, and every process draws from a stream of its own. The draws are the same in both places, and so must be the
-- observations: run it with --set seed=N on the real kernel and on mmsim. With --set detail=1 every row is in full.
local seed = param("seed", 1, "of the machine and of its random streams")
local n = param("n", 3, "processes of each kind")
local steps = param("steps", 48, "calls a process makes")
local detail = param("detail", 0, "1: mappings and smaps in full instead of sums")

local i386 = seed % 5 == 4
local mode = seed % 3                                       -- vm.overcommit_memory
local maps = seed % 4 == 1 and 14 or 0                      -- mappings that a process may have beyond those it starts with, 0 for any number
local m = machine {
  ram = "512MiB", cpus = 1, thp = "never", seed = seed, arch = i386 and "i386" or "x86_64", swap = { { size = "64MiB", device = "zram" } },
  sysctl = { ["vm.overcommit_memory"] = mode, ["vm.overcommit_ratio"] = 60, ["vm.swappiness"] = 60 },
}

-- The part of the address space that mappings are made in, and the end of user space.
local PAGE, LOW, TOP, END = 4096, 0x7f0000000000, 0x7ffff7ff9000, 0x7ffffffff000
local HUGE = { 2^47 - 2^30, 2^47, 2^62, 2^63, 2^64 - 4096, 2^64 - 2^20 }
if i386 then
  LOW, TOP, END = 0x60000000, 0xb7ffa000, 0xc0000000
  HUGE = { 0xbff00000, 0xbffff000, 0xbfff0000, 0xc0000000, 2^32 - 4096, 2^32 - 2^20 }
end
local prots = { "rw", "rw", "rw", "r", "none", "rwx", "w" }
local advices = {
  "NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED", "DONTNEED", "DONTNEED", "FREE", "FREE", "REMOVE", "DONTFORK", "DOFORK", "MERGEABLE", "UNMERGEABLE",
  "HUGEPAGE", "NOHUGEPAGE", "DONTDUMP", "DODUMP", "WIPEONFORK", "KEEPONFORK", "COLD", "PAGEOUT", "POPULATE_READ", "POPULATE_WRITE",
}
local fields = { "VmPeak", "VmSize", "VmLck", "RssAnon", "RssShmem", "VmData", "VmStk", "VmPTE", "VmSwap" }
local short = {
  VmPeak = "peak", VmSize = "sz", VmLck = "lck", RssAnon = "anon", RssShmem = "shm", VmData = "data", VmStk = "stk", VmPTE = "pte",
  VmSwap = "swap",
}

local function pick(list) return list[math.random(1, #list)] end
local function chance(k) return math.random(1, k) == 1 end
local function pages(max) return math.random(1, max) * PAGE end

-- The mappings in the part of the address space that the calls work on, and the heap above the break that the program began with.
local function areas(w)
  local out = {}
  for a, b, perms in m:proc("/proc/self/maps"):gmatch("(%x+)%-(%x+) (%S+)") do
    a, b = tonumber(a, 16), tonumber(b, 16)
    if a >= LOW and a < TOP then
      out[#out + 1] = { a = a, b = b, perms = perms }
    elseif w.heap and b > w.low and a < w.low + 2^28 then
      out[#out + 1] = { a = math.max(a, w.low), b = b, perms = perms }
    end
  end
  return out
end

-- A range of pages: part of a mapping, all of it, or more than that; seldom one that makes no sense.
local function range(w)
  local list = areas(w)
  if #list == 0 or chance(30) then
    local from = math.random(1, 4000)
    return TOP - from * PAGE, pages(math.min(from, 200))
  end
  local v = pick(list)
  local top = v.a < LOW and v.b or TOP
  local k = (v.b - v.a) / PAGE
  if chance(25) then
    local odd = math.random(1, 6)
    if odd == 1 then return v.a + math.random(1, 4095), v.b - v.a end
    if odd == 2 then return v.a, 0 end
    if odd == 3 then
      -- From the heap, which lies elsewhere in the real program, beyond the end of user space in either: not between that and the program's own memory.
      local len = pick(HUGE)
      return v.a, v.a < LOW and math.max(len, i386 and 2^32 - PAGE or 2^47) or len
    end
    if odd == 4 then return END - PAGE * math.random(0, 2), PAGE * math.random(3, 5) end
    if odd == 5 then return v.a, v.b - v.a - math.random(1, 4095) end
    local a = pick(HUGE)
    if i386 and a < END then a = END end                     -- where the stack is not
    return a, pages(10)
  end
  if chance(5) then return v.a, v.b - v.a end
  local from = math.random(0, k - 1)
  local len = math.random(1, k - from)
  if chance(8) then len = len + math.random(1, 300) end
  return v.a + from * PAGE, math.min(len * PAGE, top - v.a - from * PAGE)
end

local function hash(text)
  local h = 7
  for i = 1, #text do h = (h * 33 + text:byte(i)) % 16777213 end
  return ("%x"):format(h)
end

local function where(w, a)
  if a == nil then return "nil" end
  if a >= LOW then return ("-%x"):format((TOP - a) / PAGE) .. (a % PAGE ~= 0 and "." .. a % PAGE or "") end
  if w and a >= w.low - PAGE and a < w.low + 2^28 then return "h" .. a - w.low end
  return tostring(a)
end

-- What a process looks like, by name and number; sizes in kB against those at its start.
local function look(p, w)
  local s = {}
  p:status("VmSize")
  local text = m:proc("/proc/self/status")
  local function number(f) return tonumber(text:match("%d+", (text:find(f, 1, true)))) end
  for _, f in ipairs(fields) do s[short[f]] = number(f) end
  text = m:proc("/proc/meminfo")
  s.com = number("Committed_AS")
  s.brk = (p:sbrk(0) - w.low) / 1024
  return s
end

-- What is compared. Where the heap begins, and so how many tables it takes, is the program's affair: "pte" only where the walk begins on a border, and
-- while nothing was mapped as low as the real program's image.
-- And while everything is locked, the real process cannot have its counts of pages brought up to date.
local resident = { anon = true, shm = true, swap = true }
local names = { "com", "brk" }
for _, f in ipairs(fields) do names[#names + 1] = short[f] end
table.sort(names)

local function changes(p, w)
  local s, out = look(p, w), {}
  for _, name in ipairs(names) do
    if s[name] ~= w.last[name] and (name ~= "pte" or w.aligned) and not (w.all and resident[name]) then out[#out + 1] = (" %s%+d"):format(name, s[name] - w.last[name]) end
  end
  w.last = s
  return table.concat(out)
end

local function layout(p, w, i)
  local out = {}
  for _, v in ipairs(areas(w)) do out[#out + 1] = ("%s+%x%s"):format(where(w, v.a), (v.b - v.a) / PAGE, v.perms) end
  local text = table.concat(out, " ")
  if detail == 0 and #text > 60 then text = #out .. " " .. hash(text) end
  p:record(i .. "m", text)
end

local function smaps(p, w, i)
  local out, on, inheap, sums = {}, false, false, {}
  for line in m:proc("/proc/self/smaps"):gmatch("[^\n]+") do
    local a = line:match("^(%x+)%-%x+ ")
    if a then
      a = tonumber(a, 16)
      inheap = w.heap and a >= w.low - PAGE and a < w.low + 2^28
      on = inheap or a >= LOW and a < TOP
      if on then out[#out + 1] = "|" .. where(w, a) end
    end
    local name, value = line:match("^([%w_]+): +(%d+) kB")
    -- The heap's first page is the program's own: whether it is shared is another matter.
    if inheap and name and name:find("^[PS][rsh][sia]") then name = nil end
    if on and name and value ~= "0" and name ~= "KernelPageSize" and name ~= "MMUPageSize" and name ~= "Referenced" and name ~= "LazyFree" then
      name = name:gsub("%l", "") .. name:sub(2, 2)
      out[#out + 1] = name .. value
      sums[name] = (sums[name] or 0) + value
    end
    if on and line:find("^VmFlags") then out[#out + 1] = line:sub(10):gsub(" ", "") end
  end
  local text = table.concat(out, " ")
  if detail == 0 then
    local keys = {}
    for k in pairs(sums) do keys[#keys + 1] = k end
    table.sort(keys)
    for j, k in ipairs(keys) do keys[j] = k .. sums[k] end
    text = table.concat(keys, " ") .. " " .. hash(text)
  end
  for at = 1, #text, 1900 do p:record(i .. "s", text:sub(at, at + 1899)) end
end

local walk

-- Where a process starts to be watched.
local function start(p, kind, aligned)
  if aligned then p:sbrk(-p:sbrk(0) % (4 * MiB)) end
  local w = { heap = true, low = p:sbrk(0), live = {}, ids = {}, at = {}, aligned = aligned }
  w.last = look(p, w)
  if maps > 0 then
    -- Mappings beyond those of the process that have nothing to do with the calls.
    w.maps = select(2, m:proc("/proc/self/maps"):gsub("\n", "")) - #areas(w) + maps
    m:sysctl("vm.max_map_count", w.maps)
  end
  return w
end

-- The calls on the address space. Each gives what it did, and what came of it.
local function mapping(p, w, kind)
  local function done(what, r, e) return what .. " " .. (r == nil and (e or "nil") or r == true and "ok" or where(w, r)) end
  return {
    mmap = function()
      local t = { len = pages(chance(6) and 3000 or 300), prot = pick(prots) }
      if chance(4) then t.shared = true end
      if chance(6) then t.noreserve = true end
      if chance(6) then t.populate = true end
      if chance(10) then t.locked = true end
      if chance(12) then t.stack = true end
      if chance(5) then
        t.addr = range(w)
        t.fixed = chance(2)
        if not t.fixed and chance(8) then t.addr = pick { 0, 1, 4096, 65535, 65536, END - PAGE, END, 2^31 } end
        if t.fixed and t.addr < LOW then t.len = math.min(t.len, 64 * PAGE) end
        if t.addr >= LOW and t.addr < TOP and not chance(12) then t.len = math.min(t.len, TOP - t.addr) end
        if t.fixed and t.addr >= LOW and t.addr < END and t.addr + t.len > TOP then t.fixed = false end
      end
      if chance(40) then t.len = chance(3) and 0 or pick(HUGE) end
      if t.fixed and t.len > 2^24 and t.addr < LOW then t.addr = LOW end
      local a, e = p:mmap(t)
      if a and t.stack then w.at[#w.at + 1] = a end
      if a and where(w, a):match("^%d") then w.aligned = false end   -- it shares tables with the real program's image, which lies there
      return done("mmap", a, e)
    end,
    munmap = function()
      local a, len = range(w)
      if a + len > TOP and a < TOP and a + len <= END then len = TOP - a end
      return done("munmap", p:munmap(a, len))
    end,
    mprotect = function()
      local a, len = range(w)
      local prot = pick(prots)
      if a + len > TOP and a < END then len = a < TOP and TOP - a or 0 end
      return done("mprotect " .. prot, p:mprotect(a, len, prot))
    end,
    mremap = function()
      local a, len = range(w)
      local new = chance(2) and pages(600) or math.min(len, 2^31) + pages(100)
      if chance(12) then len = 0 end
      if chance(25) then new = chance(2) and 0 or pick(HUGE) end
      return done("mremap", p:mremap(a, len, new, { maymove = not chance(4) }))
    end,
    sbrk = function()
      local by = math.random(-40, 100) * PAGE
      if chance(6) then by = by + math.random(1, 4095) end
      if p:sbrk(0) + by < w.low then by = -by end            -- below lies what the program itself lives on
      return done("sbrk", p:sbrk(by))
    end,
    brk = function()
      local to = w.low + math.random(0, 200) * PAGE + (chance(3) and math.random(1, 4095) or 0)
      if chance(8) then to = pick { 0, 4096, LOW, TOP, END, END + PAGE } end
      return done("brk", p:brk(to))
    end,
    madvise = function()
      local a, len = range(w)
      local advice = pick(advices)
      if a + len > TOP and a < END then len = a < TOP and TOP - a or 0 end
      return done("madvise " .. advice, p:madvise(a, len, advice))
    end,
    mlock = function()
      local a, len = range(w)
      if a + len > TOP and a < END then len = a < TOP and TOP - a or 0 end
      return done("mlock", p:mlock(a, len))
    end,
    munlock = function()
      local a, len = range(w)
      if a + len > TOP and a < END then len = a < TOP and TOP - a or 0 end
      return done("munlock", p:munlock(a, len))
    end,
    mincore = function()
      local a, len = range(w)
      local r, e = p:mincore(a, len)
      return "mincore " .. tostring(r or e) .. (detail == 0 and "" or (" %s+%d"):format(where(w, a), len))
    end,
    shmget = function()
      if #w.ids >= 4 then return "shmget enough" end
      local key = math.random(0, 3)
      local id, e = p:shmget(key, chance(8) and 0 or pages(200) - (chance(4) and 100 or 0))
      if id then w.ids[#w.ids + 1] = id end
      return ("shmget %d %s"):format(key, id and "ok" or e)
    end,
    shmat = function()
      if #w.ids == 0 then return done("shmat none", p:shmat(4000)) end
      local a, e = p:shmat(pick(w.ids))
      if a then w.at[#w.at + 1] = a end
      return done("shmat", a, e)
    end,
    shmdt = function()
      local a = #w.at > 0 and not chance(6) and pick(w.at) or LOW + pages(100) + (chance(3) and 1 or 0)
      return done("shmdt", p:shmdt(a))
    end,
    shmctl = function()
      if #w.ids == 0 then return done("shmctl none", p:shmctl(4000, "RMID")) end
      return done("shmctl", p:shmctl(table.remove(w.ids, math.random(1, #w.ids)), "RMID"))
    end,
    touch = function()
      local list = areas(w)
      if #w.at > 0 and not w.safe and chance(12) then
        -- Below what was mapped as a stack: it grows, or the process is no more.
        local a = pick(w.at) - pages(chance(3) and 400 or 20)
        return "touch below " .. tostring(p:touch(a, PAGE, "write"))
      end
      if #list == 0 then return "touch nothing" end
      local v = pick(list)
      local k = (v.b - v.a) / PAGE
      local from = math.random(0, k - 1)
      local how = chance(3) and "read" or "write"
      if w.safe and v.perms:sub(4, 4) == "s" then return "touch shared" end    -- where a bus error may be
      if v.perms:sub(1, 3) == "---" or how == "write" and v.perms:sub(2, 2) ~= "w" then return "touch forbidden" end
      local opts = chance(6) and { order = pick { "random", "reverse", "zipf" }, n = math.random(1, 60) } or nil
      local len = math.random(1, k - from)
      local what = detail == 0 and "" or (" %s+%d %s"):format(where(w, v.a + from * PAGE), len, opts and opts.order or "")
      return "touch " .. how .. " " .. tostring(p:touch(v.a + from * PAGE, len * PAGE, how, opts)) .. what
    end,
    mlockall = function()
      -- The real process has more to lock, which matters near a limit.
      if kind ~= "all" then return "mlockall not" end
      local r, e = p:mlockall()
      if r then w.all, w.last.lck = true, look(p, w).lck end
      return done("mlockall", r, e)
    end,
    munlockall = function()
      local r = p:munlockall()
      local now = look(p, w)
      for name in pairs(resident) do w.last[name] = w.all and now[name] or w.last[name] end
      w.all, w.last.lck = false, now.lck
      return done("munlockall", r)
    end,
  }
end

local mapweights = {
  "mmap", "mmap", "mmap", "mmap", "mmap", "munmap", "munmap", "mprotect", "mprotect", "mprotect", "mremap", "mremap", "mremap", "sbrk", "brk",
  "madvise", "madvise", "madvise", "madvise", "madvise", "madvise", "mlock", "mlock", "munlock", "mincore", "shmget", "shmat", "shmat", "shmdt", "shmctl",
  "touch", "touch", "touch", "touch", "touch", "touch", "touch", "touch", "touch", "touch", "touch", "touch", "touch", "touch", "mlockall", "munlockall",
}

-- The calls of the C library's allocator.
local function heap(p, w)
  local live = w.live
  local function size()
    local k = math.random(1, 8)
    if k <= 3 then return math.random(0, 130) end
    if k <= 5 then return math.random(0, 1100) end
    if k == 6 then return math.random(1000, 20000) end
    if k == 7 then return math.random(20000, 200000) end
    return chance(30) and pick(HUGE) or math.random(100000, 3000000)
  end
  local function number(z) return z < 2^53 and ("%.0f"):format(z) or "huge" end
  local function got(what, a, e)
    if a then live[#live + 1] = a end
    return what .. " " .. (a and where(w, a) or e or "nil")
  end
  local function guarded(what, f, ...)
    local ok, r = pcall(f, ...)
    return what .. (ok and " passed" or " refused")
  end
  return {
    malloc = function()
      local k = chance(4) and math.random(2, 20) or 1
      local z, out = size(), nil
      for _ = 1, k do out = got("malloc " .. number(z) .. "*" .. k, p:malloc(z)) end
      return out
    end,
    calloc = function()
      local z, k = size(), math.random(0, 5)
      return got(("calloc %d*%s"):format(k, number(z)), p:calloc(k, z))
    end,
    realloc = function()
      local z = size()
      if #live == 0 or chance(10) then return got("realloc new " .. number(z), p:realloc(nil, z)) end
      local i = math.random(1, #live)
      local a, e = p:realloc(live[i], z)
      if a then
        live[i] = a
      elseif z == 0 then
        table.remove(live, i)
      end
      return "realloc " .. number(z) .. " " .. (a and where(w, a) or e or "nil")
    end,
    memalign = function()
      local align, z = 2 ^ math.random(0, w.aligned and chance(4) and 22 or 12), size()
      return got(("memalign %d %s"):format(align, number(z)), p:memalign(align, z))
    end,
    free = function()
      local k = math.min(#live, chance(3) and math.random(1, 25) or 1)
      for _ = 1, k do p:free(table.remove(live, math.random(1, #live))) end
      return "free *" .. k
    end,
    usable = function()
      if #live == 0 then return "usable none" end
      return "usable " .. p:malloc_usable_size(pick(live))
    end,
    trim = function() return "trim " .. tostring(p:malloc_trim(chance(2) and 0 or math.random(1, 300000))) end,
    opt = function()
      local name = pick { "TOP_PAD", "TRIM_THRESHOLD", "MMAP_THRESHOLD", "MMAP_MAX", "MXFAST" }
      local value = name == "MMAP_MAX" and math.random(0, 5) or name == "MXFAST" and math.random(0, 200) or math.random(0, 400000)
      return "mallopt " .. name .. " " .. value .. " " .. tostring(p:mallopt(name, value))
    end,
    garbage = function()
      local k = math.random(1, 4)
      local a = #live > 0 and pick(live) or w.low
      if k == 1 and not w.kid then return guarded("free garbage", function() p:free(a + 8) end) end
      if k == 2 then return guarded("realloc garbage", function() p:realloc(a + 16 * 4096 + 4, 100) end) end
      if k == 3 then return guarded("usable garbage", function() p:malloc_usable_size(a - 4) end) end
      return guarded("free nothing", function() p:free(nil) end)
    end,
    sbrk = function() return "sbrk " .. where(w, (p:sbrk(math.random(0, 5) * PAGE))) end,
    touch = function()
      if #live == 0 then return "touch none" end
      local a = pick(live)
      return "touch " .. p:touch(a, p:malloc_usable_size(a), "read")
    end,
  }
end

local heapweights = {
  "malloc", "malloc", "malloc", "malloc", "malloc", "malloc", "calloc", "realloc", "realloc", "memalign", "free", "free", "free", "free", "usable", "trim",
  "opt", "garbage", "sbrk", "touch",
}

local function signal(p, w)
  local k = math.random(1, 4)
  if k == 1 and not w.kid then return "wait " .. tostring(select(2, p:wait())) end
  if k == 2 then return "wait for itself " .. tostring(select(2, p:wait(p:getpid()))) end
  if k == 3 then return "kill nobody " .. tostring(select(2, p:kill(99999, "SIGTERM"))) end
  local name = pick { "SIGKILL", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGSEGV" }
  local pid, e = p:fork(function(c) c:sleep("100s") end)
  if not pid then return "fork " .. e end
  local r = p:kill(pid, name)
  local _, st = p:wait(pid)
  return ("kill %s %s %s, then %s"):format(name, tostring(r), tostring(st.signal), tostring(select(2, p:kill(pid, name))))
end

local copy
function copy(t)
  local out = {}
  for k, v in pairs(t) do out[k] = type(v) == "table" and copy(v) or v end
  return out
end

-- One process's walk.
function walk(p, w, kind, depth)
  local calls, weights
  if kind == "heap" then calls, weights = heap(p, w), heapweights else calls, weights = mapping(p, w, kind), mapweights end
  for i = 1, steps / depth do
    local did
    if depth == 1 and chance(18) then
      local own = copy(w)                                    -- what either side assigns after the fork is unspecified for the other
      own.kid = nil
      local pid, e = p:fork("c" .. i, function(c)
        local now = look(c, own)
        own.last.com, own.last.lck = now.com, now.lck       -- the real process brings memory of its own, and locks it again
        for name in pairs(resident) do own.last[name] = own.all and now[name] or own.last[name] end
        own.all = false
        c:record("start", changes(c, own))
        walk(c, own, kind, 3)
        c:exit(i)
      end)
      local st
      if pid then pid, st = p:wait(pid) end
      if w.maps then m:sysctl("vm.max_map_count", w.maps) end
      did = "fork " .. (st and tostring(st.code) .. tostring(st.signal) or e)
    elseif depth == 1 and kind ~= "heap" and chance(25) then
      did = signal(p, w)
    elseif depth == 1 and not w.kid and chance(16) then
      -- A child that walks and then stays, so that what both have is shared while the parent goes on. A setting says that it is through.
      local own = copy(w)
      own.safe = true
      m:sysctl("vm.oom_dump_tasks", 1)
      local pid, e = p:fork("k" .. i, function(c)
        own.all, own.last = false, look(c, own)
        walk(c, own, kind, 4)
        m:sysctl("vm.oom_dump_tasks", 0)
        c:sleep("60s")
      end)
      if pid then
        while m:sysctl("vm.oom_dump_tasks") == 1 do p:sleep("5ms") end
        w.kid = { pid = pid, till = i + math.random(3, 12) }
        w.last.com = look(p, w).com
      end
      if w.maps then m:sysctl("vm.max_map_count", w.maps) end
      did = "fork " .. (pid and "stays" or e)
    elseif w.kid and (i >= w.kid.till or i >= steps) then
      p:kill(w.kid.pid, "SIGKILL")
      did = "wait " .. tostring(select(2, p:wait(w.kid.pid)).signal)
      w.kid, w.last.com = nil, look(p, w).com
    else
      did = calls[pick(weights)]()
    end
    p:record(i, did .. changes(p, w))
    if i % (detail == 0 and 8 or 4) == 0 then layout(p, w, i) end
    if i % 12 == 0 then smaps(p, w, i) end
  end
end

-- One process after the other, each a child of one with certain limits. A setting that nothing here depends on says whose turn it is.
local function children(turn, kind, aligned)
  return function(p)
    while m:sysctl("vm.swappiness") ~= turn do p:sleep("10ms") end
    for i = 1, n do
      p:fork("s" .. i, function(c)
        c:fork("warm", function(w) w:exit(0) end)            -- the first fork costs the real process a page of its own
        c:wait()
        walk(c, start(c, kind, aligned), kind, 1)
      end)
      local _, st = p:wait()
      if st.signal then p:record(i, st.signal) end
    end
    m:sysctl("vm.swappiness", turn + 1)
  end
end

process("w1", { rlimit = { MEMLOCK = "1GiB" } }, children(60, "all", true))
process("w2", { rlimit = { MEMLOCK = "4MiB", AS = "24MiB" } }, children(61, "maps"))
process("w3", { rlimit = { MEMLOCK = "1MiB", DATA = "10MiB", STACK = "1MiB" } }, children(62, "maps"))
process("w4", { rlimit = { MEMLOCK = "64KiB" } }, children(63, "heap", true))
process("w5", { rlimit = { AS = "6MiB", DATA = "5MiB" } }, children(64, "heap"))
