package scripting

// What is declared here has no function yet; it moves to the files of what is served when it gets one.

var (
	argGFP   = Arg{Name: "gfp", Kind: KindString, Doc: "such as `GFP_KERNEL|__GFP_ZERO`"}
	argPage  = Arg{Name: "page", Kind: KindAny, Lua: "any"}
	argCache = Arg{Name: "cache", Kind: KindAny, Lua: "any"}
	argBytes = Arg{Name: "size", Kind: KindSize}
)

// kthreadCalls are the methods of a kernel thread.
var kthreadCalls = []Entry{
	{Scope: ScopeKthread, Name: "alloc_pages", Args: []Arg{{Name: "order", Kind: KindInt, Min: 0, Max: 10}, argGFP}, Results: []Result{{"page", "any"}}, SimOnly: true, Doc: "Allocates 2^order pages."},
	{Scope: ScopeKthread, Name: "free_pages", Args: []Arg{argPage}, SimOnly: true, Doc: "Frees them."},
	{Scope: ScopeKthread, Name: "kmalloc", Args: []Arg{argBytes, argGFP}, Results: resultPtr, SimOnly: true, Doc: "Allocates from the kmalloc caches."},
	{Scope: ScopeKthread, Name: "kzalloc", Args: []Arg{argBytes, argGFP}, Results: resultPtr, SimOnly: true, Doc: "As kmalloc, zeroed."},
	{Scope: ScopeKthread, Name: "kfree", Args: []Arg{argPtr}, SimOnly: true, Doc: "Frees it."},
	{Scope: ScopeKthread, Name: "kvmalloc", Args: []Arg{argBytes}, Results: resultPtr, SimOnly: true, Doc: "kmalloc, or vmalloc where that fails."},
	{Scope: ScopeKthread, Name: "vmalloc", Args: []Arg{argBytes}, Results: resultPtr, SimOnly: true, Doc: "Allocates pages that are contiguous in virtual addresses."},
	{Scope: ScopeKthread, Name: "vfree", Args: []Arg{argPtr}, SimOnly: true, Doc: "Frees them."},
	{
		Scope: ScopeKthread, Name: "kmem_cache_create", SimOnly: true,
		Args: []Arg{{Name: "fields", Kind: KindTable, Fields: []Arg{
			{Name: "name", Kind: KindString},
			{Name: "size", Kind: KindSize},
			{Name: "align", Kind: KindSize, Opt: true},
			{Name: "flags", Kind: KindString, Opt: true},
			{Name: "ctor", Kind: KindFunc, Opt: true, Lua: "function"},
		}}},
		Results: []Result{{"cache", "any"}}, Doc: "Makes a slab cache.",
	},
	{Scope: ScopeKthread, Name: "kmem_cache_alloc", Args: []Arg{argCache, argGFP}, Results: []Result{{"obj", "any"}}, SimOnly: true, Doc: "Allocates an object."},
	{Scope: ScopeKthread, Name: "kmem_cache_free", Args: []Arg{argCache, {Name: "obj", Kind: KindAny, Lua: "any"}}, SimOnly: true, Doc: "Frees an object."},
	{Scope: ScopeKthread, Name: "kmem_cache_shrink", Args: []Arg{argCache}, SimOnly: true, Doc: "Gives empty slabs back."},
	{Scope: ScopeKthread, Name: "kmem_cache_destroy", Args: []Arg{argCache}, SimOnly: true, Doc: "Removes a cache."},
	{Scope: ScopeKthread, Name: "kmap", Args: []Arg{argPage}, Results: []Result{{"addr", "number"}}, SimOnly: true, Doc: "Maps a page of high memory."},
	{Scope: ScopeKthread, Name: "kunmap", Args: []Arg{argPage}, SimOnly: true, Doc: "Unmaps it."},
	{Scope: ScopeKthread, Name: "kmap_atomic", Args: []Arg{argPage}, Results: []Result{{"slot", "any"}}, SimOnly: true, Doc: "Maps it in a slot of the CPU."},
	{Scope: ScopeKthread, Name: "kunmap_atomic", Args: []Arg{{Name: "slot", Kind: KindAny, Lua: "any"}}, SimOnly: true, Doc: "Unmaps the slot."},
}
