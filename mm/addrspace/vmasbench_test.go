package addrspace

import "testing"

// BenchmarkVMAs looks addresses up among 65,530 VMAs (vm.max_map_count) of two pages each. The map of Go, which knows starts only, is there to compare
// with on a busy machine. "repeated" are 65,536 random addresses again and again, as BenchmarkFindVMA of package mm has them; "local" stay among a few
// hundred VMAs for a while; "tree" is what an address costs that is not remembered.
func BenchmarkVMAs(b *testing.B) {
	const (
		n    = 65530
		base = 0x10000000
	)
	var x vmas
	x.init()
	starts := make(map[uint64]*VMA, n)
	var prev *VMA
	for i := range uint64(n) {
		v := &VMA{Start: base + 3*i*PageSize, End: base + (3*i+2)*PageSize}
		x.insert(v, prev)
		starts[v.Start] = v
		prev = v
	}
	const rounds = 1 << 16
	random, local := make([]uint64, rounds), make([]uint64, rounds)
	seed := uint64(1)
	for i := range random {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		random[i] = base + seed%n*3*PageSize
		local[i] = base + (uint64(i)>>10*1000+seed>>8%300)*3*PageSize
	}
	run := func(name string, at []uint64, find func(addr uint64) *VMA) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				if a := at[i&(rounds-1)]; !find(a).Contains(a) {
					b.Fatalf("%#x: not found", a)
				}
			}
		})
	}
	run("map", random, func(addr uint64) *VMA { return starts[addr] })
	run("repeated", random, x.find)
	run("local", local, x.find)
	run("tree", random, x.below)
}
