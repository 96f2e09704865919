package mm

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mmsim/engine"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/vmstat"
)

// bootCase is a recorded machine: its files (testdata/boot/gen.sh) and what was declared.
type bootCase struct {
	name string
	cfg  Config
}

func declared(ram uint64, cpus int) Config {
	return Config{Nodes: []NodeConfig{{RAM: ram << 20, CPUs: cpus}}, THP: "never"}
}

func bootCases() []bootCase {
	with := func(c Config, change func(*Config)) Config {
		change(&c)
		return c
	}
	i386 := func(c *Config) { c.Arch = "i386" }
	sysctl := func(name, value string) func(*Config) {
		return func(c *Config) { c.Sysctl = []Sysctl{{name, value}} }
	}
	return []bootCase{
		{"boot-cpus-2", declared(1024, 2)},
		{"boot-cpus-4", declared(1024, 4)},
		{"boot-i386-2g", with(declared(2048, 1), i386)},
		{"boot-i386-512m", with(declared(512, 1), i386)},
		{"boot-lowmem-reserve", with(declared(4096, 1), sysctl("vm.lowmem_reserve_ratio", "64 16 8 0 0"))},
		{"boot-min-free", with(declared(1024, 1), sysctl("vm.min_free_kbytes", "65536"))},
		{"boot-numa-2x2g", Config{Nodes: []NodeConfig{{2 << 30, 1}, {2 << 30, 1}}, THP: "never"}},
		{"boot-ram-128m", declared(128, 1)},
		{"boot-ram-16g", declared(16384, 1)},
		{"boot-ram-1g", declared(1024, 1)},
		{"boot-ram-2g", declared(2048, 1)},
		{"boot-ram-4g", declared(4096, 1)},
		{"boot-ram-512m", declared(512, 1)},
		{"boot-ram-8g", declared(8192, 1)},
		{"boot-swap-list", with(declared(512, 1), func(c *Config) {
			c.Swap = []SwapConfig{{100 << 20, "ssd", 5}, {64 << 20, "disk", -1}, {50 << 20, "zram", 10}}
		})},
		{"boot-thp-always", with(declared(1024, 1), func(c *Config) { c.THP = "always" })},
		{"boot-watermark-scale-100", with(declared(4096, 1), sysctl("vm.watermark_scale_factor", "100"))},
	}
}

// record reads the recorded files of a machine.
func record(tb testing.TB, name string) *procfs.Snapshot {
	tb.Helper()
	for _, dir := range []string{"testdata/boot", "procfs/testdata/snapshot"} {
		dir = filepath.Join(dir, name)
		if _, err := os.Stat(dir); err == nil {
			s, err := procfs.ReadSnapshot(dir)
			if err != nil {
				tb.Fatal(err)
			}
			return s
		}
	}
	tb.Fatalf("no recorded machine %s", name)
	return nil
}

// blind makes a record forget what the kernel computes.
func blind(s *procfs.Snapshot) {
	s.SysctlVM = nil
	for i := range s.Zoneinfo.Zones {
		z := &s.Zoneinfo.Zones[i]
		z.Boost, z.Min, z.Low, z.High = 0, 0, 0, 0
		clear(z.Protection)
		for j := range z.Pagesets {
			z.Pagesets[j].High, z.Pagesets[j].Batch = 0, 0
		}
	}
}

func bootOn(tb testing.TB, cfg Config) *Kernel {
	tb.Helper()
	cpus := 0
	for _, n := range cfg.Nodes {
		cpus += n.CPUs
	}
	k, err := New(engine.New(engine.Options{Seed: 1, CPUs: cpus}), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	k.check(tb)
	return k
}

func lines(f procfs.File) []string { return strings.Split(string(procfs.Text(f)), "\n") }

func compareText(t *testing.T, what string, got, want procfs.File, skip *regexp.Regexp) {
	t.Helper()
	g, w := lines(got), lines(want)
	if len(g) != len(w) {
		t.Errorf("%s has %d lines, recorded %d", what, len(g), len(w))
		return
	}
	bad := 0
	for i := range g {
		if g[i] != w[i] && (skip == nil || !skip.MatchString(w[i])) {
			if bad++; bad <= 5 {
				t.Errorf("%s, line %d: %q, recorded %q", what, i+1, g[i], w[i])
			}
		}
	}
}

// A machine started from a record that has forgotten what the kernel computes shows the whole record again, except for what is named here.
func TestBootFromRecord(t *testing.T) {
	for _, c := range bootCases() {
		t.Run(c.name, func(t *testing.T) {
			want := record(t, c.name+"-before")
			cfg := c.cfg
			cfg.Boot = record(t, c.name+"-before")
			blind(cfg.Boot)
			k := bootOn(t, cfg)
			compareText(t, "zoneinfo", k.zoneinfo(), want.Zoneinfo, nil)
			compareText(t, "buddyinfo", k.buddyinfo(), want.Buddyinfo, nil)
			// The recorder read one file after the other, and reading allocates: where the record does not agree with itself, zoneinfo counts.
			var memSkip, vmSkip, typeSkip *regexp.Regexp
			if free, same := zoneFree(want); !same || free != uint64(want.Vmstat.Zone[vmstat.NRFreePages]) {
				memSkip, vmSkip = regexp.MustCompile("^Mem(Free|Available)"), regexp.MustCompile("^(nr_free_pages|nr_dirty.*threshold|numa_.*) ")
				typeSkip = regexp.MustCompile("^Node .* type ")
				within(t, "MemFree", k.meminfo().MemFree, want.Meminfo.MemFree, 0.001)
			} else {
				vmSkip = regexp.MustCompile("^(nr_dirty.*threshold|numa_.*) ")
				compareDirtyLimits(t, k, want)
			}
			compareText(t, "meminfo", k.meminfo(), want.Meminfo, memSkip)
			compareText(t, "vmstat", k.vmstat(), want.Vmstat, vmSkip)
			compareText(t, "pagetypeinfo", k.pagetypeinfo(), want.Pagetypeinfo, typeSkip)
			compareText(t, "swaps", k.swaps(), want.Swaps, nil)
			for _, name := range []string{"slabinfo", "vmallocinfo", "iomem"} {
				if text, ok := k.ProcFile("/proc/" + name); !ok || len(text) < 1000 && name != "iomem" {
					t.Errorf("%s: %q", name, text)
				}
			}
			for _, v := range want.SysctlVM.Values {
				if got, ok := k.Sysctl("vm." + v.Name); ok && got != v.Value {
					t.Errorf("vm.%s is %s, recorded %s", v.Name, got, v.Value)
				}
			}
		})
	}
}

// zoneFree is the free pages of all zones, and whether buddyinfo and pagetypeinfo have as many.
func zoneFree(s *procfs.Snapshot) (free uint64, same bool) {
	blocks, types := uint64(0), uint64(0)
	for i := range s.Zoneinfo.Zones {
		free += s.Zoneinfo.Zones[i].Free
	}
	for _, z := range s.Buddyinfo.Zones {
		for o, n := range z.Free {
			blocks += n << o
		}
	}
	for _, n := range s.Pagetypeinfo.Nodes {
		for _, f := range n.Free {
			for o, n := range f.Count {
				types += n << o
			}
		}
	}
	return free, free == blocks && blocks == types
}

// compareDirtyLimits knows that the oracle's recorder is a real-time task, for which the kernel adds a quarter and a 32nd of a limit that both
// thresholds share.
func compareDirtyLimits(t *testing.T, k *Kernel, s *procfs.Snapshot) {
	t.Helper()
	threshold, background := k.dirtyLimits()
	more := int64(s.Vmstat.DirtyThreshold) - int64(threshold+threshold/4)
	if same := int64(s.Vmstat.DirtyBackgroundThreshold) - int64(background+background/4); same != more || more < 0 || more > int64(threshold/24) {
		t.Errorf("dirty thresholds %d and %d, recorded %d and %d: %d and %d more than they would be for a real-time task", threshold, background,
			s.Vmstat.DirtyThreshold, s.Vmstat.DirtyBackgroundThreshold, more, same)
	}
}

// Booted from its declared size alone, a machine has the recorded one's memory.
func TestBareBoot(t *testing.T) {
	for _, c := range bootCases() {
		t.Run(c.name, func(t *testing.T) {
			want := record(t, c.name+"-before")
			k := bootOn(t, c.cfg)
			managed := uint64(0)
			for i := range want.Zoneinfo.Zones {
				managed += want.Zoneinfo.Zones[i].Managed
			}
			within(t, "managed pages", k.Mem.Managed(), managed, 0.01)
			m := k.meminfo()
			within(t, "KernelStack", m.KernelStack, want.Meminfo.KernelStack, 0.12)
			within(t, "Slab", m.Slab, want.Meminfo.Slab, 0.1)
			within(t, "Percpu", m.Percpu, want.Meminfo.Percpu, 0.25)
			if len(c.cfg.Nodes) == 1 { // with more, hash tables are vmalloc areas, too
				within(t, "VmallocUsed", m.VmallocUsed, want.Meminfo.VmallocUsed, 0.25)
			}
			within(t, "MemFree", m.MemFree, want.Meminfo.MemFree, 0.06)
			ur, _ := want.SysctlVM.Value("user_reserve_kbytes")
			reserve, _ := strconv.ParseUint(ur, 10, 64)
			within(t, "user_reserve_kbytes", k.sysctl.userReserveKbytes, reserve, 0.005)
		})
	}
}

func within(t *testing.T, what string, got, want uint64, part float64) {
	t.Helper()
	if d := float64(got)/float64(want) - 1; d > part || d < -part {
		t.Errorf("%s is %d, recorded %d: %+.1f%%", what, got, want, d*100)
	}
}

// A machine that a record started runs until memory is out, whatever had been in use, and every state on the way is sound.
func TestRunFromRecord(t *testing.T) {
	for _, name := range []string{"boot-ram-128m", "swap-seq-2cpu-after", "oom-order-after", "zram-fill-1.5x-after", "memcg-max-swap-after"} {
		t.Run(name, func(t *testing.T) {
			s := record(t, strings.TrimSuffix(name, "-after")+map[bool]string{true: "-after", false: "-before"}[strings.HasSuffix(name, "-after")])
			cfg := declared(256, s.CPUs())
			if name == "boot-ram-128m" {
				cfg = declared(128, 1)
			} else if name == "memcg-max-swap-after" {
				cfg = declared(512, 1)
			}
			for _, a := range s.Swaps.Areas {
				cfg.Swap = append(cfg.Swap, SwapConfig{Size: a.Size<<10 + 4096, Device: "ssd", Priority: -1})
			}
			cfg.Boot = s
			k := bootOn(t, cfg)
			total := uint64(k.Mem.Managed()+uint64(k.swap.Total)) << 12
			k.spawn(t, "p", func(p *Process) {
				a := p.mustMmap(t, total)
				p.write(a, total)
			})
			k.check(t)
			k.run(t)
			if p := k.FindProcess("p"); !p.status.OOM {
				t.Errorf("the process ended with %+v", p.status)
			}
			if k.Mem.Nodes[0].Zone(phys.ZoneDMA32).FreePages() < 1000 {
				t.Errorf("%d pages free at the end", k.Mem.FreeTotal())
			}
		})
	}
}

// What is declared has to be the recorded machine.
func TestBootRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*Config)
	}{
		{"cpus", "cpus = 2: the recorded machine has 1", func(c *Config) { c.Nodes[0].CPUs = 2 }},
		{"arch", "arch = i386: the recorded machine has another", func(c *Config) { c.Arch = "i386" }},
		{"ram", "ram = 2048 MiB: node 0 of the recorded machine has 1023 MiB", func(c *Config) { c.Nodes[0].RAM = 2 << 30 }},
		{"nodes", "nodes = 2: the recorded machine has 1", func(c *Config) {
			c.Nodes = []NodeConfig{{512 << 20, 1}, {512 << 20, 0}}
		}},
		{"swap", "swap = 1 areas: the recorded machine has 0", func(c *Config) { c.Swap = []SwapConfig{{Size: 1 << 30}} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := declared(1024, 1)
			cfg.Boot = record(t, "boot-ram-1g-before")
			c.change(&cfg)
			_, err := New(engine.New(engine.Options{CPUs: 1}), cfg)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
