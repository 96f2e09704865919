package phys

import (
	"strings"
	"testing"
)

func TestSysctlErrors(t *testing.T) {
	m := bare(t, 64<<20, 1)
	before := m.Sysctl()
	for want, err := range map[string]error{
		"vm.min_free_kbytes = -1":                 m.SetMinFreeKbytes(-1),
		"vm.watermark_scale_factor = 0":           m.SetWatermarkScaleFactor(0),
		"vm.watermark_scale_factor = 3001":        m.SetWatermarkScaleFactor(3001),
		"vm.watermark_boost_factor = -5":          m.SetWatermarkBoostFactor(-5),
		"vm.percpu_pagelist_high_fraction = 7":    m.SetPercpuPagelistHighFraction(7),
		"vm.lowmem_reserve_ratio: 6 values, but ": m.SetLowmemReserveRatio(make([]int, 6)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if m.Sysctl() != before {
		t.Errorf("refused values changed the settings: %+v", m.Sysctl())
	}
}

// A value set by the user stays when huge pages come and go, unless khugepaged wants more.
func TestMinFreeSetByUser(t *testing.T) {
	m := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 1 << 30, CPUs: 1}}})
	if err := m.SetMinFreeKbytes(20000); err != nil {
		t.Fatal(err)
	}
	m.SetTHP(true)
	if got := m.Sysctl().MinFreeKbytes; got != 45056 {
		t.Errorf("with huge pages %d", got)
	}
	m.SetTHP(false)
	if got := m.Sysctl().MinFreeKbytes; got != 45056 {
		t.Errorf("huge pages off again: %d, but what is below the user's value is not computed", got)
	}
}

// The lists share a fraction of the zone instead of the low mark.
func TestPagelistFraction(t *testing.T) {
	m := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 1 << 30, CPUs: 4}}})
	z := m.Nodes[0].Zone(ZoneDMA32)
	if err := m.SetPercpuPagelistHighFraction(8); err != nil {
		t.Fatal(err)
	}
	if got, want := z.PCP(3).High, int(z.Managed/8/4); got != want {
		t.Errorf("high %d, want %d", got, want)
	}
	if err := m.SetPercpuPagelistHighFraction(0); err != nil {
		t.Fatal(err)
	}
	if got, want := z.PCP(3).High, int(z.Wmark(WmarkLow))/4; got != want {
		t.Errorf("high %d, want %d", got, want)
	}
}

// As many nodes as there can be, each with its own zone.
func TestManyNodes(t *testing.T) {
	c := Config{}
	for range 200 {
		c.Nodes = append(c.Nodes, NodeConfig{RAM: 128 << 20, CPUs: 1})
	}
	m := mustBuild(t, c)
	for _, n := range m.Nodes {
		if n.Managed() == 0 || n.FallbackOrder()[0] != n.ID {
			t.Fatalf("node %d: %d pages, fallback %d", n.ID, n.Managed(), n.FallbackOrder()[:4])
		}
	}
	if err := m.CheckInvariants(); err != nil {
		t.Error(err)
	}
}
