package scripting

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mmsim/mm"
)

// The calls of the heap under every allocator: what is promised of each, and the same from run to run.
func TestAllocators(t *testing.T) {
	for _, name := range mm.Mallocs {
		t.Run(name, func(t *testing.T) {
			text := machineDecl + fmt.Sprintf("process('a', { malloc = %q }, function(p)\n", name) + `
				local live = {}
				for i = 1, 300 do
					local n = i * 37 % 5000 + 1
					live[i] = i % 3 == 0 and p:calloc(n, 1) or i % 3 == 1 and p:malloc(n) or p:memalign(64, n)
					assert(p:malloc_usable_size(live[i]) >= n and (i % 3 ~= 2 or live[i] % 64 == 0))
					p:touch(live[i], n, "write")
				end
				for i = 1, 300, 2 do live[i] = p:realloc(live[i], 6000 + i) end
				p:fork("child", function(c) for i = 1, 300 do c:free(live[i]) end end)
				p:wait()
				local big = p:malloc("20MiB")
				p:touch(big, "20MiB", "write")
				local full = p:status("RssAnon")
				p:free(big)
				m:record("gone", full - p:status("RssAnon") >= 20 * MiB)
				for i = 1, 300 do p:free(live[i]) end
				local _, refused = p:memalign(24, 100)
				m:record("refused", tostring(refused))
				m:record("huge", select(2, p:malloc(2^50)))
				p:malloc_trim(0)
			end)`
			rec, _, err := run1(t, text)
			if err != nil {
				t.Fatal(err)
			}
			refused := "nil"
			if name == "jemalloc" || name == "scudo" {
				refused = "EINVAL"
			}
			want := []string{fmt.Sprintf("machine gone=%v", name != "tcmalloc"), "machine refused=" + refused, "machine huge=ENOMEM"}
			if got := rec.of("obs"); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			again, _, err := run1(t, text)
			if err != nil || !slices.Equal(again.lines, rec.lines) {
				t.Errorf("two runs differ: %q, %q, %v", rec.lines, again.lines, err)
			}
		})
	}
}

// Without overcommit jemalloc reserves memory without access, so that what it keeps in reserve is not counted as committed; otherwise it maps with
// MAP_NORESERVE, and nothing is.
func TestJemallocOvercommit(t *testing.T) {
	for mode, want := range map[int]string{0: "14 MiB mapped, 0 committed", 2: "14 MiB mapped, 11 committed"} {
		rec, _, err := run1(t, fmt.Sprintf(`m = machine { ram = "256MiB", cpus = 1, thp = "never", sysctl = { ["vm.overcommit_memory"] = "%d" } }
			process('a', { malloc = 'jemalloc' }, function(p)
				local size, committed = p:status("VmSize"), m:meminfo("Committed_AS")
				p:malloc("5MiB")
				m:record("5 MiB", string.format("%%d MiB mapped, %%d committed", (p:status("VmSize") - size) / MiB, (m:meminfo("Committed_AS") - committed) / MiB))
			end)`, mode))
		if err != nil || !slices.Equal(rec.of("obs"), []string{"machine 5 MiB=" + want}) {
			t.Errorf("vm.overcommit_memory=%d: %q, %v, want %q", mode, rec.of("obs"), err, want)
		}
	}
}

// A second free is answered with what the allocator says.
func TestDoubleFree(t *testing.T) {
	for name, want := range map[string]string{
		"ptmalloc": "free(): double free detected in tcache 2", "jemalloc": "free(): invalid pointer 0x", "tcmalloc": "Attempt to free invalid pointer 0x",
		"scudo": "Scudo ERROR: invalid chunk state when deallocating address 0x", "dlmalloc": "free(): invalid pointer",
	} {
		_, _, err := run1(t, machineDecl+fmt.Sprintf("process('a', { malloc = %q }, function(p) local a = p:malloc(100) p:free(a) p:free(a) end)", name))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s.lua:2") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, _, err := run1(t, "m = machine { arch = 'i386' }\nprocess('a', { malloc = 'dlmalloc' }, function(p) end)"); err == nil || !strings.Contains(err.Error(), "x86_64 only") {
		t.Errorf("dlmalloc on i386: %v", err)
	}
}

// Scudo's blocks of i386 lie in regions of 512 KiB, each of one class.
func TestScudoI386(t *testing.T) {
	rec, _, err := run1(t, `m = machine { arch = 'i386', ram = "256MiB" }
		process('a', { malloc = 'scudo' }, function(p)
			local size = p:status("VmSize")
			local a, b, c = p:malloc(100), p:malloc(100), p:malloc(1000)
			local region = function(x) return math.floor(x / (512 * KiB)) end
			m:record("mapped", (p:status("VmSize") - size) % (512 * KiB))
			m:record("regions", tostring(region(a) == region(b)) .. " " .. tostring(region(a) == region(c)) .. " " .. (a - b) % 8)
		end)`)
	if err != nil || !slices.Equal(rec.of("obs"), []string{"machine mapped=0", "machine regions=true false 0"}) {
		t.Errorf("%q, %v", rec.of("obs"), err)
	}
}
