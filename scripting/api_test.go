package scripting

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// notYet is what the language has and this version does not serve. It can only shrink.
const notYet = `
machine.slab=slab
cgroup process.cgroup kthread
p:mmap.hugetlb
k:alloc_pages k:free_pages k:kmalloc k:kzalloc k:kfree k:kvmalloc k:vmalloc k:vfree k:kmem_cache_create k:kmem_cache_alloc
k:kmem_cache_free k:kmem_cache_shrink k:kmem_cache_destroy k:kmap k:kunmap k:kmap_atomic k:kunmap_atomic`

func TestNotYet(t *testing.T) {
	got, want := NotYet(), strings.Fields(notYet)
	slices.Sort(got)
	slices.Sort(want)
	for _, n := range got {
		if !slices.Contains(want, n) {
			t.Errorf("%s is not served any more", n)
		}
	}
	for _, n := range want {
		if !slices.Contains(got, n) {
			t.Errorf("%s is served now: take it off the list", n)
		}
	}
}

// Each name without a function says so, with its line.
func TestNotYetAnswers(t *testing.T) {
	for _, e := range API() {
		if e.Served() || e.Scope == ScopeKthread {
			continue
		}
		code := map[Scope]string{ScopeGlobal: "", ScopeProcess: "p:", ScopeMachine: "m:"}[e.Scope] + e.Name + "()"
		var err error
		if e.Scope == ScopeGlobal {
			_, err = load(t, machineDecl+"\n"+code, LoadOptions{})
		} else {
			_, err = body(t, code)
		}
		wantError(t, err, "s.lua:3: ", e.FullName()+" is not there yet in this version of mmsim")
	}
}

// The table is complete: every name of the language once, every served function documented, its slots few
// enough.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range API() {
		name := e.FullName()
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		slots := 0
		for _, a := range e.Args {
			slots += 1 + len(a.Fields)
			if a.Bare && len(a.Fields) == 0 {
				t.Errorf("%s: %s stands for no field", name, a.Name)
			}
		}
		if slots > maxSlots {
			t.Errorf("%s: %d slots", name, slots)
		}
		if !strings.HasSuffix(e.Doc, ".") && !strings.HasSuffix(e.Doc, ").") && !strings.HasSuffix(e.Doc, "on.") {
			t.Errorf("%s: the text %q does not end", name, e.Doc)
		}
	}
}

func TestGeneratedFiles(t *testing.T) {
	for name, want := range map[string]string{"reference.md": Manual(), "mmsim.d.lua": LuaLS()} {
		got, err := os.ReadFile("../docs/" + name)
		if err != nil || string(got) != want {
			t.Errorf("docs/%s is not up to date (%v): run go generate ./scripting", name, err)
		}
	}
}

// What is wrong with the arguments of a method.
func TestBadArguments(t *testing.T) {
	for code, want := range map[string]string{
		`p:mmap()`:                          "p:mmap: len is missing",
		`p:mmap("x")`:                       "p:mmap: len: expected a size",
		`p:mmap(-1)`:                        "p:mmap: len: expected a size such as 4096 or \"64KiB\", got -1, which is negative",
		`p:mmap(1e300)`:                     "too large",
		`p:mmap(0/0)`:                       "got nan",
		`p:mmap(true)`:                      "got boolean",
		`p:mmap(p)`:                         "got a process",
		`p:mmap(m)`:                         "got the machine",
		`p:mmap{}`:                          "p:mmap: len is missing",
		`p:mmap{ len = 1, port = "r" }`:     "unknown field of mmap 'port'; did you mean 'prot'?",
		`p:mmap{ 4096 }`:                    "unknown field of mmap '1'",
		`p:mmap{ len = 1, prot = "rq" }`:    `prot: expected letters of "rwx" or "none", got "rq"`,
		`p:mmap{ len = 1, populate = 1 }`:   "populate: expected true or false, got the number 1",
		`p:mmap{ len = 1, hugetlb = true }`: "the field 'hugetlb' is not there yet",
		`p:munmap(nil, 1)`:                  "p:munmap: addr is missing",
		`p:munmap("4096", 1)`:               `p:munmap: addr: expected an address, got the string "4096"`,
		`p:munmap(-4096, 1)`:                "addr: expected an address, got -4096",
		`p:munmap(4096)`:                    "len is missing",
		`p:touch(0, 1, "wirte")`:            `p:touch: mode: expected "read" or "write", got "wirte"; did you mean 'write'?`,
		`p:touch(0, 1)`:                     "mode is missing",
		`p:touch(0, 1, "read", { order = "random" })`: `order = "random" needs n`,
		`p:touch(0, 1, "read", { ordr = "seq" })`:     "unknown field of touch 'ordr'; did you mean 'order'?",
		`p:touch(0, 1, "read", { stride = 0 })`:       "stride must be above 0",
		`p:touch(0, 1, "read", { loops = -1 })`:       "loops: expected a number of at least 0, got -1",
		`p:touch(0, 1, "read", { theta = 2 })`:        "theta: expected a number between 0 and 1",
		`p:touch(0, 1, "read", { pause = "1 hour" })`: "pause: expected a time",
		`p:touch(0, 1, "read", 5)`:                    "expected a table, got number",
		`p:sbrk("1 page")`:                            "increment: expected a size",
		`p:sleep("1 day")`:                            `p:sleep: time: expected a time such as 0.25 or "250ms", got "1 day"`,
		`p:sleep()`:                                   "time is missing",
		`p:compute(-1)`:                               "negative",
		`p:compute(1e300)`:                            "too large",
		`p:fork("a b", function() end)`:               "'a b' cannot be a name",
		`p:fork("x")`:                                 "fn is missing",
		`p:exit(1.5)`:                                 "code: expected a whole number, got 1.5",
		`p:exit("1")`:                                 "expected a whole number, got the string",
		`p:wait("x")`:                                 "pid: expected a whole number",
		`p:kill(1, "SIGKIL")`:                         "unknown signal 'SIGKIL'; did you mean 'SIGKILL'?",
		`p:set_oom_score_adj(1001)`:                   "from -1000 to 1000, got 1001",
		`p:madvise(0, 1, "DONTNED")`:                  "unknown advice 'DONTNED'; did you mean 'DONTNEED'?",
		`p:smaps("Rs")`:                               "unknown field of /proc/PID/smaps_rollup 'Rs'; did you mean 'Rss'?",
		`p:status("VmRS")`:                            "unknown field of /proc/PID/status 'VmRS'; did you mean 'VmRSS'?",
		`p:record("x", {})`:                           "value: expected a number, a string or a boolean, got table",
		`p:touhc(0, 1, "read")`:                       "unknown method of p 'touhc'; did you mean 'touch'?",
		`p.mmap(4096)`:                                "call it with a colon: p:mmap(...)",
		`p.mmap()`:                                    "call it with a colon: p:mmap(...)",
		`p.mmap(m, 4096)`:                             "call it with a colon",
		`p.x = 1`:                                     "p cannot be assigned to",
		`p:fork(function(c) p:getpid() end) p:wait()`: "the object of process 'a' was used by process 'a/1': a process object may be used only by its own process",
		`m:meminfo("MemFre")`:                         "unknown field of /proc/meminfo 'MemFre'; did you mean 'MemFree'?",
		`m:vmstat("pgfualt")`:                         "did you mean 'pgfault'?",
		`m:zone(1, "DMA", "free")`:                    "m:zone: unknown node",
		`m:zone(0, "DAM", "free")`:                    `did you mean "DMA"?`,
		`m:zone(0, "DMA", "fre")`:                     `did you mean "free"?`,
		`m:zone("0", "DMA", "free")`:                  "node: expected a whole number",
		`m:proc("/proc/memifno")`:                     "did you mean '/proc/meminfo'?",
		`m:proc("/etc/passwd")`:                       "expected a path under /proc or /sys",
		`m:sysctl("vm.swapiness")`:                    "did you mean 'vm.swappiness'?",
		`m:sysctl("vm.swappiness", {})`:               "got table",
		`m:at(1, function() end)`:                     "m:at inside a process is not possible on the real machine",
		`machine{}`:                                   "machine() belongs in the main chunk, before the processes start",
		`process("x", function() end)`:                "process() belongs in the main chunk",
		`sample{}`:                                    "sample() belongs in the main chunk",
		`math.random(2, 1)`:                           "no whole number lies from 2 to 1",
		`math.random(1/0)`:                            "no whole number lies from",
		`undefined()`:                                 "the global 'undefined' is not there",
		`undefined.x()`:                               "the global 'undefined' is not there",
	} {
		_, err := body(t, code)
		if err == nil {
			t.Errorf("%s: no error", code)
			continue
		}
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s.lua:3: process 'a") {
			t.Errorf("%s: got %q, want %q", code, err, want)
		}
	}
}

// System calls that fail give nil and the name of the errno.
func TestErrnos(t *testing.T) {
	for code, want := range map[string]string{
		`p:mmap(0)`:                     "nil EINVAL",
		`p:mmap("100TiB")`:              "nil ENOMEM",
		`p:mmap(2^62)`:                  "nil ENOMEM",
		`p:munmap(1, 4096)`:             "nil EINVAL",
		`p:munmap(2^62, 4096)`:          "nil EINVAL",
		`p:brk(1.5*2^46)`:               "nil ENOMEM",
		`p:brk(2^46)`:                   "true nil", // below the heap: the C library is content with a break above
		`p:mprotect(1, 4096, "r")`:      "nil EINVAL",
		`p:mprotect(2^46, 4096, "r")`:   "nil ENOMEM",
		`p:mremap(2^46, 4096, 8192)`:    "nil EFAULT",
		`p:mremap(2^46, 4096, 0)`:       "nil EINVAL",
		`p:madvise(2^46, 4096, "COLD")`: "nil ENOMEM",
		`p:madvise(1, 4096, "COLD")`:    "nil EINVAL",
		`p:mlock(2^46, 4096)`:           "nil ENOMEM",
		`p:munlock(2^46, 4096)`:         "nil ENOMEM",
		`p:mlockall()`:                  "true nil",
		`p:munlockall()`:                "true nil",
		`p:smaps("Swap")`:               "0 nil",
		`p:wait()`:                      "nil ECHILD",
		`p:wait(1)`:                     "nil ECHILD",
		`p:kill(12345)`:                 "nil ESRCH",
		`p:set_oom_score_adj(5)`:        "true nil",
		`p:set_oom_score_adj(-5)`:       "nil EACCES",
		`p:mincore(2^46, 4096)`:         "nil ENOMEM",
		`m:sysctl("vm.swappiness", 5)`:  "true nil",
		`m:sysctl("vm.swappiness", -7)`: "nil EINVAL",
		`m:sysctl("vm.swappiness")`:     "60 nil",

		`m:sysctl("vm.drop_caches")`:         "nil EACCES",
		`m:sysctl("vm.compact_memory")`:      "nil EACCES",
		`m:sysctl("vm.drop_caches", 0)`:      "nil EINVAL",
		`m:sysctl("vm.drop_caches", 5)`:      "nil EINVAL",
		`m:sysctl("vm.drop_caches", "much")`: "nil EINVAL",
		`m:sysctl("vm.drop_caches", 4)`:      "true nil",
		`m:sysctl("vm.compact_memory", 1)`:   "true nil",

		`m:sysctl("vm.drop_caches", 3) and m:vmstat("drop_slab"), m:vmstat("drop_pagecache")`: "1 1",
		`p:sleep(0)`:            "true nil",
		`p:touch(0, 0, "read")`: "0 nil",
		`p:status("VmSwap")`:    "0 nil",
	} {
		rec, err := body(t, "local a, b = "+code+" p:record('r', tostring(a) .. ' ' .. tostring(b))")
		if err != nil {
			t.Errorf("%s: %v", code, err)
		} else if got := rec.of("obs")[0]; got != "a r="+want {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}
