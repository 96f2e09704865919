package mm

// SlabCaches are the names of the caches of kernel objects, in the order of /proc/slabinfo.
func (k *Kernel) SlabCaches() []string {
	all := k.slabs.all.Caches
	names := make([]string, 0, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		names = append(names, all[i].Name)
	}
	return names
}

// SlabFields are the columns of /proc/slabinfo that SlabCount knows.
func SlabFields() []string { return []string{"active_objs", "num_objs", "active_slabs", "num_slabs"} }

// SlabCount is a column of a cache's row in /proc/slabinfo: objects or slabs. False: there is no such cache or column.
func (k *Kernel) SlabCount(cache, field string) (uint64, bool) {
	c := k.slabs.all.Find(cache)
	if c == nil {
		return 0, false
	}
	n := c.Info()
	switch field {
	case "active_objs":
		return uint64(n.Active), true
	case "num_objs":
		return uint64(n.Objects), true
	case "active_slabs", "num_slabs":
		return uint64(n.Slabs), true
	}
	return 0, false
}
