package phys

import (
	"slices"
	"strings"
	"testing"
)

const (
	testMiB = uint64(1) << 20
	testGiB = uint64(1) << 30
)

func TestFallbackOrder(t *testing.T) {
	// As dmesg of the oracle has it for four equal nodes with a CPU each ("Fallback order for Node").
	four := []NodeConfig{{RAM: 256 * testMiB, CPUs: 1}, {RAM: 256 * testMiB, CPUs: 1}, {RAM: 256 * testMiB, CPUs: 1}, {RAM: 256 * testMiB, CPUs: 1}}
	for _, c := range []struct {
		name     string
		nodes    []NodeConfig
		distance [][]int
		want     [][]int
	}{
		{"four equal", four, nil, [][]int{{0, 1, 2, 3}, {1, 2, 3, 0}, {2, 3, 0, 1}, {3, 0, 1, 2}}},
		{
			"two sockets of two", four,
			[][]int{{10, 12, 21, 21}, {12, 10, 21, 21}, {21, 21, 10, 12}, {21, 21, 12, 10}},
			[][]int{{0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}},
		},
		{
			"a node without memory",
			[]NodeConfig{{RAM: 256 * testMiB, CPUs: 1}, {CPUs: 1}, {RAM: 256 * testMiB, CPUs: 0}},
			nil,
			[][]int{{0, 2}, {2, 0}, {2, 0}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustBuild(t, Config{Nodes: c.nodes, Distance: c.distance})
			for i, n := range m.Nodes {
				if got := n.FallbackOrder(); !slices.Equal(got, c.want[i]) {
					t.Errorf("node %d: %d, want %d", i, got, c.want[i])
				}
			}
			var types []string
			for _, z := range m.Nodes[0].Zonelist[1].Zones {
				types = append(types, z.Name())
			}
			if got := strings.Join(types, " "); got != "DMA32 DMA" {
				t.Errorf("node 0 alone: %s", got)
			}
		})
	}
}

func TestRows(t *testing.T) {
	l, err := NewLayout(X86_64, []NodeConfig{{RAM: 16 << 40, CPUs: 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ frame, row uint64 }{
		{1, 1},
		{0xbffdf, 0xbffdf},
		{0xc0000, 0xc0000},
		{0xd0000, 0xc0000},
		{0x100000, 0xc0000},
		{0x100001, 0xc0001},
		{0x10003ffff, 0xfffffffff & 0xffffffff},
	} {
		if got := l.row(c.frame); got != c.row {
			t.Errorf("row of frame %#x is %#x, want %#x", c.frame, got, c.row)
		}
	}
	if got := l.frame(0xffffffff); got != 0x10003ffff {
		t.Errorf("frame of the last row is %#x", got)
	}
}

// The largest machine can be built and every one of its pages handed out as far as a test can wait.
func TestSixteenTiB(t *testing.T) {
	m := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 8 << 40, CPUs: 1}, {RAM: 8 << 40, CPUs: 1}}})
	if got := m.Present(); got != 16<<40>>12-(0x100-0x9f)-1-acpiPages {
		t.Errorf("%d pages present", got)
	}
	last := PFN(m.MaxPFN() - 1)
	m.Touch(last)
	if k := m.Page(last).Kind(); k != KindReserved && k != KindNone && k != KindBuddy {
		t.Errorf("last page is %s", k)
	}
	if err := m.CheckInvariants(); err != nil {
		t.Error(err)
	}
}

// An untouched terabyte costs little.
func TestHostBytes(t *testing.T) {
	m := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 512 * testGiB, CPUs: 16}, {RAM: 512 * testGiB, CPUs: 16}}})
	if got := m.HostBytes(); got > 50<<20 {
		t.Errorf("untouched: %d MiB", got>>20)
	}
	m = mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 1 * testGiB, CPUs: 1}}})
	var ac AllocContext
	flags := m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
	pages := uint64(0)
	for m.GetPageFromFreelist(&ac, 0, flags) != 0 {
		pages++
	}
	// Not counting templates, of which there is a fixed number.
	if got := float64(m.HostBytes()-3*sectionPages*24) / float64(m.Present()); got > 27 {
		t.Errorf("touched: %.1f bytes a page for %d pages", got, pages)
	}
}

func TestMovableCore(t *testing.T) {
	one := []NodeConfig{{RAM: 8 * testGiB, CPUs: 1}}
	two := []NodeConfig{{RAM: 2 * testGiB, CPUs: 1}, {RAM: 6 * testGiB, CPUs: 1}}
	for _, c := range []struct {
		name string
		c    Config
		want []uint64 // pages of Movable by node
	}{
		{"none", Config{Nodes: one}, []uint64{0}},
		{"movablecore", Config{Nodes: one, MovableCore: CoreSize{Bytes: 1 * testGiB}}, []uint64{testGiB >> 12}},
		{"movablecore in percent", Config{Nodes: one, MovableCore: CoreSize{Percent: 25}}, []uint64{2 * testGiB >> 12}},
		{"kernelcore", Config{Nodes: one, KernelCore: CoreSize{Bytes: 6 * testGiB}}, []uint64{2*testGiB>>12 - 129}},
		{"more than there is", Config{Nodes: one, KernelCore: CoreSize{Bytes: 64 * testGiB}}, []uint64{0}},
		// Node 0 lies below 4 GiB and is all the kernel's: what it has beyond its share is node 1's gain.
		{"two nodes", Config{Nodes: two, MovableCore: CoreSize{Bytes: 2 * testGiB}}, []uint64{0, 2 * testGiB >> 12}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustBuild(t, c.c)
			for i, n := range m.Nodes {
				got := n.Zone(ZoneMovable).Present
				if d := int64(got) - int64(c.want[i]); d < -1024 || d > 1024 {
					t.Errorf("node %d: %d pages of Movable, want %d", i, got, c.want[i])
				}
				if z := n.Zone(ZoneMovable); z.Present > 0 && m.TruePFN(PFN(z.StartPFN))%1024 != 0 {
					t.Errorf("node %d: Movable begins at frame %d", i, m.TruePFN(PFN(z.StartPFN)))
				}
			}
			if err := m.CheckInvariants(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBuildErrors(t *testing.T) {
	for _, c := range []struct {
		c    Config
		want string
	}{
		{Config{}, "0 nodes"},
		{Config{Nodes: []NodeConfig{{RAM: 16 * testMiB, CPUs: 1}}}, "ram 16777216: must be"},
		{Config{Nodes: []NodeConfig{{RAM: 40 * testMiB, CPUs: 1}}}, "the kernel's image needs RAM up to 57 MiB"},
		{Config{Nodes: []NodeConfig{{RAM: 64 * testMiB, CPUs: 200}}}, "too small to boot"},
		{Config{Nodes: []NodeConfig{{RAM: 17 << 40, CPUs: 1}}}, "node 0: ram"},
		{Config{Nodes: []NodeConfig{{RAM: 64*testMiB + 1, CPUs: 1}}}, "multiple of 4096"},
		{Config{Nodes: []NodeConfig{{RAM: 64 * testMiB}}}, "0 CPUs"},
		{Config{Nodes: []NodeConfig{{RAM: 64 * testMiB, CPUs: 9000}}}, "9000 CPUs"},
		{Config{Arch: I386, Nodes: []NodeConfig{{RAM: 8 * testGiB, CPUs: 1}}}, "node 0: ram"},
		{Config{Arch: I386, Nodes: []NodeConfig{{RAM: 64 * testMiB, CPUs: 1}, {RAM: 64 * testMiB}}}, "i386 has one"},
		{Config{Nodes: []NodeConfig{{CPUs: 1}, {RAM: 64 * testMiB}}}, "node 0: ram 0: the kernel boots from it"},
		{Config{Nodes: []NodeConfig{{RAM: 64 * testMiB, CPUs: 1}}, Distance: [][]int{{20}}}, "distance of node 0 to node 0 is 20"},
		{Config{Nodes: []NodeConfig{{RAM: 64 * testMiB, CPUs: 1}}, Distance: [][]int{{10}, {10}}}, "distance: 2 rows for 1 nodes"},
		{Config{Nodes: []NodeConfig{{RAM: 64 * testMiB, CPUs: 1}}, Snapshot: &Snapshot{}}, "no zone has memory"},
	} {
		_, err := Build(c.c)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.c.Nodes, err, c.want)
		}
	}
	for _, ram := range []uint64{60, 64, 96, 120} {
		if m, err := Build(Config{Nodes: []NodeConfig{{RAM: ram * testMiB, CPUs: 1}}}); err != nil {
			t.Errorf("%d MiB: %v", ram, err)
		} else if err := m.CheckInvariants(); err != nil {
			t.Errorf("%d MiB: %v", ram, err)
		}
	}
}
