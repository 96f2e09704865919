package writeback

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestDirtyLimits(t *testing.T) {
	ratio := DefaultSysctl()
	bytes := ratio
	bytes.SetDirtyBytes(16 << 20)
	bytes.SetDirtyBackgroundBytes(4<<20 + 1)
	inverted := ratio
	inverted.SetDirtyBackgroundRatio(30)
	for _, c := range []struct {
		name       string
		s          Sysctl
		m          Memory
		avail      uint64
		thresh, bg uint64
	}{
		{"free memory above the reserves and the file lists", ratio, Memory{Free: 200_000, Totalreserve: 30_000, InactiveFile: 60_000, ActiveFile: 40_000}, 270_001, 53_987, 26_960},
		{"reserves above what is free", ratio, Memory{Free: 100, Totalreserve: 30_000, InactiveFile: 4096}, 4097, 819, 409},
		{"nothing at all", ratio, Memory{}, 1, 0, 0},
		{"high memory does not count", ratio, Memory{Free: 200_000, InactiveFile: 96, Highmem: 196_000}, 4097, 819, 409},
		{"bytes round up", bytes, Memory{Free: 200_000}, 200_001, 4096, 1025},
		{"background above the threshold becomes half", inverted, Memory{Free: 200_000, Totalreserve: 1}, 200_000, 39_990, 19_995},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := Control{Avail: GlobalDirtyableMemory(c.m, &c.s)}
			x.DomainDirtyLimits(&c.s)
			if x.Avail != c.avail || x.Thresh != c.thresh || x.BgThresh != c.bg {
				t.Errorf("avail %d, thresholds %d and %d; want %d, %d, %d", x.Avail, x.Thresh, x.BgThresh, c.avail, c.thresh, c.bg)
			}
		})
	}
}

func TestHighmemIsDirtyable(t *testing.T) {
	s := DefaultSysctl()
	m := Memory{Free: 1000, Highmem: 600}
	if got := GlobalDirtyableMemory(m, &s); got != 401 {
		t.Errorf("without high memory %d, want 401", got)
	}
	s.HighmemIsDirtyable = true
	if got := GlobalDirtyableMemory(m, &s); got != 1001 {
		t.Errorf("with high memory %d, want 1001", got)
	}
}

func TestNodeDirtyLimit(t *testing.T) {
	s := DefaultSysctl()
	node := NodeDirtyableMemory(Memory{Free: 10_000, Totalreserve: 2000, InactiveFile: 1500, ActiveFile: 500})
	if node != 10_000 {
		t.Fatalf("a node's dirtyable memory is %d, want 10000", node)
	}
	if got := NodeDirtyLimit(node, 40_000, &s); got != 2000 {
		t.Errorf("by ratio %d, want 2000", got)
	}
	s.SetDirtyBytes(4000 * PageSize)
	if got := NodeDirtyLimit(node, 40_000, &s); got != 1000 {
		t.Errorf("by bytes %d, want a quarter of 4000", got)
	}
}

func TestSysctlRatioAndBytesExclude(t *testing.T) {
	s := DefaultSysctl()
	if ch, err := s.SetDirtyBytes(8192); err != nil || !ch || s.DirtyRatio != 0 {
		t.Errorf("dirty_bytes = 8192: changed %v, %v, ratio %d", ch, err, s.DirtyRatio)
	}
	if ch, err := s.SetDirtyBytes(8192); err != nil || ch {
		t.Errorf("the same again: changed %v, %v", ch, err)
	}
	if ch, err := s.SetDirtyRatio(0); err != nil || ch || s.DirtyBytes != 8192 {
		t.Errorf("dirty_ratio = 0, which it is: changed %v, %v, bytes %d", ch, err, s.DirtyBytes)
	}
	if ch, err := s.SetDirtyRatio(100); err != nil || !ch || s.DirtyBytes != 0 {
		t.Errorf("dirty_ratio = 100: changed %v, %v, bytes %d", ch, err, s.DirtyBytes)
	}
	if err := s.SetDirtyBackgroundBytes(1); err != nil || s.DirtyBackgroundRatio != 0 {
		t.Errorf("dirty_background_bytes = 1: %v, ratio %d", err, s.DirtyBackgroundRatio)
	}
	if err := s.SetDirtyBackgroundRatio(0); err != nil || s.DirtyBackgroundBytes != 0 {
		t.Errorf("dirty_background_ratio = 0: %v, bytes %d", err, s.DirtyBackgroundBytes)
	}
	before := s
	for name, err := range map[string]error{
		"dirty_bytes 8191":            second(s.SetDirtyBytes(8191)),
		"dirty_bytes 0":               second(s.SetDirtyBytes(0)),
		"dirty_bytes 2^44":            second(s.SetDirtyBytes(1 << 44)),
		"dirty_ratio 101":             second(s.SetDirtyRatio(101)),
		"dirty_background_bytes 0":    s.SetDirtyBackgroundBytes(0),
		"dirty_background_bytes 2^64": s.SetDirtyBackgroundBytes(math.MaxUint64),
		"dirty_background_ratio 101":  s.SetDirtyBackgroundRatio(101),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if s != before {
		t.Errorf("a refused value changed something: %+v, was %+v", s, before)
	}
	if _, err := s.SetDirtyBytes(math.MaxUint32 * PageSize); err != nil {
		t.Errorf("2^32-1 pages: %v", err)
	}
}

func second(_ bool, err error) error { return err }

func TestBackgroundBelowThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := DefaultSysctl()
		s.SetDirtyRatio(rapid.Uint64Range(0, 100).Draw(t, "ratio"))
		s.SetDirtyBackgroundRatio(rapid.Uint64Range(0, 100).Draw(t, "background"))
		if rapid.Bool().Draw(t, "bytes") {
			s.SetDirtyBytes(rapid.Uint64Range(0, 1<<45).Draw(t, "dirty_bytes"))
		}
		c := Control{Avail: rapid.Uint64Range(1, 1<<40).Draw(t, "avail")}
		c.DomainDirtyLimits(&s)
		if c.BgThresh >= c.Thresh && c.Thresh > 0 || c.Thresh > math.MaxUint32 {
			t.Errorf("thresholds %d and %d", c.Thresh, c.BgThresh)
		}
	})
}
