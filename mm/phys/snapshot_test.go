package phys

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// snapshot turns a recorded machine into what package procfs would hand over.
func (r *recordedMachine) snapshot() Config {
	c := r.config()
	s := &Snapshot{}
	for i := range r.Zones {
		rz := &r.Zones[i]
		if rz.Present == 0 {
			continue
		}
		zs := ZoneSnapshot{
			Node: rz.Node, Zone: ZoneType(slices.Index(zoneNames[:], rz.Zone)), Start: rz.StartPFN,
			Spanned: rz.Spanned, Present: rz.Present, Managed: rz.Managed,
		}
		for mt, name := range migratetypeNames {
			for o, n := range rz.FreeBlocks[name] {
				zs.Free[o][mt] = n
			}
		}
		copy(zs.BlockTypes[:MigrateHighAtomic+1], rz.BlockTypes)
		zs.BlockTypes[MigrateIsolate] = rz.BlockTypes[4]
		for _, p := range rz.PCP {
			zs.PCP = append(zs.PCP, p[0])
		}
		s.Zones = append(s.Zones, zs)
	}
	c.Snapshot = s
	return c
}

// A machine started from a recorded state has that state's pages, blocks, types and marks.
func TestRecordedSnapshots(t *testing.T) {
	for _, r := range recorded(t) {
		t.Run(r.Name, func(t *testing.T) {
			c := r.snapshot()
			m := mustBuild(t, c)
			if err := m.CheckInvariants(); err != nil {
				t.Fatal(err)
			}
			if len(r.Set) == 0 && m.Sysctl().MinFreeKbytes != r.MinFreeKbytes {
				t.Errorf("min_free_kbytes %d, recorded %d", m.Sysctl().MinFreeKbytes, r.MinFreeKbytes)
			}
			for i := range r.Zones {
				rz := &r.Zones[i]
				z := m.testZone(t, rz)
				if z.Managed != rz.Managed || z.Present != rz.Present || z.Spanned != rz.Spanned {
					t.Errorf("%s/%d: managed %d present %d spanned %d", rz.Zone, rz.Node, z.Managed, z.Present, z.Spanned)
				}
				if len(r.Set) == 0 {
					compareZone(t, z, rz)
				}
				for mt, name := range migratetypeNames {
					for o, want := range rz.FreeBlocks[name] {
						if got := z.NrFreeType(o, Migratetype(mt)); got != want {
							t.Errorf("%s/%d: %d free blocks of order %d and type %s, recorded %d", rz.Zone, rz.Node, got, o, name, want)
						}
					}
				}
				compareBlockTypes(t, z, rz)
				for cpu, p := range rz.PCP {
					if got := z.PCP(cpu).Count; got != p[0] {
						t.Errorf("%s/%d: cpu %d: %d pages, recorded %d", rz.Zone, rz.Node, cpu, got, p[0])
					}
				}
			}
		})
	}
}

// compareBlockTypes allows one pageblock, which two zones share on i386.
// The kernel's image is where /proc/iomem says, and nothing is free there; the state is the recorded one all the same.
func TestSnapshotWithImage(t *testing.T) {
	image := []Range{{0x1000, 0x1e02}, {0x2000, 0x2827}, {0x2a00, 0x2c46}, {0x32b1, 0x3800}} // of the recorded x86-64 machines
	for _, r := range recorded(t) {
		c := r.snapshot()
		if c.Arch != X86_64 {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			c.Snapshot.Kernel = image
			m := mustBuild(t, c)
			if err := m.CheckInvariants(); err != nil {
				t.Fatal(err)
			}
			for at := imageX86.image.Start; at < imageX86.image.End; at++ {
				freed := slices.ContainsFunc(imageX86.freed, func(r Range) bool { return r.Start <= at && at < r.End })
				if !freed {
					if k := m.Page(PFN(m.layout.row(at))).Kind(); k != KindReserved {
						t.Fatalf("frame %#x of the image is %s", at, k)
					}
				}
			}
			for i := range r.Zones {
				rz := &r.Zones[i]
				z := m.testZone(t, rz)
				compareBlockTypes(t, z, rz)
				inGap := [MaxOrder]int{}
				for mt, name := range migratetypeNames {
					for o, n := range rz.FreeBlocks[name] {
						if got := z.NrFreeType(o, Migratetype(mt)); got != n {
							t.Errorf("%s/%d: %d free blocks of order %d, %s; recorded %d", rz.Zone, rz.Node, got, o, name, n)
						}
						for pfn, _ := z.FreeList(o, Migratetype(mt)); pfn != 0; pfn = m.Page(pfn).Next {
							if f := m.layout.frame(uint64(pfn)); f >= 0x1e02 && f < 0x2000 {
								inGap[o]++
							}
							if got := m.BlockType(pfn); Migratetype(mt) != MigrateMovable && o < m.pageblockOrder && got != Migratetype(mt) && rz.BlockTypes != nil {
								t.Errorf("%s/%d: the free block of order %d at %#x is %s, its pageblock %s", rz.Zone, rz.Node, o, pfn, name, got)
							}
						}
					}
				}
				for o := 5; o <= 8 && rz.Zone == "DMA32" && rz.Node == 0; o++ { // what no boot uses up
					if inGap[o] != 1 && rz.FreeBlocks["Movable"][o] > 0 {
						t.Errorf("%s/%d: between the parts of the image are %d free blocks of order %d, want 1", rz.Zone, rz.Node, inGap[o], o)
					}
				}
			}
		})
	}
}

func compareBlockTypes(t *testing.T, z *Zone, rz *recordedZone) {
	t.Helper()
	if rz.BlockTypes == nil {
		return
	}
	got := z.BlockTypes()
	have := []uint64{got[0], got[1], got[2], got[3], got[MigrateIsolate]}
	diff := uint64(0)
	for i, want := range rz.BlockTypes {
		diff += max(want, have[i]) - min(want, have[i])
	}
	limit := uint64(0)
	if z.mem.Arch == I386 {
		limit = 2
	}
	if diff > limit {
		t.Errorf("%s/%d: pageblocks by type %d, recorded %d", rz.Zone, rz.Node, have, rz.BlockTypes)
	}
}

// Taking any state of a used machine down and building it again gives the same counts: whatever could be, can be placed.
func TestSnapshotOfAnyState(t *testing.T) {
	for _, name := range []string{"tiny 64 MiB", "numa", "movable"} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m, err := Build(testMachines[name])
				if err != nil {
					t.Fatal(err)
				}
				w := &walker{m: m}
				for range rapid.IntRange(1, 30).Draw(t, "steps") {
					w.alloc(t)
					w.free(t)
				}
				s := m.Snapshot()
				again, err := Build(Config{Nodes: testMachines[name].Nodes, Snapshot: s})
				if err != nil {
					t.Fatal(err)
				}
				if err := again.CheckInvariants(); err != nil {
					t.Fatal(err)
				}
				for i := range s.Zones {
					a, b := s.Zones[i], again.Snapshot().Zones[i]
					if !slices.Equal(a.PCP, b.PCP) {
						t.Fatalf("per-CPU pages %d, then %d", a.PCP, b.PCP)
					}
					a.PCP, b.PCP = nil, nil
					if a.Free != b.Free || a.BlockTypes != b.BlockTypes || a.Managed != b.Managed || a.Present != b.Present {
						t.Fatalf("before %+v\nafter  %+v", a, b)
					}
				}
			})
		})
	}
}

// No numbers make Build panic or hang.
func FuzzSnapshot(f *testing.F) {
	f.Add(uint64(1), uint64(4095), uint64(3998), uint64(3840), uint64(3), uint64(5), uint64(2), 7)
	f.Add(uint64(4096), uint64(1<<33), uint64(1<<33), uint64(1<<33), uint64(1<<22), uint64(1<<40), uint64(1<<60), -1)
	f.Fuzz(func(t *testing.T, start, spanned, present, managed, big, small, blocks uint64, pcp int) {
		if spanned > 1<<24 {
			spanned = spanned%3 + 1<<62 // refused; what is between would only take memory
		}
		z := ZoneSnapshot{Zone: ZoneNormal, Start: start, Spanned: spanned, Present: present, Managed: managed, PCP: []int{pcp}}
		z.Free[10][MigrateMovable], z.Free[0][MigrateUnmovable], z.Free[4][MigrateCMA] = big, small, small/3
		z.BlockTypes[MigrateMovable], z.BlockTypes[MigrateHighAtomic] = blocks, 3
		m, err := Build(Config{Nodes: []NodeConfig{{CPUs: 1}}, Snapshot: &Snapshot{Zones: []ZoneSnapshot{z}}})
		if err != nil {
			return
		}
		if err := m.CheckInvariants(); err != nil {
			t.Error(err)
		}
	})
}
