package mm

import (
	"fmt"
	"strconv"
	"strings"

	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// What a scenario writes is one byte a page. lzo-rle makes 41 bytes of such a page (mm_stat of the recorded case zram-fill-1.5x: 2,244,415 bytes for
// 54,700 pages), and zsmalloc keeps those, with its 8 bytes, in objects of 64, which fill a page.
const (
	zramCompressed = 41
	zramObject     = 64
	zramPerPage    = 4096 / zramObject
)

// A zram keeps what is written to a compressed swap area in the machine's memory (drivers/block/zram, mm/zsmalloc.c).
type zram struct {
	stored []uint64 // bitmap of the slots that have data
	n      int      // how many those are
	pages  []phys.PFN
	most   int // pages at their most

	handles []slab.ID // by slot: the object through which zsmalloc knows where its data is
	zspages []slab.ID // by page of pages: what zsmalloc knows of it
}

// The flags with which zram asks for memory: at first without reclaim, then with what a task that reclaims may do.
const (
	gfpZramFast = phys.GFPKswapdReclaim | phys.GFPNowarn | phys.GFPHighmem | phys.GFPMovable
	gfpZramSlow = phys.GFPNoio | phys.GFPHighmem | phys.GFPMovable
	gfpPlacing  = phys.GFPHighmem | phys.GFPMovable // what does not go for the objects
)

// zramOf is what an area keeps, made at its first use.
func (k *Kernel) zramOf(a *swap.Area) *zram {
	d := k.swapDeviceOf(a)
	if d.store == nil {
		d.store = &zram{stored: make([]uint64, (a.Slots+64)/64), handles: make([]slab.ID, a.Slots+1)}
	}
	return d.store
}

// zramWrite stores the data of a slot, for which it takes memory from the reserves of a task that reclaims (zram_write_page). When there is none at
// all the data is kept beside the machine's memory rather than lost.
func (k *Kernel) zramWrite(t *task, e swap.Entry) {
	z := k.zramOf(k.swap.Areas[e.Area()])
	o := e.Offset()
	if z.stored[o/64]>>(o%64)&1 != 0 {
		return // written again: the old data goes
	}
	z.stored[o/64] |= 1 << (o % 64)
	z.n++
	if !t.zsMalloc(z, o, gfpZramFast) {
		t.zsMalloc(z, o, gfpZramSlow)
	}
}

// zsMalloc takes the memory for a slot's data: a handle, and a page with what belongs to it if no page has room (zs_malloc). False: there is none.
func (t *task) zsMalloc(z *zram, o int, gfp phys.GFP) bool {
	k := t.k
	if z.handles[o] == 0 {
		if z.handles[o] = t.object(k.slabs.zsHandles, gfp&^gfpPlacing); z.handles[o] == 0 {
			return false
		}
	}
	if z.n <= len(z.pages)*zramPerPage {
		return true
	}
	zspage := t.object(k.slabs.zspages, gfp&^gfpPlacing)
	if zspage == 0 {
		return false
	}
	pfn := t.allocPages(gfp, 0)
	if pfn == 0 {
		k.slabs.zspages.Free(t.cpu(), zspage)
		return false
	}
	page := k.Mem.Page(pfn)
	page.SetKind(phys.KindOther)
	k.zoneOf(page).Stat[vmstat.NRZspages]++
	z.pages = append(z.pages, pfn)
	z.zspages = append(z.zspages, zspage)
	z.most = max(z.most, len(z.pages))
	return true
}

// zramFree drops the data of a slot that became free (zram_slot_free_notify). Pages are given back as soon as the rest fits in fewer.
func (k *Kernel) zramFree(a *swap.Area, o int) {
	if a.Device != "zram" {
		return
	}
	z := k.zramOf(a)
	if z.stored[o/64]>>(o%64)&1 == 0 {
		return
	}
	z.stored[o/64] &^= 1 << (o % 64)
	z.n--
	cpu := 0
	if p := k.Sim.Current(); p != nil {
		cpu = p.CPU()
	}
	if z.handles[o] != 0 {
		k.slabs.zsHandles.Free(cpu, z.handles[o])
		z.handles[o] = 0
	}
	if last := len(z.pages) - 1; last >= 0 && z.n <= last*zramPerPage {
		pfn := z.pages[last]
		z.pages = z.pages[:last]
		k.zoneOf(k.Mem.Page(pfn)).Stat[vmstat.NRZspages]--
		k.slabs.zspages.Free(cpu, z.zspages[last])
		z.zspages = z.zspages[:last]
		k.Mem.FreePage(cpu, pfn)
	}
}

// zramFile is a file under /sys/block/zramN: mm_stat (Documentation/admin-guide/blockdev/zram.rst). False: there is no such file.
func (k *Kernel) zramFile(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "/sys/block/zram")
	number, file, _ := strings.Cut(rest, "/")
	i, err := strconv.Atoi(number)
	if !ok || err != nil || file != "mm_stat" {
		return "", false
	}
	for j := range k.swapDevs {
		d := &k.swapDevs[j]
		if d.config.Device != "zram" {
			continue
		}
		if i == 0 {
			z := d.store
			if z == nil {
				z = &zram{}
			}
			return fmt.Sprintf("%8d %8d %8d %8d %8d %8d %8d %8d %8d\n", z.n*4096, z.n*zramCompressed, len(z.pages)*4096, 0, z.most*4096, 0, 0, 0, 0), true
		}
		i--
	}
	return "", false
}
