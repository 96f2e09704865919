package mm

import (
	"fmt"
	"strconv"
	"strings"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// oomReaperDelay is how long a victim has to exit by itself, in jiffies (OOM_REAPER_DELAY).
const oomReaperDelay = 2 * hz

func itoa(n int) string { return strconv.Itoa(n) }

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// uid is the user that processes run as; the machine has one user.
func (p *Process) uid() int { return 0 }

// signalCond is the condition that a signal to the task wakes; a kernel thread's is never woken.
func (t *task) signalCond() *engine.Cond {
	if t.process != nil {
		return t.process.signal
	}
	return engine.NewCond(t.k.Sim)
}

// dumpHeader writes what the kernel's log says before a kill (dump_header): who asked, the state of memory, the processes.
// victim is nil if there is none.
func (k *Kernel) dumpHeader(t *task, gfp phys.GFP, order int, victim *Process) {
	if k.OnDmesg == nil {
		return
	}
	adj, pid := 0, 0
	if t.process != nil {
		adj, pid = t.process.oomScoreAdj, t.process.pid
	}
	k.printk("%s invoked oom-killer: gfp_mask=%#x(%v), order=%d, oom_score_adj=%d", t.comm(), uint32(gfp), gfp, order, adj)
	k.printk("CPU: %d PID: %d Comm: %s Not tainted", t.cpu(), pid, t.comm())
	k.showMem()
	if k.sysctl.oomDumpTasks {
		k.dumpTasks()
	}
	if victim != nil {
		k.printk("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=%s,global_oom,task_memcg=/,task=%s,pid=%d,uid=%d",
			k.memsAllowed(), victim.comm(), victim.pid, victim.uid())
	}
}

// showMem writes the Mem-Info block (show_mem).
func (k *Kernel) showMem() {
	n, z := k.nodeSums(), k.zoneSums()
	k.printk("Mem-Info:")
	k.printk("active_anon:%d inactive_anon:%d isolated_anon:%d\n active_file:%d inactive_file:%d isolated_file:%d\n"+
		" unevictable:%d dirty:%d writeback:%d\n slab_reclaimable:%d slab_unreclaimable:%d\n mapped:%d shmem:%d pagetables:%d\n"+
		" sec_pagetables:%d bounce:%d\n kernel_misc_reclaimable:%d\n free:%d free_pcp:%d free_cma:%d",
		n[vmstat.NRActiveAnon], n[vmstat.NRInactiveAnon], n[vmstat.NRIsolatedAnon], n[vmstat.NRActiveFile], n[vmstat.NRInactiveFile],
		n[vmstat.NRIsolatedFile], n[vmstat.NRUnevictable], n[vmstat.NRDirty], n[vmstat.NRWriteback], n[vmstat.NRSlabReclaimable],
		n[vmstat.NRSlabUnreclaimable], n[vmstat.NRMapped], n[vmstat.NRShmem], n[vmstat.NRPageTablePages], n[vmstat.NRSecPageTablePages],
		z[vmstat.NRBounce], n[vmstat.NRKernelMiscReclaimable], z[vmstat.NRFreePages], k.freePCP(), z[vmstat.NRFreeCma])
	for _, n := range k.Mem.Nodes {
		if n.Managed() > 0 {
			k.showNode(n)
		}
	}
	for _, z := range k.Mem.Zones() {
		if z.Populated() {
			k.showZone(z)
		}
	}
	for _, z := range k.Mem.Zones() {
		if z.Populated() {
			k.printk("%s", k.showFree(z))
		}
	}
	k.printk("%d total pagecache pages", n[vmstat.NRFilePages])
	k.printk("%d pages in swap cache", n[vmstat.NRSwapcached])
	k.printk("Free swap  = %dkB", k.swap.NrFree*4)
	k.printk("Total swap = %dkB", k.swap.Total*4)
	present, managed, high := uint64(0), uint64(0), uint64(0)
	for _, z := range k.Mem.Zones() {
		present += z.Present
		managed += z.Managed
		if z.IsHighmem() || z.Type == phys.ZoneMovable {
			high += z.Present
		}
	}
	k.printk("%d pages RAM", present)
	k.printk("%d pages HighMem/MovableOnly", high)
	k.printk("%d pages reserved", present-managed)
}

func (k *Kernel) showNode(n *phys.Node) {
	s := func(i vmstat.NodeItem) int64 { return n.Stat[i] * 4 }
	hopeless := "no"
	if k.nodes[n.ID].failures >= maxReclaimFailures {
		hopeless = "yes"
	}
	k.printk("Node %d active_anon:%dkB inactive_anon:%dkB active_file:%dkB inactive_file:%dkB unevictable:%dkB isolated(anon):%dkB"+
		" isolated(file):%dkB mapped:%dkB dirty:%dkB writeback:%dkB shmem:%dkB shmem_thp: %dkB shmem_pmdmapped: %dkB anon_thp: %dkB"+
		" writeback_tmp:%dkB kernel_stack:%dkB pagetables:%dkB sec_pagetables:%dkB all_unreclaimable? %s",
		n.ID, s(vmstat.NRActiveAnon), s(vmstat.NRInactiveAnon), s(vmstat.NRActiveFile), s(vmstat.NRInactiveFile), s(vmstat.NRUnevictable),
		s(vmstat.NRIsolatedAnon), s(vmstat.NRIsolatedFile), s(vmstat.NRMapped), s(vmstat.NRDirty), s(vmstat.NRWriteback), s(vmstat.NRShmem),
		s(vmstat.NRShmemHugepages), s(vmstat.NRShmemPmdmapped), s(vmstat.NRAnonTransparentHugepages), s(vmstat.NRWritebackTemp),
		n.Stat[vmstat.NRKernelStack], s(vmstat.NRPageTablePages), s(vmstat.NRSecPageTablePages), hopeless)
}

func (k *Kernel) showZone(z *phys.Zone) {
	s := func(i vmstat.ZoneItem) int64 { return z.Stat[i] * 4 }
	pcp := int64(0)
	for cpu := range k.nodeOfCPU {
		pcp += int64(z.PCP(cpu).Count)
	}
	k.printk("Node %d %s free:%dkB boost:%dkB min:%dkB low:%dkB high:%dkB reserved_highatomic:%dKB active_anon:%dkB inactive_anon:%dkB"+
		" active_file:%dkB inactive_file:%dkB unevictable:%dkB writepending:%dkB present:%dkB managed:%dkB mlocked:%dkB bounce:%dkB"+
		" free_pcp:%dkB local_pcp:%dkB free_cma:%dkB",
		z.Node.ID, z.Name(), z.FreePages()*4, z.WatermarkBoost*4, z.Wmark(phys.WmarkMin)*4, z.Wmark(phys.WmarkLow)*4, z.Wmark(phys.WmarkHigh)*4,
		z.NrReservedHighatomic*4, s(vmstat.NRZoneActiveAnon), s(vmstat.NRZoneInactiveAnon), s(vmstat.NRZoneActiveFile),
		s(vmstat.NRZoneInactiveFile), s(vmstat.NRZoneUnevictable), s(vmstat.NRZoneWritePending), z.Present*4, z.Managed*4, s(vmstat.NRMlock),
		s(vmstat.NRBounce), pcp*4, z.PCP(0).Count*4, s(vmstat.NRFreeCma))
	var b strings.Builder
	b.WriteString("lowmem_reserve[]:")
	for _, t := range k.zoneTypes() {
		fmt.Fprintf(&b, " %d", z.LowmemReserve[t])
	}
	k.printk("%s", b.String())
}

// showFree is the line of a zone's free blocks by order, with letters for the types that have some (show_free_areas).
func (k *Kernel) showFree(z *phys.Zone) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Node %d %s: ", z.Node.ID, z.Name())
	total := uint64(0)
	for o := range phys.MaxOrder {
		n := z.NrFree(o)
		total += n << o
		fmt.Fprintf(&b, "%d*%dkB ", n, 4<<o)
		if n > 0 {
			b.WriteByte('(')
			for mt, letter := range [phys.NrMigratetypes]string{"U", "M", "E", "H", "C", "I"} {
				some := false
				z.EachFree(o, phys.Migratetype(mt), func(phys.PFN) bool {
					some = true
					return false
				})
				if some {
					b.WriteString(letter)
				}
			}
			b.WriteString(") ")
		}
	}
	fmt.Fprintf(&b, "= %dkB", total*4)
	return b.String()
}

// dumpTasks lists the processes that could be killed (dump_tasks).
func (k *Kernel) dumpTasks() {
	k.printk("Tasks state (memory values in pages):")
	k.printk("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name")
	for _, p := range k.processes {
		if s := p.mm; s != nil {
			k.printk("[%7d] %5d %5d %8d %8d %8d %8d         %5d %s", p.pid, p.uid(), p.pid, s.TotalVM, s.Resident(), s.TablePages*addrspace.PageSize,
				s.RSS[addrspace.RSSSwap], p.oomScoreAdj, p.comm())
		}
	}
}
