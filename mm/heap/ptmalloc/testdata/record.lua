-- A random sequence of calls of malloc and its kin, with what each one did, for ptmalloc's tests. See README.md.
local seed = param("seed", 1, "which sequence")
local steps = param("steps", 1200, "how many calls")
local block = param("block", 0, "bytes behind the break at which a mapping stops it; 0: none")
local arch = param("arch", "x86_64", "or i386")

local m = machine { ram = "1GiB", cpus = 1, thp = "never", arch = arch }

process("app", function(p)
  local x = seed * 7919 % 2147483646 + 1
  for _ = 1, 10 do x = x * 16807 % 2147483647 end
  local function rnd(n) -- 0 .. n-1
    x = x * 16807 % 2147483647
    return math.floor(x / 2147483647 * n)
  end

  local base = p:sbrk(0)
  if block > 0 then p:mmap { len = 4096, addr = base + block, fixed = true } end
  local top = p:mmap(4096) + 4096
  p:munmap(top - 4096, 4096)
  p:record("start", string.format("%.0f %.0f", base, top))
  local function maps() return select(2, m:proc("/proc/self/maps"):gsub("\n", "")) end
  local maps0, size0, rss0 = maps(), p:status("VmSize"), p:status("RssAnon")
  local function place(a)
    if a == true or a == false then return tostring(a) end
    if not a then return "none" end
    if a >= base and a < base + 1024 * MiB then return "heap" .. string.format("%d", a - base) end
    return "map" .. string.format("%d", top - a)
  end
  local function show(call, result, usable)
    p:record(call, table.concat({ place(result), usable and string.format("%d", usable) or "-",
      string.format("%d", p:sbrk(0) - base), maps() - maps0,
      string.format("%d", p:status("VmSize") - size0), string.format("%d", p:status("RssAnon") - rss0) }, " "))
  end

  -- The sequence has phases of 100 calls, each with a mixture of its own.
  local kinds = {
    { 0, 130 }, { 0, 1100 }, { 16, 17 * 7 }, { 900, 5000 }, { 1000, 20000 }, { 20000, 140000 }, { 100000, 600000 },
    { 130000, 3000000 }, { 4000000, 40000000 },
  }
  local live, slots = {}, 0 -- slot -> address, usable bytes
  local function size(mix)
    local k = kinds[mix[rnd(#mix) + 1]]
    return k[1] + rnd(k[2] - k[1])
  end
  local function pick()
    local n = rnd(slots) + 1
    for s, b in ipairs(live) do
      if b then
        n = n - 1
        if n == 0 then return s end
      end
    end
  end
  local function slot()
    for s = 1, #live + 1 do
      if not live[s] then return s end
    end
  end
  local function put(s, a, n)
    if not a then return end
    if not live[s] then slots = slots + 1 end
    live[s] = { a, n }
  end

  local mixes = { { 1, 2, 3 }, { 1, 2, 3, 3, 4 }, { 3 }, { 1, 4, 5, 5 }, { 2, 5, 6 }, { 1, 2, 3, 4, 5, 6, 7 }, { 1, 6, 7, 8 }, { 2, 4, 4, 8, 9 } }
  local options = {
    { "TOP_PAD", { 0, 4096, 65536, 1048576 } }, { "TRIM_THRESHOLD", { 0, 65536, 131072, 1048576 } },
    { "MMAP_THRESHOLD", { 4096, 65536, 131072, 1048576 } }, { "MMAP_MAX", { 0, 2, 65536 } }, { "MXFAST", { 0, 64, 80, 120, 160, 1000 } },
    { "PERTURB", { 0, 0, 85 } },
  }
  local allowopt, foreign = seed % 3 == 0, seed % 4 == 1
  local mix, most, bias
  for step = 1, steps do
    if step % 100 == 1 then
      mix, most, bias = mixes[rnd(#mixes) + 1], 10 + rnd(150), 30 + rnd(40)
    end
    local r = rnd(1000)
    if r < 5 then
      local pad = rnd(3) * 10000
      show("trim " .. pad, p:malloc_trim(pad))
    elseif r < 12 and allowopt then
      local o = options[rnd(#options) + 1]
      local v = o[2][rnd(#o[2]) + 1]
      show("mallopt " .. o[1] .. " " .. v, p:mallopt(o[1], v))
    elseif r < 16 and foreign then
      local n = ({ 16, 100, 4096, 5000, 40000 })[rnd(5) + 1]
      show("sbrk " .. n, p:sbrk(n))
    elseif slots > 0 and r < 100 then
      local s = pick()
      if live[s][2] < 4000000 then
        p:touch(live[s][1], live[s][2], "write")
        show("touch " .. s)
      end
    elseif slots > 0 and (rnd(100) > bias or slots > most) then
      local s = pick()
      if rnd(100) < 25 then
        local n = size(mix)
        local a = p:realloc(live[s][1], n)
        if n == 0 then live[s], slots = false, slots - 1 end
        local u = a and p:malloc_usable_size(a)
        put(s, a, u)
        show("realloc " .. s .. " " .. n, a, u)
      else
        local a = live[s][1]
        live[s], slots = false, slots - 1
        p:free(a)
        show("free " .. s)
      end
    else
      local s, n, how = slot(), size(mix), rnd(100)
      local a, call
      if how < 12 then
        call, a = "calloc " .. s .. " " .. n, p:calloc(n, 1)
      elseif how < 24 then
        local align = 2 ^ (3 + rnd(13)) + (rnd(8) == 0 and 5 or 0)
        call, a = "memalign " .. s .. " " .. align .. " " .. n, p:memalign(align, n)
      else
        call, a = "malloc " .. s .. " " .. n, p:malloc(n)
      end
      local u = a and p:malloc_usable_size(a)
      put(s, a, u)
      show(call, a, u)
    end
  end
  for s, b in ipairs(live) do
    if b then
      p:free(b[1])
      show("free " .. s)
    end
  end
  show("trim 0", p:malloc_trim(0))
end)
