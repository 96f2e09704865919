package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
	"mmsim/mm/slab"
	"mmsim/mm/vmstat"
)

// slabCaches are the machine's caches of kernel objects, and those that memory management itself allocates from.
type slabCaches struct {
	all   *slab.Slabs
	nodes *slab.Cache // radix_tree_node: of the swap cache's XArrays
	bios  *slab.Cache // bio-192: a transfer of one page to or from a swap device

	dentries, ext4Inodes, shmemInodes *slab.Cache // names and files that are in memory
	bufferHeads                       *slab.Cache // of pages that have a block on a device
	extentStatus                      *slab.Cache // runs of blocks of files
	journalHeads                      *slab.Cache // blocks that the journal holds

	sigqueue *slab.Cache // signals that wait for their process

	zsHandles, zspages *slab.Cache // of zsmalloc: what names an object, what belongs to a page of them; made when there is a zram

	// What was there when the machine started: pages counted as slabs, objects in use; and frames that are slabs, from the first check of invariants on.
	bootStat, bootNodes, bootBios, bootFrames     int
	bootDentries, bootExt4Inodes, bootShmemInodes int
	bootBufferHeads, bootExtentStatus             int
	bootJournalHeads                              int
	bootShadows                                   int64
}

// slabCache is what a cache's objects are: their size in bytes on x86-64 and on i386, and the cache's flags. Sizes are those of Debian's kernels (struct
// sizes of their BTF, compared with /proc/slabinfo).
type slabObject struct {
	name      string
	size, i32 int
	flags     slab.Flags
}

var (
	radixTreeNode    = slabObject{"radix_tree_node", 576, 304, slab.ReclaimAccount | slab.Constructor}
	zsHandle         = slabObject{"zs_handle", 8, 4, 0}
	zspage           = slabObject{"zspage", 56, 36, 0}
	dentryObject     = slabObject{"dentry", 192, 128, slab.ReclaimAccount | slab.Account}
	ext4Inode        = slabObject{"ext4_inode_cache", 1184, 792, slab.ReclaimAccount | slab.Account | slab.Constructor}
	shmemInode       = slabObject{"shmem_inode_cache", 776, 480, slab.Account | slab.Constructor}
	sigqueueItem     = slabObject{"sigqueue", 80, 48, slab.Account}
	bufferHead       = slabObject{"buffer_head", 104, 64, slab.ReclaimAccount}
	extentStatusItem = slabObject{"ext4_extent_status", 40, 28, slab.ReclaimAccount}
	journalHead      = slabObject{"jbd2_journal_head", 120, 72, 0}
	swapBio          = slabObject{"bio-192", 192, 144, slab.HWCacheAlign | slab.TypesafeByRCU} // bio-144 on i386
)

// slabReclaimable are the caches whose pages count as reclaimable (SLAB_RECLAIM_ACCOUNT), of those that a record may name.
var slabReclaimable = map[string]bool{
	"dentry": true, "inode_cache": true, "ext4_inode_cache": true, "proc_inode_cache": true, "radix_tree_node": true, "buffer_head": true,
	"sock_inode_cache": true, "bdev_cache": true, "ext4_extent_status": true, "ext4_groupinfo_4k": true, "mbcache": true, "dax_cache": true,
	"fsverity_info": true, "dquot": true, "ext4_fc_dentry_update": true, "ext4_free_data": true,
}

// initSlabs makes the caches: those of a record, with what it says they hold, and what else is needed here.
func (k *Kernel) initSlabs(rec *procfs.Slabinfo) {
	s := slab.New(k.Mem)
	k.slabs.all = s
	if rec != nil {
		for i := len(rec.Caches) - 1; i >= 0; i-- { // the file has the newest first
			c := &rec.Caches[i]
			flags := slab.Flags(0)
			if slabReclaimable[c.Name] || len(c.Name) > 12 && c.Name[:12] == "kmalloc-rcl-" {
				flags = slab.ReclaimAccount
			}
			g, ok := slab.RecordedGeometry(c.ObjSize, c.ObjPerSlab, c.PagesPerSlab)
			if !ok {
				continue
			}
			s.Create(c.Name, flags, g).Restore(slab.Info{Active: int(c.ActiveObjs), Objects: int(c.NumObjs), Slabs: int(c.NumSlabs)})
		}
	}
	k.slabs.nodes = k.slabCacheOf(radixTreeNode)
	k.slabs.nodes.Release(mountedNodes)
	k.slabs.dentries, k.slabs.ext4Inodes, k.slabs.shmemInodes = k.slabCacheOf(dentryObject), k.slabCacheOf(ext4Inode), k.slabCacheOf(shmemInode)
	k.slabs.sigqueue = k.slabCacheOf(sigqueueItem)
	k.slabs.bufferHeads = k.slabCacheOf(bufferHead)
	k.slabs.ext4Inodes.Release(mountedInodes)
	k.slabs.bufferHeads.Release(heldBuffers)
	k.slabs.extentStatus = k.slabCacheOf(extentStatusItem)
	k.slabs.extentStatus.Release(mountedExtents)
	k.slabs.journalHeads = k.slabCacheOf(journalHead)
	k.slabs.journalHeads.Release(0)
	for _, a := range k.cfg.Swap {
		if a.Device == "zram" && k.slabs.zsHandles == nil {
			k.slabs.zsHandles, k.slabs.zspages = k.slabCacheOf(zsHandle), k.slabCacheOf(zspage)
			k.slabs.zsHandles.Release(0)
		}
	}
	k.slabs.bios = k.slabCacheOf(swapBio)
	k.slabs.bios.Release(bioPoolSize) // at rest only those that are kept are in use
}

// slabCacheOf is the cache of a kind of object, made if the record has none.
func (k *Kernel) slabCacheOf(o slabObject) *slab.Cache {
	size := o.size
	if k.Mem.Arch == phys.I386 {
		size = o.i32
		if o.name == swapBio.name {
			o.name = "bio-" + itoa(size)
		}
	}
	c := k.slabs.all.Find(o.name)
	if o == zspage && c == nil {
		c = k.slabs.all.Find("ftrace_event_field") // an older cache that it is merged with (find_mergeable)
	}
	if c != nil {
		c.Flags = o.flags
		return c
	}
	return k.slabs.all.Create(o.name, o.flags, slab.NewGeometry(size, o.flags, k.Mem.CPUs()))
}

// mountedNodes are the objects in use in the slab of XArray nodes that the CPU has when it is recorded, of 14: the first new slab of nodes came after ten more with
// 256 MiB of RAM (after five and four with 512 MiB and 1 GiB). A record does not tell.
const mountedNodes = 4

// mountedInodes are the inodes that a mounted file system has in memory when nothing is cached: the root's and the journal's.
const mountedInodes = 2

// slabSource is a task as one that allocates objects (slab.Source).
type slabSource task

// CPU is the CPU that the task runs on.
func (s *slabSource) CPU() int { return s.proc.CPU() }

// SlabPages allocates the pages of a slab for the task (alloc_slab_page).
func (s *slabSource) SlabPages(gfp phys.GFP, order int) phys.PFN {
	return (*task)(s).allocPages(gfp, order)
}

// object takes an object of a cache for the task (kmem_cache_alloc). It may block if gfp lets the allocator. 0: there is no memory.
func (t *task) object(c *slab.Cache, gfp phys.GFP) slab.ID { return c.Alloc((*slabSource)(t), gfp) }

// slabinfo is /proc/slabinfo: every cache, the newest first.
func (k *Kernel) slabinfo() *procfs.Slabinfo {
	f := &procfs.Slabinfo{}
	all := k.slabs.all.Caches
	for i := len(all) - 1; i >= 0; i-- {
		c := all[i]
		n := c.Info()
		f.Caches = append(f.Caches, procfs.SlabCache{
			Name: c.Name, ActiveObjs: uint64(n.Active), NumObjs: uint64(n.Objects), ObjSize: uint64(c.Size),
			ObjPerSlab: uint64(c.Objects(c.Order)), PagesPerSlab: 1 << c.Order, ActiveSlabs: uint64(n.Slabs), NumSlabs: uint64(n.Slabs),
		})
	}
	return f
}

// slabStat is the pages that are counted as slabs.
func (k *Kernel) slabStat() int64 {
	n := k.nodeSums()
	return n[vmstat.NRSlabReclaimable] + n[vmstat.NRSlabUnreclaimable]
}

// noteBootSlabs remembers what of the slabs was there when the machine started.
func (k *Kernel) noteBootSlabs() {
	s := &k.slabs
	s.bootNodes, s.bootBios = s.nodes.Used(), s.bios.Used()
	s.bootDentries, s.bootExt4Inodes, s.bootShmemInodes = s.dentries.Used(), s.ext4Inodes.Used(), s.shmemInodes.Used()
	s.bootBufferHeads, s.bootExtentStatus, s.bootJournalHeads = s.bufferHeads.Used(), s.extentStatus.Used(), s.journalHeads.Used()
	s.bootStat = int(k.slabStat())
	s.bootShadows = k.nodeSums()[vmstat.WorkingsetNodes]
}
