package mm

import (
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
)

// initState brings the machine to where the first declared process is about to start: what the kernel and boot processes hold, swap areas, recorded
// settings.
func (k *Kernel) initState() error {
	boot := k.cfg.Boot
	var users *userland
	if boot != nil {
		users = k.restore(boot)
	} else {
		k.holdKernelUse()
	}
	k.takeZeroPage()
	k.takeVDSO()
	recorded := k.cfg.recordedSwap()
	used := uint64(0)
	for i, c := range k.cfg.Swap {
		var r *procfs.SwapArea
		if boot != nil {
			r = &recorded[i]
			used += r.Used / 4
		}
		if err := k.addSwapDevice(i, c, r); err != nil {
			return err
		}
		if err := k.swapOn(&k.swapDevs[i]); err != nil {
			return err
		}
	}
	for range used {
		if !users.mapSwap() {
			break
		}
	}
	if boot == nil {
		return nil
	}
	if err := k.recordedSysctl(boot.SysctlVM); err != nil {
		return err
	}
	*k.events = boot.Vmstat.Events
	return nil
}

// recordedSysctl applies recorded settings that are not what the kernel computes or defaults to: writing a value anew is not without effect, as what is
// derived from it is then computed from the memory of that moment.
func (k *Kernel) recordedSysctl(s *procfs.SysctlVM) error {
	if s == nil {
		return nil
	}
	for _, v := range s.Values {
		name := "vm." + v.Name
		now, ok := k.Sysctl(name)
		if !ok || now == v.Value {
			continue
		}
		if v.Value == "0" && (v.Name == "overcommit_ratio" || v.Name == "overcommit_kbytes") {
			continue // the one of the two that is not in force
		}
		if err := k.SetSysctl(name, v.Value); err != nil {
			return &ConfigError{Field: "boot", Reason: "sysctl_vm: " + err.Error()}
		}
	}
	return nil
}

// holdKernelUse takes what a running kernel holds, by rule.
func (k *Kernel) holdKernelUse() {
	u := k.Mem.TakeKernelUse()
	present, high := uint64(0), uint64(0)
	for _, z := range k.Mem.Zones() {
		present += z.Present * 4
		if z.IsHighmem() {
			high += z.Present * 4
		}
	}
	// kswapd has undone by then what stealing blocks for all this boosted.
	for _, z := range k.Mem.Zones() {
		z.WatermarkBoost = 0
		z.Flags &^= phys.ZoneBoostedWatermark
	}
	m := &k.boot.steady
	m.Percpu = u.Percpu * 4
	m.VmallocUsed = u.Vmalloc * 4
	if k.Mem.Arch == phys.I386 {
		m.VmallocTotal, m.Hugepagesize = 122880, 4096
		m.DirectMap4k = present - high
		return
	}
	m.VmallocUsed += u.Stacks * 4
	m.VmallocTotal, m.Hugepagesize = 34359738367, 2048
	m.DirectMap2M = present &^ 2047
	m.DirectMap4k = present & 2047
}

// bootPages takes a block of 2^order pages while the machine boots, on CPU 0 and on nobody's behalf, when memory cannot be short. 0: it is, on a machine that is too
// small.
func (k *Kernel) bootPages(gfp phys.GFP, order int) phys.PFN {
	var ac phys.AllocContext
	flags := k.Mem.Prepare(&ac, gfp, 0, k.nodeOfCPU[0].ID, nil)
	return k.Mem.GetPageFromFreelist(&ac, order, flags)
}

// takeZeroPage sets a frame of the kernel's aside as the zero page (empty_zero_page).
func (k *Kernel) takeZeroPage() { k.zeroPage = uint32(k.takeImagePage(phys.KindZero)) }

// takeImagePage sets a frame of the kernel's aside as a page of a kind. The kernel has it in its image, which has no frame here.
func (k *Kernel) takeImagePage(kind phys.Kind) (found phys.PFN) {
	for _, z := range k.Mem.Zones() {
		z.EachInUse(func(pfn phys.PFN) bool {
			if k.Mem.Page(pfn).Kind() != phys.KindKernel || k.Mem.AllocatedOrder(pfn) > 0 {
				return true
			}
			found = pfn
			return false
		})
		if found != 0 {
			break
		}
	}
	if found == 0 {
		found = k.bootPages(phys.GFPKernel, 0)
	}
	k.Mem.Page(found).SetKind(kind)
	return found
}

// adoptStack gives a declared process a kernel stack that was recorded: the process was waiting when the record was taken, so its stack and what it is
// charged for are in the record's sums. False: nothing is left to adopt.
func (p *Process) adoptStack() bool {
	k := p.k
	n := len(k.boot.stacks) - k.kernelStackPages()
	if n < 0 {
		return false
	}
	p.stack = append(p.stack, k.boot.stacks[n:]...)
	k.boot.stacks = k.boot.stacks[:n]
	charged := min(int64(p.mm.DataVM+p.mm.StackVM), k.boot.committed)
	k.boot.committed -= charged
	k.committed -= charged
	return true
}
