package writeback

import (
	"testing"

	"pgregory.net/rapid"
)

// machine is a domain of one device with the thresholds of a look.
func machine(thresh, bg uint64) (*Domain, *WB, *Control) {
	var set BDISet
	d := NewDomain(0)
	d.DirtyLimit = thresh
	wb := set.NewBDI().NewWB(0, 1)
	return d, wb, &Control{Thresh: thresh, BgThresh: bg}
}

func TestPosRatioPolynom(t *testing.T) {
	for _, c := range []struct{ setpoint, dirty, limit, want uint64 }{
		{8000, 8000, 10000, 1024}, // at the set point
		{8000, 6000, 10000, 2045}, // as far below it as the limit is above: x = 1023/1024, each product rounded down
		{8000, 10000, 10000, 2},   // at the limit
		{8000, 7000, 10000, 1151}, // x = 511/1024: 1 + 1/8, nearly
		{8000, 9000, 10000, 896},  // and as much less; negative numbers round down
		{8000, 0, 10000, 2048},
	} {
		if got := posRatioPolynom(c.setpoint, c.dirty, c.limit); got != int64(c.want) {
			t.Errorf("set point %d, dirty %d, limit %d: %d, want %d", c.setpoint, c.dirty, c.limit, got, c.want)
		}
	}
}

func TestPositionRatioFallsAsDirtyRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		thresh := rapid.Uint64Range(64, 1<<24).Draw(t, "thresh")
		d, wb, c := machine(thresh, thresh/2)
		wb.AvgWriteBandwidth = rapid.Uint64Range(1, 1<<20).Draw(t, "bandwidth")
		wb.completions.AddMax(&d.completions, FracBase, 100_000)
		last := uint64(1 << 62)
		for i := uint64(0); i <= 40; i++ {
			c.Dirty = thresh * i / 40
			wb.Reclaimable = c.Dirty
			wb.DirtyLimits(d, c)
			wb.PositionRatio(d, c)
			if c.PosRatio > last {
				t.Fatalf("ratio rises from %d to %d at %d of %d pages", last, c.PosRatio, c.Dirty, thresh)
			}
			last = c.PosRatio
		}
		if last != 0 {
			t.Fatalf("ratio %d at the limit", last)
		}
	})
}

func TestIdleDeviceGetsAShare(t *testing.T) {
	d, wb, c := machine(9000, 4500)
	c.Dirty = 7000
	wb.DirtyLimits(d, c)
	if c.WBThresh != 0 {
		t.Fatalf("a device without completions has a share of %d pages", c.WBThresh)
	}
	wb.PositionRatio(d, c)
	if c.PosRatio < 2048 {
		t.Errorf("position ratio %d: a device that has nothing under way must be let fill up", c.PosRatio)
	}
}

func TestPollInterval(t *testing.T) {
	for _, c := range []struct{ dirty, thresh, want uint64 }{{0, 9517, 64}, {9516, 9517, 1}, {9517, 9517, 1}, {9518, 9517, 1}, {0, 1 << 20, 1024}, {1, 1 << 20, 512}} {
		if got := PollInterval(c.dirty, c.thresh); got != c.want {
			t.Errorf("dirty %d of %d: %d, want %d", c.dirty, c.thresh, got, c.want)
		}
	}
}

func TestRatelimitPages(t *testing.T) {
	for _, c := range []struct {
		thresh uint64
		cpus   int
		want   uint64
	}{{9517, 1, 297}, {9517, 4, 74}, {100, 1, 16}, {0, 8, 16}} {
		if got := RatelimitPages(c.thresh, c.cpus); got != c.want {
			t.Errorf("%d pages on %d CPUs: %d, want %d", c.thresh, c.cpus, got, c.want)
		}
	}
}

func TestMaxPause(t *testing.T) {
	_, wb, _ := machine(9000, 4500)
	wb.AvgWriteBandwidth = 25600 // 801 pages in 1/32 s
	for _, c := range []struct {
		dirty uint64
		want  int64
	}{{0, 1}, {800, 1}, {801, 2}, {8010, 11}, {1 << 20, MaxPause}} {
		if got := wb.maxPause(c.dirty); got != c.want {
			t.Errorf("%d dirty pages: %d jiffies, want %d", c.dirty, got, c.want)
		}
	}
}

func TestMinPause(t *testing.T) {
	_, wb, _ := machine(9000, 4500)
	for _, c := range []struct {
		name               string
		bw, limit, task    uint64
		most, pause, pages int64
	}{
		{"one dirtier: 8 ms, half of it at least", 25600, 25600, 25600, 50, 2, 200},
		{"four dirtiers: 24 ms", 25600, 6400, 6400, 50, 4, 150},
		{"slow: runs of 32 pages", 400, 200, 200, 50, 21, 32},
		{"very slow: as long as a pause may be", 100, 100, 100, 50, 50, 19},
		{"a task held back more than the limit says", 25600, 25600, 100, 10, 10, 3},
		{"a device that could run dry", 25600, 25600, 25600, 1, 1, 100},
	} {
		wb.AvgWriteBandwidth, wb.DirtyRatelimit = c.bw, c.limit
		pause, pages := wb.minPause(c.most, c.task, c.limit)
		if pause != c.pause || pages != c.pages {
			t.Errorf("%s: %d jiffies every %d pages, want %d every %d", c.name, pause, pages, c.pause, c.pages)
		}
	}
}

func TestPauseReckoning(t *testing.T) {
	d, wb, c := machine(100_000, 50_000)
	wb.completions.AddMax(&d.completions, FracBase, 1_000_000)
	wb.DirtyRatelimit = 25600
	c.Dirty = 87_500
	wb.Reclaimable = c.Dirty
	wb.DirtyLimits(d, c)
	wb.PositionRatio(d, c)
	rate := wb.TaskRatelimit(c)
	task := NewDirtier()

	p := task.Pause(wb, c, 1024, 1000)
	if want := int64(HZ * 1024 / rate); p.Jiffies != want {
		t.Fatalf("1024 pages at %d a second: %d jiffies, want %d", rate, p.Jiffies, want)
	}
	task.Slept(p)
	if task.PausedWhen != 1000+uint64(p.Jiffies) || task.NrDirtied != 0 || task.NrDirtiedPause != p.nrDirtiedPause {
		t.Errorf("after the sleep %+v", task)
	}
	// What it needs to think is taken off the next pause; if nothing is left of that, the rest is kept in its reckoning.
	was := task.PausedWhen
	if p := task.Pause(wb, c, 1024, was+9); p.Jiffies != 0 {
		t.Errorf("a pause of %d jiffies although it spent more", p.Jiffies)
	}
	if task.PausedWhen != was+HZ*1024/rate {
		t.Errorf("its reckoning is at %d, want %d", task.PausedWhen, was+HZ*1024/rate)
	}
	// Who thinks for more than a second begins anew.
	if p := task.Pause(wb, c, 1024, was+400); p.Jiffies != 0 || task.PausedWhen != was+400 {
		t.Errorf("a light dirtier: pause %d, reckoning %d, want 0, %d", p.Jiffies, task.PausedWhen, was+400)
	}
	// At the limit there is no rate, and the pause is as long as it may be.
	c.Dirty = 100_000
	wb.PositionRatio(d, c)
	if p := task.Pause(wb, c, 8, 2000); p.TaskRatelimit != 0 || p.Jiffies != wb.maxPause(c.WBDirty) {
		t.Errorf("at the limit %+v", p)
	}
}

func TestWriteBandwidthFollowsTheDevice(t *testing.T) {
	_, wb, _ := machine(9000, 4500)
	now := uint64(0)
	for range 200 {
		now += 51
		wb.Written += 51 * 40 // 10,000 pages a second
		wb.UpdateBandwidth(now)
	}
	if wb.AvgWriteBandwidth < 9900 || wb.AvgWriteBandwidth > 10_100 {
		t.Errorf("after 40 s at 10000 pages a second: %d", wb.AvgWriteBandwidth)
	}
	wb.Written += 2000 * 40 * 3
	wb.UpdateBandwidth(now + 2000)
	if wb.AvgWriteBandwidth != 30_000 {
		t.Errorf("after 8 s without a look, at 30000 pages a second: %d", wb.AvgWriteBandwidth)
	}
	wb.EstimateStart(now + 2000 + bandwidthIdle + 1)
	if wb.BandwidthStamp != now+2000+bandwidthIdle+1 {
		t.Error("a second of rest must begin a new estimate")
	}
}

func TestDirtyLimitFallsSlowly(t *testing.T) {
	d, _, c := machine(9000, 4500)
	c.Thresh, c.Dirty = 5000, 6000
	d.updateDirtyLimit(c, BandwidthInterval-1)
	if d.DirtyLimit != 9000 {
		t.Errorf("a step too early: %d", d.DirtyLimit)
	}
	d.updateDirtyLimit(c, BandwidthInterval)
	if d.DirtyLimit != 9000-3000/32 {
		t.Errorf("%d, want a 32nd of the way to 6000", d.DirtyLimit)
	}
	c.Thresh = 12_000
	d.updateDirtyLimit(c, 3*BandwidthInterval)
	if d.DirtyLimit != 12_000 {
		t.Errorf("%d, want 12000 at once", d.DirtyLimit)
	}
}

func TestShareOfDevices(t *testing.T) {
	var set BDISet
	d := NewDomain(0)
	a, b := set.NewBDI(), set.NewBDI()
	fast, slow := a.NewWB(0, 1), b.NewWB(0, 1)
	if arm := d.Completed(fast, 3000, 10); arm != 10+completionsPeriod {
		t.Errorf("the first completion asks for a period's end at %d, want %d", arm, 10+completionsPeriod)
	}
	if arm := d.Completed(slow, 999, 20); arm != 0 {
		t.Errorf("the second one too, at %d", arm)
	}
	if x, y := fast.CalcThresh(d, 8000), slow.CalcThresh(d, 8000); x != 6000 || y != 1998 {
		t.Errorf("shares %d and %d of 8000, want 6000 and 1998", x, y)
	}
	if err := b.SetMinRatio(50); err != nil {
		t.Fatal(err)
	}
	if x, y := fast.CalcThresh(d, 8000), slow.CalcThresh(d, 8000); x != 3000 || y != 999+4000 {
		t.Errorf("with half of it promised to the slow one %d and %d, want 3000 and 4999", x, y)
	}
	if err := a.SetMinRatio(50); err == nil {
		t.Error("100 per cent could be promised")
	}
	if err := a.SetMaxRatio(25); err != nil {
		t.Fatal(err)
	}
	if x := fast.CalcThresh(d, 8000); x != 2000 {
		t.Errorf("with at most a quarter %d, want 2000", x)
	}
	if next := d.Period(10 + completionsPeriod); next != 10+2*completionsPeriod {
		t.Errorf("the next period ends at %d, want %d", next, 10+2*completionsPeriod)
	}
	next := d.Period(10 + 70*completionsPeriod) // nothing is left after so many halvings
	if next != 10+71*completionsPeriod {
		t.Errorf("after missed ones the next period ends at %d, want %d", next, 10+71*completionsPeriod)
	}
	if next := d.Period(next); next != 0 {
		t.Errorf("without events the periods go on until %d", next)
	}
	if arm := d.Completed(fast, 1, 99_999); arm != 99_999+completionsPeriod {
		t.Errorf("the first completion after that asks for %d, want %d", arm, 99_999+completionsPeriod)
	}
}

// TestRateSettlesAtTheBandwidth closes the loop: writers that do nothing but dirty pages, a device that writes as fast as it can. The dirty pages must
// come to rest near the set point, the writers' rates near their shares, and nothing may pass the limit.
func TestRateSettlesAtTheBandwidth(t *testing.T) {
	for _, writers := range []int{1, 2, 8} {
		const bandwidth, thresh, bg = 5000, 40_000, 20_000
		d, wb, c := machine(thresh, bg)
		wb.SetDirtyIO(true)
		tasks := make([]Dirtier, writers)
		wake := make([]uint64, writers)
		done := make([]int64, writers)
		for i := range tasks {
			tasks[i] = NewDirtier()
		}
		var start uint64
		for now := uint64(1); now < 60*HZ; now++ {
			if now == 30*HZ {
				start = wb.Dirtied
				clear(done)
			}
			n := min(bandwidth/HZ, wb.Reclaimable)
			wb.Reclaimable -= n
			wb.Written += n
			if arm := d.Completed(wb, n, now); arm != 0 || d.periodTime <= now {
				d.Period(max(now, d.periodTime))
			}
			for i := range tasks {
				task := &tasks[i]
				for runs := 0; wake[i] <= now && runs < 100; runs++ {
					n := max(task.NrDirtiedPause, 1)
					task.NrDirtied += n
					wb.Reclaimable += uint64(n)
					wb.Dirtied += uint64(n)
					done[i] += n
					c.Dirty = wb.Reclaimable
					if c.Dirty <= FreerunCeiling(thresh, bg) {
						task.FreeRun(c.Dirty, thresh, now)
						continue
					}
					wb.DirtyLimits(d, c)
					wb.PositionRatio(d, c)
					if wb.BandwidthDue(now) {
						wb.UpdateRatelimit(d, c, now)
					}
					p := task.Pause(wb, c, task.NrDirtied, now)
					if p.Jiffies > 0 {
						wake[i] = now + uint64(p.Jiffies)
						task.Slept(p)
						break
					}
				}
			}
			if now > 30*HZ && wb.Reclaimable > thresh {
				t.Fatalf("%d writers: %d dirty pages at jiffy %d, the limit is %d", writers, wb.Reclaimable, now, uint64(thresh))
			}
		}
		if rate := (wb.Dirtied - start) / 30; rate < bandwidth*95/100 || rate > bandwidth*105/100 {
			t.Errorf("%d writers dirty %d pages a second, the device writes %d", writers, rate, bandwidth)
		}
		setpoint := uint64(35_000)
		if c.Dirty < setpoint-4000 || c.Dirty > setpoint+3000 {
			t.Errorf("%d writers: %d dirty pages, the set point is %d", writers, c.Dirty, setpoint)
		}
		for i, n := range done {
			if share := bandwidth * 30 / int64(writers); n < share*9/10 || n > share*11/10 {
				t.Errorf("writer %d of %d dirtied %d pages in 30 s, its share is %d", i, writers, n, share)
			}
		}
	}
}

func TestChunkSize(t *testing.T) {
	d, wb, _ := machine(9517, 4742)
	for _, c := range []struct {
		limit, bw  uint64
		left, want int64
	}{{9517, 25600, 1 << 40, 2048}, {1 << 20, 25600, 1 << 40, 13312}, {1 << 20, 100, 1 << 40, 1024}, {1 << 20, 25600, 10, 1024}} {
		d.DirtyLimit, wb.AvgWriteBandwidth = c.limit, c.bw
		if got := wb.ChunkSize(d, c.left); got != c.want {
			t.Errorf("limit %d, bandwidth %d, %d left: %d, want %d", c.limit, c.bw, c.left, got, c.want)
		}
	}
}

func BenchmarkLook(b *testing.B) {
	d, wb, c := machine(9517, 4742)
	wb.completions.AddMax(&d.completions, FracBase, 1_000_000)
	task := NewDirtier()
	s := DefaultSysctl()
	for i := range b.N {
		c.Avail, c.Dirty = 47_000, 8000
		c.DomainDirtyLimits(&s)
		wb.DirtyLimits(d, c)
		wb.PositionRatio(d, c)
		task.Slept(task.Pause(wb, c, 32, uint64(i)))
	}
}
