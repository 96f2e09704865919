package scripting

import (
	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
	"mmsim/mm"
)

// Slots of the fields of p:mmap and of p:touch's options.
const (
	mmapLen = iota + 1
	mmapProt
	mmapShared
	mmapFD
	mmapOffset
	mmapAddr
	mmapFixed
	mmapNoreserve
	mmapPopulate
	mmapLocked
	mmapHugetlb
	mmapStack
)

const (
	touchAddr = iota
	touchLen
	touchMode
	touchOpts
	touchOrder
	touchN
	touchStride
	touchLoops
	touchTheta
	touchPause
	touchBatch
)

func processMmap(c *call) int {
	v := &c.v
	a := mm.MmapArgs{
		Addr: uint64(v[mmapAddr].n), Len: uint64(v[mmapLen].n), Prot: mm.ProtRead | mm.ProtWrite,
		Shared: v[mmapShared].b, Fixed: v[mmapFixed].b, Noreserve: v[mmapNoreserve].b, Populate: v[mmapPopulate].b,
		Locked: v[mmapLocked].b, Stack: v[mmapStack].b,
	}
	if v[mmapFD].set {
		a.File, a.FD = true, int(v[mmapFD].n)
	}
	if v[mmapOffset].set {
		a.Offset = uint64(v[mmapOffset].n)
	}
	if v[mmapProt].set {
		a.Prot = mm.Prot(v[mmapProt].n)
	}
	addr, errno := c.t.proc.Mmap(a)
	return c.address(addr, errno)
}

func (c *call) address(addr uint64, errno mm.Errno) int {
	if errno != 0 {
		return c.errno(errno)
	}
	return c.number(float64(addr))
}

func processMunmap(c *call) int {
	return c.done(c.t.proc.Munmap(uint64(c.v[0].n), uint64(c.v[1].n)))
}

func processBrk(c *call) int { return c.done(c.t.proc.Brk(uint64(c.v[0].n))) }

func processSbrk(c *call) int {
	addr, errno := c.t.proc.Sbrk(c.v[0].n)
	return c.address(addr, errno)
}

func processMincore(c *call) int {
	n, errno := c.t.proc.Mincore(uint64(c.v[0].n), uint64(c.v[1].n))
	if errno != 0 {
		return c.errno(errno)
	}
	return c.number(float64(n))
}

func processTouch(c *call) int {
	v := &c.v
	a := mm.TouchArgs{
		Addr: uint64(v[touchAddr].n), Len: uint64(v[touchLen].n), Write: v[touchMode].s == "write",
		N: -1, Stride: pageSize, Loops: 1, Theta: 0.99, Pause: engine.Time(v[touchPause].n), Batch: 1,
	}
	switch v[touchOrder].s {
	case "reverse":
		a.Order = mm.TouchReverse
	case "random":
		a.Order = mm.TouchRandom
	case "zipf":
		a.Order = mm.TouchZipf
	}
	if v[touchN].set {
		a.N = v[touchN].n
	} else if a.Order == mm.TouchRandom || a.Order == mm.TouchZipf {
		c.fail("order = %s needs n", quote(v[touchOrder].s))
	}
	if v[touchStride].set {
		if a.Stride = uint64(v[touchStride].n); a.Stride == 0 {
			c.fail("stride must be above 0")
		}
	}
	if v[touchLoops].set {
		a.Loops = v[touchLoops].n
	}
	if v[touchTheta].set {
		if a.Theta = v[touchTheta].f; !(a.Theta > 0 && a.Theta < 1) {
			c.fail("theta: expected a number between 0 and 1, got %s", formatNumber(a.Theta))
		}
	}
	if v[touchBatch].set {
		a.Batch = v[touchBatch].n
	}
	if a.Loops == 0 || a.N == 0 || a.Len == 0 {
		return c.number(0)
	}
	return c.number(float64(c.t.proc.Touch(a)))
}

func processFork(c *call) int { return c.startChild(c.t.proc.Fork) }

func processVfork(c *call) int { return c.startChild(c.t.proc.Vfork) }

func (c *call) startChild(fork func(name string, body func(*mm.Process)) (int, mm.Errno)) int {
	name, fn := c.v[0].s, c.v[1].lv.(*lua.LFunction)
	if c.v[0].set {
		c.checkName(name)
	}
	s := c.t.s
	pid, errno := fork(name, func(p *mm.Process) { s.live(p, fn) })
	if errno != 0 {
		return c.errno(errno)
	}
	return c.number(float64(pid))
}

func processExec(c *call) int {
	name, fn := c.v[0].s, c.v[1].lv.(*lua.LFunction)
	c.checkName(name)
	s := c.t.s
	c.t.proc.Exec(name, func(p *mm.Process) { s.live(p, fn) })
	return 0
}

func processExit(c *call) int {
	c.t.proc.Exit(int(c.v[0].n))
	return 0
}

func processWait(c *call) int {
	pid := -1
	if c.v[0].set {
		pid = int(c.v[0].n)
	}
	who, status, errno := c.t.proc.Wait(pid)
	if errno != 0 {
		return c.errno(errno)
	}
	tb := c.L.CreateTable(0, 2)
	if status.Signal != "" {
		tb.RawSetString("signal", lua.LString(status.Signal))
		if status.OOM {
			tb.RawSetString("oom", lua.LTrue)
		}
	} else {
		tb.RawSetString("code", lua.LNumber(status.Code))
	}
	c.L.Push(lua.LNumber(who))
	c.L.Push(tb)
	return 2
}

func processKill(c *call) int {
	signal := "SIGTERM"
	if c.v[1].set {
		signal = c.v[1].s
	}
	if names := mm.SignalNames(); nameIndex(names, signal) < 0 {
		c.fail("%s", unknown("signal", signal, names))
	}
	return c.done(c.t.proc.Kill(int(c.v[0].n), signal))
}

func nameIndex(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

func processGetpid(c *call) int { return c.number(float64(c.t.proc.Getpid())) }

func processSleep(c *call) int {
	c.t.proc.Sleep(engine.Time(c.v[0].n))
	return c.ok()
}

func processCompute(c *call) int {
	c.t.proc.Compute(engine.Time(c.v[0].n))
	return c.ok()
}

func processYield(c *call) int {
	c.t.proc.Yield()
	return c.ok()
}

func processSetOOMScoreAdj(c *call) int { return c.done(c.t.proc.SetOOMScoreAdj(int(c.v[0].n))) }

func processOOMScore(c *call) int { return c.number(float64(c.t.proc.OOMScore())) }

func processStatus(c *call) int {
	n, ok := c.t.proc.Status(c.v[0].s)
	if !ok {
		c.fail("%s", unknown("field of /proc/PID/status", c.v[0].s, mm.StatusFields()))
	}
	return c.number(float64(n))
}

func processRecord(c *call) int {
	c.record(c.t.name)
	return 0
}

// record adds an observation in the name of who.
func (c *call) record(who string) {
	name := c.t.s.display(c.L, c.v[0].lv)
	var value any
	switch v := c.v[1].lv.(type) {
	case nil, *lua.LNilType:
	case lua.LNumber:
		value = float64(v)
	case lua.LString:
		value = string(v)
	case lua.LBool:
		value = bool(v)
	default:
		c.fail("value: expected a number, a string or a boolean, got %s", typeName(v))
	}
	c.readClock()
	r := c.t.s.run
	r.rec.Observation(int64(r.sim.Now()), who, name, value)
}

// readClock is for what the recorder of a real machine notes with a time.
func (c *call) readClock() {
	if c.t.proc != nil {
		c.t.proc.ReadClock()
	}
}

func processLog(c *call) int {
	c.readClock()
	c.t.s.log(c.t.name, c.t.s.display(c.L, c.v[0].lv))
	return 0
}
