package plots

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"mmsim/results"
)

const gib = 1 << 30

// write leaves a run directory with the given samples (a row begins with the time in seconds) and events.
func write(t testing.TB, names []string, rows [][]float64, events []results.Event) *results.Run {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := results.Create(dir, false, results.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	w.SampleColumns(names)
	end := int64(0)
	for _, row := range rows {
		end = int64(math.Round(row[0] * 1e9))
		w.Sample(end, row[1:])
	}
	for _, e := range events {
		w.Event(int64(math.Round(e.Time*1e9)), e.Name, e.Process, e.Detail)
	}
	if err := w.Finish(results.End{Outcome: results.OK, Virtual: end}); err != nil {
		t.Fatal(err)
	}
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// hog is a run of n samples in which memory fills up, is reclaimed for a while and is freed by an OOM kill.
func hog(t testing.TB, n int) *results.Run {
	names := []string{
		"meminfo.MemFree", "meminfo.AnonPages", "meminfo.SwapFree",
		"zone.0.DMA32.min", "zone.0.DMA32.low", "zone.0.DMA32.high", "vmstat.pgfault",
	}
	for order := range 11 {
		names = append(names, fmt.Sprintf("buddy.0.DMA32.%d", order))
	}
	random := rand.New(rand.NewPCG(1, 2))
	const end = 1.4
	rows := make([][]float64, n)
	for i := range rows {
		x := float64(i) / float64(n-1)
		free := math.Max(0.93*gib*(1-2.2*x), 5e6+1.5e6*math.Sin(60*x)+5e5*random.Float64())
		if x > 0.8 {
			free = 0.5 * gib
		}
		row := []float64{x * end, free, 0.95*gib - free, gib * (1 - 0.4*math.Max(0, x-0.45)), 1000, 1250, 1500, math.Floor(1e6 * x * x)}
		for order := range 11 {
			row = append(row, math.Floor(free/4096/float64(int(1)<<order)/11*(0.6+0.5*random.Float64())))
		}
		rows[i] = row
	}
	var events []results.Event
	for i := range 17 {
		events = append(events, results.Event{Time: 0.6 + 0.03*float64(i), Name: "mm_vmscan_kswapd_wake", Process: "kswapd0"})
	}
	for i := range 3000 {
		events = append(events, results.Event{Time: 0.62 + 0.0001*float64(i), Name: "mm_vmscan_direct_reclaim_begin", Process: "app"})
	}
	events = append(events, results.Event{Time: 1.12, Name: "oom_kill", Process: "app"})
	return write(t, names, rows, events)
}

var (
	watermarks = []RefLine{
		{Name: "zone.0.DMA32.min", Label: "min"}, {Name: "zone.0.DMA32.low", Label: "low"}, {Name: "zone.0.DMA32.high", Label: "high"},
	}
	hogEvents = []string{"mm_vmscan_kswapd_wake", "mm_vmscan_direct_reclaim_begin", "oom_kill"}
	memory    = []Series{{Name: "meminfo.MemFree"}, {Name: "meminfo.AnonPages"}, {Name: "meminfo.SwapFree"}}
	orders    = []Series{{Name: "buddy.0.DMA32.*"}}
)
