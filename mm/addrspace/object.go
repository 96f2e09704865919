package addrspace

import "slices"

// An Object is what VMAs map that are not private anonymous memory: a shared memory segment or a file (struct address_space). It knows
// the VMAs that map it, so that reverse mapping finds every entry of a page of its own: the page's Mapping is the object's ID.
type Object struct {
	ID   uint32
	Name string // as /proc/PID/maps shows it
	vmas []*VMA // in the order of linking
}

// VMAs are the VMAs that map the object. The slice belongs to the Object.
func (o *Object) VMAs() []*VMA { return o.vmas }

func (o *Object) link(v *VMA) {
	if o != nil {
		o.vmas = append(o.vmas, v)
	}
}

func (o *Object) unlink(v *VMA) {
	if o == nil {
		return
	}
	if i := slices.Index(o.vmas, v); i >= 0 {
		o.vmas = slices.Delete(o.vmas, i, i+1)
	}
}
