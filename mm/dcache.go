package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/slab"
)

// A dentry is a name in a folder (struct dentry): one that is on a disk, one that has been looked up and is in memory, or both. One in memory that has no
// inode remembers that there is no such file (a negative dentry).
//
// A dentry in memory is held by who uses it: those who have its file open or look below it just now, and the names in memory of a folder. One that nobody
// holds stays until the shrinker of its file system takes it; that of a name on the disk is forgotten by memory only.
type dentry struct {
	name     string
	parent   *dentry // nil: the root
	inode    *inode
	children map[string]*dentry // of a folder
	links    lruLinks[dentry]   // on its file system's list of those nobody uses (s_dentry_lru)
	object   slab.ID            // its memory; 0: it has none, or had it before the machine was started
	count    int32              // who holds it (d_lockref)
	flags    dentryFlags
}

// dentryFlags are what is known of a dentry (d_flags).
type dentryFlags uint8

const (
	dentryInCore     dentryFlags = 1 << iota // it is in memory
	dentryLookup                             // it is being looked up on the disk (DCACHE_PAR_LOOKUP)
	dentryOnLRU                              // DCACHE_LRU_LIST
	dentryReferenced                         // it was used while on the list (DCACHE_REFERENCED)
	dentryUnhashed                           // its name is gone, and somebody still has the file open (d_unhashed)
)

func (d *dentry) lru() *lruLinks[dentry] { return &d.links }

func (d *dentry) is(f dentryFlags) bool { return d.flags&f != 0 }

// used tells whether anybody holds a dentry, mappings of its file included.
func (d *dentry) used() bool { return d.count > 0 || d.inode != nil && len(d.inode.VMAs()) > 0 }

// pinned is a folder that is there from the boot on and never goes.
func pinnedFolder(parent *dentry, name string) *dentry {
	d := newFolder(parent, name)
	d.flags, d.count = dentryInCore, 1
	return d
}

func newFolder(parent *dentry, name string) *dentry {
	return &dentry{name: name, parent: parent, inode: &inode{folder: true, nlink: 2}, children: map[string]*dentry{}}
}

// lookup finds a name of a folder on behalf of a process, which then holds the dentry. fresh: it was not in memory, and has been looked up on the disk; a
// name that is nowhere has a negative dentry then (lookup_fast, lookup_slow, d_alloc_parallel, ext4_lookup). With no process it only looks, and gives nil
// for what is not there. ENOMEM.
func (v *vfs) lookup(p *Process, d *dentry, name string) (c *dentry, fresh bool, err Errno) {
	c = d.children[name]
	if p == nil {
		return c, false, 0
	}
	if c != nil && c.flags&(dentryInCore|dentryLookup) == dentryInCore {
		c.count++
		return c, false, 0
	}
	k := p.k
	d.count++
	c = k.allocDentry(p, d, name)
	if c == nil {
		k.dput(p.cpu(), d)
		return nil, false, ENOMEM
	}
	c.count++
	if !v.readName(p, d, c) {
		err = ENOMEM
	}
	c.flags &^= dentryLookup
	k.dput(p.cpu(), d)
	if err != 0 {
		k.dput(p.cpu(), c)
		return nil, false, err
	}
	return c, true, 0
}

// allocDentry gives a name of a folder its memory, unless somebody else does so meanwhile (d_alloc_parallel). Nil: there is none.
func (k *Kernel) allocDentry(p *Process, d *dentry, name string) *dentry {
	if c := d.children[name]; c != nil && c.is(dentryInCore) {
		return c
	}
	id := p.object(k.slabs.dentries, phys.GFPKernelAccount)
	if id == 0 {
		return nil
	}
	c := d.children[name]
	if c != nil && c.is(dentryInCore) {
		k.callRCU(k.slabs.dentries, id)
		return c
	}
	if c == nil {
		c = &dentry{name: name, parent: d}
		d.children[name] = c
	}
	c.object = id
	c.flags = dentryInCore | dentryLookup
	d.count++
	return c
}

// readName reads a name of a folder and its inode from the disk. False: there is no memory.
func (v *vfs) readName(p *Process, d, c *dentry) bool {
	if d.inode.disk != 0 {
		v.disk.readFolder(p, d)
	}
	for i := c.inode; i != nil && i.object == 0; i = c.inode {
		if !p.k.grabInode(p, i) {
			return false
		}
	}
	if i := c.inode; i != nil {
		i.dentry = c
		v.disk.readInode(p, i)
	}
	return true
}

// putLookup gives back what lookup gave. A negative one that was in memory anyhow was not held, and so is not used again (a walk under RCU).
func (k *Kernel) putLookup(cpu int, c *dentry, fresh bool) {
	if c.inode == nil && !fresh && c.is(dentryOnLRU) {
		c.count--
		return
	}
	k.dput(cpu, c)
}

// dput gives a dentry back (dput).
func (k *Kernel) dput(cpu int, d *dentry) {
	d.count--
	k.dentryIdle(cpu, d)
}

// dentryIdle puts a dentry that nobody holds on the list of those, or notes that it was used if it is there already. One that nobody can find goes, and with
// it the hold of its folder (retain_dentry).
func (k *Kernel) dentryIdle(cpu int, d *dentry) {
	for d != nil && !d.used() {
		sb := d.super()
		switch {
		case sb == nil || d.is(dentryUnhashed): // a file system in memory keeps no name that nobody has (simple_dentry_operations)
			d = k.killDentry(cpu, d)
			if d != nil {
				d.count--
			}
			continue
		case !d.is(dentryOnLRU):
			sb.addDentry(d)
		default:
			d.flags |= dentryReferenced
		}
		return
	}
}

// super is the file system that a dentry is on if that has a list of unused ones. A file of the disk in a folder of a file system in memory is on none, as
// is a name there that is nowhere: the answer does not change when the file goes.
func (d *dentry) super() *superBlock {
	var sb *superBlock
	for _, x := range [...]*dentry{d.parent, d} {
		if x == nil || x.inode == nil {
			continue
		}
		fs, ok := x.inode.fs.(*ext4)
		if !ok {
			return nil
		}
		sb = &fs.super
	}
	return sb
}

// killDentry frees the memory of a dentry that nobody holds, and forgets it if its name is on no disk. It returns the folder that it held (__dentry_kill).
func (k *Kernel) killDentry(cpu int, d *dentry) *dentry {
	if d.is(dentryOnLRU) {
		d.super().removeDentry(d)
	}
	if !d.is(dentryUnhashed) && d.inode == nil {
		delete(d.parent.children, d.name)
	}
	i := d.inode
	d.flags = 0
	if i != nil && i.dentry == d {
		i.dentry = nil
		k.iput(cpu, i)
	}
	k.callRCU(k.slabs.dentries, d.object)
	d.object = 0
	return d.parent
}

// deleteDentry takes the name of a file away, which the caller holds: if nobody else does, it becomes that of no file, else it cannot be found any more
// (d_delete). It returns the inode if the caller has to give it back.
func (d *dentry) deleteDentry() *inode {
	i := d.inode
	if d.count == 1 && len(i.VMAs()) == 0 {
		d.inode, i.dentry = nil, nil
		return i
	}
	delete(d.parent.children, d.name)
	d.flags |= dentryUnhashed
	return nil
}
