package scripting

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"mmsim/mm/heap"
)

var (
	argPtr    = Arg{Name: "ptr", Kind: KindAddr}
	resultPtr = []Result{{"ptr", "number?"}, {"errno", "string?"}}
)

// heapCalls are the C library's allocator, on top of brk and mmap.
var heapCalls = []Entry{
	{
		Scope: ScopeProcess, Name: "malloc", Args: []Arg{{Name: "n", Kind: KindSize, Wide: true}}, Results: resultPtr, Errnos: []string{"ENOMEM"},
		Doc: "Allocates n bytes. It touches no more memory than the allocator itself does.",
		fn:  heapMalloc,
	},
	{
		Scope: ScopeProcess, Name: "calloc", Args: []Arg{{Name: "n", Kind: KindInt}, {Name: "size", Kind: KindSize, Wide: true}},
		Results: resultPtr, Errnos: []string{"ENOMEM"}, Doc: "Allocates n zeroed elements.",
		fn: heapCalloc,
	},
	{
		Scope: ScopeProcess, Name: "realloc", Args: []Arg{{Name: "ptr", Kind: KindAddr, Opt: true}, {Name: "n", Kind: KindSize, Wide: true}},
		Results: resultPtr, Errnos: []string{"ENOMEM"}, Doc: "Changes an allocation's size.",
		fn: heapRealloc,
	},
	{
		Scope: ScopeProcess, Name: "memalign", Args: []Arg{{Name: "align", Kind: KindSize, Wide: true}, {Name: "n", Kind: KindSize, Wide: true}},
		Results: resultPtr, Errnos: []string{"EINVAL", "ENOMEM"}, Doc: "Allocates n bytes at a multiple of align.",
		fn: heapMemalign,
	},
	{
		Scope: ScopeProcess, Name: "free", Args: []Arg{{Name: "ptr", Kind: KindAddr, Opt: true}},
		Doc: "Frees an allocation. A pointer that is not live raises a Lua error with the message of the process's allocator, which would end the process.",
		fn:  heapFree,
	},
	{Scope: ScopeProcess, Name: "malloc_trim", Args: []Arg{{Name: "pad", Kind: KindSize, Opt: true, Default: "0"}}, Results: []Result{{"released", "boolean"}}, Doc: "Gives free memory back to the kernel (malloc_trim(3)).", fn: heapTrim},
	{Scope: ScopeProcess, Name: "mallopt", Args: []Arg{{Name: "name", Kind: KindString}, {Name: "value", Kind: KindSize}}, Results: []Result{{"taken", "boolean"}}, Doc: "Sets a parameter of the allocator (mallopt(3)); names without the `M_`.", fn: heapMallopt},
	{Scope: ScopeProcess, Name: "malloc_usable_size", Args: []Arg{argPtr}, Results: []Result{{"bytes", "number"}}, Doc: "Gives the bytes that an allocation really has.", fn: heapUsable},
}

// allocated gives a pointer, or nil and an errno; anything else that the allocator says is what the real one would end the process with.
func (c *call) allocated(ptr uint64, err error) int {
	switch {
	case errors.Is(err, heap.ErrNoMemory), errors.Is(err, heap.ErrInvalid):
		c.L.Push(lua.LNil)
		c.L.Push(lua.LString(err.Error()))
		return 2
	case err != nil:
		c.fail("%v", err)
	}
	return c.number(float64(ptr))
}

func heapMalloc(c *call) int { return c.allocated(c.t.proc.Heap().Malloc(uint64(c.v[0].n))) }

func heapCalloc(c *call) int {
	return c.allocated(c.t.proc.Heap().Calloc(uint64(c.v[0].n), uint64(c.v[1].n)))
}

func heapRealloc(c *call) int {
	ptr, err := c.t.proc.Heap().Realloc(uint64(c.v[0].n), uint64(c.v[1].n))
	if err == nil && ptr == 0 { // a size of 0 frees
		c.L.Push(lua.LNil)
		return 1
	}
	return c.allocated(ptr, err)
}

func heapMemalign(c *call) int {
	return c.allocated(c.t.proc.Heap().Memalign(uint64(c.v[0].n), uint64(c.v[1].n)))
}

func heapFree(c *call) int {
	if err := c.t.proc.Heap().Free(uint64(c.v[0].n)); err != nil {
		c.fail("%v", err)
	}
	return 0
}

func heapTrim(c *call) int {
	c.L.Push(lua.LBool(c.t.proc.Heap().Trim(uint64(c.v[0].n))))
	return 1
}

func heapMallopt(c *call) int {
	taken, err := c.t.proc.Heap().Mallopt(c.v[0].s, c.v[1].n)
	if err != nil {
		c.fail("%v", err)
	}
	c.L.Push(lua.LBool(taken))
	return 1
}

func heapUsable(c *call) int {
	n, err := c.t.proc.Heap().UsableSize(uint64(c.v[0].n))
	if err != nil {
		c.fail("%v", err)
	}
	return c.number(float64(n))
}
