package addrspace

import "slices"

// An AnonVMA groups the VMAs in which the pages that name it may be mapped (struct anon_vma). A page's Mapping is the ID of the
// AnonVMA of the VMA that first mapped it; fork links the child's VMAs to all those of the parent's, so that walking one AnonVMA's
// VMAs finds every mapping of its pages.
type AnonVMA struct {
	ID       uint32 // index in the registry, from 1
	parent   *AnonVMA
	children int    // AnonVMAs whose parent this is
	active   int    // VMAs whose own AnonVMA this is
	vmas     []*VMA // every linked VMA, in the order of linking
}

// VMAs are the VMAs in which a page of this AnonVMA may be mapped. The slice belongs to the AnonVMA.
func (a *AnonVMA) VMAs() []*VMA { return a.vmas }

// AnonVMAs is the registry that turns the Mapping of an anonymous page into its AnonVMA.
type AnonVMAs struct {
	byID []*AnonVMA // index is the ID; entry 0 is unused
	free []uint32
}

// Get returns the AnonVMA with that ID, or nil when it has been freed: then no VMA maps its pages any more.
func (r *AnonVMAs) Get(id uint32) *AnonVMA {
	if int(id) >= len(r.byID) {
		return nil
	}
	return r.byID[id]
}

// Len is the number of live AnonVMAs.
func (r *AnonVMAs) Len() int {
	if len(r.byID) == 0 {
		return 0
	}
	return len(r.byID) - 1 - len(r.free)
}

func (r *AnonVMAs) alloc(parent *AnonVMA) *AnonVMA {
	if len(r.byID) == 0 {
		r.byID = append(r.byID, nil)
	}
	a := &AnonVMA{parent: parent}
	if n := len(r.free); n > 0 {
		a.ID = r.free[n-1]
		r.free = r.free[:n-1]
		r.byID[a.ID] = a
	} else {
		a.ID = uint32(len(r.byID))
		r.byID = append(r.byID, a)
	}
	if parent != nil {
		parent.children++
	}
	return a
}

// put frees an AnonVMA that no VMA is linked to, and so its ancestors that only it kept.
func (r *AnonVMAs) put(a *AnonVMA) {
	for a != nil && len(a.vmas) == 0 && a.children == 0 {
		r.byID[a.ID] = nil
		r.free = append(r.free, a.ID)
		p := a.parent
		if p != nil {
			p.children--
		}
		a = p
	}
}

func (a *AnonVMA) link(v *VMA) {
	a.vmas = append(a.vmas, v)
	v.chain = append(v.chain, a)
}

func (a *AnonVMA) unlink(v *VMA) {
	if i := slices.Index(a.vmas, v); i >= 0 {
		a.vmas = slices.Delete(a.vmas, i, i+1)
	}
}

// Prepare gives v an AnonVMA before its first anonymous page, a neighbour's where the two could merge (anon_vma_prepare,
// find_mergeable_anon_vma).
func (r *AnonVMAs) Prepare(v *VMA) *AnonVMA {
	if v.AnonVMA != nil {
		return v.AnonVMA
	}
	a := v.Space.reusableAnonVMA(v)
	if a == nil {
		a = r.alloc(nil)
	}
	a.link(v)
	a.active++
	v.AnonVMA = a
	return a
}

// reusableAnonVMA is a neighbour's AnonVMA if, but for access rights, the two could merge and the neighbour did not inherit any.
func (s *Space) reusableAnonVMA(v *VMA) *AnonVMA {
	fits := func(a, b, n *VMA) bool {
		return n.AnonVMA != nil && len(n.chain) == 1 && a.End == b.Start && (a.Flags^b.Flags)&^VMAccess == 0 &&
			a.Object == b.Object && a.File == b.File && a.PgOff+a.Pages() == b.PgOff
	}
	if n := v.next; n != nil && fits(v, n, n) {
		return n.AnonVMA
	}
	if n := v.prev; n != nil && fits(n, v, n) {
		return n.AnonVMA
	}
	return nil
}

// cloneChain links dst to everything that src is linked to (anon_vma_clone). Used when a VMA is split or copied within a process.
func (r *AnonVMAs) cloneChain(dst, src *VMA) {
	for _, a := range src.chain {
		a.link(dst)
	}
	dst.AnonVMA = src.AnonVMA
	if dst.AnonVMA != nil {
		dst.AnonVMA.active++
	}
}

// Fork links a child's VMA to the parent's AnonVMAs and gives it one of its own, reusing an ancestor's that has no VMA of its own
// and fewer than two children (anon_vma_fork).
func (r *AnonVMAs) Fork(child, parent *VMA) {
	if parent.AnonVMA == nil {
		return
	}
	for _, a := range parent.chain {
		a.link(child)
		if child.AnonVMA == nil && a != parent.AnonVMA && a.active == 0 && a.children < 2 {
			child.AnonVMA = a
		}
	}
	if child.AnonVMA == nil {
		child.AnonVMA = r.alloc(parent.AnonVMA)
		child.AnonVMA.link(child)
	}
	child.AnonVMA.active++
}

// Unlink takes v out of reverse mapping (unlink_anon_vmas). The AnonVMAs that nothing is linked to are freed.
func (r *AnonVMAs) Unlink(v *VMA) {
	if v.AnonVMA != nil {
		v.AnonVMA.active--
	}
	chain := v.chain
	v.chain, v.AnonVMA = nil, nil
	for _, a := range chain {
		a.unlink(v)
	}
	for i := len(chain) - 1; i >= 0; i-- { // descendants were linked last
		if a := chain[i]; r.byID[a.ID] == a {
			r.put(a)
		}
	}
}

// OldestAnonVMA is the AnonVMA highest up the line of forks that v is linked to: reverse mapping through it finds every relative that
// could share a page of v's.
func (v *VMA) OldestAnonVMA() *AnonVMA {
	a := v.AnonVMA
	for _, b := range v.chain {
		if b.depth() < a.depth() {
			a = b
		}
	}
	return a
}

func (a *AnonVMA) depth() int {
	n := 0
	for p := a.parent; p != nil; p = p.parent {
		n++
	}
	return n
}
