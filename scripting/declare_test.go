package scripting

import (
	"errors"
	"strings"
	"testing"
)

// Everything that can be wrong with a declaration is an *Error with its line, and with the nearest valid name
// where a name is wrong. Line 1 declares the machine unless the case says otherwise.
func TestBadDeclarations(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"syntax":             {"local = 3", []string{"s.lua:1: syntax error near '='"}},
		"early end":          {"if x then\n", []string{"s.lua", "syntax error"}},
		"no machine":         {"local x = 1", []string{"the scenario declares no machine{}"}},
		"empty file":         {"", []string{"the scenario declares no machine{}"}},
		"two machines":       {machineDecl + "machine{}", []string{"s.lua:2: machine: it is declared twice"}},
		"global":             {"machien { }", []string{"s.lua:1: ", "the global 'machien' is not there; did you mean 'machine'?"}},
		"machine field":      {`machine { ramm = "1GiB" }`, []string{"s.lua:1: machine: unknown field of machine 'ramm'; did you mean 'ram'?"}},
		"list in machine":    {`machine { "1GiB" }`, []string{"unknown field of machine '1'"}},
		"sysctl":             {"\nmachine { sysctl = { ['vm.swapiness'] = 60 } }", []string{"s.lua:2: ", "vm.swapiness", `did you mean "vm.swappiness"?`}},
		"sysctl that acts":   {"machine { sysctl = { ['vm.drop_caches'] = 3 } }", []string{"s.lua:1: ", "vm.drop_caches", "no setting to begin with"}},
		"sample slab":        {machineDecl + `sample { "slab.denty.num_objs" }`, []string{"unknown sampled name 'slab.denty.num_objs'; did you mean 'slab.dentry.num_objs'?"}},
		"sysctl value":       {"machine { sysctl = { ['vm.swappiness'] = 'much' } }", []string{"s.lua:1: ", "vm.swappiness"}},
		"unit":               {`machine { ram = "2Gb " }`, []string{`machine: ram: expected a size such as 4096 or "64KiB", got "2Gb "; did you mean "2GB"?`}},
		"negative":           {`machine { ram = "-1" }`, []string{`got "-1", which is negative`}},
		"negative number":    {`machine { ram = -1 }`, []string{`got -1, which is negative`}},
		"too large":          {`machine { ram = "1e30GiB" }`, []string{`got "1e30GiB"`}},
		"overflow":           {`machine { ram = "99999999999TiB" }`, []string{"which is too large"}},
		"nan":                {`machine { ram = 0/0 }`, []string{"expected a size", "got nan"}},
		"inf":                {`machine { ram = 1/0 }`, []string{"got inf"}},
		"ram table":          {`machine { ram = {} }`, []string{"machine: ram: expected a size", "got table"}},
		"small":              {`machine { ram = "64KiB" }`, []string{"s.lua:1: machine: ", "ram"}},
		"no ram":             {`machine { ram = 0 }`, []string{"s.lua:1: machine: ", "ram"}},
		"cpus":               {`machine { cpus = 0 }`, []string{"cpus: expected a whole number from 1 to 8192, got 0"}},
		"half a cpu":         {`machine { cpus = 1.5 }`, []string{"got 1.5"}},
		"arch":               {`machine { arch = "x86-64" }`, []string{`arch: expected "x86_64" or "i386", got "x86-64"; did you mean 'x86_64'?`}},
		"slab":               {`machine { slab = "slab" }`, []string{`slab: "slab" is not there yet in this version of mmsim`}},
		"nodes and ram":      {`machine { ram = "1GiB", nodes = { { ram = "1GiB" } } }`, []string{"not both"}},
		"node field":         {`machine { nodes = { { ramm = "1GiB" } } }`, []string{"unknown field of nodes 'ramm'; did you mean 'ram'?"}},
		"node ram":           {`machine { nodes = { { cpus = 1 } } }`, []string{"nodes: ram is missing"}},
		"empty nodes":        {`machine { nodes = {} }`, []string{"nodes: the list is empty"}},
		"nodes list":         {`machine { nodes = { 1 } }`, []string{"nodes: expected a list of tables, got 1 = number"}},
		"swap device":        {`machine { swap = { { size = "1GiB", device = "sdd" } } }`, []string{"swap: device: ", "did you mean 'ssd'?"}},
		"swap size":          {`machine { swap = { { device = "ssd" } } }`, []string{"swap: size is missing"}},
		"swap unit":          {`machine { swap = "1gib" }`, []string{`swap: expected a size`, `did you mean "1GiB"?`}},
		"seed":               {`machine { seed = -1 }`, []string{"seed: expected a whole number from 0"}},
		"machine argument":   {`machine(3)`, []string{"machine: expected a table, got number"}},
		"no argument":        {`machine()`, []string{"machine: expected a table, got nil"}},
		"param twice":        {`param("a", 1) param("a", 2)`, []string{"param: 'a' is declared twice"}},
		"param function":     {`param("a", print)`, []string{"default: expected a string, a number or a boolean, got function"}},
		"process fn":         {machineDecl + `process("a")`, []string{"s.lua:2: process: fn is missing (expected a function)"}},
		"process name":       {machineDecl + `process("a b", function() end)`, []string{"'a b' cannot be a name"}},
		"process slash":      {machineDecl + `process("a/b", function() end)`, []string{"'a/b' cannot be a name"}},
		"process number":     {machineDecl + `process(1, function() end)`, []string{"process: name: expected a string, got the number 1"}},
		"same names":         {machineDecl + "process('a', function() end)\nprocess('a', function() end)", []string{"s.lua:3: two processes are named 'a'; the other is declared in line 2"}},
		"same name by count": {machineDecl + "process('a.1', function() end)\nprocess('a', { count = 2 }, function() end)", []string{"two processes are named 'a.1'"}},
		"process option":     {machineDecl + `process("a", { strat = 1 }, function() end)`, []string{"unknown field of process 'strat'; did you mean 'start'?"}},
		"start":              {machineDecl + `process("a", { start = "1 minute" }, function() end)`, []string{`start: expected a time such as 0.25 or "250ms", got "1 minute"`}},
		"start unit":         {machineDecl + `process("a", { start = "5Ms" }, function() end)`, []string{`did you mean "5ms"?`}},
		"negative start":     {machineDecl + `process("a", { start = -1 }, function() end)`, []string{"got -1, which is negative"}},
		"adj":                {machineDecl + `process("a", { oom_score_adj = 2000 }, function() end)`, []string{"from -1000 to 1000, got 2000"}},
		"cpu":                {machineDecl + `process("a", { cpu = 1 }, function() end)`, []string{"s.lua:2: process 'a': there is no CPU 1; the machine has 1"}},
		"node":               {machineDecl + `process("a", { node = 1 }, function() end)`, []string{"there is no node 1"}},
		"rlimit":             {machineDecl + `process("a", { rlimit = { AZ = 1 } }, function() end)`, []string{"rlimit: unknown field of rlimit 'AZ'; did you mean 'AS'?"}},
		"cgroup option":      {machineDecl + `process("a", { cgroup = "x" }, function() end)`, []string{"the field 'cgroup' is not there yet"}},
		"malloc option":      {machineDecl + `process("a", { malloc = "jemaloc" }, function() end)`, []string{`jemaloc`, `did you mean 'jemalloc'?`}},
		"count":              {machineDecl + `process("a", { count = 40000 }, function() end)`, []string{"count: expected a whole number from 1 to 32468, got 40000"}},
		"many":               {machineDecl + `process("a", { count = 30000 }, function() end) process("b", { count = 30000 }, function() end)`, []string{"60000 processes are more than there can be"}},
		"sample field":       {machineDecl + `sample { evry = 1 }`, []string{"unknown field of sample 'evry'; did you mean 'every'?"}},
		"sample every":       {machineDecl + `sample { every = "0" }`, []string{"every: the time must be at least 1us"}},
		"sample kind":        {machineDecl + `sample { "memifo.MemFree" }`, []string{"unknown sampled name 'memifo.MemFree'", "meminfo"}},
		"sample name":        {machineDecl + "sample {\n 'meminfo.MemFre' }", []string{"s.lua:2: unknown sampled name 'meminfo.MemFre'; did you mean 'meminfo.MemFree'?"}},
		"sample zone":        {machineDecl + `sample { "zone.0.DMA33.free" }`, []string{"did you mean 'zone.0.DMA32.free'?"}},
		"sample order":       {machineDecl + `sample { "buddy.0.DMA32.11" }`, []string{"unknown sampled name 'buddy.0.DMA32.11'"}},
		"sample process":     {machineDecl + `process("db", function() end) sample { "process.bd.VmRSS" }`, []string{"unknown process 'bd'; did you mean 'db'?"}},
		"sample status":      {machineDecl + `process("db", function() end) sample { "process.db/1.VmRS" }`, []string{"unknown field 'VmRS'; did you mean 'VmRSS'?"}},
		"sample psi":         {machineDecl + `sample { "psi.memory.some.avg11" } process("a", function() end)`, []string{"avg11", "did you mean"}},
		"tlb kind":           {`machine { tlb = 1536 }`, []string{"tlb: expected true, false or a table { entries=, ways= }, got number"}},
		"tlb field":          {`machine { tlb = { entires = 64 } }`, []string{"unknown field of tlb 'entires'; did you mean 'entries'?"}},
		"tlb sets":           {`machine { tlb = { entries = 1536, ways = 8 } }`, []string{"s.lua:1", "192 sets, which is no power of two", "1024"}},
		"tlb ways":           {`machine { tlb = { entries = 1500 } }`, []string{"1500 entries of 12 ways make 125 sets", "1536"}},
		"tlb size":           {`machine { tlb = { entries = 1e6 } }`, []string{"65536"}},
		"sample tlb":         {`machine { tlb = true } sample { "tlb.cpu0.mises" } process("a", function() end)`, []string{"did you mean 'tlb.cpu0.misses'?"}},
		"sample no tlb":      {machineDecl + `sample { "tlb.misses" } process("a", function() end)`, []string{"the machine has none", "tlb = true"}},
		"sample later":       {machineDecl + `sample { "cgroup.a.memory.current" }`, []string{"sampling cgroup.* is not there yet"}},
		"sample number":      {machineDecl + `sample { 3 }`, []string{"expected a name", "got number"}},
		"plot field":         {machineDecl + `plot { flie = "x", series = { "meminfo.MemFree" } }`, []string{"unknown field of plot 'flie'; did you mean 'file'?"}},
		"plot kind":          {machineDecl + `plot { file = "x", kind = "lien", series = { "meminfo.MemFree" } }`, []string{"did you mean 'line'?"}},
		"plot file":          {machineDecl + `plot { file = "../x", series = { "meminfo.MemFree" } }`, []string{"plain file name"}},
		"plot twice":         {machineDecl + `for _ = 1, 2 do plot { file = "x", series = { "meminfo.MemFree" } } end`, []string{"there is a plot 'x' already"}},
		"plot series":        {machineDecl + `plot { file = "x", series = { "meminfo.MemFere" } }`, []string{"did you mean 'meminfo.MemFree'?"}},
		"plot no series":     {machineDecl + `plot { file = "x", series = {} }`, []string{"series: the list is empty"}},
		"plot line":          {machineDecl + `plot { file = "x", series = { "meminfo.MemFree" }, lines = { { label = "x" } } }`, []string{"give a name or a value"}},
		"plot format":        {machineDecl + `plot { file = "x", formats = { "pgn" }, series = { "meminfo.MemFree" } }`, []string{`did you mean "png"?`}},
		"plot width":         {machineDecl + `plot { file = "x", width = 1e9, series = { "meminfo.MemFree" } }`, []string{"width"}},
		"stop_after":         {machineDecl + `stop_after(0)`, []string{"the time must be above 0"}},
		"stop_after missing": {machineDecl + `stop_after()`, []string{"time is missing"}},
		"expect":             {machineDecl + `expect("x")`, []string{"fn is missing"}},
		"every":              {machineDecl + `m:every(0, function() end)`, []string{"m:every: the time must be above 0"}},
		"m too early":        {machineDecl + `m:meminfo("MemFree")`, []string{"m:meminfo can be used only while the run goes on, not in the main chunk"}},
		"m with a dot":       {machineDecl + `m.at(1, function() end)`, []string{"call it with a colon: m:at(...)"}},
		"m assigned":         {machineDecl + `m.x = 1`, []string{"m cannot be assigned to"}},
		"m method":           {machineDecl + `m:evry(1, function() end)`, []string{"unknown method of m 'evry'; did you mean 'every'?"}},
		"file without size":  {machineDecl + `file("/data/x", {})`, []string{"size is missing"}},
		"error in a table":   {`error({})`, []string{"error object is a table"}},
		"error object nil":   {`error()`, []string{"s.lua"}},
		"recursion":          {"local function f() return 1 + f() end\nf()", []string{"s.lua:1: stack overflow"}},
		"recursive pcall":    {"local function f() return (select(2, pcall(f))) end\nerror(f())", []string{"stack overflow"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tc.text, LoadOptions{})
			wantError(t, err, tc.want...)
		})
	}
}

func TestBadFiles(t *testing.T) {
	_, err := Load(t.TempDir()+"/none.lua", LoadOptions{})
	wantError(t, err, "none.lua: no such file or directory")
	_, err = Load(t.TempDir(), LoadOptions{})
	wantError(t, err, "this is a folder")
	_, err = load(t, strings.Repeat("-", maxSource+1), LoadOptions{})
	wantError(t, err, "a scenario may have")
	_, err = load(t, "\x1bLua", LoadOptions{})
	wantError(t, err, "only Lua text is accepted")
}

// A value from the command line takes the type of the default.
func TestParam(t *testing.T) {
	for _, tc := range []struct{ def, set, want string }{
		{`"1GiB"`, "4GiB", "string 4GiB"},
		{`"1GiB"`, "7", "string 7"},
		{`1`, "7", "number 7"},
		{`1`, "-2.5", "number -2.5"},
		{`GiB`, "64KiB", "number 65536"},
		{`1`, "250ms", "number 0.25"},
		{`true`, "false", "boolean false"},
		{`false`, "1", "boolean true"},
		{`nil`, "x", "string x"},
		{`1`, "x", "error --set v=x: expected a number, a size or a time"},
		{`1`, "nan", "error expected a number"},
		{`true`, "yes", "error expected true or false"},
	} {
		text := "local v = param('v', " + tc.def + ")\n" + machineDecl + "process('a', function(p) p:record('v', type(v) .. ' ' .. tostring(v)) end)"
		sc, err := load(t, text, LoadOptions{Set: map[string]string{"v": tc.set}})
		if msg, bad := strings.CutPrefix(tc.want, "error "); bad {
			wantError(t, err, msg, "s.lua:1: ")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		rec := &memo{}
		if _, err := sc.Run(t.Context(), RunOptions{Recorder: rec}); err != nil {
			t.Fatal(err)
		}
		want(t, rec.of("obs"), "a v="+tc.want)
	}
	_, err := load(t, "local v = param('ram', 1)\n"+machineDecl, LoadOptions{Set: map[string]string{"ramm": "1"}})
	wantError(t, err, "unknown parameter 'ramm'; did you mean 'ram'?; there are: ram")
	_, err = load(t, machineDecl, LoadOptions{Set: map[string]string{"ram": "1"}})
	wantError(t, err, "the scenario declares none")
}

// What is declared is what the scenario shows.
func TestDeclared(t *testing.T) {
	sc := mustLoad(t, `
		local n = param("n", 3, "how many")
		machine { nodes = { { ram = "128MiB", cpus = 2 }, { ram = "256MiB" } }, swap = { { size = "1MiB", device = "disk", priority = 5 }, { size = 0 } },
			sysctl = { ["vm.swappiness"] = 10, ["vm.overcommit_memory"] = true }, seed = 9, thp = "never", thp_defrag = "madvise" }
		process("w", { start = "2s", count = n, nice = 5, cpu = 2, node = 1, oom_score_adj = 100, rlimit = { AS = "1GiB" } }, function() end)
		plot { file = "a.svg", kind = "area", series = { "meminfo.MemFree", { name = "process.w.*.VmRSS", label = "x", scale = 2 } }, lines = { 5, { value = "1KiB" }, "zone.0.DMA32.min" } }
		stop_after("1min")
		expect("x", function() return true end)`)
	m := sc.Machine
	switch {
	case sc.Params[0] != Param{"n", "3", "3", "how many"}:
		t.Fatalf("%+v", sc.Params)
	case len(m.Nodes) != 2 || m.Nodes[0] != Node{128 << 20, 2} || m.Nodes[1] != Node{256 << 20, 1}:
		t.Fatalf("%+v", m.Nodes)
	case len(m.Swap) != 1 || m.Swap[0] != Swap{1 << 20, "disk", 5}:
		t.Fatalf("%+v", m.Swap)
	case len(m.Sysctl) != 2 || m.Sysctl[0] != Setting{"vm.overcommit_memory", "1"} || m.Sysctl[1] != Setting{"vm.swappiness", "10"}:
		t.Fatalf("%+v", m.Sysctl)
	case m.Seed != 9 || m.THP != "never":
		t.Fatalf("%+v", m)
	case len(sc.Processes) != 3 || sc.Processes[2].Name != "w.3" || sc.Processes[0].Start != 2 || sc.Processes[0].Rlimit["AS"] != 1<<30:
		t.Fatalf("%+v", sc.Processes)
	case sc.StopAfter.Seconds() != 60 || len(sc.Expects) != 1 || sc.SampleEvery != defaultEvery:
		t.Fatalf("%+v", sc)
	case strings.Join(sc.Samples, " ") != "meminfo.MemFree process.w.1.VmRSS process.w.2.VmRSS process.w.3.VmRSS zone.0.DMA32.min":
		t.Fatalf("%q", sc.Samples)
	case sc.Plots[0].Series[1].Scale != 2 || sc.Plots[0].Lines[1].Value != 1024 || sc.Plots[0].Lines[2].Name != "zone.0.DMA32.min":
		t.Fatalf("%+v", sc.Plots[0])
	}
	seed := uint64(77)
	sc, err := load(t, `machine { seed = 9 }`, LoadOptions{Seed: &seed})
	if err != nil || sc.Machine.Seed != 77 || sc.Machine.Nodes[0] != (Node{1 << 30, 1}) {
		t.Fatal(err, sc)
	}
}

func TestRunOnce(t *testing.T) {
	sc := mustLoad(t, machineDecl)
	if _, err := sc.Run(t.Context(), RunOptions{Cost: "orcale"}); err == nil || !strings.Contains(err.Error(), "oracle") {
		t.Fatalf("got %v", err)
	}
	if _, err := sc.Run(t.Context(), RunOptions{}); err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := sc.Run(t.Context(), RunOptions{}); !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
}
