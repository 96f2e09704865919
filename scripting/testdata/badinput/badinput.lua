-- What the calls make of arguments that make no sense, one row each.
local arch = param("arch", "x86_64", "architecture")
local m = machine { ram = "512MiB", cpus = 1, thp = "never", arch = arch }
local END, TOP = 0x7ffffffff000, 0x7f0000000000
local HUGE = { half = 2^47, most = 2^63, all = 2^64 - 4096 }
if arch == "i386" then END, TOP, HUGE = 0xc0000000, 0x60000000, { half = 2^31, most = 0xbfff0000, all = 2^32 - 4096 } end

process("p", function(p)
  local function row(what, r, e)
    if type(r) == "number" and r >= 4096 then r = "address" end
    p:record(what, r == nil and (e or "nil") or tostring(r))
  end
  local function raises(what, f) p:record(what, pcall(f) and "passed" or "refused") end
  local function maps() return select(2, m:proc("/proc/self/maps"):gsub("\n", "")) end

  row("mmap of nothing", p:mmap(0))
  for _, k in ipairs { "half", "most", "all" } do
    row("mmap " .. k, p:mmap(HUGE[k]))
    row("mmap fixed " .. k, p:mmap { len = HUGE[k], addr = TOP, fixed = true })
  end
  row("mmap fixed unaligned", p:mmap { len = 4096, addr = TOP + 1, fixed = true })
  row("mmap fixed at 0", p:mmap { len = 4096, addr = 0, fixed = true })
  row("mmap fixed below mmap_min_addr", p:mmap { len = 4096, addr = 4096, fixed = true })
  row("mmap fixed over the end", p:mmap { len = 8192, addr = END - 4096, fixed = true })
  row("mmap fixed behind the end", p:mmap { len = 4096, addr = END, fixed = true })
  row("mmap shared stack", p:mmap { len = 4096, shared = true, stack = true })

  local n = maps()
  local a = p:mmap { len = 64 * 4096, addr = TOP, fixed = true, prot = "r" }
  p:record("one mapping", maps() - n)
  row("overlap the middle", p:mmap { len = 4096 * 8, addr = TOP + 4096 * 20, fixed = true, prot = "rw" })
  p:record("three mappings", maps() - n)
  row("overlap two", p:mmap { len = 4096 * 8, addr = TOP + 4096 * 16, fixed = true, prot = "none" })
  p:record("four mappings", maps() - n)
  row("overlap all", p:mmap { len = 4096 * 64, addr = TOP, fixed = true, prot = "rw" })
  p:record("one mapping again", maps() - n)

  row("munmap unaligned", p:munmap(a + 1, 4096))
  row("munmap of nothing", p:munmap(a, 0))
  row("munmap where nothing is", p:munmap(TOP - 2^20, 4096))
  row("munmap over the end", p:munmap(END - 4096, 8192))
  for _, k in ipairs { "half", "most", "all" } do
    row("munmap " .. k, p:munmap(a, HUGE[k]))
    row("mprotect " .. k, p:mprotect(a + 2^12, HUGE[k], "rw"))
    row("madvise " .. k, p:madvise(a, HUGE[k], "WILLNEED"))
    row("mlock " .. k, p:mlock(a, HUGE[k]))
    row("mincore " .. k, p:mincore(a, HUGE[k]))
    row("mremap to " .. k, p:mremap(a, 4096, HUGE[k], { maymove = true }))
    row("mremap from " .. k, p:mremap(a, HUGE[k], 4096, { maymove = true }))
    row("malloc " .. k, p:malloc(HUGE[k]))
    row("calloc " .. k, p:calloc(16, HUGE[k] / 16))
  end
  row("mprotect unaligned", p:mprotect(a + 1, 4096, "r"))
  row("mprotect of nothing", p:mprotect(a, 0, "r"))
  row("mprotect of a hole", p:mprotect(TOP - 2^20, 4096, "r"))
  row("madvise unaligned", p:madvise(a + 1, 4096, "DONTNEED"))
  row("madvise of nothing", p:madvise(a, 0, "DONTNEED"))
  row("madvise of a hole", p:madvise(TOP - 2^20, 4096, "DONTNEED"))
  row("mlock of a hole", p:mlock(TOP - 2^20, 4096))
  row("munlock of a hole", p:munlock(TOP - 2^20, 4096))
  row("mincore unaligned", p:mincore(a + 1, 4096))
  row("mincore of a hole", p:mincore(TOP - 2^20, 4096))
  row("mremap unaligned", p:mremap(a + 1, 4096, 8192, { maymove = true }))
  row("mremap to nothing", p:mremap(a, 4096, 0, { maymove = true }))
  row("mremap from nothing", p:mremap(a, 0, 4096, { maymove = true }))
  row("mremap of a hole", p:mremap(TOP - 2^20, 4096, 8192, { maymove = true }))
  row("brk to 0", p:brk(0))
  row("brk to the end", p:brk(END))
  row("shmget of nothing", p:shmget(0, 0))
  row("shmat of nothing", p:shmat(12345))
  row("shmdt of nothing", p:shmdt(a))
  row("wait for nobody", p:wait())
  row("kill nobody", p:kill(99999, "SIGTERM"))

  local x, y = p:malloc(100), p:malloc(5000)
  raises("free", function() p:free(x) end)
  raises("double free", function() p:free(x) end)
  raises("free of a foreign pointer", function() p:free(a) end)
  raises("free inside a block", function() p:free(y + 16) end)
  raises("realloc of garbage", function() p:realloc(y + 8, 100) end)
  raises("realloc of what was freed", function() p:realloc(x, 100) end)
  raises("size of garbage", function() p:malloc_usable_size(y + 32) end)
  raises("free of nothing", function() p:free(nil) end)
  raises("free of the other", function() p:free(y) end)
end)
