package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"mmsim/results"
)

// headline are the counters of /proc/vmstat that the summary shows, if they changed: what was allocated and
// faulted in, what reclaim did and what it cost. All that changed is in --json and in after/vmstat.
var headline = []string{
	"pgfault", "pgmajfault", "pgalloc_dma", "pgalloc_dma32", "pgalloc_normal", "pgfree", "pswpin", "pswpout",
	"kswapd_low_wmark_hit_quickly", "kswapd_high_wmark_hit_quickly", "pageoutrun", "pgscan_kswapd", "pgsteal_kswapd",
	"allocstall_dma32", "allocstall_normal", "allocstall_movable", "pgscan_direct", "pgsteal_direct",
	"workingset_refault_anon", "workingset_refault_file", "compact_stall", "oom_kill",
}

// mostObservations is how many the summary shows.
const mostObservations = 20

// writeText writes the summary for a person.
func (s *summary) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", s.Scenario, verdicts[s.Outcome])
	fmt.Fprintf(&b, "%s simulated in %s (seed %d, costs %q)\n", seconds(s.VirtualSeconds), seconds(s.WallSeconds), s.Seed, s.Cost)
	if len(s.Parameters) > 0 {
		var set []string
		for _, p := range s.Parameters {
			set = append(set, p.Name+"="+p.Value)
		}
		fmt.Fprintf(&b, "parameters: %s\n", strings.Join(set, " "))
	}
	fmt.Fprintf(&b, "processes: %s\n", s.Processes)
	for _, e := range s.Expectations {
		mark := "held"
		if !e.Held {
			mark = "DID NOT HOLD"
		}
		fmt.Fprintf(&b, "expect %q: %s", e.What, mark)
		if e.Why != "" {
			fmt.Fprintf(&b, " (%s)", e.Why)
		}
		b.WriteByte('\n')
	}
	s.writeObservations(&b)
	s.writeCounters(&b)
	s.writeZones(&b)
	b.WriteByte('\n')
	for _, c := range s.Charts {
		fmt.Fprintf(&b, "chart:   %s\n", c)
	}
	fmt.Fprintf(&b, "results: %s\n", s.Directory)
	_, err := io.WriteString(w, b.String())
	return err
}

var verdicts = map[results.Outcome]string{
	results.OK: "ok", results.ExpectFailed: "an expectation did not hold", results.Failed: "failed",
	results.Interrupted: "interrupted; what follows is what was simulated so far",
}

// String says in words how the processes ended.
func (t tally) String() string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(t.Exited, "exited")
	add(t.Failed, "exited with an error code")
	add(t.Killed, "killed by a signal")
	add(t.OOMKilled, "killed for want of memory")
	if len(parts) == 0 {
		return "none has ended"
	}
	if n := len(t.Victims); n > 0 {
		shown, more := t.Victims, ""
		if n > 5 {
			shown, more = t.Victims[:5], fmt.Sprintf(" and %d more", n-5)
		}
		parts[len(parts)-1] += " (" + strings.Join(shown, ", ") + more + ")"
	}
	return strings.Join(parts, ", ")
}

func (s *summary) writeObservations(b *strings.Builder) {
	if len(s.Observations) == 0 {
		return
	}
	t := plainTable("time", "process", "recorded", "value")
	shown := s.Observations[:min(len(s.Observations), mostObservations)]
	for _, o := range shown {
		t.AppendRow(table.Row{fmt.Sprintf("%.6f", o.Time), o.Process, o.Name, oneLine(o.Value)})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}})
	fmt.Fprintf(b, "\n%s\n", t.Render())
	if more := len(s.Observations) - len(shown); more > 0 {
		fmt.Fprintf(b, "and %d more in observations.csv\n", more)
	}
}

func (s *summary) writeCounters(b *strings.Builder) {
	t := plainTable("/proc/vmstat", "change")
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight, AlignHeader: text.AlignRight}})
	for _, name := range headline {
		if i := slices.IndexFunc(s.Vmstat, func(c change) bool { return c.Name == name }); i >= 0 {
			t.AppendRow(table.Row{name, thousands(s.Vmstat[i].Change)})
		}
	}
	if t.Length() > 0 {
		fmt.Fprintf(b, "\n%s\n", t.Render())
	}
}

// writeZones shows the zones at the end of the run with their watermarks.
func (s *summary) writeZones(b *strings.Builder) {
	if s.Memory == nil || len(s.Memory.Zones) == 0 {
		return
	}
	t := plainTable("zone at the end", "managed", "free", "min", "low", "high")
	configs := make([]table.ColumnConfig, 0, 5)
	for n := 2; n <= 6; n++ {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	for _, z := range s.Memory.Zones {
		row := table.Row{fmt.Sprintf("node %d %s", z.Node, z.Zone)}
		for _, pages := range []int64{z.Managed, z.Free, z.Min, z.Low, z.High} {
			row = append(row, thousands(pages))
		}
		t.AppendRow(row)
	}
	fmt.Fprintf(b, "\n%s\n", t.Render())
}

func plainTable(header ...any) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(header)
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options = table.Options{SeparateHeader: true, SeparateColumns: false}
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

// oneLine keeps a value in its row of the table.
func oneLine(s string) string {
	const longest = 60
	first, rest, cut := strings.Cut(s, "\n")
	if len(first) > longest {
		first, cut, rest = strings.ToValidUTF8(first[:longest], ""), true, "…"
	}
	if cut && rest != "" {
		return first + " …"
	}
	return first
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func seconds(s float64) string {
	switch {
	case s < 0.001:
		return fmt.Sprintf("%.0f µs", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.1f ms", s*1e3)
	}
	return fmt.Sprintf("%.3f s", s)
}
