-- The same load under a different vm.swappiness: a process uses anonymous memory at random and reads a mapped file at
-- random; together they do not fit. Run it with --set swappiness=0, 60, 100 and 200 and compare which of the two gives way.
local swappiness = param("swappiness", 60, "vm.swappiness, 0 to 200")
local size       = param("size", "160MiB", "size of the anonymous memory, and of the file")
local rounds     = param("rounds", 60, "rounds of touches")

local m = machine { ram = "256MiB", cpus = 1, thp = "never", swap = { { size = "512MiB", device = "ssd" } }, seed = 1,
                    sysctl = { ["vm.swappiness"] = swappiness } }
file("/data/table", { size = size })

process("app", function(p)
  local anon = p:mmap(size)
  local fd = p:open("/data/table", "r")
  local table = p:mmap { len = size, fd = fd, shared = true, prot = "r" }
  p:madvise(table, size, "RANDOM")
  p:touch(anon, size, "write")
  for _ = 1, rounds do
    p:touch(table, size, "read", { order = "zipf", n = 4000 })
    p:touch(anon, size, "write", { order = "zipf", n = 4000 })
  end
  for _, name in ipairs { "pswpin", "pswpout", "pgscan_anon", "pgscan_file", "pgsteal_anon", "pgsteal_file",
                          "workingset_refault_anon", "workingset_refault_file" } do
    p:record(name, m:vmstat(name))
  end
end)

sample { every = "20ms" }

plot { file = "memory", title = "Who gives way, at this swappiness",
       series = { { name = "process.app.RssAnon", label = "anonymous memory" }, { name = "process.app.RssFile", label = "file" },
                  { name = "process.app.VmSwap", label = "swapped" } }, unit = "bytes" }

expect("nobody was killed", function(m) return m:vmstat("oom_kill") == 0 end)
