package heap

import "errors"

// PageSize is the size of a page in bytes. Allocators that work in larger units of their own say so.
const PageSize = 4096

// MapFlags say how memory is to be mapped by OS.Mmap. All mappings are private and anonymous.
type MapFlags uint8

const (
	// MapNone asks for addresses only: PROT_NONE, made usable by Mprotect or by a fixed mapping over it.
	MapNone MapFlags = 1 << iota
	// MapNoReserve is MAP_NORESERVE.
	MapNoReserve
	// MapFixed is MAP_FIXED: what was mapped there before is replaced.
	MapFixed
)

// OS is a process's memory as its allocator sees it: system calls, and the accesses to memory that the real allocator makes.
type OS interface {
	// Sbrk moves the break by increment bytes and returns where it was (sbrk(3)). False: ENOMEM, and the break has not moved.
	Sbrk(increment int64) (old uint64, ok bool)
	// Mmap maps n bytes, readable and writable unless flags say otherwise, at addr if that is free (or with MapFixed), elsewhere if
	// not; 0 asks for any place. n is a multiple of PageSize. False: ENOMEM.
	Mmap(addr, n uint64, flags MapFlags) (uint64, bool)
	// Munmap unmaps [addr, addr+n), whole pages.
	Munmap(addr, n uint64)
	// Mremap changes the size of a mapping from oldSize to newSize bytes, moving it if it must and may (mremap(2)). False: it stays.
	Mremap(addr, oldSize, newSize uint64, mayMove bool) (uint64, bool)
	// Mprotect makes [addr, addr+n) readable and writable, or inaccessible. False: ENOMEM.
	Mprotect(addr, n uint64, writable bool) bool
	// DontNeed is madvise(MADV_DONTNEED) on whole pages.
	DontNeed(addr, n uint64)
	// LazyFree is madvise(MADV_FREE) on whole pages.
	LazyFree(addr, n uint64)
	// Touch accesses every page of [addr, addr+n), upwards. n is at least 1.
	Touch(addr, n uint64, write bool)
	// Overcommits tells whether the system promises more memory than it has (vm.overcommit_memory is not 2).
	Overcommits() bool
	// Now is the process's clock in nanoseconds, for allocators that give memory back after a time.
	Now() int64
}

// An Allocator is one process's malloc. Addresses and sizes are in bytes. It is not safe for concurrent use.
//
// Errors are ErrNoMemory where the C function returns NULL with ENOMEM, ErrInvalid where it does so with EINVAL, an Abort where the real one would end the process, and for
// Mallopt any description of what is wrong with the arguments.
type Allocator interface {
	// Malloc allocates n bytes (malloc(3)). n may be 0.
	Malloc(n uint64) (uint64, error)
	// Calloc allocates n*size bytes that are zero (calloc(3)).
	Calloc(n, size uint64) (uint64, error)
	// Realloc makes a block n bytes large, moving it if it must (realloc(3)). A pointer 0 means Malloc; n = 0 frees and returns 0.
	Realloc(ptr, n uint64) (uint64, error)
	// Memalign allocates n bytes at a multiple of align (memalign(3)). What is no power of two is rounded up to one, or refused.
	Memalign(align, n uint64) (uint64, error)
	// Free gives a block back (free(3)). A pointer 0 does nothing.
	Free(ptr uint64) error
	// Trim gives unused memory back to the system, but pad bytes at the top (malloc_trim(3)), and tells whether there was any.
	Trim(pad uint64) bool
	// Mallopt sets a parameter, named without its M_ (mallopt(3)), and tells whether the allocator took the value. An error says that
	// there is no such parameter, or that the value does not fit a C int.
	Mallopt(name string, value int64) (bool, error)
	// UsableSize is the number of bytes that a block really has (malloc_usable_size(3)); 0 for a pointer 0.
	UsableSize(ptr uint64) (uint64, error)
	// Clone is the allocator of a forked child, which has the same memory at the same addresses behind os.
	Clone(os OS) Allocator
}

// ErrNoMemory is the answer to a request that cannot be met (ENOMEM).
var ErrNoMemory = errors.New("ENOMEM")

// ErrInvalid is the answer to an alignment that the allocator refuses (EINVAL).
var ErrInvalid = errors.New("EINVAL")

// Abort is an error at which the real allocator ends the process (SIGABRT); its text is what that one prints.
type Abort string

func (a Abort) Error() string { return string(a) }

// Copy makes the accesses of copying n bytes from src to dst, page by page (memcpy).
func Copy(os OS, dst, src, n uint64) {
	for n > 0 {
		step := min(n, PageSize-dst%PageSize)
		os.Touch(src, step, false)
		os.Touch(dst, step, true)
		dst, src, n = dst+step, src+step, n-step
	}
}
