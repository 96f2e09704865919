-- kswapd: a 1 GiB machine fills up until its zone's free memory falls below the low watermark and kswapd is
-- woken to reclaim up to the high one. Processes touch memory, give some back and fork meanwhile.
local ram     = param("ram", "1GiB", "physical memory")
local swap    = param("swap", "1GiB", "swap space on an SSD")
local working = param("working", "280MiB", "memory of each of the three workers")
local pause   = param("pause", "200us", "pause of a worker after 64 touches")

local m = machine { ram = ram, cpus = 2, swap = { { size = swap, device = "ssd" } }, thp = "never", seed = 1 }

-- Fills its memory at its own pace, then uses it at random, the first pages more than the others.
process("worker", { count = 3 }, function(p)
  local addr = p:mmap(working)
  p:touch(addr, working, "write", { pause = pause, batch = 64 })
  p:record("filled at", m:now())
  for _ = 1, 4 do
    p:touch(addr, working, "read", { order = "zipf", n = 20000 })
    p:sleep("20ms")
  end
end)

-- Maps, touches and gives back: free memory goes down and up, and the blocks in it get smaller and larger.
process("churn", { start = "50ms" }, function(p)
  for i = 1, 30 do
    local len = (4 + math.random(28)) * MiB
    local addr = p:mmap(len)
    p:touch(addr, len, "write")
    p:sleep("15ms")
    p:munmap(addr, len / 2)
    p:sleep("5ms")
    p:munmap(addr + len / 2, len / 2)
  end
end)

-- Forks children that write to what they share with it, so that each page is copied.
process("server", { start = "100ms" }, function(p)
  local cache = 96 * MiB
  local addr = p:mmap(cache)
  p:touch(addr, cache, "write")
  for i = 1, 8 do
    p:fork("job" .. i, function(c)
      c:touch(addr, cache, "write", { order = "random", n = 6000 })
      c:sleep("30ms")
    end)
    p:sleep("40ms")
  end
  while p:wait() do end
  p:record("page faults", m:vmstat("pgfault"))
end)

m:every("100ms", function(m)
  m:record("free above low", m:zone(0, "DMA32", "free") - m:zone(0, "DMA32", "low"))
end)

sample { every = "5ms" }

plot { file = "memory", title = "Free memory of a 1 GiB machine and the watermarks of its zone",
       series = { { name = "zone.0.DMA32.free", label = "free (DMA32)" } },
       lines = { { name = "zone.0.DMA32.min", label = "min" }, { name = "zone.0.DMA32.low", label = "low" },
                 { name = "zone.0.DMA32.high", label = "high" } },
       events = { "mm_vmscan_kswapd_wake", "oom_kill" }, unit = "bytes", ylabel = "free memory", log = true }

plot { file = "usage", title = "Where the memory is", kind = "area",
       series = { { name = "meminfo.AnonPages", label = "anonymous" }, { name = "meminfo.PageTables", label = "page tables" },
                  { name = "meminfo.MemFree", label = "free" } },
       events = { "mm_vmscan_kswapd_wake", "oom_kill" }, unit = "bytes" }

plot { file = "buddy", title = "Free memory of DMA32 by the order of its blocks", kind = "area",
       series = { "buddy.0.DMA32.*" }, events = { "mm_vmscan_kswapd_wake", "oom_kill" }, unit = "bytes", ylabel = "free memory" }

plot { file = "blocks", title = "Free blocks of DMA32 by order", kind = "step", log = true,
       series = { "buddy.0.DMA32.*" }, unit = "count", ylabel = "free blocks" }

expect("kswapd was woken", function(m) return m:vmstat("pageoutrun") > 0 end)
expect("kswapd reclaimed pages", function(m) return m:vmstat("pgsteal_kswapd") > 0 end)
expect("pages went to swap", function(m) return m:vmstat("pswpout") > 0 end)
expect("nobody was killed", function(m) return m:vmstat("oom_kill") == 0 end)
