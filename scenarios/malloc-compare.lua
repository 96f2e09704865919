-- malloc-compare: one load under five allocators. A process fills 24 MiB with small blocks and frees them all but one in a thousand, the
-- last one among them; then it goes on with a little work. What of the memory goes back to the kernel, and when, is up to the allocator:
-- glibc and dlmalloc cannot move the break below the last block, and keep everything until malloc_trim gives back whole pages inside;
-- jemalloc gives back what has not been used for ten seconds, bit by bit; tcmalloc waits until 2 GiB have been freed; Scudo gives
-- a class's free pages back when it gets some more, five seconds after it did so the last time.
local blocks = param("blocks", 24000, "how many small blocks")
local work   = param("work", 16, "seconds for which the process goes on after it has freed them")

local m = machine { ram = "1GiB", cpus = 6, thp = "never", seed = 1 }
local allocators = { "ptmalloc", "dlmalloc", "jemalloc", "tcmalloc", "scudo" }
local full, late, trimmed = {}, {}, {} -- resident bytes with all blocks, at the end of the work, and after malloc_trim

for _, name in ipairs(allocators) do
  process(name, { malloc = name }, function(p)
    local x = 1
    local function rnd(n)
      x = x * 16807 % 2147483647
      return x % n
    end
    local function block(n)
      local a = p:malloc(n)
      p:touch(a, n, "write")
      return a
    end

    local keep = {}
    for i = 1, blocks do
      keep[i] = block(16 + rnd(2000))
      if i % 100 == 0 then p:sleep("5ms") end
    end
    full[name] = p:status("RssAnon")
    p:sleep("500ms")
    for i = 1, blocks do
      if i % 1000 ~= 0 then p:free(keep[i]) end
    end

    -- Requests, each of which needs some small blocks and one buffer.
    local stop = m:now() + work
    while m:now() < stop do
      for _ = 1, 20 do
        local small = {}
        for i = 1, 20 do small[i] = p:malloc(16 + rnd(2000)) end
        local buffer = p:malloc(48 * KiB)
        for i = 1, 20 do p:free(small[i]) end
        p:free(buffer)
      end
      p:sleep("50ms")
    end
    late[name] = p:status("RssAnon")
    p:malloc_trim(0)
    trimmed[name] = p:status("RssAnon")
    p:record("RssAnon full, late, trimmed (MiB)", string.format("%.1f %.1f %.1f", full[name] / MiB, late[name] / MiB, trimmed[name] / MiB))
    p:sleep("1s")
  end)
end

sample { every = "50ms" }

plot { file = "rss", title = "One load under five allocators: 24 MiB of small blocks, freed all but 24",
       series = { { name = "process.ptmalloc.RssAnon", label = "ptmalloc (glibc)" }, { name = "process.dlmalloc.RssAnon", label = "dlmalloc" },
                  { name = "process.jemalloc.RssAnon", label = "jemalloc" }, { name = "process.tcmalloc.RssAnon", label = "tcmalloc" },
                  { name = "process.scudo.RssAnon", label = "Scudo" } },
       unit = "bytes", ylabel = "resident anonymous memory" }

expect("glibc, dlmalloc and tcmalloc keep nearly all of it", function()
  for _, name in ipairs { "ptmalloc", "dlmalloc", "tcmalloc" } do
    if late[name] < 0.9 * full[name] then return false, name end
  end
  return true
end)
expect("jemalloc and Scudo have given most of it back", function()
  for _, name in ipairs { "jemalloc", "scudo" } do
    if late[name] > 0.4 * full[name] then return false, name end
  end
  return true
end)
expect("malloc_trim helps glibc alone", function()
  for _, name in ipairs(allocators) do
    if (trimmed[name] < 0.3 * full[name]) ~= (name == "ptmalloc" or late[name] < 0.3 * full[name]) then return false, name end
  end
  return true
end)
