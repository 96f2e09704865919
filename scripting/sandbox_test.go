package scripting

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a guest must not get, and what it is told.
func TestSandbox(t *testing.T) {
	for code, want := range map[string]string{
		`io.open("/etc/passwd")`:                 "'io' is not part of the scenario language",
		`io.x = 1`:                               "'io' is not part of the scenario language",
		`os.execute("true")`:                     "'os' is not part of the scenario language",
		`os.getenv("HOME")`:                      "'os' is not part",
		`debug.getinfo(1)`:                       "'debug' is not part",
		`package.loaded.x = 1`:                   "'package' is not part",
		`string.dump(print)`:                     "string.dump",
		`newproxy(true)`:                         "attempt to call",
		`module("x")`:                            "attempt to call",
		`math.randomseed(1)`:                     "the stream is seeded by machine{ seed = }",
		`error(select(2, loadstring("\27Lua")))`: "only Lua text is accepted",
		`assert(loadstring("x ="))`:              "syntax error",
		`string.rep("x", 1e12)`:                  "a string may have 67108864",
		`string.rep("xy", 2^62)`:                 "a string may have 67108864",
		`string.format("%1000d", 1)`:             "width or precision too long",
		`string.format("%.100f", 1)`:             "width or precision too long",
		`string.format("%y", 1)`:                 "unknown directive '%y'",
		`string.format("%")`:                     "the format ends in the middle",
		`local s = string.rep("x", 2^20); string.gsub(s, "x", s)`:                                "a string may have",
		`local t, s = {}, string.rep("x", 2^20); for i = 1, 100 do t[i] = s end table.concat(t)`: "a string may have",
		`string.find(string.rep("a", 40), string.rep("a?", 40) .. string.rep("a", 40) .. "b")`:   "endless loop?",
		`for i = 1, 1e9 do string.find(string.rep("x", 1e6), "y", 1, true) end`:                  "endless loop?",
		`for i = 1, 1e9 do loadstring(string.rep(" ", 2e5)) end`:                                 "endless loop?",
		`while true do end`:                                                         "s.lua:1: the script ran 2000000 instructions without end: an endless loop?",
		`repeat local ok = pcall(error) until false`:                                "endless loop?",
		`local function f() return f() end f()`:                                     "endless loop?",
		`local t = setmetatable({}, {}) getmetatable(t).__index = t; local _ = t.x`: "too many recursions",
		`unpack({}, 1, 1e9)`:                                                        "too many results",
		`string.byte(string.rep("x", 1e6), 1, -1)`:                                  "too many results",
		`local co; co = coroutine.create(function() coroutine.resume(co) error("x") end) assert(coroutine.resume(co))`: "s.lua:1: x",
		`coroutine.yield()`: "outside of a coroutine",
		`local function f() return coroutine.wrap(f)() end f()`:                    "coroutines resume each other",
		`for i = 1, 1e5 do coroutine.wrap(function() coroutine.yield() end)() end`: "coroutines have begun and not ended",
		`coroutine.resume(1)`:                 "expected a coroutine, got number",
		`getmetatable(machine{}).__index = 1`: "s.lua:1: ",
		`setmetatable(_G, {})`:                "cannot change a protected metatable",
		`("x"):rep(1/0)`:                      "a string may have",
		`string.find("x", "(x")`:              "the pattern has a '(' without a ')'",
		`string.gsub("x", "%", "")`:           "the pattern ends with '%'",
		`string.find("x", "[a")`:              "the pattern lacks a ']'",
		`string.gsub("x", "x", "%2")`:         "there is no capture %2",
		`string.gsub("x", "x", print, {})`:    "number expected",
	} {
		t.Run(code, func(t *testing.T) {
			_, err := load(t, code+"\n"+machineDecl, LoadOptions{MaxSteps: 2_000_000})
			wantError(t, err, want)
		})
	}
}

// Memory that grows without end is stopped: by one string doubling, and by many small things.
func TestMemoryBound(t *testing.T) {
	for _, code := range []string{
		`local s = string.rep("x", 2^20) while true do s = s .. s end`,
		`local t = {} while true do t[#t + 1] = { #t } end`,
		`local t = {} for i = 1, 1e9 do local u = {} u[4e6] = 1 t[i] = u end`,
	} {
		_, err := load(t, code, LoadOptions{MaxMemory: 64 << 20})
		wantError(t, err, "not enough memory: the limit is 64 MiB", "s.lua:1: ")
	}
}

// Scripts are loaded from the scenario's folder, and from nowhere else.
func TestRequire(t *testing.T) {
	outside := t.TempDir()
	dir := t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(outside, "secret.lua"):  `return "secret"`,
		filepath.Join(dir, "lib.lua"):         `loads = (loads or 0) + 1; return { name = ..., n = loads }`,
		filepath.Join(dir, "sub", "deep.lua"): `return "deep"`,
		filepath.Join(dir, "bad.lua"):         "\nlocal x = = 1",
		filepath.Join(dir, "loop.lua"):        `require "loop"`,
		filepath.Join(dir, "raises.lua"):      "\n\nerror('no')",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"link.lua": filepath.Join(outside, "secret.lua"), "out": outside, "inner.lua": "lib.lua"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	run := func(code string) error {
		path := filepath.Join(dir, "s.lua")
		if err := os.WriteFile(path, []byte(code+"\n"+machineDecl), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, LoadOptions{})
		return err
	}
	for _, code := range []string{
		`local a, b = require "lib", require "lib"; assert(a == b and a.n == 1 and a.name == "lib")`,
		`assert(require "sub.deep" == "deep")`,
		`assert(dofile "lib.lua".n == 1 and dofile "./lib.lua".n == 2)`,
		`assert(loadfile "sub/deep.lua"() == "deep")`,
		`assert(loadstring "return 1"() == 1)`,
		`local n = 0; assert(load(function() n = n + 1; return ({ "return ", "7" })[n] end)() == 7)`,
		`assert(dofile "inner.lua".n == 1)`,
	} {
		if err := run(code); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	for code, want := range map[string]string{
		`require "link"`:       "scenario's folder only",
		`require "out.secret"`: "scenario's folder only",
		`require "..secret"`:   "s.lua:1: require: ",
		`dofile "../` + filepath.Base(outside) + `/secret.lua"`: "scenario's folder only",
		`dofile "` + outside + `/secret.lua"`:                   "scenario's folder only",
		`dofile "/etc/passwd"`:                                  "scenario's folder only",
		`dofile "sub"`:                                          "not a regular file",
		`dofile ""`:                                             "dofile",
		`require "none"`:                                        "there is no such file in the scenario's folder",
		`require "bad"`:                                         "bad.lua:2: syntax error near '='",
		`require "loop"`:                                        "'loop' requires itself",
		`require "raises"`:                                      "raises.lua:3: no",
		`assert(loadfile "/etc/passwd")`:                        "scenario's folder only",
	} {
		if err := run(code); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "root:") {
			t.Errorf("%s: got %v, want %q", code, err, want)
		}
	}
}

// Values of the library that was replaced, as Lua 5.1 has them.
func TestLibrary(t *testing.T) {
	for expr, want := range map[string]string{
		`("abc"):rep(3)`:                "abcabcabc",
		`("x"):rep(-1) .. ("x"):rep(0)`: "",
		`string.format("%5d|%-5s|%05.1f|%x|%%|%q", 42, "a", 3.14159, 255, 'q"\n')`:    "   42|a    |003.1|ff|%|\"q\\\"\\\n\"",
		`string.format("%g %g %e %c", 1e20, 0.1, 12345.678, 65)`:                      "1e+20 0.1 1.234568e+04 A",
		`string.format("%s %s %s", 1, true, nil)`:                                     "1 true nil",
		`table.concat({ 1, 2, "x" }, "-")`:                                            "1-2-x",
		`table.concat({ 1, 2, 3 }, ",", 2, 3)`:                                        "2,3",
		`table.concat({})`:                                                            "",
		`table.concat({ string.byte("abc", -2, -1) }, " ")`:                           "98 99",
		`table.concat({ string.byte("abc", 1, 99) }, " ")`:                            "97 98 99",
		`string.byte("abc")`:                                                          "97",
		`select("#", string.byte("abc", 4))`:                                          "0",
		`select("#", unpack({ 1, nil, 3 }))`:                                          "3",
		`select("#", unpack({}))`:                                                     "0",
		`string.find("hello world", "o w")`:                                           "5",
		`string.find("a.b", ".", 1, true)`:                                            "2",
		`select(2, string.find("hello", "l+"))`:                                       "4",
		`string.match("key = value", "^(%w+)%s*=%s*(%w+)$")`:                          "key",
		`select(2, string.match("key = value", "^(%w+)%s*=%s*(%w+)$"))`:               "value",
		`string.match("  trim  ", "^%s*(.-)%s*$")`:                                    "trim",
		`string.match("f(a(b)c)d", "%b()")`:                                           "(a(b)c)",
		`string.match("THE (quick) fox", "%f[%a]%a+%f[%A]")`:                          "THE",
		`string.match("abcabc", "(abc)%1")`:                                           "abc",
		`string.match("x", "()")`:                                                     "1",
		`tostring(string.match("abc", "d"))`:                                          "nil",
		`string.match("2024-01-02", "%d+-(%d+)")`:                                     "01",
		`string.match("[x]", "[]]")`:                                                  "]",
		`string.match("a-b", "[a%-]+")`:                                               "a-",
		`string.match("hello", ".-l")`:                                                "hel",
		`string.match("hello", "h?e")`:                                                "he",
		`(string.gsub("hello world", "o", "0"))`:                                      "hell0 w0rld",
		`(string.gsub("hello", "", "-"))`:                                             "-h-e-l-l-o-",
		`(string.gsub("abc", "%w", "%0%0"))`:                                          "aabbcc",
		`(string.gsub("hello world", "(%w+) (%w+)", "%2 %1"))`:                        "world hello",
		`(string.gsub("$a $b", "%$(%w)", { a = "1" }))`:                               "1 $b",
		`(string.gsub("abc", "%w", function(c) if c == "b" then return "B" end end))`: "aBc",
		`select(2, string.gsub("aaa", "a", "b", 2))`:                                  "2",
		`(string.gsub("aaa", "^a", "b"))`:                                             "baa",
		`(function() local s = "" for k, v in string.gmatch("a=1, b=2", "(%w+)=(%w+)") do s = s .. k .. v end return s end)()`: "a1b2",
		`(function() local n = 0 for _ in ("abc"):gmatch("") do n = n + 1 end return n end)()`:                                 "4",
		`tostring(tostring({}) == tostring({}))`:                                           "false",
		`tostring((function() local t = {} return tostring(t) == tostring(t) end)())`:      "true",
		`select("#", pcall(error))`:                                                        "2",
		`tostring(select(2, pcall(error, { 1 }))[1])`:                                      "1",
		`select(2, pcall(nil))`:                                                            "attempt to call a nil value",
		`select(3, pcall(function(...) return ... end, 1, 2))`:                             "2",
		`select(2, xpcall(function() error("e", 0) end, function(e) return e .. "!" end))`: "e!",
		`select(2, xpcall(function() return 5 end, print))`:                                "5",
		`tostring(coroutine.running())`:                                                    "nil",
		`(function() local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return co(1) .. co(5) end)()`:                                                                                                   "210",
		`(function() local co = coroutine.create(function() for i = 1, 2 do pcall(coroutine.yield, i) end end) local s = "" while coroutine.status(co) ~= "dead" do s = s .. tostring((select(2, coroutine.resume(co)))) end return s end)()`: "12nil",
		`(function() local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end }) local co = coroutine.wrap(function() return t.x end) return co() .. co("y") end)()`:                                               "xy",
		`(function() local co = coroutine.create(function() error("z", 0) end) local ok, e = coroutine.resume(co) return tostring(ok) .. e .. coroutine.status(co) end)()`:                                                                    "falsezdead",
		`tostring(collectgarbage("count"))`: "0",
	} {
		rec, err := body(t, "p:record('v', tostring(("+expr+")))")
		if err != nil {
			t.Errorf("%s: %v", expr, err)
		} else if got := rec.of("obs")[0]; got != "a v="+want {
			t.Errorf("%s: got %q, want %q", expr, got, "a v="+want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("hello world", "(%w+) (%w+)")
	f.Add("f(a(b)c)d", "%b()")
	f.Add("aaa", "[^%a-z]*$")
	f.Fuzz(func(t *testing.T, s, p string) {
		path := filepath.Join(t.TempDir(), "s.lua")
		code := "local s, p = " + luaQuote(s) + ", " + luaQuote(p) + "\n" +
			"pcall(string.find, s, p) pcall(string.gsub, s, p, '%0%1') pcall(function() for _ in s:gmatch(p) do end end)\n" + machineDecl
		if err := os.WriteFile(path, []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, LoadOptions{MaxSteps: 1 << 20}); err != nil &&
			!strings.Contains(err.Error(), "endless loop") && !strings.Contains(err.Error(), "syntax error") {
			t.Fatal(err)
		}
	})
}
