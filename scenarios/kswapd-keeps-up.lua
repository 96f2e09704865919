-- kswapd keeps up, then does not: a process reads a file through the page cache, faster and faster. While kswapd, on a
-- CPU of its own, frees clean pages as fast as they are read, nobody waits; then three processes dirty memory faster than one
-- thread can compress it, and each of them must reclaim for itself: allocstall and pgscan_direct rise.
local ram = param("ram", "256MiB", "physical memory")

local m = machine { ram = ram, cpus = 2, thp = "never", swap = { { size = "1GiB", device = "zram" } }, seed = 1 }
file("/data/stream", { size = "512MiB" })

process("reader", function(p)
  local fd = p:open("/data/stream", "r")
  p:read(fd, "512MiB", 0)
  p:record("kswapd keeps up: allocstall", m:vmstat("allocstall_movable") + m:vmstat("allocstall_normal"))
  p:record("kswapd keeps up: pgsteal_kswapd", m:vmstat("pgsteal_kswapd"))
  p:record("kswapd keeps up: pgsteal_direct", m:vmstat("pgsteal_direct"))
  for i = 1, 3 do
    p:fork("writer" .. i, function(c)
      local a = c:mmap("128MiB")
      for _ = 1, 2 do c:touch(a, "128MiB", "write") end
    end)
  end
  while p:wait() do end
  p:record("kswapd does not: allocstall", m:vmstat("allocstall_movable") + m:vmstat("allocstall_normal"))
  p:record("kswapd does not: pgsteal_kswapd", m:vmstat("pgsteal_kswapd"))
  p:record("kswapd does not: pgsteal_direct", m:vmstat("pgsteal_direct"))
end)

sample { every = "10ms" }

plot { file = "reclaim", title = "Pages reclaimed by kswapd and by the processes themselves",
       series = { { name = "vmstat.pgsteal_kswapd", label = "by kswapd" }, { name = "vmstat.pgsteal_direct", label = "by processes (direct reclaim)" } },
       events = { "mm_vmscan_kswapd_wake" }, unit = "pages" }

plot { file = "memory", title = "Free memory and the watermarks", log = true,
       series = { { name = "zone.0.DMA32.free", label = "free (DMA32)" } },
       lines = { { name = "zone.0.DMA32.min", label = "min" }, { name = "zone.0.DMA32.low", label = "low" },
                 { name = "zone.0.DMA32.high", label = "high" } }, unit = "bytes" }

expect("kswapd reclaimed", function(m) return m:vmstat("pgsteal_kswapd") > 0 end)
expect("processes had to reclaim for themselves", function(m) return m:vmstat("allocstall_movable") > 0 end)
