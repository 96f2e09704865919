package mm

import (
	"fmt"

	"mmsim/mm/writeback"
)

// namesFound is what the tree of names and the files hold in memory.
type namesFound struct {
	dentries, ext4Inodes, shmemInodes int // objects
	listedDentries, listedInodes      int // of these, those that say they are on a list
	inodes                            map[*inode]bool
}

// names counts the names and the inodes in memory, and compares the lists of those that nobody uses with them.
func (c *checker) names() (*namesFound, error) {
	k := c.k
	n := &namesFound{inodes: map[*inode]bool{}}
	if err := n.folder(k.vfs.root); err != nil {
		return nil, err
	}
	for _, m := range k.objects.byID {
		if m == nil {
			continue
		}
		i := m.host
		if err := n.inode(i); err != nil {
			return nil, err
		}
		if d := i.dentry; d != nil && d.is(dentryUnhashed) {
			if err := n.dentry(d); err != nil {
				return nil, err
			}
		}
		if i.pseudo != 0 {
			n.dentries++
		}
	}
	s := &k.vfs.disk.super
	dentries, inodes := 0, 0
	for node := range s.dentries {
		l := &s.dentries[node]
		dentries += l.n
		count := 0
		for d := l.head; d != nil; d = d.links.next {
			if count++; !d.is(dentryOnLRU) || s.slabs.Node(d.object) != node {
				return nil, fmt.Errorf("name %s is on the list of node %d and says otherwise", d.name, node)
			}
		}
		li := &s.inodes[node]
		inodes += li.n
		for i := li.head; i != nil; i = i.links.next {
			if count++; i.lruState&inodeOnLRU == 0 || s.slabs.Node(i.object) != node {
				return nil, fmt.Errorf("inode %d (%s) is on the list of node %d and says otherwise", i.disk, i.Name, node)
			}
		}
		if count != l.n+li.n {
			return nil, fmt.Errorf("the lists of node %d have %d entries and say %d and %d", node, count, l.n, li.n)
		}
	}
	if dentries != n.listedDentries || inodes != n.listedInodes {
		return nil, fmt.Errorf("%d names and %d inodes are on lists, %d and %d say so", dentries, inodes, n.listedDentries, n.listedInodes)
	}
	return n, nil
}

// folder looks at the names of a folder and below.
func (n *namesFound) folder(d *dentry) error {
	if err := n.inode(d.inode); err != nil {
		return err
	}
	for name, c := range d.children {
		if c.name != name || c.parent != d || c.is(dentryUnhashed) {
			return fmt.Errorf("%s in %s says it is %s in %s", name, d.name, c.name, c.parent.name)
		}
		if err := n.dentry(c); err != nil {
			return err
		}
		if c.inode == nil || !c.inode.folder {
			continue
		}
		if err := n.folder(c); err != nil {
			return err
		}
	}
	return nil
}

func (n *namesFound) dentry(d *dentry) error {
	below := 0
	for _, c := range d.children {
		if c.is(dentryInCore) && c.object != 0 {
			below++
		}
	}
	i := d.inode
	switch {
	case !d.is(dentryInCore) && (d.flags != 0 || d.count != 0 || d.object != 0 || i == nil):
		return fmt.Errorf("name %s is not in memory; it has flags %x, count %d", d.name, d.flags, d.count)
	case d.is(dentryInCore) && i != nil && d.object != 0 && (i.dentry != d || i.object == 0) && !d.is(dentryLookup):
		return fmt.Errorf("name %s is in memory, and its inode %d is not or has another", d.name, i.disk)
	case d.is(dentryInCore) && !d.used() && !d.is(dentryOnLRU):
		return fmt.Errorf("nobody uses name %s, which is on no list", d.name)
	case int(d.count) < below:
		return fmt.Errorf("name %s is held %d times, and %d names below are in memory", d.name, d.count, below)
	}
	if d.object != 0 {
		n.dentries++
	}
	if d.is(dentryOnLRU) {
		n.listedDentries++
	}
	return nil
}

func (n *namesFound) inode(i *inode) error {
	if n.inodes[i] {
		return nil
	}
	n.inodes[i] = true
	if i.lruState&inodeOnLRU != 0 {
		n.listedInodes++
	} else if _, ok := i.fs.(*ext4); ok && i.object != 0 && i.dentry == nil && i.nlink > 0 && i.io.State&(writeback.DirtyAll|writeback.Sync) == 0 &&
		i.tree.Pages()+i.tree.Values() == 0 {
		return fmt.Errorf("nobody uses inode %d (%s), which is on no list", i.disk, i.Name)
	}
	if i.object == 0 {
		return nil
	}
	if _, ok := i.fs.(*ext4); ok {
		n.ext4Inodes++
	} else {
		n.shmemInodes++
	}
	return nil
}
