package scripting

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
)

type luaFunction = *lua.LFunction

// Limits of a declaration.
const (
	maxCPUs      = 8192        // NR_CPUS of the largest kernel configurations
	maxNodes     = 1024        // MAX_NUMNODES of the same
	maxProcesses = 32768 - 300 // PID_MAX_DEFAULT, without the pids that the kernel keeps for itself
	maxName      = 200         // bytes
	defaultEvery = 100 * engine.Millisecond
)

// declaring fails unless the main chunk runs.
func (c *call) declaring() {
	if c.t.s.declared {
		c.L.RaiseError("%s", c.e.Name+"() belongs in the main chunk, before the processes start")
	}
}

func declareParam(c *call) int {
	c.declaring()
	s, name := c.t.s, c.v[0].s
	for _, p := range s.sc.Params {
		if p.Name == name {
			c.fail("'%s' is declared twice", clip(name))
		}
	}
	def := c.v[1].lv
	if def == nil {
		def = lua.LNil
	}
	switch def.(type) {
	case *lua.LNilType, lua.LString, lua.LNumber, lua.LBool:
	default:
		c.fail("default: expected a string, a number or a boolean, got %s", typeName(def))
	}
	value := def
	if text, ok := s.sets[name]; ok {
		var err error
		if value, err = paramValue(def, text); err != nil {
			c.fail("--set %s=%s: %v", clip(name), clip(text), err)
		}
	}
	show := func(v lua.LValue) string {
		if n, ok := v.(lua.LNumber); ok {
			return formatNumber(float64(n))
		}
		return v.String()
	}
	s.sc.Params = append(s.sc.Params, Param{Name: name, Value: show(value), Default: show(def), Doc: c.v[2].s})
	c.L.Push(value)
	return 1
}

// paramValue reads text as a value of the default's type.
func paramValue(def lua.LValue, text string) (lua.LValue, error) {
	switch def.(type) {
	case lua.LNumber:
		if f, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return lua.LNumber(f), nil
		}
		if n, err := ParseSize(text); err == nil {
			return lua.LNumber(n), nil
		}
		if t, err := ParseTime(text); err == nil {
			return lua.LNumber(t.Seconds()), nil
		}
		return nil, fmt.Errorf("expected a number, a size or a time, since the default is a number")
	case lua.LBool:
		switch text {
		case "true", "1":
			return lua.LTrue, nil
		case "false", "0":
			return lua.LFalse, nil
		}
		return nil, fmt.Errorf("expected true or false, since the default is a boolean")
	}
	return lua.LString(text), nil
}

// checkName fails unless name can be the name of a process: it is a column's and a file's name, too.
func (c *call) checkName(name string) {
	bad := strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '/' || r == ',' || r == '"' || r == 127 })
	if name == "" || bad || len(name) > maxName {
		c.fail("'%s' cannot be a name: it must have no spaces, commas, quotes or slashes, and 1 to %d bytes", clip(name), maxName)
	}
}

func declareProcess(c *call) int {
	c.declaring()
	const opts = 2 // slot of the first option
	v, sc := c.v[:], c.t.s.sc
	name := v[0].s
	c.checkName(name)
	p := Process{Name: name, CPU: -1, Node: -1, at: here(c)}
	p.start = engine.Time(v[opts].n)
	p.Start = p.start.Seconds()
	p.OOMScoreAdj = int(v[opts+1].n)
	p.Nice = int(v[opts+3].n)
	if v[opts+4].set {
		p.CPU = int(v[opts+4].n)
	}
	if v[opts+5].set {
		p.Node = int(v[opts+5].n)
	}
	if v[opts+6].set {
		p.Rlimit = c.rlimits(v[opts+6].lv.(*lua.LTable))
	}
	p.Malloc = "ptmalloc"
	if v[opts+8].set {
		p.Malloc = v[opts+8].s
	}
	count := 1
	if v[opts+7].set {
		count = int(v[opts+7].n)
	}
	p.fn = v[opts+9].lv.(*lua.LFunction)
	if len(sc.Processes)+count > maxProcesses {
		c.fail("%d processes are more than there can be: the kernel has %d pids for them", len(sc.Processes)+count, maxProcesses)
	}
	for i := range count {
		if count > 1 {
			p.Name = name + "." + strconv.Itoa(i+1)
		}
		sc.Processes = append(sc.Processes, p)
	}
	return 0
}

func declareFile(c *call) int {
	c.declaring()
	c.t.s.sc.Files = append(c.t.s.sc.Files, File{Path: c.v[0].s, Size: c.v[2].n, at: here(c)})
	return 0
}

var rlimitFields = []Arg{
	{Name: "AS", Kind: KindSize, Opt: true},
	{Name: "DATA", Kind: KindSize, Opt: true},
	{Name: "STACK", Kind: KindSize, Opt: true},
	{Name: "MEMLOCK", Kind: KindSize, Opt: true},
	{Name: "NPROC", Kind: KindInt, Opt: true, Min: 0, Max: maxProcesses},
}

func (c *call) rlimits(tb *lua.LTable) map[string]int64 {
	values := c.fields(rlimitFields, tb, "rlimit")
	limits := map[string]int64{}
	for i, v := range values {
		if v.set {
			limits[rlimitFields[i].Name] = v.n
		}
	}
	return limits
}

// fields checks a table inside an argument.
func (c *call) fields(fields []Arg, tb *lua.LTable, what string) []value {
	values := make([]value, len(fields))
	if bad := checkFields(&Arg{Fields: fields}, tb, values, what); bad != "" {
		c.fail("%s: %s", what, bad)
	}
	return values
}

func declareStopAfter(c *call) int {
	c.declaring()
	if c.v[0].n <= 0 {
		c.fail("the time must be above 0")
	}
	c.t.s.sc.StopAfter = engine.Time(c.v[0].n)
	return 0
}

func declareExpect(c *call) int {
	c.declaring()
	sc := c.t.s.sc
	sc.Expects = append(sc.Expects, c.v[0].s)
	sc.expects = append(sc.expects, expectation{c.v[0].s, c.v[1].lv.(*lua.LFunction), here(c)})
	return 0
}

func declareSample(c *call) int {
	c.declaring()
	sc := c.t.s.sc
	sc.sampleAt = here(c)
	if sc.SampleEvery == 0 {
		sc.SampleEvery = defaultEvery
	}
	add := func(v lua.LValue) {
		name, ok := v.(lua.LString)
		if !ok {
			c.fail("expected a name such as \"meminfo.MemFree\", got %s", typeName(v))
		}
		sc.addSample(c, string(name), sc.sampleAt)
	}
	tb := c.v[0].lv.(*lua.LTable)
	for k, v := tb.Next(lua.LNil); k != lua.LNil; k, v = tb.Next(k) {
		switch k {
		case lua.LString("every"):
			every := value{}
			if bad := checkValue(&Arg{Name: "every", Kind: KindTime}, v, &every); bad != "" {
				c.fail("%s", bad)
			}
			if every.n < int64(engine.Microsecond) {
				c.fail("every: the time must be at least 1us")
			}
			sc.SampleEvery = engine.Time(every.n)
		case lua.LString("names"):
			if list, ok := v.(*lua.LTable); ok {
				for i := 1; i <= list.Len(); i++ {
					add(list.RawGetInt(i))
				}
			} else {
				add(v)
			}
		default:
			if k.Type() != lua.LTNumber {
				c.fail("%s", unknown("field of sample", k.String(), []string{"every", "names"}))
			}
			add(v)
		}
	}
	return 0
}
