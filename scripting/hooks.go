package scripting

import (
	"sort"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
)

// addHook has fn run at a time, and then every so often unless that is 0.
func (s *state) addHook(at, every engine.Time, fn *lua.LFunction) {
	s.nhooks++
	s.hooks = append(s.hooks, &hook{at: at, every: every, order: s.nhooks, fn: fn})
}

// runHooks is the administrator: a process beside the machine's that runs the hooks in the order of their
// times, and of equal times in the order in which they were asked for. A hook that takes long delays those
// after it.
func (s *state) runHooks(p *engine.Proc) {
	t := s.newThread("")
	t.rand = s.main.stream()
	defer t.close()
	for len(s.hooks) > 0 {
		sort.SliceStable(s.hooks, func(i, j int) bool {
			a, b := s.hooks[i], s.hooks[j]
			if a.at != b.at {
				return a.at < b.at
			}
			return a.order < b.order
		})
		h := s.hooks[0]
		s.hooks = s.hooks[1:]
		if now := s.run.sim.Now(); h.at > now {
			p.Sleep(h.at - now)
		}
		if s.run.ending != "" {
			return
		}
		if _, err := t.runProtected(t.L, h.fn, s.machine); err != nil {
			s.run.fail(scriptError(err, s.path, ""))
			return
		}
		if h.every > 0 {
			for h.at += h.every; h.at < s.run.sim.Now(); {
				h.at += h.every
			}
			s.nhooks++
			h.order = s.nhooks
			s.hooks = append(s.hooks, h)
		}
	}
}
