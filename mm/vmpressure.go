package mm

import "mmsim/mm/phys"

// Constants of mm/vmpressure.c: the pages scanned after which the pressure is worked out, and the priority from which on it counts as critical whatever was
// scanned.
const (
	vmpressureWin          = 16 * swapClusterMax
	vmpressureCriticalPrio = 3
)

// vmpressure is the efficiency of reclaim on the whole machine (struct vmpressure of the root cgroup). Nobody listens to it here: what it does to a machine is
// that a worker is woken to look at it, on the CPU that reclaims and again and again, so that who reclaims gives way to others.
type vmpressure struct {
	scanned uint64 // since the worker last looked (tree_scanned)
	queued  bool
	look    func() // bound once
}

// note takes note of what a round of reclaim has scanned (vmpressure).
func (v *vmpressure) note(t *task, gfp phys.GFP, scanned uint64) {
	if scanned == 0 || gfp&(phys.GFPHighmem|phys.GFPMovable|phys.GFPIO|phys.GFPFS) == 0 {
		return
	}
	if v.scanned += scanned; v.scanned < vmpressureWin || v.queued {
		return
	}
	if v.look == nil {
		v.look = func() { v.scanned, v.queued = 0, false }
	}
	v.queued = true
	queueWork(t.k.workers, t.cpu(), v.look)
}

// notePriority takes note of a round at a priority that is critical in itself (vmpressure_prio).
func (v *vmpressure) notePriority(t *task, gfp phys.GFP, priority int) {
	if priority <= vmpressureCriticalPrio {
		v.note(t, gfp, vmpressureWin)
	}
}
