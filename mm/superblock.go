package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/vmstat"
)

// A superBlock is what a mounted file system has in memory that nobody uses (struct super_block): names, and inodes without a name in memory. Each node of
// the machine has its lists, of what lies in its memory; the one that is unused for longest is first.
type superBlock struct {
	slabs    *slab.Slabs
	dentries []listLRU[dentry, *dentry] // s_dentry_lru
	inodes   []listLRU[inode, *inode]   // s_inode_lru
	dispose  []*dentry                  // what the walk under way has taken off the list
}

// inodeLRU is where an inode is and whether it was used there.
type inodeLRU uint8

const (
	inodeOnLRU inodeLRU = 1 << iota
	inodeReferenced
)

func (s *superBlock) init(k *Kernel) {
	s.slabs = k.slabs.all
	s.dentries = make([]listLRU[dentry, *dentry], len(k.Mem.Nodes))
	s.inodes = make([]listLRU[inode, *inode], len(k.Mem.Nodes))
	k.addShrinker(&shrinker{
		name: "sb-ext4", seeks: defaultSeeks, batch: superShrinkBatch, fs: true,
		count: func(k *Kernel, n *phys.Node) uint64 { return s.count(k, n.ID) },
		scan:  s.scan,
	})
}

func (s *superBlock) addDentry(d *dentry) {
	d.flags |= dentryOnLRU
	s.dentries[s.slabs.Node(d.object)].add(d)
}

func (s *superBlock) removeDentry(d *dentry) {
	d.flags &^= dentryOnLRU | dentryReferenced
	s.dentries[s.slabs.Node(d.object)].remove(d)
}

func (s *superBlock) addInode(i *inode) {
	i.lruState = inodeOnLRU
	s.inodes[s.slabs.Node(i.object)].add(i)
}

func (s *superBlock) removeInode(i *inode) {
	i.lruState = 0
	s.inodes[s.slabs.Node(i.object)].remove(i)
}

// vfsPressureRatio is what a number of objects counts for under vm.vfs_cache_pressure (vfs_pressure_ratio).
func (k *Kernel) vfsPressureRatio(n uint64) uint64 {
	p := k.sysctl.vfsCachePressure
	return n/100*p + n%100*p/100
}

// count is what the shrinker could free on a node (super_cache_count).
func (s *superBlock) count(k *Kernel, node int) uint64 {
	return k.vfsPressureRatio(uint64(s.dentries[node].n + s.inodes[node].n))
}

// scan looks at dentries, and then at inodes, as many of each as its share of both is (super_cache_scan).
func (s *superBlock) scan(t *task, n *phys.Node, nr uint64) (freed uint64) {
	d, i := uint64(s.dentries[n.ID].n), uint64(s.inodes[n.ID].n)
	total := d + i + 1
	freed = s.pruneDentries(t, n.ID, multFrac(nr, d, total)+1)
	return freed + s.pruneInodes(t, n.ID, multFrac(nr, i, total)+1)
}

// multFrac is x·part/whole without the overflow (mult_frac).
func multFrac(x, part, whole uint64) uint64 { return x/whole*part + x%whole*part/whole }

// pruneDentries looks at the first dentries of a node's list. One that is held is taken off it; one that was used since it came gets another round; the
// others go, and with the last name of a folder the folder, too. It returns how many were taken off (prune_dcache_sb, dentry_lru_isolate,
// shrink_dentry_list).
func (s *superBlock) pruneDentries(t *task, node int, nr uint64) (taken uint64) {
	l := &s.dentries[node]
	out := s.dispose[:0]
	for d := l.head; d != nil && nr > 0; nr-- {
		next := d.links.next
		switch {
		case d.used():
			s.removeDentry(d)
			taken++
		case d.is(dentryReferenced):
			d.flags &^= dentryReferenced
			l.remove(d)
			l.add(d)
		default:
			s.removeDentry(d)
			out = append(out, d)
			taken++
		}
		d = next
	}
	for j := 0; j < len(out); j++ {
		d := out[j]
		out[j] = nil
		folder := t.k.killDentry(t.cpu(), d)
		if folder.is(dentryOnLRU) {
			s.removeDentry(folder)
		}
		if folder.count--; folder.count == 0 {
			out = append(out, folder)
		}
	}
	s.dispose = out[:0]
	return taken
}

// pruneInodes looks at the first inodes of a node's list. One that somebody uses, that is dirty or of which pages are cached is taken off it and comes back
// when that has an end; one that was used since it came gets another round; the others go. Where there is high memory one with pages loses them first
// (prune_icache_sb, inode_lru_isolate).
func (s *superBlock) pruneInodes(t *task, node int, nr uint64) (taken uint64) {
	k := t.k
	l := &s.inodes[node]
	for i := l.head; i != nil && nr > 0; nr-- {
		next := i.links.next
		switch {
		case i.dentry != nil || i.io.State != 0 || !k.shrinkable(i):
			s.removeInode(i)
			taken++
		case i.lruState&inodeReferenced != 0:
			i.lruState &^= inodeReferenced
			l.remove(i)
			l.add(i)
		case i.tree.Pages()+i.tree.Values() > 0:
			i.lruState |= inodeReferenced // as it is given back below (iput)
			s.stealPages(t, i)
			next = l.head // the list may have changed meanwhile
		default:
			s.removeInode(i)
			k.forgetInode(i)
			taken++
		}
		i = next
	}
	return taken
}

// stealPages throws out what is cached of an inode that is about to go and can be, for which reclaim has credit (pginodesteal).
func (s *superBlock) stealPages(t *task, i *inode) {
	k := t.k
	n, _ := k.invalidatePages(t.cpu(), &i.mapping, 0, maxIndex+1)
	i.dropShadows(0)
	k.syncNodes(&i.mapping)
	k.slabs.all.Freed += uint64(n)
	if t.kswapd {
		k.count(vmstat.KswapdInodesteal, uint64(n))
	} else {
		k.count(vmstat.PgInodesteal, uint64(n))
	}
}
