package scripting

import (
	"strings"
	"testing"
)

// around are the places in which Lua code may run on top of Go code of the interpreter; %s is the code.
var around = map[string]string{
	"plain":     `%s`,
	"pcall":     `local ok, e = pcall(function() %s end); if not ok then error(e, 0) end`,
	"pcalls":    `local ok, e = pcall(pcall, function() %s end)`,
	"xpcall":    `local ok, e = xpcall(function() %s end, function(e) return e end); if not ok then error(e, 0) end`,
	"index":     `local t = setmetatable({}, { __index = function() %s return 1 end }); local _ = t.x`,
	"newindex":  `local t = setmetatable({}, { __newindex = function() %s end }); t.x = 1`,
	"add":       `local t = setmetatable({}, { __add = function() %s return 1 end }); local _ = t + 1`,
	"eq":        `local f = function() %s return true end; local a, b = setmetatable({}, { __eq = f }), setmetatable({}, { __eq = f }); local mt = getmetatable(a); setmetatable(b, mt); local _ = a == b`,
	"lt":        `local mt = { __lt = function() %s return true end }; local _ = setmetatable({}, mt) < setmetatable({}, mt)`,
	"concat":    `local t = setmetatable({}, { __concat = function() %s return "" end }); local _ = t .. ""`,
	"call":      `setmetatable({}, { __call = function() %s end })()`,
	"tostring":  `tostring(setmetatable({}, { __tostring = function() %s return "" end }))`,
	"iterator":  `for _ in function(_, i) if i == nil then %s return 1 end end do end`,
	"sort":      `local done; table.sort({ 2, 1 }, function(a, b) if not done then done = true; %s end return a < b end)`,
	"gsub":      `string.gsub("x", "x", function() %s end)`,
	"require":   `loadstring([==[ local p = ...; %s ]==])(p)`,
	"coroutine": `local co = coroutine.create(function() %s end); local ok, e = coroutine.resume(co); if not ok then error(e, 0) end`,
	"wrap":      `coroutine.wrap(function() %s end)()`,
	"nested":    `coroutine.wrap(function() pcall(function() coroutine.wrap(function() %s end)() end) end)()`,
	"deep":      `pcall(function() table.sort({ 2, 1 }, function(a, b) coroutine.wrap(function() pcall(function() %s end) end)() return a < b end) end)`,
}

func inside(place, code string) string { return strings.Replace(around[place], "%s", code, 1) }

// A call that blocks returns to where it was made, wherever that is, and others run meanwhile.
func TestBlockAnywhere(t *testing.T) {
	for place := range around {
		t.Run(place, func(t *testing.T) {
			rec, _, err := run1(t, machineDecl+`
				process("a", function(p) `+inside(place, `p:record("before", 1); p:sleep("10ms"); p:record("after", 2)`)+` p:record("end", 3) end)
				process("b", { start = "5ms" }, function(p) p:record("between", 0) end)`)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(rec.of("obs"), " ")
			if !strings.HasPrefix(got, "a before=1 b between=0 a after=2") || !strings.HasSuffix(got, "a end=3") {
				t.Fatalf("got %s", got)
			}
		})
	}
}

// exit, and a signal that comes while the process is blocked, end the process wherever it is: nothing after
// it runs, and no pcall sees it.
func TestEndAnywhere(t *testing.T) {
	for place := range around {
		for _, end := range []struct{ name, code, status string }{
			{"exit", `p:exit(7)`, "exit a 7  false"},
			{"killed", `p:sleep("1s")`, "exit a 0 SIGTERM false"},
			{"fault", `p:touch(4096, 4096, "write")`, "exit a 0 SIGSEGV false"},
		} {
			t.Run(place+"/"+end.name, func(t *testing.T) {
				rec, _, err := run1(t, machineDecl+`
					local pid
					process("a", function(p) pid = p:getpid() `+inside(place, end.code+` p:record("alive", 1)`)+` p:record("alive", 2) end)
					process("b", { start = "5ms" }, function(p) p:kill(pid) p:sleep("10ms") end)`)
				if err != nil {
					t.Fatal(err)
				}
				want(t, rec.of("obs"))
				if rec.of("exit")[0] != strings.TrimPrefix(end.status, "exit ") {
					t.Fatalf("got %q, want %q", rec.of("exit")[0], end.status)
				}
			})
		}
	}
}

// The end of the run unwinds a blocked process wherever it is.
func TestStopAnywhere(t *testing.T) {
	for place := range around {
		t.Run(place, func(t *testing.T) {
			rec, sum, err := run1(t, machineDecl+`stop_after("20ms")
				process("a", function(p) `+inside(place, `p:sleep("1s") p:record("alive", 1)`)+` p:record("alive", 2) end)`)
			if err != nil {
				t.Fatal(err)
			}
			want(t, rec.of("obs"))
			if sum.VirtualSeconds <= 0.02 || sum.VirtualSeconds > 0.021 || sum.Processes[0].Signal != "SIGKILL" {
				t.Fatalf("got %+v", sum)
			}
		})
	}
}

// An error names its line wherever it is raised, and ends the run if nobody catches it.
func TestErrorAnywhere(t *testing.T) {
	caught := map[string]bool{"pcalls": true, "nested": true, "deep": true}
	for place := range around {
		t.Run(place, func(t *testing.T) {
			_, sum, err := run1(t, machineDecl+"process('a', function(p)\n"+inside(place, `p:sleep("1ms") p:mmap("2Gb ")`)+"\nend)")
			if caught[place] {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantError(t, err, `p:mmap: len: expected a size such as 4096 or "64KiB", got "2Gb "; did you mean "2GB"?`, "process 'a'")
			if place != "require" {
				wantError(t, err, "s.lua:3: ")
			}
			if sum.Outcome != "error" {
				t.Fatalf("outcome %s", sum.Outcome)
			}
		})
	}
}

// What ends a script from outside passes every pcall, too.
func TestLoopAnywhere(t *testing.T) {
	for place := range around {
		t.Run(place, func(t *testing.T) {
			sc, err := load(t, machineDecl+"process('a', function(p)\n"+inside(place, `while true do pcall(function() while true do end end) end`)+"\nend)", LoadOptions{MaxSteps: 200_000})
			if err != nil {
				t.Fatal(err)
			}
			_, err = sc.Run(t.Context(), RunOptions{})
			wantError(t, err, "endless loop?", "--max-steps", "200000 instructions")
			if place != "require" {
				wantError(t, err, "s.lua:3: ")
			}
		})
	}
}
