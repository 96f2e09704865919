package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestDeviceArithmetic(t *testing.T) {
	const mb = 1_000_000
	for _, v := range []struct {
		cfg   DeviceConfig
		sizes []int64
		want  string // completion times
	}{
		{DeviceConfig{}, []int64{5, 6}, "0ns 0ns"},
		{DeviceConfig{Latency: Millisecond}, []int64{0, 4096}, "1ms 1ms"},
		{DeviceConfig{Latency: Millisecond, Depth: 1}, []int64{1, 1, 1}, "1ms 2ms 3ms"},
		{DeviceConfig{Latency: Millisecond, Depth: 2}, []int64{1, 1, 1}, "1ms 1ms 2ms"},
		{DeviceConfig{BytesPerSec: mb}, []int64{1000, 2000, -4}, "1ms 3ms 3ms"},
		{DeviceConfig{BytesPerSec: 3}, []int64{1, 1}, "333.333334ms 666.666668ms"},
		// Latencies overlap, transfers do not.
		{DeviceConfig{Latency: Millisecond, BytesPerSec: mb, Depth: 8}, []int64{1000, 1000}, "2ms 3ms"},
		// With depth 1 nothing overlaps.
		{DeviceConfig{Latency: Millisecond, BytesPerSec: mb, Depth: 1}, []int64{1000, 1000}, "2ms 4ms"},
		{DeviceConfig{IOPS: 1000}, []int64{1, 1, 1}, "1ms 2ms 3ms"},
		{DeviceConfig{IOPS: 1000, BytesPerSec: mb}, []int64{1, 5000, 1}, "1ms 6ms 7ms"},
		// A bucket lets through what it holds, then as much as leaks out of it.
		{DeviceConfig{BytesPerSec: mb, Burst: 2 * Millisecond}, []int64{1000, 1000, 1000, 1000, 1000}, "0ns 0ns 0ns 1ms 2ms"},
		{DeviceConfig{BytesPerSec: mb, Burst: 2 * Millisecond, BurstBytesPerSec: 10 * mb}, []int64{1000, 5000, 1000}, "100us 600us 4.1ms"},
		{DeviceConfig{IOPS: 1000, Burst: Millisecond, Latency: Millisecond}, []int64{1, 1, 1}, "1ms 1ms 2ms"},
		{DeviceConfig{BytesPerSec: 1 << 62}, []int64{1<<63 - 1}, "2s"},
	} {
		s := New(Options{})
		v.cfg.Name = "d"
		d := NewDevice(s, v.cfg)
		var got []string
		s.At(0, func() {
			for _, n := range v.sizes {
				d.Submit(n, false, func() { got = append(got, s.Now().String()) })
			}
		})
		run(t, s, AllDone)
		if g := strings.Join(got, " "); g != v.want {
			t.Errorf("%+v with %v completes at %s, want %s", v.cfg, v.sizes, g, v.want)
		}
	}
}

// A write may take longer than a read; they share the transfer.
func TestDeviceWriteDelay(t *testing.T) {
	s := New(Options{})
	d := NewDevice(s, DeviceConfig{Name: "d", Latency: Millisecond, WriteDelay: 2 * Millisecond, BytesPerSec: 1_000_000})
	var read, written Time
	s.At(0, func() {
		d.Submit(1000, true, func() { written = s.Now() })
		d.Submit(1000, false, func() { read = s.Now() })
	})
	run(t, s, AllDone)
	if written != 4*Millisecond || read != 3*Millisecond {
		t.Errorf("written at %v, read at %v", written, read)
	}
}

func TestDeviceStats(t *testing.T) {
	each(t, func(t *testing.T, cpus int) {
		var log []string
		s := New(Options{CPUs: cpus, Trace: &Trace{
			IOStart: func(at Time, d *Device, n int64, w bool) {
				log = append(log, fmt.Sprint("+", at, d.Name(), n, w, d.InFlight(), d.Queued()))
			},
			IODone: func(at Time, _ *Device, n int64, _ bool) { log = append(log, fmt.Sprint("-", at, n)) },
		}})
		d := NewDevice(s, DeviceConfig{Name: "sda", Latency: Millisecond, Depth: 1})
		for i := range 3 {
			s.Go("p", anyCPU, func(p *Proc) {
				p.IO(d, int64(i+1), i == 1)
				p.Sleep(5 * Millisecond)
				p.IO(d, 10, true)
			})
		}
		s.At(1500*Microsecond, func() {
			if d.InFlight() != 1 || d.Queued() != 1 || d.Stats().Busy != 1500*Microsecond {
				t.Errorf("%d in flight, %d queued, %+v", d.InFlight(), d.Queued(), d.Stats())
			}
		})
		run(t, s, AllDone)
		want := DeviceStats{
			Reads: 2, Writes: 4, ReadBytes: 4, WrittenBytes: 32, Busy: 6 * Millisecond,
			Wait: (1 + 2 + 3 + 1 + 1 + 1) * Millisecond, MaxQueued: 2,
		}
		if got := d.Stats(); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
		if got := strings.Join(log[:4], " "); got != "+0nssda1 false 1 0 -1ms 1 +1mssda2 true 1 1 -2ms 2" {
			t.Errorf("trace %s", got)
		}
	})
}
