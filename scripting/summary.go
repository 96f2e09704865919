package scripting

import (
	"mmsim/mm"
	"mmsim/results"
)

// Summary says how a run went.
type Summary struct {
	Scenario       string                `json:"scenario"`
	Seed           uint64                `json:"seed"`
	Cost           string                `json:"cost,omitempty"` // preset; empty: the default
	Outcome        results.Outcome       `json:"outcome"`
	Error          string                `json:"error,omitempty"`
	End            string                `json:"end"` // why it ended: "all done", "time limit", ...
	VirtualSeconds float64               `json:"virtual_seconds"`
	WallSeconds    float64               `json:"wall_seconds"`
	Events         uint64                `json:"events"` // of the engine's queue
	Processes      []ProcessOutcome      `json:"processes"`
	Counters       []Counter             `json:"counters"` // of /proc/vmstat, at the end; those that are not 0
	Traces         []Counter             `json:"traces"`   // how often the machine reported what, in the order of the first
	Memory         Memory                `json:"memory"`
	Expectations   []results.Expectation `json:"expectations"`
}

// ProcessOutcome is how a process ended.
type ProcessOutcome struct {
	Name   string  `json:"name"`
	PID    int     `json:"pid"`
	End    float64 `json:"end"` // seconds
	Code   int     `json:"code"`
	Signal string  `json:"signal,omitempty"`
	OOM    bool    `json:"oom,omitempty"`
}

// Counter is a name with a count.
type Counter struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// Memory is the machine's memory at the end of the run, in bytes.
type Memory struct {
	Total     int64         `json:"total"`
	Free      int64         `json:"free"`
	Anon      int64         `json:"anon"`
	Cached    int64         `json:"cached"`
	SwapTotal int64         `json:"swap_total"`
	SwapFree  int64         `json:"swap_free"`
	Zones     []ZonePicture `json:"zones"`
}

// ZonePicture is a zone at the end of the run, in pages.
type ZonePicture struct {
	Node    int    `json:"node"`
	Zone    string `json:"zone"`
	Managed int64  `json:"managed"`
	Free    int64  `json:"free"`
	Min     int64  `json:"min"`
	Low     int64  `json:"low"`
	High    int64  `json:"high"`
}

// keyCounters are those that tell what a run did to memory.
var keyCounters = []string{
	"pgfault", "pgmajfault", "pswpin", "pswpout", "pgscan_kswapd", "pgsteal_kswapd", "pgscan_direct", "pgsteal_direct",
	"kswapd_low_wmark_hit_quickly", "kswapd_high_wmark_hit_quickly", "pageoutrun",
	"allocstall_dma32", "allocstall_normal", "allocstall_movable", "workingset_refault_anon", "oom_kill",
}

func (s *Summary) addExit(e mm.ExitEvent) {
	s.Processes = append(s.Processes, ProcessOutcome{
		Name: e.Process, PID: e.PID, End: e.Time.Seconds(), Code: e.Code, Signal: e.Signal, OOM: e.OOM,
	})
}

func (s *Summary) addEvent(e mm.TraceEvent) {
	for i := range s.Traces {
		if s.Traces[i].Name == e.Name {
			s.Traces[i].Value++
			return
		}
	}
	s.Traces = append(s.Traces, Counter{e.Name, 1})
}

// measure takes the picture of the machine.
func (s *Summary) measure(k *mm.Kernel) {
	for _, name := range keyCounters {
		if n, ok := k.Vmstat(name); ok && n != 0 {
			s.Counters = append(s.Counters, Counter{name, n})
		}
	}
	for name, field := range map[string]*int64{
		"MemTotal": &s.Memory.Total, "MemFree": &s.Memory.Free, "AnonPages": &s.Memory.Anon,
		"Cached": &s.Memory.Cached, "SwapTotal": &s.Memory.SwapTotal, "SwapFree": &s.Memory.SwapFree,
	} {
		*field, _ = k.Meminfo(name)
	}
	for node := 0; ; node++ {
		found := false
		for _, zone := range k.ZoneNames() {
			z := ZonePicture{Node: node, Zone: zone}
			managed, err := k.Zone(node, zone, "managed")
			found = found || err == nil
			if err != nil || managed == 0 {
				continue
			}
			z.Managed = managed
			z.Free, _ = k.Zone(node, zone, "free")
			z.Min, _ = k.Zone(node, zone, "min")
			z.Low, _ = k.Zone(node, zone, "low")
			z.High, _ = k.Zone(node, zone, "high")
			s.Memory.Zones = append(s.Memory.Zones, z)
		}
		if !found {
			return
		}
	}
}
