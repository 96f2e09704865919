-- One process on a 256 MiB machine fills more memory than there is; what does not fit goes to swap.
local m = machine { ram = "256MiB", swap = "256MiB", thp = "never" }
local size = param("size", "320MiB", "memory that the process uses")

process("hog", function(p)
  local addr = p:mmap(size)
  p:touch(addr, size, "write")
  p:record("in memory", p:status("VmRSS"))
  p:record("in swap", p:status("VmSwap"))
  p:sleep("100ms")
end)

sample { every = "5ms", "meminfo.MemFree", "meminfo.SwapFree", "process.hog.VmRSS" }
plot { file = "memory", title = "A process larger than memory",
       series = { "meminfo.MemFree", "process.hog.VmRSS", "process.hog.VmSwap" }, events = { "mm_vmscan_kswapd_wake" } }
expect("pages went to swap", function(m) return m:vmstat("pswpout") > 0 end)
