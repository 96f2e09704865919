package phys

import (
	"fmt"
	"strings"
)

// GFP is a set of allocation flags with the kernel's bit values (gfp_t).
type GFP uint32

// The single flags (include/linux/gfp_types.h).
const (
	GFPDma           GFP = 0x1
	GFPHighmem       GFP = 0x2
	GFPDma32         GFP = 0x4
	GFPMovable       GFP = 0x8
	GFPReclaimable   GFP = 0x10
	GFPHigh          GFP = 0x20
	GFPIO            GFP = 0x40
	GFPFS            GFP = 0x80
	GFPZero          GFP = 0x100
	GFPAtomicFlag    GFP = 0x200 // __GFP_ATOMIC
	GFPDirectReclaim GFP = 0x400
	GFPKswapdReclaim GFP = 0x800
	GFPWrite         GFP = 0x1000
	GFPNowarn        GFP = 0x2000
	GFPRetryMayfail  GFP = 0x4000
	GFPNofail        GFP = 0x8000
	GFPNoretry       GFP = 0x10000
	GFPMemalloc      GFP = 0x20000
	GFPComp          GFP = 0x40000
	GFPNomemalloc    GFP = 0x80000
	GFPHardwall      GFP = 0x100000
	GFPThisnode      GFP = 0x200000
	GFPAccount       GFP = 0x400000
	GFPZerotags      GFP = 0x800000
)

// The composites.
const (
	GFPReclaim          = GFPDirectReclaim | GFPKswapdReclaim
	GFPAtomic           = GFPHigh | GFPAtomicFlag | GFPKswapdReclaim
	GFPNowait           = GFPKswapdReclaim
	GFPNoio             = GFPReclaim
	GFPNofs             = GFPReclaim | GFPIO
	GFPKernel           = GFPReclaim | GFPIO | GFPFS
	GFPKernelAccount    = GFPKernel | GFPAccount
	GFPUser             = GFPKernel | GFPHardwall
	GFPHighuser         = GFPUser | GFPHighmem
	GFPHighuserMovable  = GFPHighuser | GFPMovable
	GFPTranshugeLight   = (GFPHighuserMovable | GFPComp | GFPNomemalloc | GFPNowarn) &^ GFPReclaim
	GFPTranshuge        = GFPTranshugeLight | GFPDirectReclaim
	gfpZoneMask         = GFPDma | GFPHighmem | GFPDma32 | GFPMovable
	gfpMovableMask      = GFPMovable | GFPReclaimable
	gfpMovableMaskShift = 3
)

// Migratetype returns the mobility that the flags ask for (gfp_migratetype), before mobility grouping is looked at.
func (g GFP) Migratetype() Migratetype {
	return Migratetype(g & gfpMovableMask >> gfpMovableMaskShift)
}

// gfpNames lists flags and composites in the order in which the kernel's %pGg tries them: larger sets first.
var gfpNames = []struct {
	bits GFP
	name string
}{
	{GFPTranshuge, "GFP_TRANSHUGE"},
	{GFPTranshugeLight, "GFP_TRANSHUGE_LIGHT"},
	{GFPHighuserMovable, "GFP_HIGHUSER_MOVABLE"},
	{GFPHighuser, "GFP_HIGHUSER"},
	{GFPUser, "GFP_USER"},
	{GFPKernelAccount, "GFP_KERNEL_ACCOUNT"},
	{GFPKernel, "GFP_KERNEL"},
	{GFPNofs, "GFP_NOFS"},
	{GFPAtomic, "GFP_ATOMIC"},
	{GFPNoio, "GFP_NOIO"},
	{GFPNowait, "GFP_NOWAIT"},
	{GFPDma, "GFP_DMA"},
	{GFPHighmem, "__GFP_HIGHMEM"},
	{GFPDma32, "GFP_DMA32"},
	{GFPHigh, "__GFP_HIGH"},
	{GFPAtomicFlag, "__GFP_ATOMIC"},
	{GFPIO, "__GFP_IO"},
	{GFPFS, "__GFP_FS"},
	{GFPNowarn, "__GFP_NOWARN"},
	{GFPRetryMayfail, "__GFP_RETRY_MAYFAIL"},
	{GFPNofail, "__GFP_NOFAIL"},
	{GFPNoretry, "__GFP_NORETRY"},
	{GFPComp, "__GFP_COMP"},
	{GFPZero, "__GFP_ZERO"},
	{GFPNomemalloc, "__GFP_NOMEMALLOC"},
	{GFPMemalloc, "__GFP_MEMALLOC"},
	{GFPHardwall, "__GFP_HARDWALL"},
	{GFPThisnode, "__GFP_THISNODE"},
	{GFPReclaimable, "__GFP_RECLAIMABLE"},
	{GFPMovable, "__GFP_MOVABLE"},
	{GFPAccount, "__GFP_ACCOUNT"},
	{GFPWrite, "__GFP_WRITE"},
	{GFPReclaim, "__GFP_RECLAIM"},
	{GFPDirectReclaim, "__GFP_DIRECT_RECLAIM"},
	{GFPKswapdReclaim, "__GFP_KSWAPD_RECLAIM"},
	{GFPZerotags, "__GFP_ZEROTAGS"},
}

// String returns the flags as the kernel prints them inside the parentheses of gfp_mask=0x...(...): composite names first, joined by |,
// bits without a name in hexadecimal, "none" if no flag is set.
func (g GFP) String() string {
	if g == 0 {
		return "none"
	}
	var parts []string
	for _, n := range gfpNames {
		if g&n.bits == n.bits {
			parts = append(parts, n.name)
			g &^= n.bits
		}
	}
	if g != 0 {
		parts = append(parts, fmt.Sprintf("0x%x", uint32(g)))
	}
	return strings.Join(parts, "|")
}

// AllocFlags say how an allocation treats watermarks and reserves (the kernel's ALLOC_ flags).
type AllocFlags uint32

// The low two bits choose the watermark; the others are single flags.
const (
	AllocWmarkMin     AllocFlags = AllocFlags(WmarkMin)
	AllocWmarkLow     AllocFlags = AllocFlags(WmarkLow)
	AllocWmarkHigh    AllocFlags = AllocFlags(WmarkHigh)
	AllocWmarkMask    AllocFlags = 3
	AllocNoWatermarks AllocFlags = 0x4   // use any free page
	AllocOOM          AllocFlags = 0x8   // the task is an OOM victim
	AllocNonBlock     AllocFlags = 0x10  // the caller cannot block
	AllocMinReserve   AllocFlags = 0x20  // __GFP_HIGH: half of the min watermark may be used
	AllocCpuset       AllocFlags = 0x40  // check cpusets
	AllocCMA          AllocFlags = 0x80  // CMA areas may be used
	AllocNoFragment   AllocFlags = 0x100 // avoid mixing pageblock types
	AllocHighatomic   AllocFlags = 0x200 // the highatomic reserve may be used
	AllocKswapd       AllocFlags = 0x800 // kswapd may be woken

	allocReserves = AllocNonBlock | AllocMinReserve | AllocHighatomic | AllocOOM
)
