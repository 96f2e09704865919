package mm

import (
	"fmt"
	"strconv"
	"strings"
)

// Settings that do something when they are written, and that nobody may read (mode 0200).
var (
	dropCachesKnob = knob{
		set: func(_ *Kernel, v string) error {
			if n, err := strconv.ParseUint(v, 10, 64); err != nil || n < 1 || n > dropQuietly {
				return fmt.Errorf("%s is not a number from 1 to %d", v, dropQuietly)
			}
			return nil
		},
		act: func(k *Kernel, p *Process, v string) {
			n, _ := strconv.Atoi(v)
			k.DropCaches(p, n)
		},
	}
	compactMemoryKnob = knob{ // whatever is written (sysctl_compaction_handler)
		act: func(k *Kernel, p *Process, _ string) { k.CompactMemory(p) },
	}
)

// SysctlReadable tells whether a setting can be read.
func SysctlReadable(name string) bool { return knobs[name].get != nil }

// WriteSysctl changes a setting, or does what writing it does, on behalf of a process, or of the administrator for nil: then it may block. Errors are those
// of SetSysctl.
func (k *Kernel) WriteSysctl(p *Process, name, value string) error {
	n := knobs[name]
	if n.act == nil || !k.hasKnob(n) {
		return k.SetSysctl(name, value)
	}
	value = strings.TrimSpace(value)
	if n.set != nil {
		if err := n.set(k, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	n.act(k, p, value)
	return nil
}
