package phys

//go:noescape
func prefetch(sections []*section, pages []uint32)
