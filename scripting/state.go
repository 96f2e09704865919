package scripting

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
)

const pageSize = 4096

// state is a loaded script: the interpreter and what the main chunk has declared.
type state struct {
	path, dir string // of the scenario's file
	L         *lua.LState
	main      *thread // of the main chunk, the hooks and the expectations
	machine   *lua.LUserData

	protected     *lua.LFunction
	coroutineMeta *lua.LTable
	processMeta   *lua.LTable
	ids           map[lua.LValue]int // numbers of the values that tostring has named
	loaded        map[string]lua.LValue
	unknownGlobal string // the last one that was read

	maxSteps int64
	guard    *memoryGuard

	sets     map[string]string // of --set
	seed     *uint64           // of --seed
	declared bool              // the main chunk has run
	sc       *Scenario
	hooks    []*hook
	nhooks   int
	printed  []string

	run *run // nil before the run
}

// hook is a function that runs at a time.
type hook struct {
	at, every engine.Time
	order     int
	fn        *lua.LFunction
}

func (s *state) cancelled() bool { return s.run != nil && s.run.cancelled() }

// where gives the position of the Lua line that runs.
func where(L *lua.LState) (file string, line int) {
	at := position.FindStringSubmatch(L.Where(1) + " ")
	if at == nil {
		return "", 0
	}
	_, err := fmt.Sscanf(at[2], "%d", &line)
	if err != nil {
		line = 0
	}
	return at[1], line
}

// errorAt is an error at a declaration.
func errorAt(at place, format string, args ...any) *Error {
	return errorf(at.File, at.Line, format, args...)
}

// place is a line of a scenario.
type place struct {
	File string
	Line int
}

func here(c *call) place {
	file, line := where(c.L)
	return place{file, line}
}

// who is the name in the log of what runs on t.
func (t *thread) who() string {
	if t.name == "" {
		return "machine"
	}
	return t.name
}

// stream is the random numbers of what runs on t.
func (t *thread) stream() *engine.Stream {
	if t.proc != nil {
		return t.proc.Rand()
	}
	if t.rand == nil {
		seed := uint64(1)
		if t.s.sc.seeded {
			seed = t.s.sc.Machine.Seed
		} else if t.s.seed != nil {
			seed = *t.s.seed
		}
		t.rand = engine.NewStream(seed, t.name)
	}
	return t.rand
}

// log keeps what the main chunk prints for the beginning of the run's log.
func (s *state) log(who, text string) {
	if s.run != nil {
		s.run.rec.Log(int64(s.run.sim.Now()), who, text)
		return
	}
	const enough = 1000
	if len(s.printed) < enough {
		s.printed = append(s.printed, text)
	}
}
