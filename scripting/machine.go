package scripting

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
	"mmsim/mm"
)

// kernelOf gives the running machine; in the main chunk there is none yet.
func (c *call) kernel() *run {
	r := c.t.s.run
	if r == nil {
		c.L.RaiseError("%s", c.e.FullName()+" can be used only while the run goes on, not in the main chunk")
	}
	return r
}

func machineMeminfo(c *call) int {
	k := c.kernel().k
	n, ok := k.Meminfo(c.v[0].s)
	if !ok {
		c.fail("%s", unknown("field of /proc/meminfo", c.v[0].s, k.MeminfoFields()))
	}
	return c.number(float64(n))
}

func machineVmstat(c *call) int {
	k := c.kernel().k
	n, ok := k.Vmstat(c.v[0].s)
	if !ok {
		c.fail("%s", unknown("counter of /proc/vmstat", c.v[0].s, k.VmstatNames()))
	}
	return c.number(float64(n))
}

func machineZone(c *call) int {
	k := c.kernel().k
	node, zone, name := int(c.v[0].n), c.v[1].s, c.v[2].s
	n, err := k.Zone(node, zone, name)
	if err != nil {
		c.fail("%v", err)
	}
	return c.number(float64(n))
}

func machineTLBCall(c *call) int {
	n, err := c.kernel().k.TLB(c.v[0].s)
	if err != nil {
		c.fail("%v", err)
	}
	return c.number(float64(n))
}

func machineProc(c *call) int {
	k := c.kernel().k
	text, ok := k.ProcFile(c.v[0].s)
	if ok {
		return c.text(text)
	}
	if text, known, ok := k.PIDFile(c.t.proc, c.v[0].s); ok {
		return c.text(text)
	} else if known {
		c.L.Push(lua.LNil)
		c.L.Push(lua.LString("ENOENT"))
		return 2
	}
	if !strings.HasPrefix(c.v[0].s, "/proc/") && !strings.HasPrefix(c.v[0].s, "/sys/") {
		c.fail("path: expected a path under /proc or /sys, got %s", quote(c.v[0].s))
	}
	c.fail("%s", unknown("file", c.v[0].s, append(k.ProcPaths(), mm.PIDPaths()...)))
	return 0
}

func machineSysctlCall(c *call) int {
	k, name := c.kernel().k, c.v[0].s
	old, ok := k.Sysctl(name)
	if !ok {
		c.fail("%s", unknown("sysctl", name, k.SysctlNames()))
	}
	if c.v[1].set {
		text, err := settingText(c.v[1].lv)
		if err != nil {
			c.fail("%s: %v", name, err)
		}
		if k.WriteSysctl(c.t.proc, name, text) != nil {
			c.L.Push(lua.LNil)
			c.L.Push(lua.LString("EINVAL"))
			return 2
		}
		return c.ok()
	}
	if !mm.SysctlReadable(name) {
		c.L.Push(lua.LNil)
		c.L.Push(lua.LString("EACCES"))
		return 2
	}
	if n, err := strconv.ParseFloat(strings.TrimSpace(old), 64); err == nil {
		return c.number(n)
	}
	return c.text(old)
}

func machineSwapoff(c *call) int {
	r := c.kernel()
	errno, killed := r.k.Swapoff(c.t.proc)
	if killed { // the administrator is dead: no hook runs any more
		r.sim.Current().Wait(engine.NewCond(r.sim))
	}
	return c.done(errno)
}

func machineSwapon(c *call) int { return c.done(c.kernel().k.Swapon(c.t.proc)) }

func machineCompactMemory(c *call) int {
	c.kernel().k.CompactMemory(c.t.proc)
	return 0
}

func machineSync(c *call) int {
	c.kernel().k.Sync(c.t.proc)
	return 0
}

func machineDropCaches(c *call) int {
	what := mm.DropPagecache | mm.DropSlab
	if c.v[0].set {
		what = int(c.v[0].n)
	}
	c.kernel().k.DropCaches(c.t.proc, what)
	return 0
}

func machineNow(c *call) int {
	c.readClock()
	return c.number(c.kernel().sim.Now().Seconds())
}

func machineRecord(c *call) int {
	c.kernel()
	c.record("machine")
	return 0
}

func machineLog(c *call) int {
	c.readClock()
	c.t.s.log("machine", c.t.s.display(c.L, c.v[0].lv))
	return 0
}

func machineStop(c *call) int {
	c.kernel().finish("stopped")
	if p := c.t.proc; p != nil {
		p.Yield() // it is killed with the others, and does not come back
	}
	return 0
}

func machineAt(c *call) int {
	s := c.hookable()
	s.addHook(engine.Time(c.v[0].n), 0, c.v[1].lv.(*lua.LFunction))
	return 0
}

func machineEvery(c *call) int {
	s, every := c.hookable(), engine.Time(c.v[0].n)
	if every <= 0 {
		c.fail("the time must be above 0")
	}
	first := every
	if s.run != nil {
		first += s.run.sim.Now()
	}
	s.addHook(first, every, c.v[1].lv.(*lua.LFunction))
	return 0
}

// hookable fails in a process.
func (c *call) hookable() *state {
	if c.t.proc != nil {
		c.L.RaiseError("%s", fmt.Sprintf("%s inside a process is not possible on the real machine; call it in the main chunk or in a hook", c.e.FullName()))
	}
	return c.t.s
}
