package addrspace

import "github.com/google/btree"

// treeDegree is how many children a node of the tree has at least: nodes hold 63 to 127 VMAs. Among 65,530 VMAs this finds fastest of 4 to 256, and
// most processes' VMAs are one node.
const treeDegree = 64

// vmas are the VMAs of an address space: a B-tree by their starts, and what makes walks and repeated lookups cheap, as Linux had it beside its tree of
// VMAs before the maple tree: a list through them by ascending address (vm_next, vm_prev) and a cache of the VMAs found last (vmacache).
//
// Invariants: linked is set for the VMAs in the tree only; their list has the order of the tree; a VMA's start changes only by move. Everything
// that is found is in the tree.
type vmas struct {
	tree  *btree.BTreeG[vmaItem]
	take  func(vmaItem) bool // takes the first item of a search: made once, because a search with a closure of its own would allocate it
	taken *VMA
	last  *VMA // found, added or passed last; nil or in the tree
	cache vmaCache
	gaps  gaps
}

// A vmaItem has the start beside the VMA, so that a search reads no VMA but the one that it finds.
type vmaItem struct {
	start uint64
	vma   *VMA
}

func (t *vmas) init() {
	// Without a list of free nodes: few nodes come and go, and a list would be as large as a small process's only node.
	none := btree.NewFreeListG[vmaItem](0)
	t.tree = btree.NewWithFreeListG(treeDegree, func(a, b vmaItem) bool { return a.start < b.start }, none)
	t.take = func(i vmaItem) bool {
		t.taken = i.vma
		return false
	}
}

// find is the VMA that contains addr, or nil.
func (t *vmas) find(addr uint64) *VMA {
	if v := t.last; v != nil && v.Contains(addr) {
		return v
	}
	if v := t.cache.find(addr); v != nil {
		t.last = v
		return v
	}
	if v := t.below(addr); v != nil && addr < v.End {
		t.cache.note(addr, v, t.tree.Len())
		return v
	}
	return nil
}

// below is the last VMA that starts at or below addr, or nil.
func (t *vmas) below(addr uint64) *VMA {
	if v := t.last; v != nil && v.Start <= addr && (v.next == nil || addr < v.next.Start) {
		return v
	}
	t.taken = nil
	t.tree.DescendLessOrEqual(vmaItem{start: addr}, t.take)
	t.last = t.taken
	return t.taken
}

// first is the lowest VMA, or nil.
func (t *vmas) first() *VMA {
	i, _ := t.tree.Min()
	return i.vma
}

// insert adds a VMA after another, the last that starts below it; nil: it is the first. None that is in here starts where it does.
func (t *vmas) insert(v, prev *VMA) {
	v.prev = prev
	if prev != nil {
		v.next, prev.next = prev.next, v
	} else {
		v.next = t.first()
	}
	if v.next != nil {
		v.next.prev = v
	}
	v.linked, t.last = true, v
	t.tree.ReplaceOrInsert(vmaItem{v.Start, v})
}

// remove takes a VMA out, which is in here.
func (t *vmas) remove(v *VMA) {
	t.gaps.removed(v)
	if v.prev != nil {
		v.prev.next = v.next
	}
	if v.next != nil {
		v.next.prev = v.prev
	}
	if t.last == v {
		t.last = v.prev
	}
	v.prev, v.next, v.linked = nil, nil, false
	t.tree.Delete(vmaItem{start: v.Start})
	t.cache.removed(t.tree.Len())
}

// move gives a VMA that is in here another start, which keeps the order.
func (t *vmas) move(v *VMA, start uint64) {
	t.tree.Delete(vmaItem{start: v.Start})
	v.Start = start
	t.tree.ReplaceOrInsert(vmaItem{start, v})
}

// each calls f for every VMA by ascending address until it returns false.
func (t *vmas) each(f func(*VMA) bool) {
	t.tree.Ascend(func(i vmaItem) bool { return f(i.vma) })
}
