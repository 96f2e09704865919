package heaptest

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"mmsim/mm/heap"
)

// A replay is a process's memory that answers as a real kernel answered a real allocator, and wants the same calls in the same order.
type replay struct {
	brk     uint64
	clock   int64
	strict  bool     // the library was told that the system does not overcommit
	calls   []string // the system calls that the current step still has to make
	written map[uint64]bool
}

// A mismatch unwinds the allocator at a system call that the real one did not make.
type mismatch string

func (r *replay) next(got string) string {
	if len(r.calls) == 0 {
		panic(mismatch(fmt.Sprintf("%s, where the real one made no further system call", got)))
	}
	want := r.calls[0]
	r.calls = r.calls[1:]
	if rest, ok := strings.CutPrefix(want, got); ok && (rest == "" || rest[0] == ' ') {
		return strings.TrimPrefix(rest, " ")
	}
	panic(mismatch(fmt.Sprintf("%s, where the real one made %s", got, want)))
}

func (r *replay) address(got string) (uint64, bool) {
	a := r.next(got)
	if a == "none" {
		return 0, false
	}
	n, err := strconv.ParseUint(a, 0, 64)
	if err != nil {
		panic(mismatch(err.Error()))
	}
	return n, true
}

func (r *replay) drop(addr, n uint64) {
	if n/page > uint64(len(r.written)) {
		for p := range r.written {
			if p >= addr && p < addr+n {
				delete(r.written, p)
			}
		}
		return
	}
	for p := addr; p < addr+n; p += page {
		delete(r.written, p)
	}
}

func (r *replay) Sbrk(inc int64) (uint64, bool) {
	old := r.brk
	if inc != 0 {
		r.next(fmt.Sprintf("brk %d", inc))
		r.brk += uint64(inc)
	}
	return old, true
}

func (r *replay) Mmap(addr, n uint64, flags heap.MapFlags) (uint64, bool) {
	f := "w"
	if flags&heap.MapNone != 0 {
		f = "n"
	}
	if flags&heap.MapFixed != 0 {
		f += "f"
		r.drop(addr, n)
	}
	if flags&heap.MapNoReserve != 0 {
		f += "r"
	}
	hint := "0"
	if addr != 0 {
		hint = fmt.Sprintf("%#x", addr)
	}
	return r.address(fmt.Sprintf("mmap %s %d %s", hint, n, f))
}

func (r *replay) Munmap(addr, n uint64) {
	r.next(fmt.Sprintf("munmap %#x %d", addr, n))
	r.drop(addr, n)
}

func (r *replay) Mremap(addr, oldSize, newSize uint64, _ bool) (uint64, bool) {
	return r.address(fmt.Sprintf("mremap %#x %d %d", addr, oldSize, newSize))
}

func (r *replay) Mprotect(addr, n uint64, writable bool) bool {
	f := "n"
	if writable {
		f = "w"
	}
	r.next(fmt.Sprintf("mprotect %#x %d %s", addr, n, f))
	return true
}

func (r *replay) DontNeed(addr, n uint64) {
	r.next(fmt.Sprintf("madvise %#x %d DONTNEED", addr, n))
	r.drop(addr, n)
}

func (r *replay) LazyFree(addr, n uint64) { r.next(fmt.Sprintf("madvise %#x %d FREE", addr, n)) }

func (r *replay) Touch(addr, n uint64, write bool) {
	if !write {
		return
	}
	for p := addr &^ (page - 1); p < addr+n; p += page {
		r.written[p] = true
	}
}

func (r *replay) Overcommits() bool { return !r.strict }

func (r *replay) Now() int64 { return r.clock }

// A run is a recorded run that is being repeated.
type run struct {
	os   *replay
	h    Subject
	live map[uint64]uint64
}

// call makes one recorded call and describes the result as the recorder does.
func (r *run) call(line string) (out string, err error) {
	defer func() {
		if m, ok := recover().(mismatch); ok {
			err = errors.New(string(m))
		}
	}()
	name, rest, _ := strings.Cut(line, " ")
	var a [3]uint64
	for i, s := range strings.Fields(rest) {
		if a[i], err = strconv.ParseUint(s, 10, 64); err != nil {
			return "", err
		}
	}
	ptr, block := uint64(0), true
	switch name {
	case "malloc":
		ptr, err = r.h.Malloc(a[1])
	case "calloc":
		ptr, err = r.h.Calloc(a[1], 1)
	case "memalign":
		ptr, err = r.h.Memalign(a[1], a[2])
	case "realloc":
		ptr, err = r.h.Realloc(r.live[a[0]], a[1])
	default:
		block = false
		switch name {
		case "free":
			err = r.h.Free(r.live[a[0]])
			delete(r.live, a[0])
		case "touch":
			var n uint64
			n, err = r.h.UsableSize(r.live[a[0]])
			if n > 0 {
				r.os.Touch(r.live[a[0]], n, true)
			}
		case "sleep":
			r.os.clock += int64(a[0]) * 1e6
		default:
			return "", fmt.Errorf("unknown call %q", line)
		}
	}
	usable := uint64(0)
	if block && err == nil {
		r.live[a[0]] = ptr
		if usable, err = r.h.UsableSize(ptr); err != nil {
			return "", err
		}
	}
	if err == nil && len(r.os.calls) > 0 {
		err = fmt.Errorf("the real one also made %s", strings.Join(r.os.calls, ", "))
	}
	return fmt.Sprintf("%x %d %d", ptr, usable, len(r.os.written)), err
}

// Recorded repeats the runs of testdata (see record/README.md) and compares with what the real allocator did on a real kernel: every system call, every
// address, usable sizes, and the resident pages of its memory after each call. fresh makes the allocator of a process of 32 bits, if the name
// of the run begins with i386-, or of 64, whose thread has its descriptor at an address.
func Recorded(t *testing.T, fresh func(os heap.OS, bits int, thread uint64) Subject) {
	Runs(t, func(t *testing.T, name string, lines *bufio.Scanner) {
		lines.Scan()
		var start, thread uint64
		if n, err := fmt.Sscanf(lines.Text(), "start %v %v", &start, &thread); n == 0 {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		kind, narrow := strings.CutPrefix(name, "i386-")
		bits := 64
		if narrow {
			bits = 32
		}
		r := &run{os: &replay{brk: start, clock: 1e12, strict: strings.HasPrefix(kind, "strict"), written: map[uint64]bool{}}, live: map[uint64]uint64{}}
		r.h = fresh(r.os, bits, thread)
		var loading []string // what it does when it is loaded belongs to the first call here
		for n := 0; lines.Scan(); n++ {
			f := strings.Split(lines.Text(), ";")
			calls := f[2:]
			if calls[0] == "" {
				calls = nil
			}
			if f[0] == "load" {
				loading = calls
				continue
			}
			r.os.calls = append(loading, calls...)
			loading = nil
			got, err := r.call(f[0])
			if got != f[1] || err != nil {
				t.Fatalf("call %d, %q:\n got %s (%v)\nwant %s %s", n, f[0], got, err, f[1], calls)
			}
			if n%50 == 0 {
				if err := r.h.Check(); err != nil {
					t.Fatalf("after call %d, %q: %v", n, f[0], err)
				}
			}
		}
	})
}
