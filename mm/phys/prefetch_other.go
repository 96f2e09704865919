//go:build !amd64

package phys

func prefetch([]*section, []uint32) {}
