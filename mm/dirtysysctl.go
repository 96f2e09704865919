package mm

import (
	"fmt"
	"math"
	"strconv"

	"mmsim/mm/phys"
)

// dirtyKnobs are the settings of writeback by name. Which values are refused, and which other setting becomes 0, package writeback decides.
var dirtyKnobs = map[string]knob{
	"vm.dirty_ratio": dirtyKnob(func(k *Kernel) uint64 { return k.dirty.sysctl.DirtyRatio }, func(k *Kernel, n uint64) error {
		changed, err := k.dirty.sysctl.SetDirtyRatio(n)
		if changed {
			k.setRatelimit()
		}
		return err
	}),
	"vm.dirty_bytes": dirtyKnob(func(k *Kernel) uint64 { return k.dirty.sysctl.DirtyBytes }, func(k *Kernel, n uint64) error {
		changed, err := k.dirty.sysctl.SetDirtyBytes(n)
		if changed {
			k.setRatelimit()
		}
		return err
	}),
	"vm.dirty_background_ratio": dirtyKnob(func(k *Kernel) uint64 { return k.dirty.sysctl.DirtyBackgroundRatio },
		func(k *Kernel, n uint64) error { return k.dirty.sysctl.SetDirtyBackgroundRatio(n) }),
	"vm.dirty_background_bytes": dirtyKnob(func(k *Kernel) uint64 { return k.dirty.sysctl.DirtyBackgroundBytes },
		func(k *Kernel, n uint64) error { return k.dirty.sysctl.SetDirtyBackgroundBytes(n) }),
	"vm.dirty_expire_centisecs":   number(func(k *Kernel) *uint64 { return &k.dirty.sysctl.DirtyExpireCentisecs }, 0, math.MaxInt32),
	"vm.dirtytime_expire_seconds": number(func(k *Kernel) *uint64 { return &k.dirty.sysctl.DirtytimeExpireSecs }, 0, math.MaxInt32),
	"vm.dirty_writeback_centisecs": dirtyKnob(func(k *Kernel) uint64 { return k.dirty.sysctl.WritebackCentisecs }, func(k *Kernel, n uint64) error {
		if n > math.MaxInt32 {
			return fmt.Errorf("%d is more than %d", n, math.MaxInt32)
		}
		old := k.dirty.sysctl.WritebackCentisecs
		k.dirty.sysctl.WritebackCentisecs = n
		if n != 0 && n != old {
			k.wakeupFlusherThreads()
		}
		return nil
	}),
	"vm.highmem_is_dirtyable": highmemIsDirtyable(),
}

func init() {
	for name, n := range dirtyKnobs {
		knobs[name] = n
	}
}

// dirtyKnob is a knob for an unsigned number that something else checks.
func dirtyKnob(get func(*Kernel) uint64, set func(*Kernel, uint64) error) knob {
	return knob{
		get: func(k *Kernel) string { return strconv.FormatUint(get(k), 10) },
		set: func(k *Kernel, v string) error {
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil {
				return fmt.Errorf("%s is not a whole number, 0 or more", v)
			}
			return set(k, n)
		},
	}
}

// highmemIsDirtyable exists on machines that can have high memory.
func highmemIsDirtyable() knob {
	n := flag(func(k *Kernel) *bool { return &k.dirty.sysctl.HighmemIsDirtyable })
	n.has = func(k *Kernel) bool { return k.Mem.Arch == phys.I386 }
	return n
}
