package mm

import (
	"mmsim/engine"
	"mmsim/internal/suggest"
	"mmsim/mm/procfs"
	"mmsim/mm/swap"
)

// A swapDevice is what a declared swap area lies on. It outlives swapoff; area is nil while it is not in use.
type swapDevice struct {
	area   *swap.Area
	config swap.Config
	dev    *engine.Device
	store  *zram // what a compressed device keeps; nil until its first use, and for others
}

// addSwapDevice makes the device of a declared swap area, under its recorded name and with its recorded priority if there is a record.
func (k *Kernel) addSwapDevice(i int, c SwapConfig, r *procfs.SwapArea) error {
	if c.Device == "" {
		c.Device = "ssd"
	}
	dev, ok := k.cost.Devices[c.Device]
	if !ok {
		return &ConfigError{Field: "swap.device", Reason: suggest.Unknown("swap device", c.Device, []string{"ssd", "disk", "zram"}).Error()}
	}
	name := "/dev/vd" + string(rune('a'+i%26))
	if c.Device == "zram" {
		name = "/dev/zram" + itoa(i)
	}
	if r != nil {
		name, c.Priority = r.Path, int(r.Priority)
	}
	k.swapDevs = append(k.swapDevs, swapDevice{
		config: swap.Config{Name: name, Device: c.Device, Bytes: c.Size, Priority: c.Priority, Rotational: c.Device == "disk"},
		dev:    engine.NewDevice(k.Sim, dev),
	})
	return nil
}

// swapOn takes a declared area into use (swapon(2)).
func (k *Kernel) swapOn(d *swapDevice) error {
	a, err := k.swap.On(d.config)
	if err != nil {
		return &ConfigError{Field: "swap", Reason: err.Error()}
	}
	d.area = a
	for len(k.devs) <= a.Index {
		k.devs = append(k.devs, nil)
	}
	k.devs[a.Index] = d.dev
	kind := "SS"
	if a.Rotational {
		kind = ""
	}
	k.printk("Adding %dk swap on %s.  Priority:%d extents:1 across:%dk %s", a.Slots*4, a.Name, a.Priority, a.Slots*4, kind)
	return nil
}

// swapDeviceOf is the device of an area that is in use.
func (k *Kernel) swapDeviceOf(a *swap.Area) *swapDevice {
	for i := range k.swapDevs {
		if k.swapDevs[i].area == a {
			return &k.swapDevs[i]
		}
	}
	return nil
}

// Swapon takes every declared area into use that is not (swapon -a), on behalf of a process, or of the administrator for nil.
func (k *Kernel) Swapon(p *Process) Errno {
	k.privileged(p, "swapon", func(t *task) {
		for i := range k.swapDevs {
			t.spend(k.cost.Syscall)
			if d := &k.swapDevs[i]; d.area == nil {
				if k.swapOn(d) != nil {
					panic("an area that was in use is refused")
				}
			}
		}
	})
	return 0
}
