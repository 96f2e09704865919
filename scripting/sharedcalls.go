package scripting

// sharedCalls are System V shared memory, and files in memory without a name.
var sharedCalls = []Entry{
	{
		Scope: ScopeProcess, Name: "memfd", Args: []Arg{{Name: "name", Kind: KindString, Opt: true}},
		Results: []Result{{"fd", "number?"}, {"errno", "string?"}}, Errnos: []string{"EINVAL", "EMFILE"},
		Doc: "Gives a file in memory without a name in any folder (memfd_create(2)); the name is what `/proc/PID/maps` shows.",
		fn:  processMemfd,
	},
	{
		Scope: ScopeProcess, Name: "shmget", Args: []Arg{{Name: "key", Kind: KindInt}, {Name: "size", Kind: KindSize}},
		Results: []Result{{"id", "number?"}, {"errno", "string?"}}, Errnos: []string{"EINVAL", "ENOMEM"},
		Doc: "Gives the segment with that key, made if there is none (shmget(2)); key 0 always makes one. It outlives its processes.",
		fn:  processShmget,
	},
	{
		Scope: ScopeProcess, Name: "shmat", Args: []Arg{{Name: "id", Kind: KindInt}}, Results: resultAddr, Errnos: []string{"EAGAIN", "EINVAL", "ENOMEM"},
		Doc: "Attaches a segment (shmat(2)).",
		fn:  processShmat,
	},
	{
		Scope: ScopeProcess, Name: "shmdt", Args: []Arg{argAddr}, Results: resultOK, Errnos: []string{"EINVAL"},
		Doc: "Detaches the segment that was attached at addr (shmdt(2)).",
		fn:  processShmdt,
	},
	{
		Scope: ScopeProcess, Name: "shmctl", Args: []Arg{{Name: "id", Kind: KindInt}, {Name: "command", Kind: KindEnum, Enum: []string{"RMID"}}},
		Results: resultOK, Errnos: []string{"EINVAL"},
		Doc: "Removes a segment when the last process has detached it (shmctl(2)).",
		fn:  processShmctl,
	},
}

func processMemfd(c *call) int {
	fd, errno := c.t.proc.Memfd(c.v[0].s)
	return c.count(uint64(fd), errno)
}

func processShmget(c *call) int {
	id, errno := c.t.proc.Shmget(int(c.v[0].n), uint64(c.v[1].n))
	if errno != 0 {
		return c.errno(errno)
	}
	return c.number(float64(id))
}

func processShmat(c *call) int {
	addr, errno := c.t.proc.Shmat(int(c.v[0].n))
	return c.address(addr, errno)
}

func processShmdt(c *call) int { return c.done(c.t.proc.Shmdt(uint64(c.v[0].n))) }

func processShmctl(c *call) int { return c.done(c.t.proc.Shmrm(int(c.v[0].n))) }
