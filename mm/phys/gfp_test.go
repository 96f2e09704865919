package phys

import "testing"

func TestGFPString(t *testing.T) {
	for _, c := range []struct {
		gfp  GFP
		bits uint32
		want string
	}{
		{0, 0, "none"},
		{GFPKernel, 0xcc0, "GFP_KERNEL"},
		{GFPHighuserMovable, 0x100cca, "GFP_HIGHUSER_MOVABLE"},
		{GFPHighuserMovable | GFPZero, 0x100dca, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"},
		{GFPAtomic, 0xa20, "GFP_ATOMIC"},
		{GFPNofs, 0xc40, "GFP_NOFS"},
		{GFPUser, 0x100cc0, "GFP_USER"},
		{GFPNoio, 0xc00, "GFP_NOIO"},
		{GFPNowait, 0x800, "GFP_NOWAIT"},
		{GFPKernelAccount | GFPZero, 0x400dc0, "GFP_KERNEL_ACCOUNT|__GFP_ZERO"},
		{GFPTranshuge, 0x1c24ca, "GFP_TRANSHUGE"},
		{GFPTranshuge | GFPNoretry, 0x1d24ca, "GFP_TRANSHUGE|__GFP_NORETRY"},
		{GFPKernel | GFPDma32 | GFPNowarn | GFPRetryMayfail, 0x6cc4, "GFP_KERNEL|GFP_DMA32|__GFP_NOWARN|__GFP_RETRY_MAYFAIL"},
		{GFPHighuser | 1<<30, 0x40100cc2, "GFP_HIGHUSER|0x40000000"},
	} {
		if uint32(c.gfp) != c.bits {
			t.Errorf("%s is %#x, want %#x", c.want, uint32(c.gfp), c.bits)
		}
		if got := c.gfp.String(); got != c.want {
			t.Errorf("%#x prints %q, want %q", uint32(c.gfp), got, c.want)
		}
	}
}

func TestGFPZoneAndType(t *testing.T) {
	x86 := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 1}}})
	i386 := mustBuild(t, Config{Arch: I386, Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 1}}})
	for _, c := range []struct {
		gfp       GFP
		x86, i386 ZoneType
		mt        Migratetype
	}{
		{GFPKernel, ZoneNormal, ZoneNormal, MigrateUnmovable},
		{GFPKernel | GFPDma, ZoneDMA, ZoneDMA, MigrateUnmovable},
		{GFPKernel | GFPDma32, ZoneDMA32, ZoneNormal, MigrateUnmovable},
		{GFPHighuser, ZoneNormal, ZoneHighMem, MigrateUnmovable},
		{GFPHighuserMovable, ZoneMovable, ZoneMovable, MigrateMovable},
		{GFPUser | GFPMovable, ZoneNormal, ZoneNormal, MigrateMovable},
		{GFPUser | GFPMovable | GFPDma, ZoneDMA, ZoneDMA, MigrateMovable},
		{GFPUser | GFPMovable | GFPDma32, ZoneDMA32, ZoneNormal, MigrateMovable},
		{GFPKernel | GFPReclaimable, ZoneNormal, ZoneNormal, MigrateReclaimable},
	} {
		if got := x86.HighestZone(c.gfp); got != c.x86 {
			t.Errorf("%s on x86-64: %s, want %s", c.gfp, got, c.x86)
		}
		if got := i386.HighestZone(c.gfp); got != c.i386 {
			t.Errorf("%s on i386: %s, want %s", c.gfp, got, c.i386)
		}
		if got := x86.Migratetype(c.gfp); got != c.mt {
			t.Errorf("%s: %s, want %s", c.gfp, got, c.mt)
		}
	}
}
